/**
 * Our side of a race: one workload (JSON in argv[2]), computed once at the start. Then it does what lines of stdin say:
 * `save PREFIX` writes the matrices of that first time, `estimate` answers with the seconds that the library expects, and
 * `run` computes them again and answers with seconds and memory.
 */
import { readFileSync, writeFileSync } from "node:fs";
import { createInterface } from "node:readline";
import { batch, kernel, networkFromData, openEngine } from "lemniscate";
// Not from "lemniscate/data", whose other readers a first result does not wait for
import { readNpy } from "../packages/lemniscate/dist/data/npy.js";

const { network, inputs, lengths, precision, threads, vectorBits } = JSON.parse(process.argv[2]);
const get = ["nngp", "ntk"];

const { shape, data } = await readNpy(inputs);
const mask = lengths?.flatMap((length) => Array.from({ length: shape[1] }, (_, s) => (s < length ? 1 : 0)));
const x = batch(shape, data, mask);
const engine = await openEngine({ precision, threads, vectorBits });
const k = kernel(networkFromData({ type: "serial", layers: network }));
const run = () => k(x, null, { get, engine });

/** Most memory that this process had at a time, in MB. Linux counts resourceUsage() of a child from its parent's. */
function peakMegabytes() {
  if (process.platform !== "linux") return process.resourceUsage().maxRSS / 1024;
  return Number(readFileSync("/proc/self/status", "utf8").match(/VmHWM:\s*(\d+)/)[1]) / 1024;
}

async function timed() {
  const [started, cpu] = [performance.now(), process.cpuUsage()];
  await run();
  const { user, system } = process.cpuUsage(cpu);
  return { wall: (performance.now() - started) / 1000, cpu: (user + system) / 1e6, peak: peakMegabytes() };
}

const answer = (about) => console.log(JSON.stringify(about));
/** Kept until it is saved or something else is run. */
let first = await run();
answer({ threads: engine.threads });
for await (const line of createInterface({ input: process.stdin })) {
  const [order, prefix] = line.split(" ");
  if (order === "save") {
    for (const quantity of get) writeFileSync(`${prefix}.${quantity}`, first[quantity].data);
    answer({});
  } else if (order === "estimate") {
    // Padding is not known to it: for examples of other lengths it would be another number
    answer({ seconds: mask === undefined ? (await k.estimate(shape, { get, engine })).seconds : null });
  } else {
    first = undefined;
    answer(await timed());
  }
}
await engine[Symbol.asyncDispose]();
