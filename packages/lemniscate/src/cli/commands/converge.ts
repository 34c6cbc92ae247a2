import { type Command, InvalidArgumentError, Option } from "commander";
import { type Batch, batch, examples } from "../../core/batch.js";
import type { Quantity } from "../../core/quantity.js";
import { child, normals, randomKey } from "../../core/random.js";
import { openEngine } from "../../engines/open.js";
import {
  type ConvergenceRow,
  convergence,
  convergenceSlopes,
  type SizeByWidth,
  type Slope,
} from "../../finite/convergence.js";
import type { Network } from "../../network/placement.js";
import { positionKernel } from "../../tiles/kernel.js";
import { Finished, fingerprint } from "../finished.js";
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
import { readSpec, type Spec } from "../spec/read.js";

interface Flags extends RunFlags {
  readonly widths: readonly number[];
  readonly samples: number;
  readonly get: readonly Quantity[];
  readonly x?: string;
  readonly shape?: readonly number[];
  readonly count: number;
  readonly lengths?: readonly number[];
  readonly heads?: SizeByWidth;
  readonly keys?: SizeByWidth;
  readonly values?: SizeByWidth;
  readonly seed: number;
  readonly out?: string;
  readonly json?: boolean;
}

export function convergeCommand(program: Command): void {
  const command = program
    .command("converge")
    .description("Compare random networks of finite widths with their limit, and fit how the difference falls.")
    .argument("<spec>", "network, networks or experiment, in YAML or JSON")
    .addOption(
      new Option("--widths <list>", "16..512 for doubles, or 16,24,32")
        .argParser(widths)
        .default([16, 32, 64, 128], "16..128"),
    )
    .option("--samples <n>", "networks at the smallest width; at twice that, half as many", wholeNumber, 400)
    .addOption(new Option("--get <which>", "nngp, ntk, or nngp,ntk").argParser(quantities).default(["nngp"], "nngp"))
    .option("--x <file>", "inputs, .npy or .csv (default: the experiment's training data)")
    .option("--shape <sizes>", "random inputs of a shape instead, as in 3x5x8", shape)
    .option("--lengths <list>", "positions that are present in each example of --shape, as in 5,4,3", lengths)
    .option("--count <n>", "examples to take of the data", wholeNumber, 5)
    .option("--heads <n>", "heads of attention: 8, width/2, 4*width (default: the width)", size)
    .option("--keys <n>", "channels of a head's queries and keys (default: the width)", size)
    .option("--values <n>", "channels of a head's values (default: the width)", size)
    .option("--seed <n>", "of weights and random inputs", seedNumber, 0)
    .option("--out <file>", "keep rows in a file as they come, and go on from those that are there");
  withRun(command)
    .option("--json", "print rows and slopes as JSON")
    .addHelpText(
      "after",
      "\nExample:\n  $ lemniscate converge net.yaml --shape 3x5x8 --widths 16..128 --get nngp,ntk\n\nThe mean over networks is expected to differ from the limit by a multiple of 1/width, one network by one of 1/√width.",
    )
    .action((file: string, flags: Flags) => run(readSpec(file), flags));
}

async function run(spec: Spec, flags: Flags): Promise<void> {
  const x = await inputs(spec, flags);
  const { get, memory, widths, samples, heads, keys, values, seed } = flags;
  const sizes = [heads, keys, values].map((size) => String(size ?? "width"));
  const data = fingerprint(x.data, x.mask ?? []);
  const settings = { command: "converge", networks: spec.networks, shape: x.shape, data, samples, sizes, seed };
  const finished = new Finished<ConvergenceRow>("--out", flags.out, settings);
  await using engine = await openEngine(engineOptions(flags, spec.experiment.engine));
  const found: NetworkRows[] = [];
  const all = Object.entries(spec.networks);
  const one = async (name: string, network: Network): Promise<void> => {
    const nameOf = (quantity: Quantity, width: number): string => `${name} ${quantity} ${width}`;
    const known = get.flatMap((quantity) => widths.flatMap((width) => finished.get(nameOf(quantity, width)) ?? []));
    const rows: ConvergenceRow[] = [];
    const progress = progressOf(`converge ${name}`.trim(), progressStyle(flags), process.stderr, Date.now, null);
    try {
      await interruptible(async (signal) => {
        const limit = await spec.within(() => positionKernel(network)(x, null, { get, engine, memory, signal }), name);
        const run = { signal, onProgress: progress.update };
        const threads = flags.threads ?? spec.experiment.engine?.threads;
        const options = { widths, samples, limit, known, heads, keys, values, seed, threads, ...run };
        for await (const row of convergence(network, x, options)) {
          rows.push(row);
          if (!known.includes(row)) finished.add(nameOf(row.quantity, row.width), row);
        }
      }, finished.kept);
    } finally {
      progress.end();
      const slopesOf = (q: Quantity) => convergenceSlopes(rows.filter(({ quantity }) => quantity === q));
      if (rows.length > 0) found.push({ name, rows, slopes: { nngp: slopesOf("nngp"), ntk: slopesOf("ntk") } });
      if (flags.json !== true && rows.length > 0) console.log(report(found.at(-1)!, get));
    }
  };
  try {
    for (const [i, [name, network]] of all.entries()) {
      if (i > 0 && flags.json !== true) console.log();
      await one(name, network);
    }
  } finally {
    // What is finished when somebody interrupts is printed too.
    if (flags.json === true && found.length > 0)
      console.log(JSON.stringify({ shape: x.shape, ...summary(found, get) }));
  }
}

