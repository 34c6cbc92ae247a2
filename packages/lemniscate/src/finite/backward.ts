/** @module Gradients: the array operations on values that remember how they were made, over any others. */
import type { ArrayOperations } from "../network/arrays.js";
import { parseRule } from "./einsum.js";

/** An array, and what it was made of. */
export interface Made<A> {
  readonly value: A;
  /** `null` is a constant, whose makers do not matter. */
  readonly maker: Maker<A> | null;
}

/** What one use of an array adds to its gradient. */
export interface Share<A> {
  readonly sum: () => A;
  /** The sum is `einsum("{output},{letters}->{own}", gradient, other)`, which may be better left unsummed. */
  readonly product?: {
    readonly gradient: A;
    readonly output: string;
    readonly other: A;
    readonly letters: string;
    readonly own: string;
  };
}

interface Maker<A> {
  /** Makers are numbered as they come, so that what is made of something has a higher number. */
  readonly number: number;
  /** Empty for a leaf. */
  readonly from: readonly Made<A>[];
  /** The shares of each of `from`, given the gradient in the result. */
  readonly pull: (gradient: A) => readonly Share<A>[];
}

export interface Backwards<A> extends ArrayOperations<Made<A>> {
  /** An array to have gradients in. */
  leaf(value: A): Made<A>;
  /** What each leaf's gradient of ⟨result, weights⟩ is the sum of; nothing where the result does not depend on it. */
  shares(result: Made<A>, weights: A, leaves: readonly Made<A>[]): (readonly Share<A>[])[];
  /** The gradients of ⟨result, weights⟩ in some leaves; `null` where the result does not depend on one. */
  pull(result: Made<A>, weights: A, leaves: readonly Made<A>[]): (A | null)[];
}

export function backwards<A>(t: ArrayOperations<A>): Backwards<A> {
  type M = Made<A>;
  let makers = 0;
  const constant = (value: A): M => ({ value, maker: null });
  const made = (value: A, from: readonly M[], pull: Maker<A>["pull"]): M =>
    from.every((x) => x.maker === null) ? constant(value) : { value, maker: { number: makers++, from, pull } };
  const gathered = (x: A, shape: readonly number[]): A => gather(t, x, shape);
  const total = (shares: readonly Share<A>[]): A => shares.map((share) => share.sum()).reduce((x, y) => t.add(x, y));

  const shares: Backwards<A>["shares"] = (result, weights, leaves) => {
    const found = new Map<Maker<A>, Share<A>[]>();
    const waiting = new Map<number, Maker<A>>();
    const give = ({ maker }: M, share: Share<A>): void => {
      if (maker === null) return;
      const others = found.get(maker);
      if (others === undefined) found.set(maker, [share]);
      else others.push(share);
      if (maker.from.length > 0) waiting.set(maker.number, maker);
    };
    give(result, { sum: () => weights });
    // Always the youngest one: all that was made of it has given its share.
    while (waiting.size > 0) {
      const maker = waiting.get([...waiting.keys()].reduce((a, b) => Math.max(a, b)))!;
      waiting.delete(maker.number);
      const parts = maker.pull(total(found.get(maker)!));
      found.delete(maker);
      for (const [i, part] of parts.entries()) give(maker.from[i]!, part);
    }
    return leaves.map(({ maker }) => (maker === null ? [] : (found.get(maker) ?? [])));
  };

  return {
    leaf: (value) => ({ value, maker: { number: makers++, from: [], pull: () => [] } }),
    shares,
    pull: (result, weights, leaves) =>
      shares(result, weights, leaves).map((parts) => (parts.length === 0 ? null : total(parts))),

    shape: (x) => t.shape(x.value),
    constant: (shape, data) => constant(t.constant(shape, data)),
    examples: (shape, data) => constant(t.examples(shape, data)),
    uniforms: (sequence, shape) => constant(t.uniforms(sequence, shape)),
    einsum: (rule, x, y) => {
      const { inputs, output } = parseRule(rule);
      const [a, b] = inputs as [string, string];
      if (y === undefined)
        return made(t.einsum(rule, x.value), [x], (g) => [{ sum: () => spread(t, g, output, a, t.shape(x.value)) }]);
      const back = (gradient: A, other: M, letters: string, to: M, own: string): Share<A> => {
        const known = [...own].filter((l) => output.includes(l) || letters.includes(l)).join("");
        const sum = (): A => {
          const product = t.einsum(`${output},${letters}->${known}`, gradient, other.value);
          return spread(t, product, known, own, t.shape(to.value));
        };
        return known === own ? { sum, product: { gradient, output, other: other.value, letters, own } } : { sum };
      };
      return made(t.einsum(rule, x.value, y.value), [x, y], (g) => [back(g, y, b, x, a), back(g, x, a, y, b)]);
    },
    add: (x, y) => {
      if (typeof y === "number") return made(t.add(x.value, y), [x], (g) => [{ sum: () => g }]);
      return made(t.add(x.value, y.value), [x, y], (g) => [
        { sum: () => gathered(g, t.shape(x.value)) },
        { sum: () => gathered(g, t.shape(y.value)) },
      ]);
    },
    multiply: (x, y) => {
      if (typeof y === "number") return made(t.multiply(x.value, y), [x], (g) => [{ sum: () => t.multiply(g, y) }]);
      return made(t.multiply(x.value, y.value), [x, y], (g) => [
        { sum: () => gathered(t.multiply(g, y.value), t.shape(x.value)) },
        { sum: () => gathered(t.multiply(g, x.value), t.shape(y.value)) },
      ]);
    },
    map: (f, x) => {
      const { slope } = f;
      const value = t.map(f, x.value);
      if (slope === null) return constant(value);
      return made(value, [x], (g) => [{ sum: () => t.multiply(g, slope(t, x.value)) }]);
    },
    reshape: (x, shape) => made(t.reshape(x.value, shape), [x], (g) => [{ sum: () => t.reshape(g, t.shape(x.value)) }]),
    take: (x, axis, indices) =>
      made(t.take(x.value, axis, indices), [x], (g) => [
        { sum: () => t.give(g, axis, indices, t.shape(x.value)[axis]!) },
      ]),
    give: (x, axis, indices, length) =>
      made(t.give(x.value, axis, indices, length), [x], (g) => [{ sum: () => t.take(g, axis, indices) }]),
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
