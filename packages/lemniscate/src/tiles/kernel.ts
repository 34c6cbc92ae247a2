import { type Batch, channelsOf, examples, gridOf, hasHoles, positionsOf } from "../core/batch.js";
import { LemniscateError } from "../core/errors.js";
import type { RunOptions } from "../core/run.js";
import { describeShape, type Shape } from "../core/shape.js";
import type { Engine, Numbers, Precision, Tile } from "../engines/engine.js";
import { openEngine } from "../engines/open.js";
import type { Matrix } from "../linalg/matrix.js";
import type { Network, Placement, Predictor } from "../network/placement.js";
import { compile } from "../program/compile.js";
import { entriesOf, tapeOf } from "../program/cost.js";
import { explain } from "../program/explain.js";
import type { Program, Quantity } from "../program/program.js";
import { ranges, tilesOf } from "./plan.js";

export interface KernelOptions extends RunOptions {
  /** The engine to run on; default: one with the best this machine has, opened and closed by the call. */
  readonly engine?: Engine | undefined;
  /** Precision of the default engine; default `"f64"`. An engine that is given has its own. */
  readonly precision?: Precision | undefined;
  /** Bytes that tapes of examples may take at once; default 1 GiB. Larger jobs are cut into blocks of examples. */
  readonly tapeBytes?: number | undefined;
}

/** A finished piece of a kernel matrix. */
export interface KernelTile extends Tile {
  readonly values: Readonly<Partial<Record<Quantity, Numbers>>>;
  /** Entries finished so far, this tile included, of `total`; what symmetry gives for free is not counted. */
  readonly done: number;
  readonly total: number;
}

export interface ExplainOptions {
  /** Default: both. */
  readonly get?: readonly Quantity[] | undefined;
  /** Default `"f64"`. */
  readonly precision?: Precision | undefined;
  /** Number of examples in x2; without it x2 is x1. */
  readonly columns?: number | undefined;
}

/** The kernel of an infinitely wide network. */
export interface Kernel {
  /** K(x1, x2) as a matrix; K(x1, x1), at half the cost, if `x2` is absent or null. */
  (x1: Batch, x2: Batch | null | undefined, options: KernelOptions & { readonly get: Quantity }): Promise<Matrix>;
  <const Get extends readonly Quantity[]>(
    x1: Batch,
    x2: Batch | null | undefined,
    options: KernelOptions & { readonly get: Get },
  ): Promise<{ readonly [Q in Get[number]]: Matrix }>;
  /** The same, piece by piece, as pieces are finished. With `x2` null, pieces on and above the diagonal. */
  tiles(
    x1: Batch,
    x2: Batch | null | undefined,
    options: KernelOptions & { readonly get: readonly Quantity[] },
  ): AsyncIterable<KernelTile>;
  /** K(x, x) of each example by itself. */
  diagonal<const Get extends readonly Quantity[]>(
    x: Batch,
    options: KernelOptions & { readonly get: Get },
  ): Promise<{ readonly [Q in Get[number]]: Numbers }>;
  /** What would be computed, step by step, with its cost, before anything runs. */
  explain(shape: readonly number[], options?: ExplainOptions): string;
  readonly network: Network;
}

/**
 * The kernel of a network whose layers are infinitely wide: its NNGP (the covariance of its outputs) and NTK.
 *
 * Memory is that of the result, N1 × N2 numbers a quantity, plus a tape of what each example contributes; blocks of
 * positions never exist for more than a few pairs at a time.
 *
 * @throws LemniscateError `Misplaced` if a layer cannot stand where it is or the network ends with positions
 *
 * @example
 * ```ts
 * import { batch, dense, kernel, relu, serial } from "lemniscate";
 * const k = kernel(serial(dense({ weightStd: Math.SQRT2 }), relu(), dense()));
 * const x = batch([2, 2], [1, 0, 0, 1]);
 * const { nngp } = await k(x, null, { get: ["nngp"] });
 * nngp.data[0]; // ≈ 0.5
 * nngp.data[1]; // ≈ 0.15915494
 * ```
 */
