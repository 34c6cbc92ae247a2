import type { Command } from "commander";
import { openEngine } from "../../engines/open.js";
import { interruptible } from "../interrupt.js";
import { Misuse } from "../misuse.js";
import {
  engineOptions,
  finiteNumber,
  progressStyle,
  type RunFlags,
  seedNumber,
  wholeNumber,
  withRun,
} from "../options.js";
import { examplesFor, missing } from "../predict/run.js";
import { type PredictFlags, settingsOf } from "../predict/settings.js";
import { plainTargets, standardizeTargets } from "../predict/targets.js";
import { progressOf } from "../progress.js";
import { onlyNetwork, readSpec, type Spec } from "../spec/read.js";
import { compareTraining, type TrainRow } from "../train/run.js";

interface Flags extends RunFlags, Pick<PredictFlags, "train" | "test" | "target" | "standardize"> {
  readonly width: number;
  readonly heads?: number;
  readonly keys?: number;
  readonly values?: number;
  readonly networks: number;
  readonly steps: number;
  readonly learningRate?: number;
  readonly batchSize?: number;
  readonly seed: number;
  readonly json?: boolean;
}

export function trainCommand(program: Command): void {
  const command = program
    .command("train")
    .description("Train finite networks on a regression by gradient descent, and compare them with their limit.")
    .argument("<spec>", "experiment or network, in YAML or JSON; options override what it says")
    .requiredOption("--width <n>", "channels of layers that do not say how many they have", wholeNumber)
    .option("--train <file>", "table to learn from, .csv")
    .option("--test <file>", "table to predict, .csv")
    .option("--target <column>", "column of the targets in both (default: the last)")
    .option("--standardize", "bring inputs and targets to mean 0 and deviation 1 of the training set")
    .option("--networks <n>", "networks to train", wholeNumber, 4)
    .option("--steps <n>", "steps of gradient descent", wholeNumber, 256)
    .option("--learning-rate <rate>", "default: a quarter of the largest that converges", finiteNumber)
    .option("--batch-size <n>", "examples of a step (default: all)", wholeNumber)
    .option("--heads <n>", "heads of attention (default: the width)", wholeNumber)
    .option("--keys <n>", "channels of a head's queries and keys (default: the width)", wholeNumber)
    .option("--values <n>", "channels of a head's values (default: the width)", wholeNumber)
    .option("--seed <n>", "of the first network; the others follow", seedNumber, 0);
  withRun(command)
    .option("--json", "print rows as JSON")
    .addHelpText(
      "after",
      "\nExample:\n  $ lemniscate train net.yaml --train train.csv --test test.csv --standardize --width 512",
    )
    .action((file: string, flags: Flags) => run(readSpec(file), flags));
}

async function run(spec: Spec, flags: Flags): Promise<void> {
  const settings = settingsOf(spec, flags);
  if (settings.type !== "gp")
    throw new Misuse({
      code: "OptionOutOfRange",
      where: "inference.type",
      given: settings.type,
      allowed: "gp",
      mend: "The limit is compared on regressions: give numbers as targets.",
    });
  const [train, test] = await examplesFor(settings);
  const scaled = (settings.standardize ? standardizeTargets : plainTargets)(
    train.targets ?? missing(settings.train, "targets"),
  );
  const { shift, scale } = scaled;
  const inUnits = test.targets && {
    ...test.targets,
    data: Float64Array.from(test.targets.data, (value, i) => (value - shift[i % shift.length]!) / scale),
  };
  await using engine = await openEngine(engineOptions(flags, spec.experiment.engine));
  const progress = progressOf("train", progressStyle(flags), process.stderr, Date.now, "steps");
  const { width, heads, keys, values, seed, networks, steps, learningRate, batchSize } = flags;
  const job = {
    network: onlyNetwork(spec),
    train: { x: train.x, y: scaled.y },
    test: { x: test.x, y: inUnits },
    sizes: { width, heads, keys, values, seed },
    networks,
    steps,
    learningRate,
    batchSize,
  };
  const found = await interruptible((signal) =>
    spec.within(() => compareTraining(job, engine, { signal, onProgress: progress.update })),
  ).finally(progress.end);
  if (flags.json === true) console.log(JSON.stringify({ width, networks, ...found }));
  else console.log(report(found, flags));
}

function report(
  { learningRate, rows }: { readonly learningRate: number; readonly rows: readonly TrainRow[] },
  { width, networks }: Flags,
): string {
  const shown = (value: number | undefined): string => (value === undefined ? "" : value.toPrecision(3));
  const table = [
    ["step", "loss", "of limit", "test rmse", "of limit", "distance", "by chance"],
    ...rows.map(({ step, loss, rmse, distance, chance }) => [
      String(step),
      ...[loss.finite, loss.limit, rmse?.finite, rmse?.limit, distance, chance].map(shown),
    ]),
  ].map((row) => row.map((text) => text.padStart(10)).join(""));
  return [`${networks} networks of width ${width}, learning rate ${shown(learningRate)}`, ...table].join("\n");
}
