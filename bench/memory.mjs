/**
 * Peak resident memory against the budget that a kernel was given: `npm run bench:memory`.
 *
 * Each line is a process of its own. Before it is measured it has its inputs, its threads and has computed a little; then the
 * peak that the system keeps is set back (Linux only), and what is added to it is what the computation took.
 */
import { spawnSync } from "node:child_process";
import { readFileSync, writeFileSync } from "node:fs";
import { fileURLToPath } from "node:url";
import { attention, batch, dense, globalAvgPool, kernel, openEngine, relu, repeat, serial } from "lemniscate";

const MiB = 2 ** 20;
const networks = {
  "3 × (dense + ReLU), N = 3000, D = 784": [repeat(serial(dense({ biasStd: 0.1 }), relu()), 3), [3000, 784]],
  "2 × (attention + ReLU), mean, S = 64, N = 256": [
    serial(repeat(serial(dense(), attention(), relu()), 2), globalAvgPool()),
    [256, 64, 32],
  ],
};
const get = ["nngp", "ntk"];

/** What the system says of this process, in bytes. */
const status = (name) =>
  1024 * Number(readFileSync("/proc/self/status", "utf8").match(new RegExp(`${name}:\\s*(\\d+)`))[1]);

async function measure(name, way, memory) {
  const [network, shape] = networks[name];
  const k = kernel(serial(network, dense()));
  const x = batch(
    shape,
    Float64Array.from({ length: shape.reduce((a, b) => a * b) }, (_, i) => Math.sin(i)),
  );
  const n = shape.length === 2 ? 500 : 48;
  const few = batch([n, ...shape.slice(1)], x.data.slice(0, (n * x.data.length) / shape[0]));
  // Enough for threads to be started
  const engine = await openEngine();
  const compute = async (inputs, options) => {
    if (way === "matrices") return k(inputs, null, { get, engine, ...options });
    let read = 0;
    for await (const { values } of k.tiles(inputs, null, { get, engine, ...options })) read += values.nngp[0];
    return read;
  };
  for (let times = 0; times < 3; times++) await compute(few, { memory: "16MiB" });
  const before = status("VmRSS");
  writeFileSync("/proc/self/clear_refs", "5");
  const kept = await compute(x, { memory });
  const peak = status("VmHWM") - before;
  console.log(JSON.stringify({ kept: typeof kept, before, peak }));
  process.exit();
}

if (process.argv[2] !== undefined) await measure(...JSON.parse(process.argv[2]));

const megabytes = (bytes) => `${Math.round(bytes / MiB)} MiB`.padStart(9);
console.log(`${"".padEnd(48)}   budget  measured  process before`);
for (const name of Object.keys(networks))
  for (const [way, budget] of [
    ["tiles", 30],
    ["tiles", 60],
    ["tiles", 120],
    ["matrices", 200],
  ]) {
    const args = JSON.stringify([name, way, budget * MiB]);
    const { stdout, stderr, status } = spawnSync(process.execPath, [fileURLToPath(import.meta.url), args], {
      encoding: "utf8",
    });
    if (status !== 0) throw new Error(stderr);
    const { before, peak } = JSON.parse(stdout);
    console.log(name.padEnd(46), way.padEnd(8), megabytes(budget * MiB), megabytes(peak), megabytes(before));
  }
