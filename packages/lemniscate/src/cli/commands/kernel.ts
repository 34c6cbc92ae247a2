import { type Command, Option } from "commander";
import type { Batch } from "../../core/batch.js";
import type { Quantity } from "../../core/quantity.js";
import { openEngine } from "../../engines/open.js";
import type { Matrix } from "../../linalg/matrix.js";
import { resultKey } from "../../program/program.js";
import { positionKernel } from "../../tiles/kernel.js";
import type { KernelOptions } from "../../tiles/kernel-options.js";
import { kernels } from "../../tiles/kernels.js";
import { type InputOptions, ofOneLength, readInputs } from "../inputs.js";
import { interruptible } from "../interrupt.js";
import { Misuse } from "../misuse.js";
import { writeNumbers } from "../npy-output.js";
import {
  engineOptions,
  maskConstant,
  progressStyle,
  quantities,
  type RunFlags,
  type SpecFlags,
  specOf,
  withRun,
  withSpec,
} from "../options.js";
import { checkInput, checkOutput, writeOutputs } from "../output.js";
import { progressOf } from "../progress.js";
import { examplesOf } from "../spec/examples.js";
import { onlyNetwork, type Spec } from "../spec/read.js";

interface Flags extends RunFlags, SpecFlags {
  readonly x?: string;
  readonly x2?: string;
  readonly mask?: string;
  readonly mask2?: string;
  readonly maskConstant?: number;
  readonly get: readonly Quantity[];
  readonly out: string;
  readonly positions?: boolean;
  readonly json?: boolean;
}

export function kernelCommand(program: Command): void {
  const command = program
    .command("kernel")
    .description("Compute the kernel matrix of a network, into .npy files.")
    .argument("<spec>", "network or experiment, in YAML or JSON")
    .option("--x <file>", "inputs, .npy or .csv (default: the experiment's training data)")
    .option("--x2 <file>", "other inputs (default: the experiment's test data, or x with itself)")
    .option("--mask <file>", ".npy with 1 where a position of x is present, 0 at padding")
    .option("--mask2 <file>", "the same of x2")
    .option("--mask-constant <number>", "entries of x and x2 that stand for padding", maskConstant)
    .addOption(new Option("--get <which>", "nngp, ntk, or nngp,ntk").argParser(quantities).default(["nngp"], "nngp"))
    .option("--positions", "of a network that ends with positions: a block (S, S) for each pair of examples")
    .requiredOption(
      "--out <file>",
      "the matrix; of several, k.npy becomes k.nngp.npy and k.ntk.npy, or k.name.npy of a network",
    );
  withRun(withSpec(command))
    .option("--json", "print what was done as JSON")
    .addHelpText(
      "after",
      "\nExample:\n  $ lemniscate kernel net.yaml --x train.npy --x2 test.npy --get ntk --out k.npy",
    )
    .action((file: string, flags: Flags) => run(specOf(file, flags), flags));
}

async function run(spec: Spec, flags: Flags): Promise<void> {
  const started = performance.now();
  checkOutput("--out", flags.out);
  const [x1, x2] = await inputs(spec, flags);
  await using engine = await openEngine(engineOptions(flags, spec.experiment.engine));
  const progress = progressOf("kernel", progressStyle(flags));
  const { get, memory } = flags;
  const options = { get, engine, memory, onProgress: progress.update };
  let found: Readonly<Record<string, Readonly<Record<string, Matrix>>>>;
  try {
    found = await interruptible((signal) =>
      spec.within(() =>
        flags.positions === true
          ? blocks(spec, x1, x2, { ...options, signal })
          : kernels(spec.networks)(x1, x2, { ...options, signal }),
      ),
    );
  } finally {
    progress.end();
  }
  const files = Object.entries(found).flatMap(([name, matrices]) =>
    get.map((quantity) => ({
      key: resultKey(name, quantity),
      file: fileOf(flags.out, [name, get.length > 1 ? quantity : ""]),
      matrix: matrices[quantity]!,
    })),
  );
  await writeOutputs(
    files.map(({ file, matrix }) => ({ file, write: (to, signal) => writeBlocks(to, matrix, signal) })),
  );
  const seconds = (performance.now() - started) / 1000;
  const { rows, columns } = files[0]!.matrix;
  const { name, precision, threads } = engine;
  if (flags.json === true) {
    const outputs = Object.fromEntries(files.map(({ key, file }) => [key, file]));
    console.log(JSON.stringify({ outputs, shape: [rows, columns], engine: { name, precision, threads }, seconds }));
  } else if (flags.quiet !== true)
    for (const { key, file } of files)
      console.error(`${file}: ${key} ${rows} × ${columns}, ${precision}, ${name} engine, ${seconds.toFixed(1)} s`);
}

