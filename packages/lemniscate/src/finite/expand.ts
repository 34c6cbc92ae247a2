import type { Batch } from "../core/batch.js";
import { LemniscateError } from "../core/errors.js";
import { onlyKnown } from "../core/options.js";
import type { ArrayOperations } from "../network/arrays.js";
import type { Network } from "../network/placement.js";
import { backwards } from "./backward.js";
import { forwards, type Moving } from "./forward.js";
import { unitsOf } from "./init.js";
import { activationsOf, checkWeights, forward } from "./network.js";
import { type Plain, plain } from "./plain.js";
import { arraysOf, mapWeights, type Weights } from "./weights.js";

/** A network's outputs (n, …positions, d) as a polynomial in how far its weights have moved. */
export type Expansion = (displacement: Weights<Plain>) => Plain;

/**
 * The Taylor expansion of a finite network in its weights, about some of them:
 *
 *   f(w + Δ) ≈ Σ_{k ≤ order} (1/k!) ∂ᵏ/∂tᵏ f(w + tΔ) at t = 0
 *
 * Each order doubles the cost of the one before.
 *
 * @example
 * ```ts
 * import { batch, dense, relu, serial } from "lemniscate";
 * import { init, taylorExpand } from "lemniscate/finite";
 * const x = batch([2, 3], [1, 0, 0, 0, 1, 0]);
 * const net = serial(dense(), relu(), dense({ width: 1 }));
 * const about = init(net, x, { width: 32, seed: 1 });
 * taylorExpand(net, about, x, 2)(init(net, x, { width: 32, seed: 2 })).shape; // => [2, 1]
 * ```
 */
export function taylorExpand(
  network: Network,
  about: Weights<Plain>,
  x: Batch,
  order: number,
  options: { readonly seed?: number } = {},
): Expansion {
  onlyKnown("taylorExpand", options, ["seed"]);
  const { seed = 0 } = options;
  if (!Number.isInteger(order) || order < 0)
    throw new LemniscateError({
      code: "OptionOutOfRange",
      where: "taylorExpand: order",
      given: String(order),
      allowed: "a whole number ≥ 0",
      mend: "1 is the linear expansion.",
    });
  checkWeights("taylorExpand", network, about);
  return (displacement) => {
    checkWeights("taylorExpand: displacement", network, displacement);
    const [sizes, moved] = [about, displacement].map((weights) => arraysOf(weights).map(({ shape }) => shape.join()));
    if (sizes!.join(";") !== moved!.join(";"))
      throw new LemniscateError({
        code: "ShapeMismatch",
        where: "taylorExpand: displacement",
        given: "arrays of other shapes than those of the weights",
        allowed: "a number for each weight",
        mend: "Make both by init() with one width, or subtract weights of one network from each other.",
      });
    let shape: readonly number[] = [];
    const value = <A>(t: ArrayOperations<A>, weights: Weights<A>): A => {
      const found = forward(t, network, weights, activationsOf(t, x), unitsOf(seed));
      shape = [x.shape[0], ...found.shape.grid, found.shape.channels];
      return found.x;
    };
    let factor = 1;
    const terms = derivatives(plain, value, about, displacement, order).map((term, k) => {
      factor /= Math.max(1, k);
      return plain.multiply(term, factor);
    });
    return plain.reshape(
      terms.reduce((sum, term) => plain.add(sum, term)),
      shape,
    );
  };
}

type Outputs = <A>(t: ArrayOperations<A>, weights: Weights<A>) => A;

/** f and its derivatives along a direction, up to some order: those of one order less, and how the last one changes. */
function derivatives<A>(
  t: ArrayOperations<A>,
  f: Outputs,
  at: Weights<A>,
  direction: Weights<A>,
  order: number,
): readonly A[] {
  if (order === 0) return [f(t, at)];
  const changes = arraysOf(direction);
  const moving = mapWeights(at, (value, i): Moving<A> => ({ value, change: changes[i]! }));
  const still = mapWeights(direction, (value): Moving<A> => ({ value, change: null }));
  const found = derivatives(forwards(t), f, moving, still, order - 1);
  const last = found.at(-1)!;
  return [...found.map(({ value }) => value), last.change ?? t.multiply(last.value, 0)];
}

/**
 * Θ(x1, x2) v, for v of the form of the outputs on x2, without Θ: J₁(J₂ᵀ v), one pass backwards and one forwards.
 *
 * @returns of the form of the outputs on x1; the sums run over all examples, positions and channels of x2
 */
export function empiricalNtkProduct(
  network: Network,
  weights: Weights<Plain>,
  x1: Batch,
  x2: Batch,
  v: Plain,
  options: { readonly seed?: number } = {},
): Plain {
  onlyKnown("empiricalNtkProduct", options, ["seed"]);
  const { seed = 0 } = options;
  checkWeights("empiricalNtkProduct", network, weights);
  if (!(v?.data instanceof Float64Array) || !v.data.every(Number.isFinite))
    throw new LemniscateError({
      code: "BadInput",
      where: "empiricalNtkProduct: v",
      given: v?.data instanceof Float64Array ? "numbers that are not finite" : "no { shape, data }",
      allowed: "finite numbers in a Float64Array, with their shape",
      mend: "Give a number for each output of each example of x2.",
    });
  const t = backwards(plain);
  const leaves = mapWeights(weights, t.leaf);
  const { x: y } = forward(t, network, leaves, activationsOf(t, x2), unitsOf(seed, x1 === x2 ? undefined : "x2"));
  if (v.data.length !== y.value.data.length)
    throw new LemniscateError({
      code: "ShapeMismatch",
      where: "empiricalNtkProduct: v",
      given: `${v.data.length} numbers`,
      allowed: `${y.value.data.length}, as the outputs on x2 have`,
      mend: "Give a number for each output of each example of x2.",
    });
  const gradients = t.pull(y, plain.reshape(v, y.value.shape), arraysOf(leaves));
  const moving = mapWeights(weights, (value, i): Moving<Plain> => ({ value, change: gradients[i]! }));
  const along = forwards(plain);
  const { x, shape } = forward(along, network, moving, activationsOf(along, x1), unitsOf(seed));
  const change = x.change ?? plain.multiply(x.value, 0);
  return plain.reshape(change, [x1.shape[0], ...shape.grid, shape.channels]);
}

/** The first-order expansion, f(w) + J Δ: what a network that is trained with an infinitesimal rate is. */
export function linearize(
  network: Network,
  about: Weights<Plain>,
  x: Batch,
  options: { readonly seed?: number } = {},
): Expansion {
  return taylorExpand(network, about, x, 1, options);
}
