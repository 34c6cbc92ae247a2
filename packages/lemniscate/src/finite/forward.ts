/** @module Derivatives along a direction: the array operations on values and their changes, over any others. */
import type { ArrayOperations } from "../network/arrays.js";

/** An array and its derivative along a direction; `null` is 0. */
export interface Moving<A> {
  readonly value: A;
  readonly change: A | null;
}

/** The operations on values and changes. Over themselves they are second derivatives, and so on. */
export function forwards<A>(t: ArrayOperations<A>): ArrayOperations<Moving<A>> {
  type M = Moving<A>;
  const sum = (x: A | null, y: A | null): A | null => (x === null ? y : y === null ? x : t.add(x, y));
  const linear = (x: M, f: (a: A) => A): M => ({
    value: f(x.value),
    change: x.change === null ? null : f(x.change),
  });
  /** f(x, y), linear in each of them. */
  const bilinear = (x: M, y: M, f: (a: A, b: A) => A): M => ({
    value: f(x.value, y.value),
    change: sum(x.change === null ? null : f(x.change, y.value), y.change === null ? null : f(x.value, y.change)),
  });
  return {
    shape: (x) => t.shape(x.value),
    constant: (shape, data) => ({ value: t.constant(shape, data), change: null }),
    examples: (shape, data) => ({ value: t.examples(shape, data), change: null }),
    uniforms: (sequence, shape) => ({ value: t.uniforms(sequence, shape), change: null }),
    einsum: (rule, x, y) =>
      y === undefined ? linear(x, (a) => t.einsum(rule, a)) : bilinear(x, y, (a, b) => t.einsum(rule, a, b)),
    add: (x, y) => {
      if (typeof y === "number") return { value: t.add(x.value, y), change: x.change };
      const value = t.add(x.value, y.value);
      const whole = (change: A | null): A | null => (change === null ? null : repeatTo(t, change, t.shape(value)));
      const alone = x.change === null || y.change === null;
      return { value, change: alone ? whole(x.change ?? y.change) : t.add(x.change, y.change) };
    },
    multiply: (x, y) => (typeof y === "number" ? linear(x, (a) => t.multiply(a, y)) : bilinear(x, y, t.multiply)),
    map: (f, x) => {
      const value = t.map(f, x.value);
      if (x.change === null || f.slope === null) return { value, change: null };
      return { value, change: t.multiply(f.slope(t, x.value), x.change) };
    },
    reshape: (x, shape) => linear(x, (a) => t.reshape(a, shape)),
    take: (x, axis, indices) => linear(x, (a) => t.take(a, axis, indices)),
    give: (x, axis, indices, length) => linear(x, (a) => t.give(a, axis, indices, length)),
    largest: (x, axis) => ({ value: t.largest(x.value, axis), change: null }),
  };
}

/** An array whose axes of length 1, and missing first ones, are repeated to a shape. */
function repeatTo<A>(t: ArrayOperations<A>, x: A, shape: readonly number[]): A {
  if (t.shape(x).join() === shape.join()) return x;
  return t.multiply(t.constant(shape, new Float64Array(shape.reduce((p, size) => p * size, 1)).fill(1)), x);
}
