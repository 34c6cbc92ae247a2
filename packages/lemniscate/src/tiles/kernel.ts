import type { Batch } from "../core/batch.js";
import { LemniscateError } from "../core/errors.js";
import type { Quantity } from "../core/quantity.js";
import { describeShape, type Shape } from "../core/shape.js";
import type { Numbers } from "../engines/engine.js";
import type { Matrix } from "../linalg/matrix.js";
import type { Network, PlacementOf, Predictor } from "../network/placement.js";
import type { Estimate } from "./estimate.js";
import {
  type AnyGet,
  type EstimateOptions,
  type ExplainOptions,
  type KernelOptions,
  type KernelTile,
  listOf,
} from "./kernel-options.js";
import { keyedKernel } from "./keyed-kernel.js";

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
