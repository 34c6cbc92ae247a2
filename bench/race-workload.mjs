/** @module One row of the table: a workload in a precision, raced by all who take part. */
import path from "node:path";
import { fileURLToPath } from "node:url";
import { compareOutputs } from "./compare.mjs";
import { padding, writeInputs } from "./inputs.mjs";
import { operationsOf } from "./operations.mjs";
import { startRacer } from "./racer.mjs";

const here = (file) => fileURLToPath(new URL(file, import.meta.url));
const median = (values) => [...values].sort((a, b) => a - b)[Math.floor(values.length / 2)];

/**
 * Who takes part: `ours` on the first Node given, `single` the same with one thread, `paired` with vectors of 256 bits if
 * that Node `pairs` them, `peer`, and `beside`, ours on the other Nodes. A row whose outputs differ has `failed`, and no times.
 */
export async function raceWorkload(
  workload,
  precision,
  { node: [node, ...others], pairs, peer, rounds, seconds, folder },
) {
  const { name, fresh = false, target, network, lengths, shape } = workload;
  const row = { name, precision, fresh, target };
  try {
    row.operations = operationsOf(workload);
  } catch (error) {
    return { ...row, failed: error.message };
  }
  const inputs = path.join(folder, `inputs-${precision}.npy`);
  await writeInputs(inputs, workload, precision);
  const work = { network, lengths, precision, inputs, padding };
  const ours = (command, engine) => () =>
    startRacer(command, [here("ours.mjs"), JSON.stringify({ ...work, ...engine })]);
  const starts = { ours: ours(node) };
  if (!fresh) starts.single = ours(node, { threads: 1 });
  if (!fresh && pairs) starts.paired = ours(node, { vectorBits: 256 });
  for (const [i, other] of others.entries()) starts[`beside${i}`] = ours(other);
  if (peer !== undefined) starts.peer = () => startRacer(peer, [here("peer.py"), JSON.stringify(work)]);

  const racers = {};
  try {
    await startAll(starts, racers);
    row.threads = racers.ours.first.threads;
    if (racers.peer !== undefined) {
      row.errors = await compareOutputs(racers.ours, racers.peer, shape[0], precision, folder);
      if (!row.errors.same) return { ...row, failed: "the outputs differ" };
      if (racers.paired !== undefined) {
        const paired = await compareOutputs(racers.paired, racers.peer, shape[0], precision, folder);
        if (!paired.same) return { ...row, failed: "the outputs differ in 256 bits" };
      }
    }
    const runs = fresh ? await timeStarts(starts, racers, rounds, seconds) : await timeRuns(racers, rounds, seconds);
    // Last, for the calibration's memory is not the kernel's
    if (!fresh) row.expected = (await racers.ours.ask("estimate")).seconds ?? undefined;
    return { ...row, ...summarised(runs, others.length) };
  } catch (error) {
    return { ...row, failed: error.message };
  } finally {
    for (const racer of Object.values(racers)) await racer.stop();
  }
}

/** Starts all at once, for imports take long; whoever has started is in `racers` even if another one fails. */
async function startAll(starts, racers) {
  const tries = Object.entries(starts).map(async ([who, start]) => {
    racers[who] = await start();
  });
  const failure = (await Promise.allSettled(tries)).find(({ status }) => status === "rejected");
  if (failure !== undefined) throw failure.reason;
}

/** All in turns, `rounds` times, or until the time is over. */
async function inTurns(names, rounds, seconds, run) {
  const runs = Object.fromEntries(names.map((who) => [who, []]));
  const started = performance.now();
  for (let round = 0; round < rounds; round++) {
    if (round > 0 && performance.now() - started > 1000 * seconds) break;
    for (const who of names) runs[who].push(await run(who));
  }
  return runs;
}

function timeRuns(racers, rounds, seconds) {
  return inTurns(Object.keys(racers), rounds, seconds, (who) => racers[who].ask("run"));
}

/** From the start of a process to its first result; the racers that compared their outputs have warmed the disk. */
async function timeStarts(starts, racers, rounds, seconds) {
  for (const racer of Object.values(racers)) await racer.stop();
  return inTurns(Object.keys(starts), rounds, seconds, async (who) => {
    const racer = await starts[who]();
    const { peak } = await racer.ask("run");
    await racer.stop();
    return { wall: racer.seconds, cpu: Number.NaN, peak };
  });
}

function summarised(runs, others) {
  const of = (who) => {
    if (runs[who] === undefined) return undefined;
    const median_ = (key) => median(runs[who].map((run) => run[key]));
    return { wall: median_("wall"), cpu: median_("cpu"), peak: Math.max(...runs[who].map(({ peak }) => peak)) };
  };
  const beside = Array.from({ length: others }, (_, i) => of(`beside${i}`));
  return {
    ours: of("ours"),
    single: of("single"),
    paired: of("paired"),
    peer: of("peer"),
    beside,
    rounds: runs.ours.length,
    runs,
  };
}
