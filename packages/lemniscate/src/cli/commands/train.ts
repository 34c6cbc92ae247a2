import { type Command, Option } from "commander";
import { openEngine } from "../../engines/open.js";
import { oneHot } from "../../inference/labels.js";
import { Finished, fingerprint } from "../finished.js";
import { interruptible } from "../interrupt.js";
import { Misuse } from "../misuse.js";
import {
  engineOptions,
  finiteNumber,
  maskConstant,
  progressStyle,
  type RunFlags,
  seedNumber,
  wholeNumber,
  withRun,
} from "../options.js";
import { classesOf, examplesFor, missing } from "../predict/run.js";
import { type PredictFlags, type Settings, settingsOf } from "../predict/settings.js";
import { plainTargets, standardizeTargets } from "../predict/targets.js";
import { progressOf } from "../progress.js";
import type { Examples } from "../spec/examples.js";
import { onlyNetwork, readSpec, type Spec } from "../spec/read.js";
import { compared, planTraining, type Trained, type TrainJob, type TrainRow, trainOne } from "../train/run.js";

interface Flags extends RunFlags, Omit<PredictFlags, "get" | "noise" | "priorMean"> {
  readonly loss?: "squared" | "cross-entropy";
  readonly momentum?: number;
  readonly out?: string;
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
    .description("Train finite networks by gradient descent, and compare them with their limit.")
    .argument("<spec>", "experiment or network, in YAML or JSON; options override what it says")
    .requiredOption("--width <n>", "channels of layers that do not say how many they have", wholeNumber)
    .option("--train <file>", "table to learn from, .csv")
    .option("--test <file>", "table to predict, .csv")
    .option("--target <column>", "column of the targets or classes in both (default: the last)")
    .option("--train-x <file>", "inputs to learn from, .npy")
    .option("--train-y <file>", "their targets or classes, .npy")
    .option("--test-x <file>", "inputs to predict, .npy")
    .option("--test-y <file>", "their targets or classes, .npy")
    .option("--mask-constant <number>", "entries of the inputs that stand for padding", maskConstant)
    .option("--standardize", "bring inputs and targets to mean 0 and deviation 1 of the training set")
    .addOption(new Option("--type <type>", "what to learn (default: gp)").choices(["gp", "classification"]))
    .option("--classes <n>", "number of classes (default: those that occur)", wholeNumber)
    .addOption(
      new Option(
        "--loss <loss>",
        "squared, of one-hot targets for classes; or cross-entropy (default: squared)",
      ).choices(["squared", "cross-entropy"]),
    )
    .option("--networks <n>", "networks to train", wholeNumber, 4)
    .option("--steps <n>", "steps of gradient descent", wholeNumber, 256)
    .option(
      "--learning-rate <rate>",
      "default: a quarter of the largest that converges, with momentum μ times 1 − μ",
      finiteNumber,
    )
    .option("--momentum <mu>", "share of the last step in the next, as 0.9 (default: none)", finiteNumber)
    .option("--batch-size <n>", "examples of a step (default: all)", wholeNumber)
    .option("--heads <n>", "heads of attention (default: the width)", wholeNumber)
    .option("--keys <n>", "channels of a head's queries and keys (default: the width)", wholeNumber)
    .option("--values <n>", "channels of a head's values (default: the width)", wholeNumber)
    .option("--seed <n>", "of the first network; the others follow", seedNumber, 0)
    .option("--out <file>", "keep networks' results in a file as they come, and go on from those that are there");
  withRun(command)
    .option("--json", "print rows as JSON")
    .addHelpText(
      "after",
      "\nWith momentum or cross-entropy, outputs before training are taken away, as the limit is known from f = 0 then.\n\nExample:\n  $ lemniscate train net.yaml --train train.csv --test test.csv --standardize --width 512",
    )
    .action((file: string, flags: Flags) => run(readSpec(file), flags));
}

