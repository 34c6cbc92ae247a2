import type { Batch } from "../core/batch.js";
import { LemniscateError } from "../core/errors.js";
import { needOptions } from "../core/options.js";
import type { Quantity } from "../core/quantity.js";
import type { Numbers } from "../engines/engine.js";
import type { Matrix } from "../linalg/matrix.js";
import { serial } from "../network/combinators.js";
import { input } from "../network/layers/input.js";
import type { Path } from "../network/path.js";
import type { Network, PlacementOf, Predictor } from "../network/placement.js";
import { type Keyed, resultKey } from "../program/program.js";
import { byInput } from "../program/tangent.js";
import type { Estimate } from "./estimate.js";
import { endsWithFeatures } from "./kernel.js";
import {
  type AnyGet,
  type EstimateOptions,
  type ExplainOptions,
  type KernelOptions,
  type ListOptions,
  listOf,
} from "./kernel-options.js";
import { keyedKernel } from "./keyed-kernel.js";

/** A kernel beside its derivatives, by the places that they were asked for by. */
export interface WithGradient<Value, Place extends string = string> {
  readonly value: Value;
  readonly gradient: { readonly [P in Place]: Value };
}

/** The kernel of an infinitely wide network together with its derivatives. */
export interface KernelGradient<Place extends string = string> {
  /** K(x1, x2) and its derivatives; of K(x1, x1), at half the cost, if `x2` is absent or null. */
  (
    x1: Batch,
    x2: Batch | null | undefined,
    options: KernelOptions & { readonly get: Quantity },
  ): Promise<WithGradient<Matrix, Place>>;
  <const Get extends readonly Quantity[]>(
    x1: Batch,
    x2: Batch | null | undefined,
    options: KernelOptions & { readonly get: Get },
  ): Promise<WithGradient<{ readonly [Q in Get[number]]: Matrix }, Place>>;
  /** K(x, x) of each example by itself, and its derivatives. */
  diagonal<const Get extends readonly Quantity[]>(
    x: Batch,
    options: KernelOptions & { readonly get: Get },
  ): Promise<WithGradient<{ readonly [Q in Get[number]]: Numbers }, Place>>;
  /** What would be computed, step by step, with its cost. */
  explain(shape: readonly number[], options?: ExplainOptions): string;
  /** What it would take on this machine; see `kernel`. */
  estimate(shape: readonly number[], options?: EstimateOptions): Promise<Estimate>;
  readonly network: Network;
}

/** Options of {@link kernelGradient}. */
export interface GradientOptions<Place extends string = string> {
  /**
   * Places of numbers in the network, as in its JSON: `"layers.0.weightStd"`, `"layers.2.position.rate"`. In a repeated
   * layer, `"layers.1.layer.weightStd"`, all copies change together. And `"input"`: the data, along directions of
   * their own; batches are then `inputs({ at: x, along: directions })`, a direction for each example, 0 for those at rest.
   */
  readonly by: readonly Place[];
}

/**
 * The kernel of an infinitely wide network, and its derivatives by any numbers that the network is made of, in one pass:
 * forward mode, exact up to rounding, on any engine. A derivative costs about as much as the kernel; what several share is
 * computed once.
 *
 * At a standard deviation of 0 derivatives are 0, for kernels depend on its square. Where a kernel has a kink, derivatives
 * are those of staying on it: ReLU's NTK of identical examples, for one.
 *
 * @throws LemniscateError `OptionOutOfRange` if there is no such number, or one that cannot vary, such as a width;
 *   `NotSupported` if a layer has no derivative; and what `kernel` throws
 * @source forward mode, Griewank and Walther 2008, §3.1
 * @accuracy central differences of the kernel to 1e-7, on both engines, for every layer
 *
 * @example
 * ```ts
 * import { batch, dense, kernelGradient, relu, serial } from "lemniscate";
 *
 * const net = serial(dense({ weightStd: 1.5 }), relu(), dense());
 * const k = kernelGradient(net, { by: ["layers.0.weightStd"] });
 * const { value, gradient } = await k(batch([1, 2], [1, 1]), null, { get: "nngp" });
 * value.data[0]; // ≈ 1.125
 * gradient["layers.0.weightStd"].data[0]; // ≈ 1.5
 * ```
 */
export function kernelGradient<N extends Network, const Place extends string>(
  network: N & Predictor<PlacementOf<N>>,
  options: GradientOptions<Place>,
): KernelGradient<Place> {
  const { by } = options ?? {};
  if (!Array.isArray(by) || by.length === 0 || by.some((place) => typeof place !== "string" || place === ""))
    throw new LemniscateError({
      code: "OptionOutOfRange",
      where: "kernelGradient: by",
      given: JSON.stringify(by) ?? "nothing",
      allowed: 'one place of a number or more, as ["layers.0.weightStd"]',
      mend: "Without derivatives, use kernel().",
    });
  const moving = (by as readonly string[]).includes("input");
  const whole: Network = moving ? serial(input({ name: "at" }), network as never) : network;
  const placeOf = (place: string): Path =>
    place === "input" ? byInput : [...(moving ? ["layers", 1] : []), ...pathOf(place)];
  const list = [["", whole], ...by.map((place) => [place, whole, placeOf(place)] as const)] as const;
  const all = keyedKernel(list, endsWithFeatures);
  const named = <T>(of: Keyed<T>, get: readonly Quantity[]): WithGradient<Record<string, T>> => {
    const at = (name: string): Record<string, T> =>
      Object.fromEntries(get.map((quantity) => [quantity, of[resultKey(name, quantity)]!]));
    return { value: at(""), gradient: Object.fromEntries(by.map((place) => [place, at(place)])) };
  };
  const call = async (x1: Batch, x2: Batch | null, options: KernelOptions & AnyGet): Promise<unknown> => {
    needOptions("kernel", options);
    const get = listOf(options.get);
    const { value, gradient } = named(await all.matrices(x1, x2, { ...options, get }), get);
    const { get: quantity } = options;
    if (typeof quantity !== "string") return { value, gradient };
    const only = Object.entries(gradient).map(([place, of]) => [place, of[quantity]]);
    return { value: value[quantity], gradient: Object.fromEntries(only) };
  };
  const diagonal = async (x: Batch, options: ListOptions): Promise<unknown> =>
    named(await all.diagonal(x, options), options.get);
  const { explain, estimate } = all;
  return Object.assign(call as unknown as KernelGradient, { diagonal, explain, estimate, network }) as never;
}

/** `"layers.0.weightStd"` as the way down to it. */
function pathOf(place: string): Path {
  return place.split(".").map((key) => (/^\d+$/.test(key) ? Number(key) : key));
}