/** Kernels between positions, as matrices whose entries are blocks. */
async function blocks(
  spec: Spec,
  x1: Batch,
  x2: Batch | null,
  options: KernelOptions & { readonly get: readonly Quantity[] },
): Promise<Record<string, Record<string, Matrix>>> {
  const found = await positionKernel(onlyNetwork(spec))(x1, x2, options);
  const [rows, columns] = [x1.shape[0], (x2 ?? x1).shape[0]];
  return {
    "": Object.fromEntries(options.get.map((quantity) => [quantity, { rows, columns, data: found[quantity]! }])),
  };
}

/** (rows, columns), or (rows, columns, S, S) of blocks. */
function writeBlocks(file: string, matrix: Matrix, signal: AbortSignal): Promise<void> {
  const { rows, columns, data } = matrix;
  const S = data.length === rows * columns ? 1 : Math.sqrt(data.length / (rows * columns));
  return writeNumbers(file, S === 1 ? [rows, columns] : [rows, columns, S, S], data, signal);
}

async function inputs(spec: Spec, flags: Flags): Promise<readonly [Batch, Batch | null]> {
  const { train, test } = spec.experiment.data ?? {};
  for (const option of ["x", "x2", "mask", "mask2"] as const)
    if (flags[option] !== undefined) checkInput(`--${option}`, flags[option]);
  refuseTogether(flags);
  const options = (mask: string | undefined): InputOptions => ({ mask, maskConstant: flags.maskConstant });
  if (flags.x !== undefined) {
    const x1 = await readInputs(flags.x, options(flags.mask));
    return [x1, flags.x2 === undefined ? null : await readInputs(flags.x2, options(flags.mask2))];
  }
  if (train === undefined)
    throw new Misuse({
      code: "BadInput",
      where: "--x",
      given: "nothing",
      allowed: "a .npy or .csv file, or an experiment with data",
      mend: "Name the inputs, as in --x train.npy.",
    });
  const x1 = (await examplesOf(train, "nothing", "data.train", spec.resolve)).x;
  if (flags.x2 !== undefined) return [x1, await readInputs(flags.x2, options(flags.mask2))];
  if (test === undefined) return [x1, null];
  return ofOneLength(x1, (await examplesOf(test, "nothing", "data.test", spec.resolve)).x);
}

function refuseTogether(flags: Flags): void {
  const mask = flags.mask === undefined ? (flags.mask2 === undefined ? undefined : "--mask2") : "--mask";
  if (mask === undefined || flags.maskConstant === undefined) return;
  throw new Misuse({
    code: "OptionOutOfRange",
    where: mask,
    given: "a mask and --mask-constant",
    allowed: "one of them",
    mend: "Both say which positions are padding.",
  });
}

/** `k.npy` for one result; else with what tells it from the others: `k.nngp.npy`, `k.wide.npy`, `k.wide.ntk.npy`. */
function fileOf(out: string, names: readonly string[]): string {
  const parts = names.filter((name) => name !== "");
  const stem = out.endsWith(".npy") ? out.slice(0, -4) : out;
  return parts.length === 0 ? out : `${[stem, ...parts].join(".")}.npy`;
}
