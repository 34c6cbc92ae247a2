import type { Batch } from "../core/batch.js";
import { LemniscateError } from "../core/errors.js";
import { needOptions } from "../core/options.js";
import type { Quantity } from "../core/quantity.js";
import type { Numbers } from "../engines/engine.js";
import type { Matrix } from "../linalg/matrix.js";
import type { Network, PlacementOf, Predictor } from "../network/placement.js";
import { type Keyed, resultKey } from "../program/program.js";
import type { Estimate } from "./estimate.js";
import { endsWithFeatures } from "./kernel.js";
import {
  type AnyGet,
  type EstimateOptions,
  type ExplainOptions,
  type KernelOptions,
  type KernelTile,
  type ListOptions,
  listOf,
} from "./kernel-options.js";
import { keyedKernel } from "./keyed-kernel.js";

/** A finished piece of several kernel matrices. */
export interface KernelsTile<Name extends string = string> extends Omit<KernelTile, "values"> {
  readonly values: { readonly [N in Name]: KernelTile["values"] };
}

/** The kernels of several networks, computed in one pass. */
export interface Kernels<Name extends string = string> {
  /** K(x1, x2) of each network; K(x1, x1), at half the cost, if `x2` is absent or null. */
  (
    x1: Batch,
    x2: Batch | null | undefined,
    options: KernelOptions & { readonly get: Quantity },
  ): Promise<{ readonly [N in Name]: Matrix }>;
  <const Get extends readonly Quantity[]>(
    x1: Batch,
    x2: Batch | null | undefined,
    options: KernelOptions & { readonly get: Get },
  ): Promise<{ readonly [N in Name]: { readonly [Q in Get[number]]: Matrix } }>;
  /** The same, piece by piece, as pieces are finished. With `x2` null, pieces on and above the diagonal. */
  tiles(
    x1: Batch,
    x2: Batch | null | undefined,
    options: KernelOptions & { readonly get: readonly Quantity[] },
  ): AsyncIterable<KernelsTile<Name>>;
  /** K(x, x) of each example by itself. */
  diagonal<const Get extends readonly Quantity[]>(
    x: Batch,
    options: KernelOptions & { readonly get: Get },
  ): Promise<{ readonly [N in Name]: { readonly [Q in Get[number]]: Numbers } }>;
  /** What would be computed, step by step, with its cost beside that of the networks one by one. */
  explain(shape: readonly number[], options?: ExplainOptions): string;
  /** What all of them together would take on this machine; see {@link Kernel.estimate}. */
  estimate(shape: readonly number[], options?: EstimateOptions): Promise<Estimate>;
  readonly networks: { readonly [N in Name]: Network };
}

/**
 * The kernels of several networks on the same inputs, in one pass: whatever they have in common (input covariances,
 * their first layers, what belongs to one example) is computed once, and every entry is what {@link kernel} of that
 * network gives, up to rounding.
 *
 * Networks come under names of your own, and so do results. With {@link depths} these are the depths of a repeated
 * block; with other `weightStd` and `biasStd`, a sweep over hyperparameters.
 *
 * @throws LemniscateError `BadNetwork` without a network; `Misplaced`, naming the network, if a layer cannot stand
 *   where it is or a network ends with positions
 *
 * @example
 * ```ts
 * import { batch, dense, kernels, relu, serial } from "lemniscate";
 * const x = batch([2, 2], [1, 0, 0, 1]);
 * const net = (weightStd: number) => serial(dense({ weightStd }), relu(), dense());
 * const { cold, hot } = await kernels({ cold: net(1), hot: net(2) })(x, null, { get: "nngp" });
 * hot.data[0]! / cold.data[0]!; // ≈ 4
 * ```
 */
export function kernels<const Networks extends Readonly<Record<string, Network>>>(
  networks: Networks & { readonly [N in keyof Networks]: Predictor<PlacementOf<Networks[N]>> },
): Kernels<keyof Networks & string> {
  const list = Object.entries<Network>(networks ?? {});
  if (list.length === 0)
    throw new LemniscateError({
      code: "BadNetwork",
      where: "kernels",
      given: "no networks",
      allowed: "one network or more, as in { wide: net }",
      mend: "Give every network a name of its own.",
      path: [],
    });
  const all = keyedKernel(list, endsWithFeatures);
  const named = <T>(of: Keyed<T>, get: readonly Quantity[]): Record<string, Record<string, T>> =>
    Object.fromEntries(
      list.map(([name]) => [
        name,
        Object.fromEntries(get.map((quantity) => [quantity, of[resultKey(name, quantity)]!])),
      ]),
    );
  const call = async (x1: Batch, x2: Batch | null, options: KernelOptions & AnyGet): Promise<unknown> => {
    needOptions("kernels", options);
    const get = listOf(options.get);
    const found = named(await all.matrices(x1, x2, { ...options, get }), get);
    if (typeof options.get !== "string") return found;
    return Object.fromEntries(list.map(([name]) => [name, found[name]![get[0]!]]));
  };
  const tiles = (x1: Batch, x2: Batch | null, options: ListOptions): AsyncIterable<KernelsTile> => {
    const pieces = all.tiles(x1, x2, options);
    return (async function* () {
      for await (const piece of pieces) yield { ...piece, values: named(piece.values, options.get) };
    })();
  };
  const diagonal = async (x: Batch, options: ListOptions): Promise<unknown> =>
    named(await all.diagonal(x, options), options.get);
  const { explain, estimate } = all;
  return Object.assign(call as unknown as Kernels, { tiles, diagonal, explain, estimate, networks }) as never;
}
