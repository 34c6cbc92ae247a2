// Times of covariance processes, ours beside NumPy:
//
//   node bench/shaped.mjs                                                ours alone
//   node bench/shaped.mjs --python python3 --reference shaped_ref.py     and the reference, in turns
//
// The reference is a module with Model, step_split, gram_layer and direct_layer. Rows against it are processor time of one
// thread, in microseconds for one step or layer of one path: medians of rounds in turns, and the least. On a machine that others
// use, wall times are of little worth: they are for threads and for the million alone.
import { spawn } from "node:child_process";
import { once } from "node:events";
import { createInterface } from "node:readline";
import { fileURLToPath } from "node:url";
import { parseArgs } from "node:util";
import { correlated, shapedTransformer, simulate, solveSde } from "lemniscate/shaped";

const { values: options } = parseArgs({
  options: {
    python: { type: "string" },
    reference: { type: "string" },
    rounds: { type: "string", default: "5" },
    only: { type: "string" },
    json: { type: "boolean", default: false },
  },
});

const model = shapedTransformer({
  attention: { gamma: 0.25, temperature: 1 },
  mlp: { gamma: 0.25, activation: { type: "shaped-relu", plus: 1, minus: -1 } },
});
/** Snapshots after 4 steps, when all is compiled, and after 4 + `steps`. */
const sde = (m, paths, steps, threads = 1) =>
  solveSde(model, { start: correlated(0.2, m), paths, times: [4 / 32, (4 + steps) / 32], threads });
const chain = (m, width, paths, layers, hidden) =>
  simulate(model, {
    start: correlated(0.2, m),
    width,
    depth: 1 + layers,
    times: [1 / width, (1 + layers) / width],
    paths,
    hidden,
    threads: 1,
  });

const rows = [
  { name: "SDE, split, m = 3", run: () => sde(3, 65_536, 32), units: 65_536 * 32, theirs: "split 3 4000", aim: 15 },
  { name: "SDE, split, m = 8", run: () => sde(8, 8192, 32), units: 8192 * 32, theirs: "split 8 1000", aim: 15 },
  {
    name: "network, exact, m = 3, n = 2048",
    run: () => chain(3, 2048, 512, 8, "exact"),
    units: 512 * 8,
    theirs: "gram 3 500",
    aim: 10,
  },
  {
    name: "network, surrogate, m = 3, n = 2048",
    run: () => chain(3, 2048, 8192, 8, "surrogate"),
    units: 8192 * 8,
    theirs: "surrogate 3 4000",
  },
  {
    name: "network, exact, against NumPy with weights",
    run: () => chain(3, 2048, 512, 8, "exact"),
    units: 512 * 8,
    theirs: "weights 3 1",
    aim: 1e4,
  },
].filter(({ name }) => name.includes(options.only ?? ""));

/** Processor seconds between the first snapshot and the second. */
async function processorTime(snapshots) {
  await snapshots.next();
  const before = process.cpuUsage();
  await snapshots.next();
  const { user, system } = process.cpuUsage(before);
  await snapshots.return();
  return (user + system) / 1e6;
}

async function wallTime(snapshots) {
  const start = performance.now();
  await snapshots.next();
  await snapshots.next();
  const seconds = (performance.now() - start) / 1000;
  await snapshots.return();
  return seconds;
}

/** Asks the reference, which lives as long as this program. */
function openReference() {
  const script = fileURLToPath(new URL("shaped-reference.py", import.meta.url));
  const env = { ...process.env, OMP_NUM_THREADS: "1", OPENBLAS_NUM_THREADS: "1" };
  const child = spawn(options.python, [script, options.reference], { env, stdio: ["pipe", "pipe", "inherit"] });
  const lines = createInterface({ input: child.stdout });
  const died = once(child, "exit").then(([code]) => {
    throw new Error(`the reference ended with code ${code}`);
  });
  died.catch(() => {});
  return {
    ask: async (workload) => {
      child.stdin.write(`${workload}\n`);
      const [line] = await Promise.race([once(lines, "line"), died]);
      return Number(line);
    },
    close: () => child.stdin.end(),
  };
}

const median = (values) => [...values].sort((a, b) => a - b)[Math.floor(values.length / 2)];
const rounds = Number(options.rounds);
const reference = options.python && options.reference ? openReference() : undefined;
for (const { name, run, units, theirs, aim } of rows) {
  const [ours, peer] = [[], []];
  for (let round = 0; round < rounds; round++) {
    ours.push(((await processorTime(run())) / units) * 1e6);
    if (reference) peer.push(await reference.ask(theirs));
  }
  const faster = reference && median(peer.map((time, i) => time / ours[i]));
  const found = {
    name,
    ours: median(ours),
    least: Math.min(...ours),
    reference: reference && median(peer),
    faster,
    aim,
  };
  if (options.json) console.log(JSON.stringify(found));
  else {
    const beside = reference
      ? `  NumPy ${found.reference.toFixed(2).padStart(10)} µs  ${faster.toPrecision(3)} times faster${aim ? ` (to reach: ${aim})` : ""}`
      : "";
    console.log(
      `${name.padEnd(44)} ${found.ours.toFixed(2).padStart(8)} µs (least ${found.least.toFixed(2)})${beside}`,
    );
  }
}
reference?.close();

if ("two threads".includes(options.only ?? "")) {
  const [one, two] = [[], []];
  for (let round = 0; round < rounds; round++) {
    one.push(await wallTime(sde(3, 65_536, 384, 1)));
    two.push(await wallTime(sde(3, 65_536, 384, 2)));
  }
  const ratio = Math.min(...one) / Math.min(...two);
  const middle = median(one.map((time, i) => time / two[i]));
  const text = `two threads: ${ratio.toFixed(2)} times as fast by the least times, ${middle.toFixed(2)} in the median (to reach: 1.85)`;
  console.log(options.json ? JSON.stringify({ name: "two threads", ratio, middle, aim: 1.85 }) : text);
}
if ("a million paths".includes(options.only ?? "")) {
  const start = performance.now();
  for await (const _ of solveSde(model, { start: correlated(0.2, 3), paths: 1e6 }));
  const seconds = (performance.now() - start) / 1000;
  const text = `a million paths to t = 1, m = 3, h = 1/32: ${seconds.toFixed(1)} s on all cores (to reach: 60)`;
  console.log(options.json ? JSON.stringify({ name: "a million paths", seconds, aim: 60 }) : text);
}
