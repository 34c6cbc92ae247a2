import { writeFile } from "node:fs/promises";
import { type Command, InvalidArgumentError, Option } from "commander";
import { openEngine } from "../../engines/open.js";
import {
  engineOptions,
  finiteNumber,
  maskConstant,
  progressStyle,
  type RunFlags,
  wholeNumber,
  withRun,
} from "../options.js";
import { checkOutput, writeOutputs } from "../output.js";
import { toCsv, toJson, toText } from "../predict/result.js";
import { predictWith } from "../predict/run.js";
import { type PredictFlags, settingsOf } from "../predict/settings.js";
import { sourceOf } from "../predict/source.js";
import type { NoiseBlock } from "../spec/blocks.js";
import { readSpec, type Spec } from "../spec/read.js";

type Flags = RunFlags & PredictFlags & { readonly out?: string; readonly json?: boolean };

export function predictCommand(program: Command): void {
  const command = program
    .command("predict")
    .description("Train a Gaussian process or classifier with the kernel of a network, and predict.")
    .argument("<spec>", "experiment or network, in YAML or JSON; options override what it says")
    .option("--train <file>", "table to learn from, .csv")
    .option("--test <file>", "table to predict, .csv")
    .option("--target <column>", "column of the targets or classes in both (default: the last)")
    .option("--train-x <file>", "inputs to learn from, .npy")
    .option("--train-y <file>", "their targets or classes, .npy")
    .option("--test-x <file>", "inputs to predict, .npy")
    .option("--test-y <file>", "their targets or classes, for metrics")
    .option("--mask-constant <number>", "entries of the inputs that stand for padding", maskConstant)
    .option("--standardize", "bring inputs and targets to mean 0 and deviation 1 of the training set")
    .addOption(new Option("--type <type>", "what to do (default: gp)").choices(["gp", "classification"]))
    .addOption(new Option("--get <which>", "what predicts (default: nngp)").choices(["nngp", "ntk", "ntkgp"]))
    .option("--noise <how>", "0.1, relative:0.1, marginalLikelihood (default), heldOut", noise)
    .option("--prior-mean <mean>", "a number, or train for the mean of the targets (default: 0)", priorMean)
    .option(
      "--time <t>",
      "how long networks have trained, in steps times learning rate (default: to the end)",
      duration,
    )
    .option("--learning-rate <rate>", "what --time is multiplied by, so that it counts steps (default: 1)", rate)
    .option("--classes <n>", "number of classes (default: those that occur)", wholeNumber)
    .option("--out <file>", "write the predictions as .csv");
  withRun(command)
    .option("--json", "print everything, predictions included, as JSON")
    .addHelpText(
      "after",
      "\nExample:\n  $ lemniscate predict net.yaml --train train.csv --test test.csv --out predictions.csv",
    )
    .action((file: string, flags: Flags) => run(readSpec(file), flags));
}

async function run(spec: Spec, flags: Flags): Promise<void> {
  if (flags.out !== undefined) checkOutput("--out", flags.out);
  const settings = settingsOf(spec, flags);
  await using engine = await openEngine(engineOptions(flags, spec.experiment.engine));
  const source = sourceOf(spec, engine, { memory: flags.memory, style: progressStyle(flags) });
  const result = await predictWith(settings, source, engine).finally(source.end);
  if (flags.out !== undefined)
    await writeOutputs([{ file: flags.out, write: (to, signal) => writeFile(to, toCsv(result), { signal }) }]);
  if (flags.json === true) console.log(toJson(result));
  else if (flags.quiet !== true) console.log(toText(result));
}

function noise(text: string): NoiseBlock {
  if (text === "marginalLikelihood" || text === "heldOut") return { type: text };
  const [, value = text] = /^relative:(.*)$/.exec(text) ?? [];
  const number = finiteNumber(value);
  if (number < 0) throw new InvalidArgumentError("Allowed is a number from 0.");
  return value === text ? number : { type: "relative", value: number };
}

function duration(text: string): number {
  const time = finiteNumber(text);
  if (time < 0) throw new InvalidArgumentError("Allowed is a number from 0.");
  return time;
}

function rate(text: string): number {
  const value = finiteNumber(text);
  if (value <= 0) throw new InvalidArgumentError("Allowed is a number above 0.");
  return value;
}

function priorMean(text: string): number | "train" {
  return text === "train" ? text : finiteNumber(text);
}
