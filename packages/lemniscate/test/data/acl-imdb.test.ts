import { mkdir, mkdtemp, readFile, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import path from "node:path";
import { beforeAll, describe, expect, it } from "vitest";
import { parseReview, type ReviewOptions, readImdb } from "../../src/data/acl-imdb.js";
import { embedTexts } from "../../src/data/embed.js";
import { type Embeddings, readGlove } from "../../src/data/glove.js";
import { bytesOf, errorOf, filesIn, hasShared, needsShared, shared } from "./shared.js";

describe("parseReview", () => {
  it.each<[string, Uint8Array, ReviewOptions, string]>([
    ["a plain text", bytesOf("Fine."), {}, "Fine."],
    ["line breaks", bytesOf("A<br />B<br/>C<br>D"), {}, "A B C D"],
    ["line breaks to be kept", bytesOf("A<br />B"), { breaks: "keep" }, "A<br />B"],
    ["one letter", bytesOf("x"), {}, "x"],
    ["CR and CRLF", bytesOf("a\r\nb\rc"), {}, "a\r\nb\rc"],
    ["an emoji among words", bytesOf("👍🏽 étude"), {}, "👍🏽 étude"],
    ["Windows-1252", Uint8Array.of(0x63, 0x61, 0x66, 0xe9), { encoding: "windows-1252" }, "café"],
    ["UTF-16", Uint8Array.of(0xff, 0xfe, 0x61, 0, 0xe9, 0), { encoding: "utf-16le" }, "aé"],
    ["a byte order mark", bytesOf("\ufeffFine."), { byteOrderMark: "drop" }, "Fine."],
  ])("reads %s", (_, bytes, options, text) => {
    expect(parseReview(bytes, "train/pos/0_9.txt", options)).toEqual({ text, rating: 9, label: 1 });
  });

  it.each<[string, Uint8Array, string, RegExp]>([
    ["nothing", bytesOf(""), "pos/0_9.txt", /^pos\/0_9\.txt: byte 0: got an empty file/],
    ["white space", bytesOf(" \n\t"), "pos/0_9.txt", /got white space only: " \\n\\t"/],
    ["tags only", bytesOf("<br /><br />"), "pos/0_9.txt", /got no word: "<br \/><br \/>"/],
    ["another encoding", Uint8Array.of(0x63, 0xc3, 0xa9, 0xe9, 0x21), "pos/0_9.txt", /byte 3: got 0xe9.*windows-1252/],
    ["a cut character", Uint8Array.of(0x63, 0xf0, 0x9f), "pos/0_9.txt", /byte 1: got 0xf0/],
    ["UTF-16", Uint8Array.of(0xff, 0xfe, 0x61, 0), "pos/0_9.txt", /byte 0: .*UTF-16LE.*encoding: "utf-16le"/],
    [
      "a byte order mark",
      bytesOf("\ufeffFine."),
      "pos/0_9.txt",
      /byte 0: got a byte order mark.*byteOrderMark: "drop"/,
    ],
    ["NUL", bytesOf("Bad.\0"), "neg/0_1.txt", /byte 4: got a NUL byte/],
    ["a rating of 5", bytesOf("x"), "neg/0_5.txt", /got rating 5 in the folder "neg", allowed is ratings 1 to 4/],
    ["a rating of the other folder", bytesOf("x"), "pos/0_2.txt", /got rating 2 in the folder "pos".*7 to 10/],
    ["another name", bytesOf("x"), "pos/notes.txt", /got the file name "pos\/notes\.txt"/],
    ["another folder", bytesOf("x"), "unsup/0_0.txt", /got the file name "unsup\/0_0\.txt"/],
    ["an encoding that is none", bytesOf("x"), "pos/0_9.txt", /^encoding: got "klingon"/],
  ])("refuses %s, naming file and byte", async (title, bytes, name, message) => {
    const options = title.includes("that is none") ? { encoding: "klingon" } : {};
    expect((await errorOf(() => parseReview(bytes, name, options)))?.message).toMatch(message);
  });
});

async function folderOf(files: Record<string, string>): Promise<string> {
  const folder = await mkdtemp(path.join(tmpdir(), "lemniscate-imdb-"));
  for (const part of ["pos", "neg"]) await mkdir(path.join(folder, part));
  for (const [name, text] of Object.entries(files)) await writeFile(path.join(folder, name), text);
  return folder;
}
const small = () =>
  folderOf(
    Object.fromEntries(
      [...Array(12).keys()].flatMap((i) => [
        [`pos/${i}_${7 + (i % 4)}.txt`, `good ${i}`],
        [`neg/${i}_${1 + (i % 4)}.txt`, `bad ${i}`],
      ]),
    ),
  );

describe("readImdb", () => {
  it("reads all in the order of their numbers", async () => {
    const { texts, labels, ratings, classes, names } = await readImdb(await small());
    expect(texts[10]).toBe("bad 10");
    expect(texts[12]).toBe("good 0");
    expect(labels).toEqual([...Array(24).keys()].map((i) => (i < 12 ? 0 : 1)));
    expect(ratings.slice(12, 15)).toEqual([7, 8, 9]);
    expect(classes[labels[23] as number]).toBe("positive");
    expect(names[0]).toMatch(/neg\/0_1\.txt$/);
  });

  it("draws halves from a seed", async () => {
    const folder = await small();
    const progress: number[] = [];
    const first = await readImdb(folder, { count: 10, seed: 4, onProgress: (done) => progress.push(done) });
    expect(first.labels.filter((label) => label === 1)).toHaveLength(5);
    expect(new Set(first.names).size).toBe(10);
    expect(progress.at(-1)).toBe(10);
    expect(await readImdb(folder, { count: 10, seed: 4 })).toEqual(first);
    expect((await readImdb(folder, { count: 10, seed: 5 })).names).not.toEqual(first.names);
  });

  it("refuses impossible counts, a missing folder and a signal that has fired", async () => {
    const folder = await small();
    for (const count of [3, 26, -2])
      expect((await errorOf(() => readImdb(folder, { count })))?.message).toMatch(
        /readImdb: count: got -?\d+, allowed is an even number up to 24/,
      );
    expect((await errorOf(() => readImdb(`${folder}/none`)))?.message).toMatch(
      /none\/(neg|pos): got no such file or folder/,
    );
    await expect(readImdb(folder, { signal: AbortSignal.abort() })).rejects.toThrow(/abort/);
  });

  it("skips empty reviews and other files if asked", async () => {
    const folder = await folderOf({
      "pos/0_9.txt": "Fine.",
      "pos/1_9.txt": "<br />",
      "neg/0_1.txt": "Dull.",
      "neg/notes.txt": "",
      "neg/.hidden": "",
    });
    expect((await errorOf(() => readImdb(folder)))?.where).toMatch(/neg\/notes\.txt$/);
    expect((await errorOf(() => readImdb(folder, { otherFiles: "skip" })))?.where).toMatch(/pos\/1_9\.txt: byte 0$/);
    expect((await readImdb(folder, { otherFiles: "skip", onEmpty: "skip" })).texts).toEqual(["Dull.", "Fine."]);
  });
});

/**
 * What becomes of each file: the error of reading it, or, where reading succeeds, the error of the step that cannot use
 * it (`later`) or nothing (`null`).
 */
type Outcome =
  | { readonly refused: RegExp; readonly accept?: ReviewOptions }
  | { readonly read: string; readonly later: RegExp | null; readonly why: string };

const outcomes: Record<string, Outcome> = {
  "pos/0_9.txt": { refused: /: byte 0: got an empty file/ },
  "pos/1_8.txt": { refused: /: byte 0: got white space only/ },
  "pos/2_10.txt": { refused: /: byte 0: got no word: "<br/ },
  "pos/3_7.txt": { refused: /: byte 3: got 0xe8, which is no UTF-8/, accept: { encoding: "windows-1252" } },
  "pos/4_7.txt": { refused: /: byte 0: got a byte order mark/, accept: { byteOrderMark: "drop" } },
  "neg/5_1.txt": { refused: /: byte 0: got the byte order mark of UTF-16LE/, accept: { encoding: "utf-16le" } },
  "neg/7_2.txt": { refused: /: byte 9: got a NUL byte/ },
  "neg/notes.txt": { refused: /got the file name "neg\/notes.txt"/ },
  "neg/10_5.txt": { refused: /got rating 5 in the folder "neg"/ },
  "pos/6_9.txt": {
    read: "Match 1: Tag Team",
    later: /embedTexts: pos\/6_9\.txt: got \d+ tokens, allowed is at most 1000/,
    why: "a genuine review; embedTexts cuts it to maxTokens and counts it, or refuses it with tooLong",
  },
  "neg/8_3.txt": {
    read: "qzxvkw wrrptl",
    later: /embedTexts: neg\/8_3\.txt: got 0 known of 4 tokens \("qzxvkw wrrptl/,
    why: "sound text; that no word has a vector shows when the vectors are looked up",
  },
  "neg/9_4.txt": { read: "Terrible\r\nplot", later: null, why: "line ends divide words and mean nothing more" },
  "neg/11_1.txt": {
    read: "no",
    later: /embedTexts: neg\/11_1\.txt: got 1 known of 1 token \("no"\), allowed is at least 9/,
    why: "sound text; a window that needs more is the caller's, who passes minTokens",
  },
  "pos/12_9.txt": {
    read: "😀👍🏽 ",
    later: null,
    why: "sound UTF-8; the words that have vectors are found between the signs that have none",
  },
};

describe.skipIf(!hasShared)(`the reviews of the broken data${needsShared}`, () => {
  let embeddings: Embeddings;
  beforeAll(async () => {
    embeddings = await readGlove(path.join(shared, "glove/glove.6B.50d.subset.txt"));
  });

  it("are all listed here", async () => {
    const found = (
      await Promise.all(
        ["neg", "pos"].map(async (part) =>
          (await filesIn(`broken/aclImdb/train/${part}`)).map((file) => `${part}/${file}`),
        ),
      )
    ).flat();
    expect(Object.keys(outcomes).sort()).toEqual(found.sort());
  });

  it.each(Object.entries(outcomes))("%s", async (file, outcome) => {
    const bytes = await readFile(path.join(shared, "broken/aclImdb/train", file));
    if ("refused" in outcome) {
      const error = await errorOf(() => parseReview(bytes, file));
      expect(error?.code).toBe("BadFile");
      expect(error?.message).toMatch(outcome.refused);
      expect(error?.where).toContain(file);
      if (outcome.accept !== undefined) expect(parseReview(bytes, file, outcome.accept).text).toMatch(/trois séances/);
      return;
    }
    const { text } = parseReview(bytes, file);
    expect(text.startsWith(outcome.read)).toBe(true);
    const strict = {
      names: [file],
      maxTokens: 1000,
      tooLong: "refuse",
      minTokens: file === "neg/11_1.txt" ? 9 : 1,
    } as const;
    const error = await errorOf(() => embedTexts([text], embeddings, strict));
    if (outcome.later === null) expect(error).toBeUndefined();
    else expect(error?.message).toMatch(outcome.later);
  });
});

describe.skipIf(!hasShared)(`the sound reviews${needsShared}`, () => {
  it.each([
    ["train", 2000, [406, 181, 182, 231, 198, 218, 166, 418]],
    ["test", 1000, [185, 81, 112, 122, 90, 85, 107, 218]],
  ] as const)("aclImdb/%s holds %i with the known ratings", async (split, n, counts) => {
    const { ratings, labels } = await readImdb(path.join(shared, "aclImdb", split));
    expect([1, 2, 3, 4, 7, 8, 9, 10].map((rating) => ratings.filter((other) => other === rating).length)).toEqual(
      counts,
    );
    expect(labels.filter((label) => label === 1)).toHaveLength(n / 2);
  });
});
