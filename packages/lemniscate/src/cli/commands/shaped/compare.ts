/** @module `lemniscate shaped compare`: the limit beside networks of several widths. */
import type { Command } from "commander";
import { type ShapedModel, shapedAttention, shapedMlp, shapedTransformer } from "../../../shaped/models/model.js";
import { type Covariance, correlated } from "../../../shaped/start.js";
import { compare } from "../../../shaped/statistics/compare.js";
import { type Estimate, rate } from "../../../shaped/statistics/summary.js";
import { interruptible } from "../../interrupt.js";
import { wholeNumber } from "../../options.js";
import {
  checkOut,
  checkTokens,
  readModel,
  type ShapedFlags,
  shapedProgress,
  timesOf,
  wholeNumbers,
  withShaped,
} from "./input.js";
import type { Row } from "./row.js";
import { Rows } from "./rows.js";

interface Flags extends ShapedFlags {
  readonly widths: readonly number[];
  readonly paths: number;
  readonly networks: number;
}

export function compareCommand(shaped: Command): void {
  const command = shaped
    .command("compare")
    .description(
      "Compare the limit with networks of several widths: distances of their laws, means, and how fast they close.",
    )
    .argument("[model]", "model, in YAML or JSON (default: an MLP, attention, and both)")
    .option("--widths <list>", "widths of networks, as in 16,64,256", wholeNumbers, [16, 64, 256])
    .option("--paths <n>", "number of paths of the limit", wholeNumber, 100_000)
    .option("--networks <n>", "number of networks at each width", wholeNumber, 10_000);
  withShaped(command)
    .addHelpText("after", "\nExample:\n  $ lemniscate shaped compare model.yaml --widths 16,64,256 --times 0.5,1")
    .action(run);
}

/** A model of each kind, in a regime where few paths explode. */
const examples: Readonly<Record<string, ShapedModel>> = {
  mlp: shapedMlp({ activation: { type: "shaped-relu", plus: 1, minus: -1 } }),
  attention: shapedAttention({ gamma: 0.35, temperature: 1, keyWidth: 16 }),
  transformer: shapedTransformer({
    attention: { gamma: 0.25, temperature: 1, keyWidth: 16 },
    mlp: { gamma: 0.25, activation: { type: "shaped-relu", plus: 2, minus: -2 } },
  }),
};

async function run(file: string | undefined, flags: Flags): Promise<void> {
  checkOut(flags);
  const given = file === undefined ? undefined : readModel(file, flags);
  const start = given?.start ?? correlated(flags.rho, flags.tokens);
  const models = given === undefined ? examples : { [given.model.type]: given.model };
  const rows = new Rows(flags, { command: "compare", ...given });
  await interruptible(async (signal) => {
    for (const [done, [name, model]] of Object.entries(models).entries()) {
      const finished = Math.max(0, rows.units - done * flags.widths.length);
      await one(name, model, start, flags, rows, flags.widths.slice(finished), signal);
    }
  }, rows.kept);
  rows.end();
}

async function one(
  name: string,
  model: ShapedModel,
  start: Covariance,
  flags: Flags,
  rows: Rows,
  widths: readonly number[],
  signal: AbortSignal,
): Promise<void> {
  checkTokens(flags, start.length);
  const progress = shapedProgress(name, flags);
  const { observe: observables, seed, engine, threads } = flags;
  const times = flags.times ?? timesOf({ end: flags.end }).slice(-1);
  const shared = {
    start,
    engine,
    threads,
    signal,
    onProgress: (done: number, total: number) => progress.update(done, total),
  };
  const run = compare(model, {
    observables,
    widths,
    times,
    sde: { ...shared, paths: flags.paths, seed },
    networks: { ...shared, paths: flags.networks, seed: seed + 1 },
  });
  const gaps = new Map<string, (Estimate & { width: number })[]>();
  const note = ({ observable, t, n, network, limit }: Row): void => {
    const [x, y] = [network as Estimate, limit as Estimate];
    const gap = { width: n as number, value: x.value - y.value, error: Math.hypot(x.error, y.error) };
    const key = `${observable as string} ${t as number}`;
    gaps.set(key, [...(gaps.get(key) ?? []), gap]);
  };
  for (const row of rows.earlier) if (row["model"] === name) note(row);
  try {
    let written = 0;
    if (widths.length > 0)
      for await (const { t, width, observable, ks, p, mean, meanLimit, energy, frozenLimit } of run) {
        progress.end();
        const found = { network: mean, limit: meanLimit, frozen: frozenLimit };
        const row: Row = { model: name, observable, t, n: width, ks, p, energy, ...found };
        rows.write(row);
        note(row);
        if (++written % (observables.length * times.length) === 0) rows.finish();
      }
  } finally {
    progress.end();
  }
  if (flags.quiet === true || flags.json === true || flags.widths.length < 2) return;
  for (const [key, all] of gaps) {
    const { value, error } = rate(all);
    const seen = Math.abs(all[0]!.value) > 3 * all[0]!.error;
    console.log(
      `${name} ${key}: ${seen ? `the means' gap falls as n^-${value.toFixed(2)}(${Math.round(error * 100)})` : "no gap is seen"}`,
    );
  }
}