async function run(spec: Spec, flags: Flags): Promise<void> {
  // The learning rate here is that of steps, and the limit is looked at when they are.
  const { learningRate: _, ...others } = flags;
  const settings = settingsOf(spec, others);
  const crossEntropy = flags.loss === "cross-entropy";
  if (crossEntropy && settings.type === "gp")
    throw new Misuse({
      code: "OptionOutOfRange",
      where: "--loss",
      given: "cross-entropy of a regression",
      allowed: "cross-entropy of classes",
      mend: "Say --type classification if the targets are classes.",
    });
  const [train, test] = await examplesFor(settings);
  const { width, heads, keys, values, seed, networks, steps, learningRate, batchSize, momentum } = flags;
  const sizes = { width, heads, keys, values, seed };
  const loss = crossEntropy ? ("crossEntropy" as const) : ("meanSquaredError" as const);
  const run = { steps, learningRate, batchSize, momentum, loss };
  const job: TrainJob = { network: onlyNetwork(spec), ...targetsOf(settings, train, test), sizes, ...run };
  const { x, y } = job.train;
  const data = fingerprint(x.data, x.mask ?? [], y.data, job.test.x.data, job.test.x.mask ?? []);
  const { network } = job;
  const finished = new Finished<Trained>("--out", flags.out, { command: "train", network, data, sizes, ...run });
  await using engine = await openEngine(engineOptions(flags, spec.experiment.engine));
  const progress = progressOf("train", progressStyle(flags), process.stderr, Date.now, "steps");
  const plan = await interruptible((signal) => spec.within(() => planTraining(job, engine, { signal })));
  const trained: Trained[] = [];
  try {
    await interruptible(async (signal) => {
      for (let i = 0; i < networks; i++) {
        const name = `network ${seed + i}`;
        const onProgress = (done: number): void => progress.update(i * steps + done, networks * steps);
        const one = finished.get(name) ?? (await trainOne(job, plan, seed + i, { signal, onProgress }));
        if (finished.get(name) === undefined) finished.add(name, one);
        trained.push(one);
      }
    }, finished.kept);
  } finally {
    progress.end();
    // What is finished when somebody interrupts is printed too.
    if (trained.length > 0) {
      const found = { learningRate: plan.learningRate, rows: compared(job, plan, trained) };
      if (flags.json === true) console.log(JSON.stringify({ width, networks: trained.length, ...found }));
      else console.log(report(found, width, trained.length));
    }
  }
}

/** Inputs, and targets in the unit of the training set: of classes the one-hot ones. */
function targetsOf(settings: Settings, train: Examples, test: Examples): Pick<TrainJob, "train" | "test"> {
  if (settings.type === "classification") {
    const { names, y, truth } = classesOf(settings, train, test);
    return { train: { x: train.x, y: oneHot(y, names.length) }, test: { x: test.x, y: undefined, labels: truth } };
  }
  const scaled = (settings.standardize ? standardizeTargets : plainTargets)(
    train.targets ?? missing(settings.train, "targets"),
  );
  const { shift, scale } = scaled;
  const inUnits = test.targets && {
    ...test.targets,
    data: Float64Array.from(test.targets.data, (value, i) => (value - shift[i % shift.length]!) / scale),
  };
  return { train: { x: train.x, y: scaled.y }, test: { x: test.x, y: inUnits, labels: undefined } };
}

function report(
  { learningRate, rows }: { readonly learningRate: number; readonly rows: readonly TrainRow[] },
  width: number,
  networks: number,
): string {
  const shown = (value: number | undefined): string => (value === undefined ? "" : value.toPrecision(3));
  const measure = rows[0]?.accuracy === undefined ? "test rmse" : "accuracy";
  const table = [
    ["step", "loss", "of limit", measure, "of limit", "distance", "by chance"],
    ...rows.map(({ step, loss, rmse, accuracy, distance, chance }) => {
      const test = accuracy ?? rmse;
      return [String(step), ...[loss.finite, loss.limit, test?.finite, test?.limit, distance, chance].map(shown)];
    }),
  ].map((row) => row.map((text) => text.padStart(10)).join(""));
  const count = networks === 1 ? "1 network" : `${networks} networks`;
  return [`${count} of width ${width}, learning rate ${shown(learningRate)}`, ...table].join("\n");
}
