/** @module Examples from the blocks of a specification: inputs, with targets or labels. */
import { type Batch, examples } from "../../core/batch.js";
import { LemniscateError } from "../../core/errors.js";
import { inputs } from "../../core/inputs.js";
import { type LabelledImages, readCifar10 } from "../../data/cifar10.js";
import { columnIndex } from "../../data/csv.js";
import { readMnist } from "../../data/idx.js";
import { numericTable } from "../../data/numeric-table.js";
import type { Matrix } from "../../linalg/matrix.js";
import { named, readCsv, readInputs, readTargets } from "../inputs.js";
import { checkInput } from "../output.js";
import type { CsvBlock, DataBlock, NpyBlock } from "./blocks.js";
import { imdbExamples, textExamples } from "./texts.js";

export interface Examples {
  readonly x: Batch;
  /** (n, outputs), if targets were wanted and are there. */
  readonly targets?: Matrix | undefined;
  /** Names of the classes, if labels were wanted and are there. */
  readonly labels?: readonly string[] | undefined;
  /** What was lost on the way, for people. */
  readonly note?: string | undefined;
}

/** What an example is to bring beside its input. */
export type Wanted = "targets" | "labels" | "nothing";

/**
 * What a block of data says. `where` is its place in the specification, and `resolve` tells where the files are that
 * it names.
 */
export async function examplesOf(
  block: DataBlock,
  wanted: Wanted,
  where: string,
  resolve: (file: string) => string,
): Promise<Examples> {
  const found = (key: string, file: string): string => {
    const resolved = resolve(file);
    checkInput(`${where}.${key}`, resolved);
    return resolved;
  };
  if (block.type === "npy") return fromNpy(block, wanted, found);
  if (block.type === "inputs") {
    const parts = Object.entries(block.inputs).map(async ([name, part]): Promise<readonly [string, Batch]> => {
      const { x } = await examplesOf(part, "nothing", `${where}.inputs.${name}`, resolve);
      return [name, x];
    });
    const all = await Promise.all(parts);
    const x = named(where, () => inputs(Object.fromEntries(all)));
    return withTargets(x, where, block.y, wanted, found);
  }
  if (block.type === "csv") {
    // What spoils training says nothing about a test set, which may be small, nor about a kernel by itself.
    const lenient = wanted === "nothing" || where.endsWith("test");
    const checks = lenient ? ({ constantColumns: "keep", duplicates: "keep" } as const) : {};
    return fromCsv({ ...checks, ...block }, wanted, found("file", block.file));
  }
  if (block.type === "cifar10") return images(await readCifar10(found("file", block.file)), wanted, where, block.count);
  if (block.type === "mnist") {
    const both = await readMnist(found("images", block.images), found("labels", block.labels));
    return images(both, wanted, where, block.count);
  }
  return block.type === "imdb" ? imdbExamples(block, found) : textExamples(block, found);
}

/** Images have classes, and no other targets. */
function images(
  { x, labels, classes }: LabelledImages,
  wanted: Wanted,
  where: string,
  count = labels.length,
): Examples {
  if (wanted === "targets")
    throw new LemniscateError({
      code: "BadInput",
      where,
      given: "images, which have classes",
      allowed: 'inference of type "classification"',
      mend: "Write inference: {type: classification}, or --type classification.",
    });
  const some = examples(x, 0, Math.min(count, labels.length));
  if (wanted === "nothing") return { x: some };
  return { x: some, labels: labels.slice(0, count).map((label) => classes[label]!) };
}

async function fromNpy(
  { x, y, mask, maskConstant, graphs, count }: NpyBlock,
  wanted: Wanted,
  found: (key: string, file: string) => string,
): Promise<Examples> {
  const inputs = await readInputs(found("x", x), {
    mask: mask === undefined ? undefined : found("mask", mask),
    maskConstant: maskConstant === undefined ? undefined : Number(maskConstant),
    graphs: graphs && { ...graphs, edges: found("graphs.edges", graphs.edges) },
    count,
  });
  return withTargets(inputs, x, y, wanted, found, count);
}

/** Inputs with the targets or labels of a file, if it is wanted and there. */
async function withTargets(
  inputs: Batch,
  x: string,
  y: string | undefined,
  wanted: Wanted,
  found: (key: string, file: string) => string,
  count?: number,
): Promise<Examples> {
  if (y === undefined || wanted === "nothing") return { x: inputs };
  const file = found("y", y);
  const targets = await readTargets(file, count);
  if (targets.rows !== inputs.shape[0])
    throw new LemniscateError({
      code: "ShapeMismatch",
      where: file,
      given: `${targets.rows} rows`,
      allowed: `${inputs.shape[0]} rows, as ${x} has`,
      mend: "Give one row of targets for every example.",
    });
  return wanted === "targets" ? { x: inputs, targets } : { x: inputs, labels: integerLabels(targets, file) };
}

function integerLabels({ columns, data }: Matrix, file: string): string[] {
  const bad = data.findIndex((value) => !Number.isInteger(value));
  if (columns === 1 && bad < 0) return Array.from(data, String);
  throw new LemniscateError({
    code: "BadInput",
    where: file,
    given: columns === 1 ? `${data[bad]} at ${bad}` : `${columns} columns`,
    allowed: "one whole number per example, its class",
    mend: 'Number the classes, or use inference of type "gp" for targets that are no classes.',
  });
}

async function fromCsv(block: CsvBlock, wanted: Wanted, file: string): Promise<Examples> {
  const whole = await readCsv(file);
  const table = block.count === undefined ? whole : { ...whole, rows: whole.rows.slice(0, block.count) };
  const { target = -1, features, constantColumns, duplicates } = block;
  const checks = { constantColumns, duplicates };
  if (target === "none") return { x: numericTable(table, { target, inputs: features, ...checks }).x };
  if (wanted === "targets") {
    const { x, y } = numericTable(table, { target, inputs: features, ...checks });
    return { x, targets: y };
  }
  const index = columnIndex(table, target);
  const inputs = features ?? table.header.filter((_, i) => i !== index);
  const { x } = numericTable(table, { target: "none", inputs, ...checks });
  return wanted === "nothing" ? { x } : { x, labels: table.rows.map(({ fields }) => fields[index]!.trim()) };
}
