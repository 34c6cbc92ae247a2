/** @module What layers make of the array operations again and again. */
import type { ArrayOperations } from "./arrays.js";
import { exponential, reciprocal } from "./elementwise.js";

export function subtract<A>(t: ArrayOperations<A>, x: A, y: A): A {
  return t.add(x, t.multiply(y, -1));
}

/** x/y, and 0 where y is 0. */
export function divide<A>(t: ArrayOperations<A>, x: A, y: A): A {
  return t.multiply(x, t.map(reciprocal, y));
}

/** Σ_i c_i x^i. */
export function sumOfPowers<A>(t: ArrayOperations<A>, x: A, c: readonly number[]): A {
  const top = t.add(t.multiply(x, 0), c.at(-1)!);
  return c.slice(0, -1).reduceRight((sum, value) => t.add(t.multiply(sum, x), value), top);
}

/** Arrays behind each other along an axis. */
export function concat<A>(t: ArrayOperations<A>, arrays: readonly A[], axis: number): A {
  const lengths = arrays.map((x) => t.shape(x)[axis]!);
  const total = lengths.reduce((sum, length) => sum + length, 0);
  let from = 0;
  const placed = arrays.map((x, i) => {
    const indices = Array.from({ length: total }, (_, at) => (at >= from && at < from + lengths[i]! ? at - from : -1));
    from += lengths[i]!;
    return t.take(x, axis, indices);
  });
  return placed.reduce((sum, x) => t.add(sum, x));
}

/** The sum along an axis, which stays with length 1. */
export function sumAlong<A>(t: ArrayOperations<A>, x: A, axis: number): A {
  const shape = t.shape(x);
  const letters = shape.map((_, i) => String.fromCharCode(97 + i));
  const sum = t.einsum(`${letters.join("")}->${letters.filter((_, i) => i !== axis).join("")}`, x);
  return t.reshape(
    sum,
    shape.map((size, i) => (i === axis ? 1 : size)),
  );
}

/** Softmax along the last axis over the entries whose `mask`, which is repeated like a summand, is 1; else 0. */
export function softmax<A>(t: ArrayOperations<A>, x: A, mask: A | null): A {
  const last = t.shape(x).length - 1;
  // Entries that are masked are moved so far down that they cannot be the largest one.
  const seen = mask === null ? x : t.add(x, t.multiply(t.add(mask, -1), 1e30));
  const powers = t.map(exponential, subtract(t, seen, t.largest(seen, last)));
  const kept = mask === null ? powers : t.multiply(powers, mask);
  return divide(t, kept, sumAlong(t, kept, last));
}

/** The mask of an example as one position: whether there is anything at all. */
export function anyOf(mask: Uint8Array): Uint8Array {
  return Uint8Array.of(mask.includes(1) ? 1 : 0);
}
