import { type Batch, examples } from "../core/batch.js";
import { LemniscateError } from "../core/errors.js";
import { need, needOptions, onlyKnown } from "../core/options.js";
import type { RunOptions } from "../core/run.js";
import { describeShape, positionCount, type Shape } from "../core/shape.js";
import type { Engine, Numbers, Precision, Tile } from "../engines/engine.js";
import { openEngine } from "../engines/open.js";
import type { Matrix } from "../linalg/matrix.js";
import type { Network, PlacementOf, Predictor } from "../network/placement.js";
import { checkNetwork } from "../network/size.js";
import { shapeOf } from "../network/trace.js";
import { compile, compileAll, type Networks } from "../program/compile.js";
import { totalFlops } from "../program/cost.js";
import { explain, si } from "../program/explain.js";
import { type Keyed, type Quantity, resultKey } from "../program/program.js";
import { drawnExamples, everyDraw, type Range, standardErrors, withDraws } from "./draws.js";
import { type Estimate, estimate } from "./estimate.js";
import { checkInputs, type Inputs, inputShape, inputsOf, programFor } from "./inputs.js";
import { blocksOf, holdingFor, type Memory } from "./memory.js";
import { type Overflow, Overflowed, overflowError, overflowIn } from "./overflow.js";
import { numbersFor, place } from "./place.js";
import { ranges, tilesOf } from "./plan.js";

export interface KernelOptions extends RunOptions {
  /** The engine to run on; default: one with the best this machine has, opened and closed by the call. */
  readonly engine?: Engine | undefined;
  /** Precision of the default engine; default `"f64"`. An engine that is given has its own. */
  readonly precision?: Precision | undefined;
  /**
   * Memory that the call may take, its results included: bytes, or a size such as `"2GiB"`. Larger jobs are cut into
   * blocks of examples, whose tapes are made more than once. Default: 1 GiB besides the results. Threads have some
   * 10 MB each of their own.
   */
  readonly memory?: Memory | undefined;
  /**
   * Whether matrices of a network that averages over random draws say how far each entry errs (default). It takes as long
   * again, for the spread among averages over parts of the draws is what tells.
   */
  readonly standardErrors?: boolean | undefined;
}

