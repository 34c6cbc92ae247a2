// Packs the published package and looks at it as a stranger would: publint, arethetypeswrong, every entry, the command.
// Needs a build, and no network: the dependencies that package.json names are linked from this checkout, no others.
import { execFileSync } from "node:child_process";
import {
  mkdirSync,
  mkdtempSync,
  readdirSync,
  readFileSync,
  rmSync,
  statSync,
  symlinkSync,
  writeFileSync,
} from "node:fs";
import { tmpdir } from "node:os";
import path from "node:path";
import { fileURLToPath } from "node:url";

const root = fileURLToPath(new URL("..", import.meta.url));
const home = path.join(root, "packages/lemniscate");
const temporary = mkdtempSync(path.join(tmpdir(), "lemniscate-package-"));
process.on("exit", () => rmSync(temporary, { recursive: true, force: true }));

const run = (command, args, cwd = temporary) =>
  execFileSync(command, args, { cwd, encoding: "utf8", stdio: ["ignore", "pipe", "inherit"] }).trim();
const bin = (name, ...args) => {
  const { bin } = JSON.parse(readFileSync(path.join(root, "node_modules", name, "package.json"), "utf8"));
  const script = typeof bin === "string" ? bin : Object.values(bin)[0];
  return run(process.execPath, [path.join(root, "node_modules", name, script), ...args]);
};
const filesUnder = (folder) =>
  readdirSync(folder, { recursive: true })
    .map(String)
    .filter((file) => statSync(path.join(folder, file)).isFile());
const problems = [];

// --- the tarball, and what must not be in it
run("npm", ["pack", "--silent", "--pack-destination", temporary], home);
const tarball = path.join(temporary, readdirSync(temporary).find((file) => file.endsWith(".tgz")) ?? "");
const installed = path.join(temporary, "node_modules/lemniscate");
mkdirSync(installed, { recursive: true });
run("tar", ["-xzf", tarball, "-C", installed, "--strip-components=1"]);
const files = filesUnder(installed).map((file) => file.split(path.sep).join("/"));

for (const file of files) {
  if (/(^|\/)(fixtures?|tests?|shared|results)\/|\.test\./.test(file))
    problems.push(`${file} has no place in the package`);
  const source = file.match(/^dist\/(.*)\.d\.ts$/)?.[1];
  if (source && !files.includes(`src/${source}.ts`))
    problems.push(`${file} has no source: remove dist and build again`);
}
for (const file of ["LICENSE", "README.md"]) if (!files.includes(file)) problems.push(`${file} is missing`);

// --- the linters of packages; each exits with 1 if it finds something
for (const [name, ...args] of [
  ["publint", "run", tarball, "--strict"],
  ["@arethetypeswrong/cli", tarball, "--profile", "esm-only", "--format", "ascii"],
])
  try {
    console.log(bin(name, ...args));
  } catch (failure) {
    console.log(failure.stdout ?? failure);
    problems.push(`${name} found something`);
  }

// --- every entry, and the command, from a project that has nothing but this package
const manifest = JSON.parse(readFileSync(path.join(installed, "package.json"), "utf8"));
for (const name of Object.keys(manifest.dependencies ?? {})) {
  const link = path.join(temporary, "node_modules", name);
  mkdirSync(path.dirname(link), { recursive: true });
  symlinkSync(path.join(root, "node_modules", name), link, "junction");
}
writeFileSync(path.join(temporary, "package.json"), JSON.stringify({ private: true, type: "module" }));
for (const entry of Object.keys(manifest.exports).filter((entry) => !entry.endsWith(".json"))) {
  const name = path.posix.join("lemniscate", entry);
  try {
    const count = `import(${JSON.stringify(name)}).then((all) => console.log(Object.keys(all).length))`;
    console.log(`${name}: ${run(process.execPath, ["--input-type=module", "--eval", count])} exports`);
  } catch {
    problems.push(`import "${name}" fails`);
  }
}
// Large enough that threads are started, from files of their own
const large = `import { batch, dense, kernel, openEngine, relu, serial } from "lemniscate";
  const engine = await openEngine({ threads: 2 });
  const x = batch([1500, 100], Float64Array.from({ length: 150_000 }, (_, i) => Math.sin(i)));
  const { rows } = await kernel(serial(dense(), relu(), dense()))(x, null, { get: "nngp", engine });
  console.log(rows);`;
try {
  console.log(`a kernel on two threads: ${run(process.execPath, ["--input-type=module", "--eval", large])} rows`);
} catch {
  problems.push("threads do not start");
}
const many = `import { batch, dense, relu, serial } from "lemniscate";
  import { monteCarloKernel } from "lemniscate/finite";
  const k = monteCarloKernel(serial(dense(), relu(), dense()), { width: 64, samples: 2000, threads: 2 });
  const { samples } = await k(batch([2, 3], [1, 0, 0, 0, 1, 0]), null, { get: ["ntk"] });
  console.log(samples);`;
try {
  console.log(`random networks on two threads: ${run(process.execPath, ["--input-type=module", "--eval", many])}`);
} catch {
  problems.push("threads that draw networks do not start");
}
try {
  const version = run(process.execPath, [path.join(installed, manifest.bin.lemniscate), "--version"]);
  console.log(`lemniscate --version: ${version}`);
  if (version !== manifest.version) problems.push(`lemniscate --version prints ${version}, not ${manifest.version}`);
} catch {
  problems.push("lemniscate --version fails");
}

const unpacked = files.reduce((sum, file) => sum + statSync(path.join(installed, file)).size, 0);
console.log(`tarball ${statSync(tarball).size} bytes, unpacked ${unpacked} bytes, ${files.length} files`);
for (const problem of problems) console.error(`check-package: ${problem}`);
process.exitCode = problems.length ? 1 : 0;
