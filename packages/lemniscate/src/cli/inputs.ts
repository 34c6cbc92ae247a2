/** @module Inputs and targets from the files that options name. */
import { type Batch, batch, examples, maskedBy } from "../core/batch.js";
import { LemniscateError } from "../core/errors.js";
import { type Edge, type GraphOptions, withGraphs } from "../core/graphs.js";
import { parseTable, type Table } from "../data/csv.js";
import { readBytes } from "../data/files.js";
import { type NpyArray, numbersOf, readNpy } from "../data/npy.js";
import { numericTable } from "../data/numeric-table.js";
import { decodeText } from "../data/text.js";
import type { Matrix } from "../linalg/matrix.js";

export interface InputOptions {
  /** A `.npy` file: 1 where a position is present, 0 at padding. */
  readonly mask?: string | undefined;
  /** Entries that stand for padding. */
  readonly maskConstant?: number | undefined;
  /** Graphs whose nodes are the positions: the file of their edges, and what is made of them. */
  readonly graphs?: (Omit<GraphOptions, "edges" | "adjacency"> & { readonly edges: string }) | undefined;
  /** Take the first examples only. */
  readonly count?: number | undefined;
}

/** Inputs (n, d), (n, T, d), (n, H, W, d) in a `.npy` file, or (n, d) in a `.csv` or `.tsv` file. */
export async function readInputs(
  file: string,
  { mask, maskConstant, graphs, count }: InputOptions = {},
): Promise<Batch> {
  if (/\.[ct]sv$/i.test(file)) {
    const { x } = numericTable(await readCsv(file), { target: "none", constantColumns: "keep" });
    return count === undefined ? x : examples(x, 0, Math.min(count, x.shape[0]));
  }
  const array = await readNpy(file);
  const presence = mask === undefined ? undefined : presenceIn(await readNpy(mask), mask, array.shape);
  const plain = named(file, () => {
    if (maskConstant !== undefined) return maskedBy(maskConstant, array.shape, floats(array));
    return batch(array.shape, floats(array), presence);
  });
  const x = graphs === undefined ? plain : await graphed(plain, graphs);
  return count === undefined ? x : examples(x, 0, Math.min(count, x.shape[0]));
}

/** A batch with the graphs in a table of edges. */
async function graphed(x: Batch, { edges: file, ...options }: NonNullable<InputOptions["graphs"]>): Promise<Batch> {
  const table = await readCsv(file);
  const own = table.header.indexOf("example");
  const inputs = table.header.filter((_, column) => column !== own);
  if (inputs.length !== 2 && inputs.length !== 3)
    throw new LemniscateError({
      code: "BadFile",
      where: file,
      given: `the columns ${table.header.join(", ")}`,
      allowed: "source, target, and weight if there is one; and example, where graphs differ",
      mend: "Write one edge a line; nodes and examples count from 0.",
    });
  const { x: numbers } = numericTable(table, { target: "none", constantColumns: "keep" });
  const width = table.header.length;
  const edges = Array.from({ length: x.shape[0] }, (): Edge[] => []);
  for (let row = 0; row < numbers.shape[0]; row++) {
    const fields = Array.from(numbers.data.subarray(row * width, (row + 1) * width));
    const [from, to, weight] = fields.filter((_, column) => column !== own) as [number, number, number?];
    const edge: Edge = weight === undefined ? [from, to] : [from, to, weight];
    const of = own < 0 ? edges : [edges[fields[own]!]];
    for (const list of of)
      if (list === undefined)
        throw new LemniscateError({
          code: "BadFile",
          where: `${file}:${table.rows[row]!.line}`,
          given: `example ${fields[own]}`,
          allowed: `whole numbers from 0 to ${edges.length - 1}`,
          mend: "Examples are numbered in the order that the inputs have.",
        });
      else list.push(edge);
  }
  return named(file, () => withGraphs(x, { edges, ...options }));
}

/** A table, whose first line is a header unless it holds nothing but numbers. */
export async function readCsv(file: string): Promise<Table> {
  const text = decodeText(await readBytes(file), file);
  const [first = ""] = text.split(/[\r\n]/, 1);
  const isNumbers = /\d/.test(first) && /^[\s\d.,;|"eE+-]*$/.test(first);
  return parseTable(text, file, { header: isNumbers ? "none" : "first line", delimiter: "detect" });
}

/** Targets (n, outputs) in a `.npy` file; (n) is one output. */
export async function readTargets(file: string, count?: number): Promise<Matrix> {
  const array = await readNpy(file);
  const [rows = 1, columns = 1] = array.shape;
  if (array.shape.length !== 1 && array.shape.length !== 2)
    throw new LemniscateError({
      code: "ShapeMismatch",
      where: file,
      given: `shape (${array.shape.join(", ")})`,
      allowed: "(n) or (n, outputs)",
      mend: "Give one row of targets for every example.",
    });
  const kept = Math.min(count ?? rows, rows);
  return { rows: kept, columns, data: numbersOf(array).subarray(0, kept * columns) };
}

function presenceIn(array: NpyArray, file: string, shape: readonly number[]): Uint8Array {
  if (array.shape.join() !== shape.slice(0, -1).join())
    throw new LemniscateError({
      code: "ShapeMismatch",
      where: file,
      given: `shape (${array.shape.join(", ")})`,
      allowed: `(${shape.slice(0, -1).join(", ")}), the shape of the data without channels`,
      mend: "A mask has one entry per example and position: 1 where it is present.",
    });
  return Uint8Array.from(numbersOf(array), (value) => (value === 0 ? 0 : 1));
}

function floats(array: NpyArray): Float32Array | Float64Array {
  const { data } = array;
  return data instanceof Float32Array || data instanceof Float64Array ? data : numbersOf(array);
}

/** Two batches of token sequences, the shorter one padded to the length of the other; others as they are. */
export function ofOneLength(x1: Batch, x2: Batch): readonly [Batch, Batch] {
  if (x1.shape.length !== 3 || x2.shape.length !== 3 || x1.shape[1] === x2.shape[1]) return [x1, x2];
  if (x1.parts !== undefined || x1.graphs !== undefined) return [x1, x2];
  const longest = Math.max(x1.shape[1]!, x2.shape[1]!);
  return [padded(x1, longest), padded(x2, longest)];
}

function padded(x: Batch, length: number): Batch {
  const [n, T, d] = x.shape as readonly [number, number, number];
  if (T === length) return x;
  const data = new (x.data.constructor as new (size: number) => typeof x.data)(n * length * d);
  const mask = new Uint8Array(n * length);
  for (let i = 0; i < n; i++) {
    data.set(x.data.subarray(i * T * d, (i + 1) * T * d), i * length * d);
    if (x.mask === undefined) mask.fill(1, i * length, i * length + T);
    else mask.set(x.mask.subarray(i * T, (i + 1) * T), i * length);
  }
  return { shape: [n, length, d], data, mask };
}

/** Says which file an error about its contents is about. */
export function named<T>(file: string, work: () => T): T {
  try {
    return work();
  } catch (error) {
    if (!(error instanceof LemniscateError)) throw error;
    const { code, given, allowed, mend } = error;
    throw new LemniscateError({ code, where: file, given, allowed, mend, cause: error });
  }
}
