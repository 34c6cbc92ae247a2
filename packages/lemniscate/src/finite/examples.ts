/** @module Every example by itself: the array operations on one example, done for all of them at once. */
import type { ArrayOperations } from "../network/arrays.js";
import { parseRule } from "./einsum.js";

/** An array for each example, along a first axis of `all`, or one array for all of them. */
export interface Each<A> {
  readonly all: A;
  readonly own: boolean;
}

/** The operations on what seems to be one example, for `count` of them, over any others. */
export function eachExample<A>(t: ArrayOperations<A>, count: number): ArrayOperations<Each<A>> {
  type E = Each<A>;
  const shapeOf = (x: E): readonly number[] => (x.own ? t.shape(x.all).slice(1) : t.shape(x.all));
  const alike = (x: E, f: (a: A, before: 0 | 1) => A): E => ({ all: f(x.all, x.own ? 1 : 0), own: x.own });
  /** With axes of length 1 behind the examples, so that it lines up with arrays of more axes. */
  const raised = (x: E, rank: number): A => {
    const shape = shapeOf(x);
    if (!x.own || shape.length === rank) return x.all;
    return t.reshape(x.all, [count, ...Array<number>(rank - shape.length).fill(1), ...shape]);
  };
  const combined = (x: E, y: E, f: (a: A, b: A) => A): E => {
    const rank = Math.max(shapeOf(x).length, shapeOf(y).length);
    return { all: f(raised(x, rank), raised(y, rank)), own: x.own || y.own };
  };
  return {
    shape: shapeOf,
    constant: (shape, data) => ({ all: t.constant(shape, data), own: false }),
    examples: (shape, data) => ({ all: t.constant([count, 1, ...shape], data), own: true }),
    uniforms: (sequence, shape) => ({ all: t.uniforms(sequence, [count, ...shape]), own: true }),
    einsum: (rule, x, y) => {
      const { inputs, output } = parseRule(rule);
      const free = [..."ABCDEFGHIJKLMNOPQRSTUVWXYZ"].find((letter) => !rule.includes(letter))!;
      const own = x.own || y?.own === true;
      const letters = inputs.map((axes, i) => ([x, y][i]!.own ? free + axes : axes)).join(",");
      return { all: t.einsum(`${letters}->${own ? free + output : output}`, x.all, y?.all), own };
    },
    add: (x, y) => (typeof y === "number" ? alike(x, (a) => t.add(a, y)) : combined(x, y, t.add)),
    multiply: (x, y) => (typeof y === "number" ? alike(x, (a) => t.multiply(a, y)) : combined(x, y, t.multiply)),
    map: (f, x) => alike(x, (a) => t.map(f, a)),
    reshape: (x, shape) => alike(x, (a) => t.reshape(a, x.own ? [count, ...shape] : shape)),
    take: (x, axis, indices) => alike(x, (a, before) => t.take(a, axis + before, indices)),
    give: (x, axis, indices, length) => alike(x, (a, before) => t.give(a, axis + before, indices, length)),
    largest: (x, axis) => alike(x, (a, before) => t.largest(a, axis + before)),
  };
}
