// Where each public name of Neural Tangents is in this library: writes docs/parity.md from docs/parity/here.json.
// `node tools/parity.mjs --check` writes nothing and fails if the table is stale, a name is missing or one is not exported.
import { readFileSync, writeFileSync } from "node:fs";

const read = (file) => readFileSync(new URL(`../docs/${file}`, import.meta.url), "utf8");
const symbols = read("parity/symbols.txt").trim().split("\n");
const here = JSON.parse(read("parity/here.json"));
const problems = [];

for (const symbol of symbols) if (!(symbol in here)) problems.push(`${symbol} is not in docs/parity/here.json`);
for (const symbol of Object.keys(here))
  if (!symbols.includes(symbol)) problems.push(`${symbol} is no name of Neural Tangents`);

/** `finite/empiricalNtk` is the name empiricalNtk of the entry lemniscate/finite. */
const placed = (name) => {
  const [entry, own] = name.includes("/") ? name.split("/") : ["", name];
  return { entry: entry === "" ? "lemniscate" : `lemniscate/${entry}`, own };
};
for (const [symbol, { here: values = [], types = [] }] of Object.entries(here)) {
  for (const name of values) {
    const { entry, own } = placed(name);
    const exported = await import(entry).catch(() => ({}));
    if (!(own in exported)) problems.push(`${symbol}: ${own} is not exported by ${entry}`);
  }
  for (const name of types) {
    const { entry, own } = placed(name);
    const declared = readFileSync(
      new URL(
        import.meta
          .resolve(entry)
          .replace(/bundle\/(\w+)\.js$/, (_, of) => (of === "index" ? "src/index.ts" : `src/${of}/index.ts`)),
      ),
      "utf8",
    );
    if (!new RegExp(`\\b${own}\\b`).test(declared))
      problems.push(`${symbol}: the type ${own} is not exported by ${entry}`);
  }
}

const code = (name) => {
  const { entry, own } = placed(name);
  return entry === "lemniscate" ? `\`${own}\`` : `\`${own}\` of \`${entry}\``;
};
const cell = ({ here: values, types, planned, why }) => {
  if (why !== undefined) return "left out";
  if (planned !== undefined) return "not yet";
  return [...(values ?? []), ...(types ?? [])].map(code).join(", ");
};
const rows = symbols
  .filter((symbol) => symbol in here)
  .map((symbol) => `| \`${symbol}\` | ${cell(here[symbol])} | ${here[symbol].why ?? here[symbol].note ?? ""} |`);
const count = (test) => symbols.filter((symbol) => symbol in here && test(here[symbol])).length;
const [there, left, open] = [
  ({ here: values, types }) => (values ?? types) !== undefined,
  ({ why }) => why !== undefined,
  ({ planned }) => planned !== undefined,
].map(count);
const text = `# Beside Neural Tangents, name by name

Every public name of [Neural Tangents](https://github.com/google/neural-tangents) 0.6.6, the arguments of its kernel
functions and the fields of their results, and what takes the place of each: ${there} are
here, ${left} are left out on purpose${open === 0 ? "" : `, ${open} are not there yet`}. Written by \`node tools/parity.mjs\` from \`docs/parity/here.json\`; a test compares it
with what the package exports.

| Neural Tangents | here | note |
| --- | --- | --- |
${rows.join("\n")}
`;

if (process.argv.includes("--check")) {
  if (read("parity.md") !== text) problems.push("docs/parity.md is stale: run node tools/parity.mjs");
} else writeFileSync(new URL("../docs/parity.md", import.meta.url), text);
for (const problem of problems) console.error(`parity: ${problem}`);
process.exitCode = problems.length > 0 ? 1 : 0;