export function kernel<P extends Placement>(network: Network<P> & Predictor<P>): Kernel {
  return makeKernel(network, (program) => {
    if (program.output.grid.length === 0) return;
    throw new LemniscateError({
      code: "Misplaced",
      where: "kernel",
      given: `a network that ends with ${describeShape(program.output)}`,
      allowed: "a network that ends with features (n, d)",
      mend: "Put globalAvgPool() or flatten() before the readout, or use positionKernel() to see all positions.",
    });
  });
}

/** A kernel with a number for each two positions: an entry (i, j) is a block of S·S numbers, row by row. */
export type PositionKernel = <const Get extends readonly Quantity[]>(
  x1: Batch,
  x2: Batch | null | undefined,
  options: KernelOptions & { readonly get: Get },
) => Promise<{ readonly [Q in Get[number]]: Numbers }>;

/**
 * The kernel between all positions of all examples, for networks that end with positions: (n1, n2, S, S) numbers,
 * which only small inputs have room for. Padding is 0.
 *
 * @example
 * ```ts
 * import { dense, positionKernel, sequences } from "lemniscate";
 * const x = sequences([[[1], [2]]]);
 * const { nngp } = await positionKernel(dense())(x, null, { get: ["nngp"] });
 * nngp; // => new Float64Array([1, 2, 2, 4])
 * ```
 */
export function positionKernel(network: Network): PositionKernel {
  const k = makeKernel(network, () => {});
  return async (x1, x2, options) => {
    const found = await k(x1, x2, options);
    return Object.fromEntries(
      options.get.map((quantity) => [quantity, (found as Record<string, Matrix>)[quantity]!.data]),
    ) as never;
  };
}

function makeKernel(network: Network, check: (program: Program) => void): Kernel {
  async function* tiles(
    x1: Batch,
    x2: Batch | null | undefined,
    options: KernelOptions & { readonly get: readonly Quantity[] },
  ): AsyncGenerator<KernelTile> {
    options.signal?.throwIfAborted();
    const tapeBytes = tapeBytesOf(options);
    if (x2 !== null && x2 !== undefined) sameInputs(x1, x2);
    const other = x2 === null || x2 === undefined || equal(x1, x2) ? null : x2;
    const program = programFor(network, options.get, other === null ? [x1] : [x1, other]);
    check(program);
    await using borrowed = await borrow(options);
    const { engine } = borrowed;
    const n1 = x1.shape[0];
    const n2 = other?.shape[0] ?? null;
    const total = n2 === null ? (n1 * (n1 + 1)) / 2 : n1 * n2;
    let done = 0;
    for (const block of blocks(program, n1, n2, engine.precision, tapeBytes)) {
      const { rows, columns } = block;
      const same = n2 === null && rows[0] === columns[0];
      const a = examples(x1, ...rows);
      const b = same ? null : examples(other ?? x1, ...columns);
      const pieces = tilesOf(rows[1] - rows[0], same ? null : columns[1] - columns[0], tileSize(program));
      for await (const { tile, values } of engine.tiles(program, a, b, pieces, { signal: options.signal })) {
        const rowFrom = rows[0] + tile.rowFrom;
        const rowTo = rows[0] + tile.rowTo;
        const columnFrom = columns[0] + tile.columnFrom;
        const columnTo = columns[0] + tile.columnTo;
        const height = rowTo - rowFrom;
        done += n2 === null && rowFrom === columnFrom ? (height * (height + 1)) / 2 : height * (columnTo - columnFrom);
        options.onProgress?.(done, total);
        yield { rowFrom, rowTo, columnFrom, columnTo, values, done, total };
      }
    }
  }

  async function matrices(
    x1: Batch,
    x2: Batch | null | undefined,
    options: KernelOptions & { readonly get: Quantity | readonly Quantity[] },
  ): Promise<Matrix | Record<string, Matrix>> {
    const get: readonly Quantity[] = typeof options.get === "string" ? [options.get] : options.get;
    checkGet(get);
    const rows = x1.shape[0];
    const columns = (x2 ?? x1).shape[0];
    const found: Partial<Record<Quantity, Numbers>> = {};
    const symmetric = x2 === null || x2 === undefined || equal(x1, x2);
    for await (const tile of tiles(x1, x2, { ...options, get })) place(found, tile, rows, columns, symmetric);
    const empty = (): Numbers => new Float64Array(0);
    const matrix = (quantity: Quantity): Matrix => ({ rows, columns, data: found[quantity] ?? empty() });
    return typeof options.get === "string"
      ? matrix(options.get)
      : Object.fromEntries(get.map((quantity) => [quantity, matrix(quantity)]));
  }

  async function diagonal(
    x: Batch,
    options: KernelOptions & { readonly get: readonly Quantity[] },
  ): Promise<Partial<Record<Quantity, Numbers>>> {
    options.signal?.throwIfAborted();
    checkGet(options.get);
    const tapeBytes = tapeBytesOf(options);
    const program = programFor(network, options.get, [x]);
    check(program);
    await using borrowed = await borrow(options);
    const { engine } = borrowed;
    const n = x.shape[0];
    const found: Partial<Record<Quantity, Numbers>> = {};
    for (const quantity of options.get) found[quantity] = numbersFor(engine.precision, n);
    const step = Math.min(Math.max(n, 1), examplesAtOnce(program, engine.precision, tapeBytes));
    for (const [from, to] of ranges(n, step)) {
      const values = await engine.self(program, examples(x, from, to), { signal: options.signal });
      for (const quantity of options.get) found[quantity]!.set(values[quantity]!, from);
      options.onProgress?.(to, n);
    }
    return found;
  }

  const call = matrices as unknown as Kernel;
  return Object.assign(call, {
    network,
    tiles: (...args: Parameters<Kernel["tiles"]>) => {
      checkGet(args[2].get);
      return tiles(...args);
    },
    diagonal: diagonal as unknown as Kernel["diagonal"],
    explain: (shape: readonly number[], options: ExplainOptions = {}) => {
      const get = options.get ?? (["nngp", "ntk"] as const);
      checkGet(get);
      const input: Shape = { grid: shape.slice(1, -1), channels: shape.at(-1), gaussian: false };
      const program = compile(network, input, { get, masked: false });
      check(program);
      return explain(program, shape[0] ?? 1, options.columns ?? null, options.precision === "f32" ? 4 : 8);
    },
  });
}

