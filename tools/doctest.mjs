// Makes a test of every ```ts fence in the documents and in the JSDoc of the sources.
//
//   node tools/doctest.mjs [--out .doctest] [file ...]
//
//   expr; // => value      expect(expr).toEqual(value)          also after `const name = expr;`
//   expr; // ≈ value       equal to a relative 1e-6, numbers and any nesting of them
//   expr; // throws text   expr, or the promise it gives, fails with this text in its message
//
// A fence opened by "```ts no-run" is type-checked only. One module per fence, so two fences may import the same name.
import { copyFileSync, existsSync, mkdirSync, readdirSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import path from "node:path";
import { parseArgs } from "node:util";

const { values: options, positionals } = parseArgs({
  options: { out: { type: "string", default: ".doctest" } },
  allowPositionals: true,
});
const under = (folder, ending) =>
  readdirSync(folder, { recursive: true })
    .filter((file) => file.endsWith(ending) && !file.includes("node_modules"))
    .map((file) => path.join(folder, file));
const sources = positionals.length
  ? positionals
  : [
      ...["README.md", "CONTRIBUTING.md", "CHANGELOG.md"].filter(existsSync),
      ...under("docs", ".md"),
      ...under("packages/lemniscate/src", ".ts"),
    ];

/** The file with everything but the text of its JSDoc blanked out, so that line numbers stay true. */
const onlyJsDoc = (text) => {
  let inside = false;
  return text.replace(/^.*$/gm, (line) => {
    if (/^\s*\/\*\*/.test(line)) inside = true;
    const kept = inside ? line.replace(/^\s*\/?\*+ ?/, "") : "";
    if (line.includes("*/")) inside = false;
    return kept;
  });
};

/** One line of a fence, its closing comment made an assertion. */
const asserted = (line) => {
  const [, indent, statement, sign, wanted] = line.match(/^(\s*)(.*?);\s*\/\/ (=>|≈|throws) (.*)$/) ?? [];
  if (statement === undefined) return line.replace(/^export (?=const|function|class|interface|type|async)/, "");
  if (sign === "throws")
    return `${indent}await expect(async () => { await (${statement}); }).rejects.toThrow(${JSON.stringify(wanted)});`;
  const name = statement.match(/^(?:const|let) (\w+)/)?.[1];
  const check = sign === "=>" ? "expect($).toEqual(" : "near($, ";
  return `${indent}${name ? `${statement}; ` : ""}${check.replace("$", () => name ?? statement)}${wanted});`;
};

rmSync(options.out, { recursive: true, force: true });
mkdirSync(options.out, { recursive: true });
const count = { run: 0, "no-run": 0 };
for (const source of sources) {
  const text = readFileSync(source, "utf8");
  const prose = source.endsWith(".ts") ? onlyJsDoc(text) : text;
  for (const fence of prose.matchAll(/^( *)```(?:ts|typescript)\b *(.*)\n([\s\S]*?)^ *```$/gm)) {
    const [, indent, word, code] = fence;
    const line = prose.slice(0, fence.index).split("\n").length;
    if (word !== "" && word !== "no-run")
      throw new Error(`${path.relative(".", source)}:${line}: got "${word}", allowed is "no-run".`);
    const file = path.relative(".", source);
    const unread = code.split("\n").find((text) => /\/\/ *(=>|≈)/.test(text) && !/\S; *\/\/ (=>|≈) \S/.test(text));
    if (unread)
      throw new Error(`${file}:${line}: "${unread.trim()}": put "// => value" after a statement and its ";".`);
    const imports = [];
    const body = code
      .replace(new RegExp(`^${indent}`, "gm"), "")
      .replace(/^import\b[^;]*;$/gm, (statement) => imports.push(statement) && "")
      .split("\n")
      .map(asserted)
      .join("\n");
    count[word || "run"]++;
    writeFileSync(
      path.join(options.out, `${file.replace(/\W+/g, "-")}-${line}.${word ? "check" : "test"}.ts`),
      `import { expect, test } from "vitest";\nimport { near } from "./near.js";\n${imports.join("\n")}\n\n` +
        `test(${JSON.stringify(`${file}:${line}`)}, async () => {\n${body}});\nvoid [expect, near];\n`,
    );
  }
}
if (count.run === 0) throw new Error("doctest: found no fence to run.");

copyFileSync(new URL("doctest/near.ts", import.meta.url), path.join(options.out, "near.ts"));
copyFileSync(new URL("doctest/tsconfig.json", import.meta.url), path.join(options.out, "tsconfig.json"));
console.log(
  `doctest: ${count.run} fences to run and ${count["no-run"]} to type-check only, from ${sources.length} files`,
);
