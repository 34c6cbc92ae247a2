// Lines of every source file, the longest first. It informs, it does not block: node tools/sizes.mjs [folder]
import { readdirSync, readFileSync } from "node:fs";
import path from "node:path";

const folder = process.argv[2] ?? "packages/lemniscate/src";
const sizes = readdirSync(folder, { recursive: true })
  .filter((file) => file.endsWith(".ts"))
  .map((file) => ({ file, lines: readFileSync(path.join(folder, file), "utf8").split("\n").length - 1 }))
  .sort((a, b) => b.lines - a.lines || a.file.localeCompare(b.file));

for (const { file, lines } of sizes)
  console.log(`${String(lines).padStart(5)}  ${file}${lines > 350 ? "  ← over 350" : ""}`);
const lines = sizes.map((size) => size.lines);
const sum = lines.reduce((total, n) => total + n, 0);
console.log(`${String(sum).padStart(5)}  in ${lines.length} files, median ${lines[Math.floor(lines.length / 2)] ?? 0}`);
