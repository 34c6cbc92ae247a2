/** @module The kernels of one network or several, computed in one pass, by the keys of their results. */
import { type Batch, examples } from "../core/batch.js";
import { needOptions } from "../core/options.js";
import { positionCount, type Shape } from "../core/shape.js";
import type { Engine, Numbers } from "../engines/engine.js";
import { openEngine } from "../engines/open.js";
import type { Matrix } from "../linalg/matrix.js";
import { checkNetwork } from "../network/size.js";
import { shapeOf } from "../network/trace.js";
import { compile, compileAll, type Networks } from "../program/compile.js";
import { totalFlops } from "../program/cost.js";
import { explain, si } from "../program/explain.js";
import { type Keyed, resultKey } from "../program/program.js";
import { drawnExamples, everyDraw, type Range, standardErrors, withDraws } from "./draws.js";
import { type Estimate, estimate } from "./estimate.js";
import { checkInputs, type Inputs, inputShape, inputsOf, programFor } from "./inputs.js";
import {
  checkEngine,
  checkKernelGet,
  checkOptions,
  checkSizes,
  type EstimateOptions,
  type ExplainOptions,
  type KernelTile,
  type ListOptions,
  precisionOf,
} from "./kernel-options.js";
import { blocksOf, holdingFor } from "./memory.js";
import { type Overflow, Overflowed, overflowError, overflowIn } from "./overflow.js";
import { numbersFor, place } from "./place.js";
import { ranges, tilesOf } from "./plan.js";

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
    checkKernelGet(get);
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

  /** Finished pieces; `into` matrices, if they are given, and then nobody is told of pieces. */
  async function* tiles(
    given: Inputs,
    options: ListOptions,
    range: Range,
    into?: Record<string, Numbers>,
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
    const as = into === undefined ? "pieces" : "matrices";
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
        const piece = { rowFrom, rowTo, columnFrom, columnTo };
        const size = positionCount(program.output) ** 2;
        const sum = into && place(into, { tile: piece, values }, n1, n2 ?? n1, n2 === null);
        // Large numbers may have an infinite sum.
        overflow = Number.isFinite(sum) ? undefined : overflowIn(values);
        if (overflow !== undefined) {
          const [entry, width] = [Math.floor(overflow.index / size), columnTo - columnFrom];
          pair = [rowFrom + Math.floor(entry / width), columnFrom + (entry % width)];
          break blocks;
        }
        const height = rowTo - rowFrom;
        done += n2 === null && rowFrom === columnFrom ? (height * (height + 1)) / 2 : height * (columnTo - columnFrom);
        options.onProgress?.(done, total);
        // Whoever reads pieces may keep them, and engines use their room again.
        if (as === "pieces") yield { ...piece, symmetric: n2 === null, done, total, values: copies(values) };
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
      for await (const _ of tiles(given, run, range, found));
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
        yield* tiles(checkedInputs(x1, x2, options), options, everyDraw);
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

function copies(values: Keyed<Numbers>): Keyed<Numbers> {
  return Object.fromEntries(Object.entries(values).map(([key, data]) => [key, data.slice()]));
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
