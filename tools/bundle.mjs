// Makes packages/lemniscate/bundle, what users run, of packages/lemniscate/dist, what the compiler made of src: a few
// files instead of 250, zod within them, so that a fresh process has its first kernel sooner.
import { copyFileSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { createRequire } from "node:module";
import path from "node:path";
import { fileURLToPath } from "node:url";
import { build } from "rolldown";

const home = new URL("../packages/lemniscate/", import.meta.url);
const file = (name) => fileURLToPath(new URL(name, home));
const { dependencies, peerDependencies, exports } = JSON.parse(readFileSync(file("package.json"), "utf8"));
/** Packages that stay imports; zod, which every layer needs, is what takes long to find file by file. */
const outside = Object.keys({ ...dependencies, ...peerDependencies }).filter((name) => name !== "zod");

const platform = (name) => `engines/wasm/platform/${name}.js`;
/** Every entry in package.json's exports, and what else is looked for by name. */
const entries = {
  ...Object.fromEntries(
    Object.values(exports)
      .filter(({ types }) => types)
      .map((entry) => [path.basename(entry.default, ".js"), entry.types.replace(/^.\/dist\/(.*)\.d\.ts$/, "$1.js")]),
  ),
  cli: "cli/main.js",
  // Found by "#platform", or started by name as threads: files of their own, beside the others
  "platform-node": platform("node"),
  "platform-web": platform("web"),
  "node-worker": platform("node-worker"),
  "web-worker": platform("web-worker"),
  "node-drawer": platform("node-drawer"),
  "web-drawer": platform("web-drawer"),
};

rmSync(file("bundle"), { recursive: true, force: true });
await build({
  input: Object.fromEntries(Object.entries(entries).map(([name, source]) => [name, file(`dist/${source}`)])),
  platform: "neutral",
  external: (id) =>
    id === "#platform" || id.startsWith("node:") || outside.some((name) => id === name || id.startsWith(`${name}/`)),
  plugins: [
    {
      name: "sources of the compiler's maps",
      load: {
        filter: { id: /lemniscate[\\/]dist[\\/].*\.js$/ },
        handler: (id) => ({ code: readFileSync(id, "utf8"), map: readFileSync(`${id}.map`, "utf8") }),
      },
    },
  ],
  output: {
    dir: file("bundle"),
    sourcemap: true,
    chunkFileNames: "[name].js",
    // Strings of bytes take half the memory of others, and less time to read: nothing but letters of ASCII, and no comments.
    charset: "ascii",
    comments: { legal: true, annotation: false, jsdoc: false },
  },
});
copyFileSync(
  createRequire(file("package.json"))
    .resolve("zod/package.json")
    .replace(/package\.json$/, "LICENSE"),
  file("bundle/zod.LICENSE"),
);

// The files of dist by themselves, as tests and benchmarks import them, have a platform of their own.
const imports = { "#platform": { node: `./${platform("node")}`, default: `./${platform("web")}` } };
writeFileSync(file("dist/package.json"), `${JSON.stringify({ type: "module", imports }, null, 2)}\n`);
