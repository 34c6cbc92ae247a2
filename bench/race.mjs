/**
 * Races lemniscate against Neural Tangents: the same kernel, both warm, in turns, medians.
 *
 *   npm run bench                                   ours alone
 *   npm run bench -- --peer bench/.peer/bin/python  both (bench/install-peer.sh makes that Python)
 *
 * Times include everything between a batch in memory and a matrix in memory. The machine may be shared: read ratios.
 */
import { spawn } from "node:child_process";
import { createInterface } from "node:readline";
import { fileURLToPath } from "node:url";
import { parseArgs } from "node:util";

const { values: asked } = parseArgs({
  options: { peer: { type: "string" }, rounds: { type: "string", default: "5" }, only: { type: "string" } },
});

const dense = (layers) => ({
  name: `dense, ${layers} hidden ReLU layers, N = 2000, D = 784`,
  kind: "dense",
  layers,
  shape: [2000, 784],
});
const attention = (S, readout) => ({
  name: `2 × attention, ReLU, ${readout}, S = ${S}, N = 64`,
  kind: "attention",
  readout,
  shape: [64, S, 32],
});
const workloads = [
  dense(3),
  dense(10),
  attention(64, "flatten"),
  attention(128, "flatten"),
  attention(128, "pool"),
].filter(({ name }) => asked.only === undefined || name.includes(asked.only));

/** A racer as a function that runs once; it waits at the start until all are warm. */
async function racer(command, args) {
  // TensorFlow, which the peer imports, reports missing GPUs at length
  const env = { ...process.env, TF_CPP_MIN_LOG_LEVEL: "3" };
  const process_ = spawn(command, args, { env, stdio: ["pipe", "pipe", "inherit"] });
  const lines = createInterface({ input: process_.stdout })[Symbol.asyncIterator]();
  const read = async () => {
    const { value, done } = await lines.next();
    if (done) throw new Error(`${command} ended early`);
    return value;
  };
  if ((await read()) !== "ready") throw new Error(`${command} did not get ready`);
  return {
    run: async () => {
      process_.stdin.write("\n");
      return JSON.parse(await read());
    },
    stop: () => process_.kill(),
  };
}

const median = (values) => [...values].sort((a, b) => a - b)[Math.floor(values.length / 2)];
const here = (file) => fileURLToPath(new URL(file, import.meta.url));

if (asked.peer === undefined) console.log("Neural Tangents is not given (--peer): ours alone.\n");
console.log(`${"workload".padEnd(52)} type     ours     peer   ratio   MB ours / peer`);
for (const workload of workloads)
  for (const precision of ["f32", "f64"]) {
    const work = JSON.stringify({ ...workload, precision });
    const ours = await racer(process.execPath, [here("ours.mjs"), work]);
    const peer = asked.peer === undefined ? undefined : await racer(asked.peer, [here("peer.py"), work]);
    const times = { ours: [], peer: [] };
    const peak = { ours: 0, peer: 0 };
    for (let round = 0; round < Number(asked.rounds); round++)
      for (const [name, side] of Object.entries({ ours, peer })) {
        if (side === undefined) continue;
        const { seconds, peak: megabytes } = await side.run();
        times[name].push(seconds);
        peak[name] = megabytes;
      }
    ours.stop();
    peer?.stop();
    const [a, b] = [median(times.ours), peer && median(times.peer)];
    const cells = [
      workload.name.padEnd(52),
      precision,
      `${a.toFixed(3)} s`.padStart(9),
      (b === undefined ? "–" : `${b.toFixed(3)} s`).padStart(8),
      (b === undefined ? "–" : `${(b / a).toFixed(1)}×`).padStart(7),
      `   ${Math.round(peak.ours)} / ${peer ? Math.round(peak.peer) : "–"}`,
    ];
    console.log(cells.join(" "));
  }