function programFor(network: Network, get: readonly Quantity[], batches: readonly Batch[]): Program {
  const input: Shape = { grid: gridOf(batches[0]!), channels: channelsOf(batches[0]!), gaussian: false };
  return compile(network, input, { get, masked: batches.some(hasHoles) });
}

function checkGet(get: readonly string[]): void {
  const known = Array.isArray(get) && get.every((quantity) => quantity === "nngp" || quantity === "ntk");
  if (known && get.length > 0 && new Set(get).size === get.length) return;
  throw new LemniscateError({
    code: "OptionOutOfRange",
    where: "kernel: get",
    given: JSON.stringify(get) ?? "nothing",
    allowed: '"nngp", "ntk", or a list of them',
    mend: "Name each quantity once.",
  });
}

function sameInputs(x1: Batch, x2: Batch): void {
  if (x1.shape.slice(1).join() === x2.shape.slice(1).join()) return;
  throw new LemniscateError({
    code: "ShapeMismatch",
    where: "kernel: x2",
    given: `examples of shape (${x2.shape.slice(1).join(", ")})`,
    allowed: `(${x1.shape.slice(1).join(", ")}), the shape of x1's examples`,
    mend: "Pad both batches to one length and mark the padding in the mask.",
  });
}

/** Whether two batches hold the same examples, entry by entry, so that entry (i, i) is an example with itself. */
function equal(x1: Batch, x2: Batch): boolean {
  if (x1 === x2) return true;
  if (x1.shape.join() !== x2.shape.join()) return false;
  const [m1, m2] = [x1.mask, x2.mask];
  const positions = positionsOf(x1);
  for (let i = 0; i < x1.shape[0] * positions; i++) if ((m1?.[i] ?? 1) !== (m2?.[i] ?? 1)) return false;
  const channels = channelsOf(x1);
  for (let i = 0; i < x1.data.length; i++)
    if (x1.data[i] !== x2.data[i] && (m1?.[Math.floor(i / channels)] ?? 1) !== 0) return false;
  return true;
}

