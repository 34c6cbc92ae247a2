/**
 * Prints where the time of each workload goes, function by function, by V8's sampling profiler. All is computed by the
 * calling thread, so that one profile has everything.
 *
 *   npm run bench:profile -- --only "mean, S = 128" --precision f32
 */
import { Session } from "node:inspector/promises";
import { Command, Option } from "commander";
import { batch, kernel, networkFromData } from "lemniscate";
import { pairVectors } from "../packages/lemniscate/dist/engines/wasm/platform/node.js";
import { wasmEngine } from "../packages/lemniscate/dist/engines/wasm/wasm.js";
import { inputsOf } from "./inputs.mjs";
import { workloads } from "./workloads.mjs";

const command = new Command("npm run bench:profile --")
  .description("Say where the time of each workload goes.")
  .option("--only <text...>", "only workloads whose names contain one of these texts", [""])
  .option("--precision <type...>", "f32, f64", ["f32", "f64"])
  .option("--seconds <count>", "how long each is profiled", Number, 3)
  .addOption(new Option("--vector-bits <count>", "256 on Node 22 and later").choices(["128", "256"]).default("128"))
  .option("--least <percent>", "leave out functions with less than this share of the time", Number, 2)
  .parse();
const options = command.opts();
const paired = options.vectorBits === "256";
if (paired && !pairVectors()) command.error("error: this Node has no vectors of 256 bits, Node 22 and later have");

/** Names of the WebAssembly functions that were made last, which are all exported, in their order. */
let names = [];
const { compile } = WebAssembly;
WebAssembly.compile = async (bytes) => {
  const module = await compile(bytes);
  names = WebAssembly.Module.exports(module).map(({ name }) => name);
  return module;
};

const session = new Session();
session.connect();
await session.post("Profiler.enable");
await session.post("Profiler.setSamplingInterval", { interval: 200 });

/** Milliseconds a call that each function takes, those of most time first. */
async function profiled(workload, precision) {
  const { network, shape, lengths } = workload;
  const mask = lengths?.flatMap((length) => Array.from({ length: shape[1] }, (_, s) => (s < length ? 1 : 0)));
  const x = batch(shape, inputsOf(workload, precision), mask);
  const engine = wasmEngine({ precision, threads: 1, start: null, paired });
  const k = kernel(networkFromData({ type: "serial", layers: network }));
  const run = () => k(x, null, { get: ["nngp", "ntk"], engine });
  await run();
  await session.post("Profiler.start");
  const started = performance.now();
  let calls = 0;
  for (; calls === 0 || performance.now() - started < 1000 * options.seconds; calls++) await run();
  const { nodes, samples, timeDeltas } = (await session.post("Profiler.stop")).profile;
  await engine[Symbol.asyncDispose]();
  const frames = new Map(nodes.map(({ id, callFrame }) => [id, callFrame]));
  const spent = new Map();
  for (const [i, id] of samples.entries()) {
    const name = nameOf(frames.get(id));
    if (name !== "(idle)" && !name.startsWith("post,"))
      spent.set(name, (spent.get(name) ?? 0) + timeDeltas[i] / 1000 / calls);
  }
  return [...spent].sort(([, a], [, b]) => b - a);
}

function nameOf({ functionName, url }) {
  const wasm = functionName.match(/^wasm-function\[(\d+)\]$/);
  if (wasm !== null) return names[wasm[1]];
  const file = url.split("/").slice(-2).join("/");
  return `${functionName || "(anonymous)"}${file === "" ? "" : `, ${file}`}`;
}

const chosen = workloads.filter(({ name, fresh }) => !fresh && options.only.some((text) => name.includes(text)));
if (chosen.length === 0) command.error("error: no workload is called so, see bench/workloads.mjs");
for (const workload of chosen)
  for (const precision of options.precision) {
    const spent = await profiled(workload, precision);
    const all = spent.reduce((sum, [, time]) => sum + time, 0);
    console.log(`${workload.name}, ${precision}: ${all.toFixed(0)} ms on one thread`);
    for (const [name, time] of spent.filter(([, time]) => time >= (all * options.least) / 100))
      console.log(`${time.toFixed(1).padStart(9)} ms  ${((100 * time) / all).toFixed(0).padStart(3)} %  ${name}`);
  }
