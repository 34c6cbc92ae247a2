/**
 * Races lemniscate against Neural Tangents and prints a table; README.md beside this file says how to read it.
 *
 *   npm run bench                                   ours alone
 *   npm run bench -- --peer bench/.peer/bin/python  both (bench/install-peer.sh makes that Python)
 */
import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { availableParallelism, cpus, loadavg, tmpdir } from "node:os";
import path from "node:path";
import { Command, InvalidArgumentError } from "commander";
import { measureMachine } from "./machine/measure.mjs";
import { raceWorkload } from "./race-workload.mjs";
import { describeMachine, table } from "./table.mjs";
import { workloads } from "./workloads.mjs";

const whole = (text) => {
  if (/^[1-9]\d*$/.test(text)) return Number(text);
  throw new InvalidArgumentError("It is a whole number from 1 on.");
};
const options = new Command("npm run bench --")
  .description("Race lemniscate against Neural Tangents: outputs compared first, then both in turns.")
  .option("--peer <python>", "Python with Neural Tangents, from bench/install-peer.sh; without it ours runs alone")
  .option("--node <path...>", "Node to race with; further ones are timed beside it", [process.execPath])
  .option("--only <text...>", "only workloads whose names contain one of these texts")
  .option("--precision <type...>", "f32, f64", ["f32", "f64"])
  .option("--rounds <count>", "most runs of each side", whole, 5)
  .option("--seconds <count>", "begin no further round of a row after this time", whole, 30)
  .option("--quick", "a choice of workloads, in few rounds: about two minutes")
  .option("--json <file>", "also write everything that was measured")
  .parse()
  .opts();
if (options.quick) Object.assign(options, { rounds: 3, seconds: 4 });

const chosen = workloads.filter(
  ({ name, quick }) =>
    (!options.quick || quick) && (options.only === undefined || options.only.some((text) => name.includes(text))),
);
if (chosen.length === 0) {
  console.error(`bench: no workload is called so. There are:\n${workloads.map(({ name }) => `  ${name}`).join("\n")}`);
  process.exit(2);
}
const folder = mkdtempSync(path.join(tmpdir(), "lemniscate-bench-"));
process.on("exit", () => rmSync(folder, { recursive: true, force: true }));
for (const signal of ["SIGINT", "SIGTERM"]) process.on(signal, () => process.exit(1));

const about = { processor: cpus()[0]?.model, cores: availableParallelism(), load: loadavg()[0] };
const machine = [];
for (const node of options.node) machine.push(measureMachine(node));
console.log(describeMachine(about, machine));
if (options.peer === undefined) console.log("Neural Tangents is not given (--peer): ours alone.\n");
const { header, describe } = table(
  machine,
  chosen.map(({ name }) => name),
);
console.log(header);
const rows = [];
for (const workload of chosen)
  for (const precision of options.precision) {
    const row = await raceWorkload(workload, precision, { ...options, pairs: machine[0].pairs, folder });
    rows.push(row);
    console.log(describe(row));
  }
if (options.json !== undefined) writeFileSync(options.json, JSON.stringify({ ...about, machine, rows }, null, 2));
if (rows.some(({ failed }) => failed !== undefined)) process.exitCode = 1;