/** What was found for a network. */
interface NetworkRows {
  readonly name: string;
  readonly rows: readonly ConvergenceRow[];
  readonly slopes: Readonly<Record<Quantity, ReturnType<typeof convergenceSlopes>>>;
}

/** Rows and slopes of a network alone, or by the networks' names. */
function summary(found: readonly NetworkRows[], get: readonly Quantity[]): object {
  const of = ({ rows, slopes }: NetworkRows): object => ({
    rows,
    slopes: Object.fromEntries(get.map((quantity) => [quantity, slopes[quantity]])),
  });
  if (found[0]!.name === "") return of(found[0]!);
  return { networks: Object.fromEntries(found.map((one) => [one.name, of(one)])) };
}

function report({ name, rows, slopes }: NetworkRows, get: readonly Quantity[]): string {
  const power = (slope: Slope | null): string =>
    slope === null ? "within chance" : `width^${slope.slope.toFixed(2)} ± ${slope.error.toFixed(2)}`;
  const tables = get.map((quantity) => {
    const header = [quantity.toUpperCase(), "networks", "error of mean", "by chance", "spread of one"];
    const lines = rows
      .filter((row) => row.quantity === quantity)
      .map(({ width, samples, error, noise, spread }) => [
        `width ${width}`,
        String(samples),
        ...[error, noise, spread].map((value) => value.toPrecision(3)),
      ]);
    const table = [header, ...lines].map(([first = "", ...rest]) =>
      [first.padEnd(12), ...rest.map((text) => text.padStart(14))].join(""),
    );
    const { error, spread } = slopes[quantity];
    const powers = `error of mean: ${power(error)}; spread of one: ${power(spread)}`;
    return [...table, ...(new Set(lines.map(([width]) => width)).size > 1 ? [powers] : [])].join("\n");
  });
  return [...(name === "" ? [] : [name]), tables.join("\n\n")].join("\n");
}

async function inputs(spec: Spec, { x, shape, lengths, count, seed }: Flags): Promise<Batch> {
  if (lengths !== undefined) checkLengths(lengths, shape);
  if (shape !== undefined) {
    const size = shape.reduce((product, length) => product * length, 1);
    const present = lengths?.flatMap((length) => Array.from({ length: shape[1]! }, (_, s) => (s < length ? 1 : 0)));
    return batch(shape, normals(child(randomKey(seed), "inputs"), new Float64Array(size)), present);
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

/** `5,4,3` */
function lengths(text: string): readonly number[] {
  return text.split(",").map(wholeNumber);
}

function checkLengths(lengths: readonly number[], shape: readonly number[] | undefined): void {
  if (shape?.length === 3 && lengths.length === shape[0] && lengths.every((length) => length <= shape[1]!)) return;
  throw new Misuse({
    code: "ShapeMismatch",
    where: "--lengths",
    given: `${lengths.join(",")} with ${shape === undefined ? "no --shape" : `--shape ${shape.join("x")}`}`,
    allowed: "a length of at most T for each of the n examples of --shape nxTxd",
    mend: "As in --shape 3x5x8 --lengths 5,4,3.",
  });
}

/** `8`, `width/2`, `4*width`. */
function size(text: string): SizeByWidth {
  const [found, times = 1, divisor = 1] = /^(?:(\d+)\*)?width(?:\/(\d+))?$/.exec(text) ?? [];
  if (found === undefined && /^\d+$/.test(text)) return wholeNumber(text);
  if (found === undefined || Number(times) < 1 || Number(divisor) < 1)
    throw new InvalidArgumentError("Allowed are a whole number from 1, width/2, and 4*width.");
  const by = (width: number): number => Math.max(1, Math.round((width * Number(times)) / Number(divisor)));
  return Object.assign(by, { toString: () => text });
}
