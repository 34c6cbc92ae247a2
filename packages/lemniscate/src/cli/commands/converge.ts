import { type Command, InvalidArgumentError, Option } from "commander";
import { type Batch, batch, examples } from "../../core/batch.js";
import { child, normals, randomKey } from "../../core/random.js";
import { openEngine } from "../../engines/open.js";
import { type ConvergenceRow, convergence, convergenceSlopes, type Slope } from "../../finite/convergence.js";
import type { Quantity } from "../../program/program.js";
import { positionKernel } from "../../tiles/kernel.js";
import { readInputs } from "../inputs.js";
import { interruptible } from "../interrupt.js";
import { Misuse } from "../misuse.js";
import {
  engineOptions,
  progressStyle,
  quantities,
  type RunFlags,
  seedNumber,
  shape,
  wholeNumber,
  withRun,
} from "../options.js";
import { checkInput } from "../output.js";
import { progressOf } from "../progress.js";
import { examplesOf } from "../spec/examples.js";
import { onlyNetwork, readSpec, type Spec } from "../spec/read.js";

interface Flags extends RunFlags {
  readonly widths: readonly number[];
  readonly samples: number;
  readonly get: readonly Quantity[];
  readonly x?: string;
  readonly shape?: readonly number[];
  readonly count: number;
  readonly heads?: number;
  readonly keys?: number;
  readonly values?: number;
  readonly seed: number;
  readonly json?: boolean;
}

export function convergeCommand(program: Command): void {
  const command = program
    .command("converge")
    .description("Compare random networks of finite widths with their limit, and fit how the difference falls.")
    .argument("<spec>", "network or experiment, in YAML or JSON")
    .addOption(
      new Option("--widths <list>", "16..512 for doubles, or 16,24,32")
        .argParser(widths)
        .default([16, 32, 64, 128], "16..128"),
    )
    .option("--samples <n>", "networks at the smallest width; at twice that, half as many", wholeNumber, 400)
    .addOption(new Option("--get <which>", "nngp, ntk, or nngp,ntk").argParser(quantities).default(["nngp"], "nngp"))
    .option("--x <file>", "inputs, .npy or .csv (default: the experiment's training data)")
    .option("--shape <sizes>", "random inputs of a shape instead, as in 3x5x8", shape)
    .option("--count <n>", "examples to take of the data", wholeNumber, 5)
    .option("--heads <n>", "heads of attention (default: the width)", wholeNumber)
    .option("--keys <n>", "channels of a head's queries and keys (default: the width)", wholeNumber)
    .option("--values <n>", "channels of a head's values (default: the width)", wholeNumber)
    .option("--seed <n>", "of weights and random inputs", seedNumber, 0);
  withRun(command)
    .option("--json", "print rows and slopes as JSON")
    .addHelpText(
      "after",
      "\nExample:\n  $ lemniscate converge net.yaml --shape 3x5x8 --widths 16..128 --get nngp,ntk\n\nThe mean over networks is expected to differ from the limit by a multiple of 1/width, one network by one of 1/√width.",
    )
    .action((file: string, flags: Flags) => run(readSpec(file), flags));
}

async function run(spec: Spec, flags: Flags): Promise<void> {
  const network = onlyNetwork(spec);
  const x = await inputs(spec, flags);
  const { get, memory, widths, samples, heads, keys, values, seed } = flags;
  await using engine = await openEngine(engineOptions(flags, spec.experiment.engine));
  const rows: ConvergenceRow[] = [];
  const progress = progressOf("converge", progressStyle(flags), process.stderr, Date.now, null);
  try {
    await interruptible(async (signal) => {
      const limit = await spec.within(() => positionKernel(network)(x, null, { get, engine, memory, signal }));
      const options = { widths, samples, limit, heads, keys, values, seed, signal, onProgress: progress.update };
      for await (const row of convergence(network, x, options)) rows.push(row);
    });
  } finally {
    progress.end();
  }
  const slopes = Object.fromEntries(
    get.map((quantity) => [quantity, convergenceSlopes(rows.filter((row) => row.quantity === quantity))]),
  );
  if (flags.json === true) console.log(JSON.stringify({ shape: x.shape, rows, slopes }));
  else console.log(get.map((quantity) => report(quantity, rows, slopes[quantity]!)).join("\n\n"));
}

function report(
  quantity: Quantity,
  rows: readonly ConvergenceRow[],
  slopes: ReturnType<typeof convergenceSlopes>,
): string {
  const header = [quantity.toUpperCase(), "networks", "error of mean", "by chance", "spread of one"];
  const lines = rows
    .filter((row) => row.quantity === quantity)
    .map(({ width, samples, error, noise, spread }) => [
      `width ${width}`,
      String(samples),
      ...[error, noise, spread].map((value) => value.toPrecision(3)),
    ]);
  const power = (slope: Slope | null): string =>
    slope === null ? "within chance" : `width^${slope.slope.toFixed(2)} ± ${slope.error.toFixed(2)}`;
  const table = [header, ...lines].map(([first = "", ...rest]) =>
    [first.padEnd(12), ...rest.map((text) => text.padStart(14))].join(""),
  );
  return [...table, `error of mean: ${power(slopes.error)}; spread of one: ${power(slopes.spread)}`].join("\n");
}

async function inputs(spec: Spec, { x, shape, count, seed }: Flags): Promise<Batch> {
  if (shape !== undefined) {
    const size = shape.reduce((product, length) => product * length, 1);
    return batch(shape, normals(child(randomKey(seed), "inputs"), new Float64Array(size)));
  }
  if (x !== undefined) {
    checkInput("--x", x);
    return readInputs(x, { count });
  }
  const { train } = spec.experiment.data ?? {};
  if (train === undefined)
    throw new Misuse({
      code: "BadInput",
      where: "--x",
      given: "nothing",
      allowed: "--x with a .npy or .csv file, --shape, or an experiment with data",
      mend: "Name inputs to compare kernels on, as in --shape 3x5x8 for random ones.",
    });
  const found = (await examplesOf(train, "nothing", "data.train", spec.resolve)).x;
  return examples(found, 0, Math.min(count, found.shape[0]));
}

/** `16..512` → 16, 32, … 512; `16,24` → 16, 24. */
function widths(text: string): readonly number[] {
  const [, from, to] = /^(\d+)\.\.(\d+)$/.exec(text) ?? [];
  const list = from === undefined ? text.split(",").map(Number) : [];
  if (from !== undefined && Number(from) > 0)
    for (let width = Number(from); width <= Number(to); width *= 2) list.push(width);
  if (list.length === 0 || list.some((width) => !Number.isInteger(width) || width < 1))
    throw new InvalidArgumentError("Allowed are 16..512 and 16,24,32, widths from 1.");
  return list;
}
