/** @module Gradients: the array operations on values that remember how they were made, over any others. */
import type { ArrayOperations } from "../network/arrays.js";
import { parseRule } from "./einsum.js";

/** An array, and what it was made of. */
export interface Made<A> {
  readonly value: A;
  /** `null` is a constant, whose makers do not matter. */
  readonly maker: Maker<A> | null;
}

interface Maker<A> {
  /** Makers are numbered as they come, so that what is made of something has a higher number. */
  readonly number: number;
  readonly from: readonly Made<A>[];
  /** The gradient in each of `from`, given the one in the result. */
  readonly pull: (gradient: A) => readonly (() => A)[];
}

export interface Backwards<A> extends ArrayOperations<Made<A>> {
  /** An array to have gradients in. */
  leaf(value: A): Made<A>;
  /** The gradients of ⟨result, weights⟩ in some leaves; `null` where it does not depend on one. */
  pull(result: Made<A>, weights: A, leaves: readonly Made<A>[]): (A | null)[];
}

export function backwards<A>(t: ArrayOperations<A>): Backwards<A> {
  type M = Made<A>;
  let makers = 0;
  const constant = (value: A): M => ({ value, maker: null });
  const made = (value: A, from: readonly M[], pull: Maker<A>["pull"]): M =>
    from.every((x) => x.maker === null) ? constant(value) : { value, maker: { number: makers++, from, pull } };
  const gathered = (x: A, shape: readonly number[]): A => gather(t, x, shape);
  return {
    leaf: (value) => ({ value, maker: { number: makers++, from: [], pull: () => [] } }),

    pull: (result, weights, leaves) => {
      const gradients = new Map<Maker<A>, A>();
      const waiting = new Map<number, Maker<A>>();
      const give = (to: M, gradient: () => A): void => {
        if (to.maker === null) return;
        const before = gradients.get(to.maker);
        gradients.set(to.maker, before === undefined ? gradient() : t.add(before, gradient()));
        waiting.set(to.maker.number, to.maker);
      };
      give(result, () => weights);
      // Always the youngest one: all that was made of it has given its share.
      while (waiting.size > 0) {
        const number = [...waiting.keys()].reduce((a, b) => Math.max(a, b));
        const maker = waiting.get(number)!;
        waiting.delete(number);
        const parts = maker.pull(gradients.get(maker)!);
        for (const [i, part] of parts.entries()) give(maker.from[i]!, part);
        if (parts.length > 0) gradients.delete(maker);
      }
      return leaves.map(({ maker }) => (maker === null ? null : (gradients.get(maker) ?? null)));
    },

    shape: (x) => t.shape(x.value),
    constant: (shape, data) => constant(t.constant(shape, data)),
    examples: (shape, data) => constant(t.examples(shape, data)),
    uniforms: (sequence, shape) => constant(t.uniforms(sequence, shape)),
    einsum: (rule, x, y) => {
      const { inputs, output } = parseRule(rule);
      const [a, b] = inputs as [string, string];
      if (y === undefined)
        return made(t.einsum(rule, x.value), [x], (g) => [() => spread(t, g, output, a, t.shape(x.value))]);
      return made(t.einsum(rule, x.value, y.value), [x, y], (g) => [
        () => back(t, g, output, y.value, b, a, t.shape(x.value)),
        () => back(t, g, output, x.value, a, b, t.shape(y.value)),
      ]);
    },
    add: (x, y) => {
      if (typeof y === "number") return made(t.add(x.value, y), [x], (g) => [() => g]);
      return made(t.add(x.value, y.value), [x, y], (g) => [
        () => gathered(g, t.shape(x.value)),
        () => gathered(g, t.shape(y.value)),
      ]);
    },
    multiply: (x, y) => {
      if (typeof y === "number") return made(t.multiply(x.value, y), [x], (g) => [() => t.multiply(g, y)]);
      return made(t.multiply(x.value, y.value), [x, y], (g) => [
        () => gathered(t.multiply(g, y.value), t.shape(x.value)),
        () => gathered(t.multiply(g, x.value), t.shape(y.value)),
      ]);
    },
    map: (f, x) => {
      const { slope } = f;
      const value = t.map(f, x.value);
      return slope === null ? constant(value) : made(value, [x], (g) => [() => t.multiply(g, slope(t, x.value))]);
    },
    reshape: (x, shape) => made(t.reshape(x.value, shape), [x], (g) => [() => t.reshape(g, t.shape(x.value))]),
    take: (x, axis, indices) =>
      made(t.take(x.value, axis, indices), [x], (g) => [() => t.give(g, axis, indices, t.shape(x.value)[axis]!)]),
    give: (x, axis, indices, length) =>
      made(t.give(x.value, axis, indices, length), [x], (g) => [() => t.take(g, axis, indices)]),
    largest: (x, axis) => constant(t.largest(x.value, axis)),
  };
}

/** What goes back through repetition: sums over the axes that were repeated. */
function gather<A>(t: ArrayOperations<A>, x: A, shape: readonly number[]): A {
  const from = t.shape(x);
  if (from.join() === shape.join()) return x;
  const letters = from.map((_, k) => letter(k));
  const missing = from.length - shape.length;
  const kept = letters.filter((_, k) => k >= missing && (shape[k - missing] !== 1 || from[k] === 1));
  return t.reshape(t.einsum(`${letters.join("")}->${kept.join("")}`, x), shape);
}

/** What goes back to one array of a product: the product with the other one. */
function back<A>(
  t: ArrayOperations<A>,
  g: A,
  output: string,
  other: A,
  letters: string,
  to: string,
  shape: readonly number[],
): A {
  const known = [...to].filter((l) => output.includes(l) || letters.includes(l)).join("");
  return spread(t, t.einsum(`${output},${letters}->${known}`, g, other), known, to, shape);
}

/** What goes back through a sum: the same to every term. */
function spread<A>(t: ArrayOperations<A>, g: A, from: string, to: string, shape: readonly number[]): A {
  if (from === to) return g;
  const missing = [...to].filter((l) => !from.includes(l));
  if (missing.length === 0) return t.einsum(`${from}->${to}`, g);
  const sizes = missing.map((l) => shape[to.indexOf(l)]!);
  const ones = t.constant(sizes, new Float64Array(sizes.reduce((product, size) => product * size, 1)).fill(1));
  return t.einsum(`${from},${missing.join("")}->${to}`, g, ones);
}

function letter(k: number): string {
  return String.fromCharCode(97 + k);
}
