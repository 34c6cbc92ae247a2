// Times of covariance processes, ours beside a NumPy implementation of the same steps:
//
//   node bench/shaped.mjs                                          ours alone
//   node bench/shaped.mjs --python python3 --reference ref.py      and the reference, in turns, one thread each
//
// The reference is a module with Model, step_split and gram_layer. Figures are processor time, medians, in microseconds for
// one step or layer of one path: on a machine that others use, wall times are of little worth.
import { spawnSync } from "node:child_process";
import path from "node:path";
import { parseArgs } from "node:util";
import { correlated, shapedTransformer, simulate, solveSde } from "lemniscate/shaped";

const { values: options } = parseArgs({
  options: {
    python: { type: "string" },
    reference: { type: "string" },
    rounds: { type: "string", default: "5" },
    json: { type: "boolean", default: false },
  },
});

const model = shapedTransformer({
  attention: { gamma: 0.25, temperature: 1 },
  mlp: { gamma: 0.25, activation: { type: "shaped-relu", plus: 1, minus: -1 } },
});
const seconds = 1 / 1e6;
const sde = (m, paths, steps) => () =>
  solveSde(model, { start: correlated(0.2, m), paths, step: 1 / 32, times: [steps / 32] });
const chain = (m, n, paths, depth, hidden) => () =>
  simulate(model, { start: correlated(0.2, m), width: n, depth, paths, hidden });

/** Each row twice as long as the first time, so that compiling is not in the difference. */
const rows = [
  {
    name: "SDE, split, m = 3",
    ours: [sde(3, 8192, 32), sde(3, 16384, 32)],
    units: 8192 * 32,
    python: "r.step_split(rng, V, md, 1 / 32)",
    m: 3,
    batch: 4000,
    aim: 15,
  },
  {
    name: "SDE, split, m = 8",
    ours: [sde(8, 1024, 32), sde(8, 3072, 32)],
    units: 2048 * 32,
    python: "r.step_split(rng, V, md, 1 / 32)",
    m: 8,
    batch: 1000,
    aim: 15,
  },
  {
    name: "network, exact, m = 3, n = 2048",
    ours: [chain(3, 2048, 128, 8, "exact"), chain(3, 2048, 384, 8, "exact")],
    units: 256 * 8,
    python: "r.gram_layer(rng, V, md, 2048, 64)",
    m: 3,
    batch: 500,
    aim: 10,
  },
  {
    name: "network, surrogate, m = 3, n = 2048",
    ours: [chain(3, 2048, 2048, 8, "surrogate"), chain(3, 2048, 10240, 8, "surrogate")],
    units: 8192 * 8,
    python: "r.gram_layer(rng, V, md, 2048, 64, 'fast')",
    m: 3,
    batch: 4000,
  },
];

async function processorTime(run) {
  const before = process.cpuUsage();
  for await (const _ of run()) break;
  const { user, system } = process.cpuUsage(before);
  return (user + system) * seconds;
}

function reference({ python, m, batch }) {
  const code = `
import sys, time
sys.path.insert(0, ${JSON.stringify(path.dirname(path.resolve(options.reference)))})
import numpy as np, ${path.basename(options.reference, ".py")} as r
rng = np.random.default_rng(1)
md = r.Model("transformer", gamma=0.25, tau0=1, cp=1, cm=-1)
V = np.broadcast_to(0.8 * np.eye(${m}) + 0.2, (${batch}, ${m}, ${m})).copy()
${python}
before = time.process_time()
for _ in range(5): ${python}
print((time.process_time() - before) / 5 / ${batch} * 1e6)`;
  const env = { ...process.env, OMP_NUM_THREADS: "1", OPENBLAS_NUM_THREADS: "1" };
  const { status, stdout, stderr } = spawnSync(options.python, ["-c", code], { encoding: "utf8", env });
  if (status !== 0) throw new Error(stderr);
  return Number(stdout);
}

const median = (values) => [...values].sort((a, b) => a - b)[Math.floor(values.length / 2)];
for (const row of rows) {
  const [ours, theirs] = [[], []];
  for (let round = 0; round < Number(options.rounds); round++) {
    const [short, long] = [await processorTime(row.ours[0]), await processorTime(row.ours[1])];
    ours.push(((long - short) / row.units) * 1e6);
    if (options.python && options.reference) theirs.push(reference(row));
  }
  const found = { name: row.name, ours: median(ours), reference: theirs.length > 0 ? median(theirs) : undefined };
  const faster = found.reference === undefined ? undefined : found.reference / found.ours;
  const verdict = row.aim === undefined || faster === undefined ? "" : ` (to reach: ${row.aim})`;
  if (options.json) console.log(JSON.stringify({ ...found, faster, aim: row.aim }));
  else
    console.log(
      `${row.name.padEnd(36)} ${found.ours.toFixed(2).padStart(8)} µs${faster === undefined ? "" : `  NumPy ${found.reference.toFixed(2).padStart(8)} µs  ${faster.toFixed(1)} times faster${verdict}`}`,
    );
}
