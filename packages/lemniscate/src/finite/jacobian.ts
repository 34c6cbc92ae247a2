/** @module Jacobians of finite networks in their weights, example by example, as far as possible as products. */
import type { Batch } from "../core/batch.js";
import type { RandomKey } from "../core/random.js";
import type { Network } from "../network/placement.js";
import { backwards } from "./backward.js";
import { type Each, eachExample } from "./examples.js";
import { activationsOf, forward } from "./network.js";
import { type Plain, plain, plainFrom } from "./plain.js";
import { arraysOf, mapWeights, type Weights } from "./weights.js";

/**
 * The derivatives of the outputs in one array of weights, W, by output o and example n. Where W stands in one product
 * einsum("{letters},{own}->{output}", other, W), they are the product of what W met there and of the gradients behind it,
 * Σ other[n, letters] · gradient[o, n, output], and stay such: for a dense layer that is d + d' numbers instead of d·d'.
 */
export type Derivative =
  | {
      readonly kind: "product";
      readonly other: Plain;
      readonly letters: string;
      readonly gradient: Plain;
      readonly output: string;
      readonly own: string;
    }
  /** (o, n, P) for W with P numbers. */
  | { readonly kind: "sum"; readonly array: Plain };

export interface Jacobian {
  /** (n, S, C). */
  readonly outputs: Plain;
  readonly grid: readonly number[];
  /** Of each array of weights; the outputs run as o = (s, c). */
  readonly derivatives: readonly Derivative[];
}

/**
 * @param first - the number of the batch's first example among all, for layers that are random beyond their weights
 * @param channels - which channels of the outputs; default: all
 */
export function jacobian(
  network: Network,
  weights: Weights<Plain>,
  x: Batch,
  random: RandomKey,
  first: number,
  channels?: (count: number) => readonly number[],
): Jacobian {
  const n = x.shape[0];
  const one = eachExample(plainFrom(first), n);
  const t = backwards(one);
  const leaves = mapWeights(weights, (all) => t.leaf({ all, own: false }));
  const { x: all, shape } = forward(t, network, leaves, activationsOf(t, x), random);
  const y = channels === undefined ? all : t.take(all, 2, channels(shape.channels));
  const [, S, C] = t.shape(y) as [number, number, number];
  const found = Array.from({ length: S * C }, (_, o) => {
    // One output of every example.
    const chosen = Float64Array.from({ length: n * S * C }, (_, i) => (i % (S * C) === o ? 1 : 0));
    return t.shares(y, one.examples([S, C], chosen), arraysOf(leaves));
  });
  const arrays = arraysOf(weights);
  const derivatives = arrays.map((array, i): Derivative => {
    const uses = found.map((shares) => shares[i]!);
    const products = uses.map((shares) => (shares.length === 1 ? shares[0]!.product : undefined));
    const first = products[0];
    if (first?.other.own === true && products.every((product) => product?.gradient.own === true)) {
      const gradient = stacked(products.map((product) => product!.gradient.all));
      const { letters, output, own } = first;
      return { kind: "product", other: first.other.all, letters, gradient, output, own };
    }
    const sums = uses.map((shares) => {
      const parts = shares.map((share) => perExample(share.sum(), n));
      return parts.length === 0 ? new Float64Array(n * array.data.length) : parts.reduce(sumOf);
    });
    const shape = [n, array.data.length];
    return { kind: "sum", array: stacked(sums.map((data) => ({ shape, data }))) };
  });
  return { outputs: { shape: [n, S, C], data: perExample(y.value, n) }, grid: shape.grid, derivatives };
}

/** How many numbers a Jacobian holds. */
export function numbersOf({ derivatives }: Jacobian): number {
  return derivatives.reduce((sum, of) => {
    const arrays = of.kind === "sum" ? [of.array] : [of.other, of.gradient];
    return arrays.reduce((count, { data }) => count + data.length, sum);
  }, 0);
}

/** The derivatives of one array of weights as numbers, (o, n, P). */
export function summed(derivative: Derivative): Plain {
  if (derivative.kind === "sum") return derivative.array;
  const { other, letters, gradient, output, own } = derivative;
  const array = plain.einsum(`ων${output},ν${letters}->ων${own}`, gradient, other);
  const [outputs, n, ...rest] = array.shape as [number, number, ...number[]];
  return plain.reshape(array, [outputs, n, rest.reduce((product, size) => product * size, 1)]);
}

/** The numbers of every example, also where they are the same for all. */
function perExample({ all, own }: Each<Plain>, n: number): Float64Array {
  if (own) return all.data;
  const data = new Float64Array(n * all.data.length);
  for (let i = 0; i < n; i++) data.set(all.data, i * all.data.length);
  return data;
}

function sumOf(x: Float64Array, y: Float64Array): Float64Array {
  return x.map((value, i) => value + y[i]!);
}

function stacked(arrays: readonly Plain[]): Plain {
  const [first] = arrays;
  const data = new Float64Array(arrays.length * first!.data.length);
  for (const [i, array] of arrays.entries()) data.set(array.data, i * first!.data.length);
  return { shape: [arrays.length, ...first!.shape], data };
}
