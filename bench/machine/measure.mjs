/** @module What this machine's SIMD can do with a Node, measured in a process of that Node. */
import { execFileSync } from "node:child_process";
import { fileURLToPath } from "node:url";

export function measureMachine(node) {
  const script = fileURLToPath(new URL("main.mjs", import.meta.url));
  return JSON.parse(execFileSync(node, [script], { encoding: "utf8", stdio: ["ignore", "pipe", "inherit"] }));
}