/** A finished piece of a kernel matrix. */
export interface KernelTile extends Tile {
  readonly values: Readonly<Partial<Record<Quantity, Numbers>>>;
  /** Whether the mirror image of this piece, below the diagonal, is not among the pieces. */
  readonly symmetric: boolean;
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

export interface EstimateOptions extends ExplainOptions, Pick<KernelOptions, "engine" | "memory"> {
  /** Threads of the default engine; default: as many as the machine has cores. */
  readonly threads?: number | undefined;
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
  /**
   * The same, piece by piece, as pieces are finished. With `x2` null, pieces on and above the diagonal. Standard errors
   * compare whole matrices, so that pieces have none.
   */
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
  /**
   * What it would take on this machine: operations, memory and time. Nothing is computed, but the machine's rates are
   * measured once for each precision and number of threads, which takes about a second.
   *
   * @example
   * ```ts
   * import { dense, kernel, relu, serial } from "lemniscate";
   * const k = kernel(serial(dense(), relu(), dense()));
   * const { bytes, seconds, text } = await k.estimate([1000, 784], { precision: "f32" });
   * bytes.result; // => 8000000
   * seconds < 60; // => true
   * text.startsWith("operations"); // => true
   * ```
   */
  estimate(shape: readonly number[], options?: EstimateOptions): Promise<Estimate>;
  readonly network: Network;
}

/**
 * The kernel of a network whose layers are infinitely wide: its NNGP (the covariance of its outputs) and NTK.
 *
 * Memory is that of the result, N1 × N2 numbers a quantity, plus a tape of what each example contributes; blocks of
 * positions never exist for more than a few pairs at a time.
 *
 * @throws LemniscateError `Misplaced` if a layer cannot stand where it is or the network ends with positions
 *   and, when it is called, `BadInput` or `ShapeMismatch` if a batch holds no numbers that it can compute with, and
 *   `BadInput` naming a layer whose covariances are beyond the largest number
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
export function kernel<N extends Network>(network: N & Predictor<PlacementOf<N>>): Kernel {
  const { matrices, ...others } = keyedKernel([["", network]], endsWithFeatures);
  const call = async (x1: Batch, x2: Batch | null, options: KernelOptions & AnyGet): Promise<unknown> => {
    // Without types, options are easily left out.
    const { get, ...run } = options ?? {};
    const found = await matrices(x1, x2, { ...run, get: listOf(get) });
    return typeof get === "string" ? found[get] : found;
  };
  return Object.assign(call as unknown as Kernel, { ...(others as unknown as Kernel), network });
}

/** What a kernel must end with, or it has a number for each two positions. */
export function endsWithFeatures(output: Shape, name: string): void {
  if (output.grid.length === 0) return;
  throw new LemniscateError({
    code: "Misplaced",
    where: name === "" ? "kernel" : `kernels: ${name}`,
    given: `a network that ends with ${describeShape(output)}`,
    allowed: "a network that ends with features (n, d)",
    mend: "Put globalAvgPool() or flatten() before the readout, or use positionKernel() to see all positions.",
    path: name === "" ? undefined : [name],
  });
}

/** A kernel with a number for each two positions: an entry (i, j) is a block of S·S numbers, row by row. */
export type PositionKernel = <const Get extends readonly Quantity[]>(
  x1: Batch,
  x2: Batch | null | undefined,
  options: Omit<KernelOptions, "standardErrors"> & { readonly get: Get },
) => Promise<{ readonly [Q in Get[number]]: Numbers }>;

/**
 * The kernel between all positions of all examples, for networks that end with positions: (n1, n2, S, S) numbers,
 * which only small inputs have room for. Padding is 0. Averages over draws come without standard errors, which only
 * matrices have; those of several seeds tell.
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
  const { matrices } = keyedKernel([["", network]], () => {});
  return async (x1, x2, options) => {
    const found = await matrices(x1, x2, { ...options, standardErrors: false });
    return Object.fromEntries(options.get.map((quantity) => [quantity, found[quantity]!.data])) as never;
  };
}

/** One quantity, or a list. */
export type AnyGet = { readonly get: Quantity | readonly Quantity[] };

export function listOf(get: Quantity | readonly Quantity[]): readonly Quantity[] {
  return typeof get === "string" ? [get] : get;
}

export type ListOptions = KernelOptions & { readonly get: readonly Quantity[] };

/** Kernels that are computed together, by the keys of their results. */
export interface KeyedKernel {
  matrices(x1: Batch, x2: Batch | null | undefined, options: ListOptions): Promise<Keyed<Matrix>>;
  tiles(x1: Batch, x2: Batch | null | undefined, options: ListOptions): AsyncIterable<KeyedTile>;
  diagonal(x: Batch, options: ListOptions): Promise<Keyed<Numbers>>;
  explain(shape: readonly number[], options?: ExplainOptions): string;
  estimate(shape: readonly number[], options?: EstimateOptions): Promise<Estimate>;
}

export type KeyedTile = Omit<KernelTile, "values"> & { readonly values: Keyed<Numbers> };

/**
 * The kernels of networks in one pass. `check` refuses what a network may not end with, and `explains` is whether results
 * that are no numbers are traced to a layer.
 */
export function keyedKernel(
  networks: Networks,
  check: (output: Shape, name: string) => void,
  explains = true,
): KeyedKernel {
  for (const [name, network] of networks) checkNetwork(network, name === "" ? [] : [name]);
  const checkOutputs = (input: Shape): void => {
    for (const [name, network] of networks) check(shapeOf(network, input, name === "" ? [] : [name]), name);
  };

  /** The program for examples without padding, and how many of them there are. */
  const planned = (shape: readonly number[], options: ExplainOptions) => {
    needOptions("kernel", options);
    const get = options.get ?? (["nngp", "ntk"] as const);
    checkGet(get);
    checkSizes(shape, options.columns);
    const input: Shape = { grid: shape.slice(1, -1), channels: shape.at(-1), gaussian: false };
    checkOutputs(input);
    const program = compileAll(networks, input, { get, masked: false });
    return { program, input, get, n1: shape[0]!, n2: options.columns ?? null };
  };

  const checkedInputs = (x1: Batch, x2: Batch | null | undefined, options: ListOptions): Inputs => {
    options.signal?.throwIfAborted();
    checkInputs(x1, x2, precisionOf(options));
    checkOutputs(inputShape(x1));
    return inputsOf(networks, x1, x2, options.get);
  };

  async function* tiles(
    given: Inputs,
    options: ListOptions,
    as: "matrices" | "pieces",
    range: Range,
  ): AsyncGenerator<KeyedTile> {
    await using borrowed = await borrow(options);
    const { engine } = borrowed;
    const { x1, x2, program } = await withDraws(engine, given.program, [given.x1, given.x2], range, options);
    const n1 = x1.shape[0];
    const n2 = x2?.shape[0] ?? null;
    const total = n2 === null ? (n1 * (n1 + 1)) / 2 : n1 * n2;
    let done = 0;
    let overflow: Overflow | undefined;
    let pair: readonly [number, number] = [0, 0];
    const holding = await holdingFor(engine, { program, n1, n2, as }, options.memory);
    blocks: for (const block of blocksOf(holding, n1, n2)) {
      const { rows, columns } = block;
      const same = n2 === null && rows[0] === columns[0];
      const a = drawnExamples(x1, ...rows);
      const b = same ? null : drawnExamples(x2 ?? x1, ...columns);
      const pieces = tilesOf(rows[1] - rows[0], same ? null : columns[1] - columns[0], holding.side);
      for await (const { tile, values } of engine.tiles(program, a, b, pieces, { signal: options.signal })) {
        const rowFrom = rows[0] + tile.rowFrom;
        const rowTo = rows[0] + tile.rowTo;
        const columnFrom = columns[0] + tile.columnFrom;
        const columnTo = columns[0] + tile.columnTo;
        const size = positionCount(program.output) ** 2;
        overflow = overflowIn(values);
        if (overflow !== undefined) {
          const [entry, width] = [Math.floor(overflow.index / size), columnTo - columnFrom];
          pair = [rowFrom + Math.floor(entry / width), columnFrom + (entry % width)];
          break blocks;
        }
        const height = rowTo - rowFrom;
        done += n2 === null && rowFrom === columnFrom ? (height * (height + 1)) / 2 : height * (columnTo - columnFrom);
        options.onProgress?.(done, total);
        const place = { rowFrom, rowTo, columnFrom, columnTo, symmetric: n2 === null, done, total };
        // Matrices are filled at once; whoever reads pieces may keep them, and engines use their room again.
        yield { ...place, values: as === "matrices" ? values : copies(values) };
      }
    }
    if (overflow !== undefined) throw await named(overflow, pair, [given.x1, given.x2 ?? given.x1], options, engine);
  }

  /** The error for a result that is no number. */
  async function named(
    { key, value }: Overflow,
    pair: readonly [number, number],
    [x1, x2]: readonly [Batch, Batch],
    { get }: ListOptions,
    engine: Engine,
  ): Promise<Error> {
    if (!explains) return new Overflowed();
    const [name, network] = networks.find(([name]) => get.some((quantity) => resultKey(name, quantity) === key))!;
    const [a, b] = [examples(x1, pair[0], pair[0] + 1), examples(x2, pair[1], pair[1] + 1)];
    const { precision } = engine;
    const at = name === "" ? [] : [name];
    return overflowError({ network, at, examples: pair, value, precision }, async (part) => {
      try {
        await keyedKernel([["", part]], () => {}, false).matrices(a, b, { get, engine, standardErrors: false });
        return true;
      } catch (error) {
        if (!(error instanceof Overflowed)) throw error;
        return false;
      }
    });
  }

  async function matrices(x1: Batch, x2: Batch | null | undefined, options: ListOptions): Promise<Keyed<Matrix>> {
    checkOptions(options);
    const given = checkedInputs(x1, x2, options);
    const [rows, columns] = [x1.shape[0], (x2 ?? x1).shape[0]];
    const inRange = async (range: Range, run: ListOptions): Promise<Record<string, Numbers>> => {
      const found: Record<string, Numbers> = {};
      for await (const tile of tiles(given, run, "matrices", range))
        place(found, { tile, values: tile.values }, rows, columns, tile.symmetric);
      return found;
    };
    const found = await inRange(everyDraw, options);
    const { onProgress: _, ...quietly } = options;
    const { stages } = given.program;
    const errors =
      options.standardErrors === false ? {} : await standardErrors(stages, (range) => inRange(range, quietly));
    // Without examples there is no tile.
    const matrix = (key: string): Matrix => ({
      rows,
      columns,
      data: found[key] ?? numbersFor(precisionOf(options), 0),
      ...(errors[key] && { standardError: errors[key] }),
    });
    const keys = networks.flatMap(([name]) => options.get.map((quantity) => resultKey(name, quantity)));
    return Object.fromEntries(keys.map((key) => [key, matrix(key)]));
  }

  async function diagonal(x: Batch, options: ListOptions): Promise<Keyed<Numbers>> {
    checkOptions(options);
    options.signal?.throwIfAborted();
    checkInputs(x, null, precisionOf(options));
    checkOutputs(inputShape(x));
    const planned = programFor(networks, options.get, [x]);
    await using borrowed = await borrow(options);
    const { engine } = borrowed;
    const { program, x1 } = await withDraws(engine, planned, [x, null], everyDraw, options);
    const n = x.shape[0];
    const job = { program, n1: n, n2: null, as: "diagonal" } as const;
    const { rows } = await holdingFor(engine, job, options.memory);
    const found: Record<string, Numbers> = {};
    for (const key of program.get) found[key] = numbersFor(engine.precision, n);
    for (const [from, to] of ranges(n, rows)) {
      const values = await engine.self(program, drawnExamples(x1, from, to), { signal: options.signal });
      const overflow = overflowIn(values);
      if (overflow !== undefined) {
        const i = from + Math.floor(overflow.index / positionCount(program.output) ** 2);
        throw await named(overflow, [i, i], [x, x], options, engine);
      }
      for (const key of program.get) found[key]!.set(values[key]!, from);
      options.onProgress?.(to, n);
    }
    return found;
  }

  return {
    matrices,
    tiles: (x1, x2, options) => {
      checkOptions(options);
      return (async function* () {
        yield* tiles(checkedInputs(x1, x2, options), options, "pieces", everyDraw);
      })();
    },
    diagonal,
    estimate: async (shape, options = {}) => {
      const { program, n1, n2 } = planned(shape, options);
      checkEngine(options.engine);
      await using borrowed = await borrow(options);
      return estimate(borrowed.engine, program, n1, n2, options.memory);
    },
    explain: (shape, options = {}) => {
      const { program, input, get, n1, n2 } = planned(shape, options);
      const text = explain(program, n1, n2, options.precision === "f32" ? 4 : 8);
      if (networks.length === 1) return text;
      const apart = networks.map(
        ([, network]) => totalFlops(compile(network, input, { get, masked: false }), n1, n2).all,
      );
      const sum = apart.reduce((total, flops) => total + flops, 0);
      const share = ((100 * totalFlops(program, n1, n2).all) / sum).toPrecision(2);
      return `${text}\n${networks.length} networks in one pass: ${share} % of the ${si(sum)}flop that they take one by one`;
    },
  };
}

function checkSizes(shape: readonly number[], columns: number | undefined): void {
  const counts = (size: number): boolean => Number.isInteger(size) && size > 0;
  if (columns !== undefined && !counts(columns))
    throw new LemniscateError({
      code: "OptionOutOfRange",
      where: "kernel: columns",
      given: String(columns),
      allowed: "a whole number > 0",
      mend: "Leave it out if x2 is x1.",
    });
  const axes: readonly number[] = Array.isArray(shape) ? shape : [];
  if (axes.length >= 2 && axes.every(counts)) return;
  throw new LemniscateError({
    code: "ShapeMismatch",
    where: "kernel: shape",
    given: Array.isArray(shape) ? `(${shape.join(", ")})` : String(shape),
    allowed: "(n, d), (n, T, d), (n, H, W, d), of whole numbers > 0",
    mend: "Give the shape of x1, examples first and channels last.",
  });
}

function copies(values: Keyed<Numbers>): Keyed<Numbers> {
  return Object.fromEntries(Object.entries(values).map(([key, data]) => [key, data.slice()]));
}

const known = ["get", "engine", "precision", "memory", "standardErrors", "signal", "onProgress"] as const;

function checkOptions(options: ListOptions): void {
  onlyKnown("kernel", options, known);
  checkGet(options.get);
  checkEngine(options.engine);
}

function checkEngine(engine: Engine | undefined): void {
  const isEngine = engine === undefined || typeof engine?.tiles === "function";
  need(isEngine, "kernel: engine", engine, "an engine", "Open it with openEngine(), or leave it out.");
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

function precisionOf({ engine, precision }: KernelOptions): Precision {
  return engine?.precision ?? precision ?? "f64";
}

/** The engine that was given, which stays open, or a fresh one, which is closed behind the call. */
async function borrow({
  engine,
  precision,
  threads,
}: Pick<EstimateOptions, "engine" | "precision" | "threads">): Promise<AsyncDisposable & { readonly engine: Engine }> {
  if (engine !== undefined) return { engine, [Symbol.asyncDispose]: async () => {} };
  const opened = await openEngine({ precision: precision ?? "f64", threads });
  return { engine: opened, [Symbol.asyncDispose]: () => opened[Symbol.asyncDispose]() };
}