/** The engine that was given, which stays open, or a fresh one, which is closed behind the call. */
async function borrow({ engine, precision }: KernelOptions): Promise<AsyncDisposable & { readonly engine: Engine }> {
  if (engine !== undefined) return { engine, [Symbol.asyncDispose]: async () => {} };
  const opened = await openEngine({ precision: precision ?? "f64" });
  return { engine: opened, [Symbol.asyncDispose]: () => opened[Symbol.asyncDispose]() };
}

/** Pairs of ranges of examples whose tapes fit into memory together. */
function blocks(
  program: Program,
  n1: number,
  n2: number | null,
  precision: Precision,
  bytes: number,
): { rows: readonly [number, number]; columns: readonly [number, number] }[] {
  const size = Math.max(1, Math.floor(examplesAtOnce(program, precision, bytes) / 2));
  const step = n1 + (n2 ?? 0) <= 2 * size ? Math.max(n1, n2 ?? n1, 1) : size;
  return ranges(n1, step).flatMap((rows) =>
    ranges(n2 ?? n1, step)
      .filter((columns) => n2 !== null || columns[0] >= rows[0])
      .map((columns) => ({ rows, columns })),
  );
}

/** How many examples' tapes fit into memory; at least one is tried. */
function examplesAtOnce(program: Program, precision: Precision, bytes: number): number {
  const S = program.input.grid.reduce((product, size) => product * size, 1);
  const numbers = tapeOf(program).reduce(
    (sum, i) => sum + entriesOf(program.example[i]!, S, S),
    S * (program.input.channels ?? 1),
  );
  return Math.max(1, Math.floor(bytes / (numbers * (precision === "f64" ? 8 : 4))));
}

function tapeBytesOf({ tapeBytes = 2 ** 30 }: KernelOptions): number {
  if (tapeBytes > 0) return tapeBytes;
  throw new LemniscateError({
    code: "OptionOutOfRange",
    where: "kernel: tapeBytes",
    given: String(tapeBytes),
    allowed: "a number of bytes > 0",
    mend: "Leave it out for 1 GiB. However small it is, two examples are held at once.",
  });
}

function numbersFor(precision: Precision, length: number): Numbers {
  return precision === "f32" ? new Float32Array(length) : new Float64Array(length);
}

/** Examples to a side of a tile: few where a pair is much work, many where it is a handful of numbers. */
function tileSize(program: Program): number {
  const S = program.input.grid.reduce((product, size) => product * size, 1);
  return Math.max(4, Math.min(128, Math.round(512 / S)));
}

/** Copies a tile to where it belongs, and to its mirror image if the matrix is symmetric. */
function place(
  found: Partial<Record<Quantity, Numbers>>,
  tile: KernelTile,
  rows: number,
  columns: number,
  symmetric: boolean,
): void {
  const { rowFrom, rowTo, columnFrom, columnTo, values } = tile;
  const width = columnTo - columnFrom;
  for (const [quantity, data] of Object.entries(values) as [Quantity, Numbers][]) {
    const size = data.length / ((rowTo - rowFrom) * width);
    const S = Math.sqrt(size);
    const make = data.constructor as new (length: number) => Numbers;
    found[quantity] ??= new make(rows * columns * size);
    const target = found[quantity];
    for (let i = rowFrom; i < rowTo; i++) {
      const from = (i - rowFrom) * width * size;
      target.set(data.subarray(from, from + width * size), (i * columns + columnFrom) * size);
    }
    if (!symmetric) continue;
    for (let i = rowFrom; i < rowTo; i++)
      for (let j = Math.max(columnFrom, i + 1); j < columnTo; j++)
        for (let s = 0; s < S; s++)
          for (let t = 0; t < S; t++)
            target[(j * columns + i) * size + t * S + s] =
              data[((i - rowFrom) * width + j - columnFrom) * size + s * S + t]!;
  }
}
