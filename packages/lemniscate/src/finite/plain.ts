/** @module The array operations on plain numbers in double precision: what a finite network means. */
import { LemniscateError } from "../core/errors.js";
import { type RandomKey, uniforms } from "../core/random.js";
import type { ArrayOperations } from "../network/arrays.js";
import { einsum, type Plain } from "./einsum.js";

export type { Plain };

export const plain: ArrayOperations<Plain> = {
  shape: (x) => x.shape,
  constant: (shape, data) => ({ shape, data: Float64Array.from(data) }),
  examples: (shape, data) => ({
    shape: [data.length / shape.reduce((product, size) => product * size, 1), ...shape],
    data: Float64Array.from(data),
  }),
  uniforms: (sequence, shape) => drawn(sequence, shape, 0),
  einsum,
  // Loops of their own: one that calls a function for each number takes several times as long.
  add: (x, y) => {
    if (typeof y === "number") return each(x, (v) => v + y);
    const { shape, left, right } = repeatedBoth(x, y);
    const data = new Float64Array(left.length);
    for (let i = 0; i < data.length; i++) data[i] = left[i]! + right[i]!;
    return { shape, data };
  },
  multiply: (x, y) => {
    if (typeof y === "number") {
      const data = new Float64Array(x.data.length);
      for (let i = 0; i < data.length; i++) data[i] = x.data[i]! * y;
      return { shape: x.shape, data };
    }
    const { shape, left, right } = repeatedBoth(x, y);
    const data = new Float64Array(left.length);
    for (let i = 0; i < data.length; i++) data[i] = left[i]! * right[i]!;
    return { shape, data };
  },
  map: (f, x) => each(x, f.value),
  reshape: ({ data }, shape) => ({ shape, data }),

  take: (x, axis, indices) => {
    const { outer, length, inner } = around(x.shape, axis);
    const data = new Float64Array(outer * indices.length * inner);
    for (let o = 0; o < outer; o++)
      for (const [i, from] of indices.entries()) {
        if (from < 0) continue;
        const at = (o * length + from) * inner;
        data.set(x.data.subarray(at, at + inner), (o * indices.length + i) * inner);
      }
    return { shape: x.shape.with(axis, indices.length), data };
  },

  give: (x, axis, indices, length) => {
    const { outer, inner } = around(x.shape, axis);
    const data = new Float64Array(outer * length * inner);
    for (let o = 0; o < outer; o++)
      for (const [i, to] of indices.entries()) {
        if (to < 0) continue;
        const [from, at] = [(o * indices.length + i) * inner, (o * length + to) * inner];
        for (let k = 0; k < inner; k++) data[at + k]! += x.data[from + k]!;
      }
    return { shape: x.shape.with(axis, length), data };
  },

  largest: (x, axis) => {
    const { outer, length, inner } = around(x.shape, axis);
    const data = new Float64Array(outer * inner).fill(Number.NEGATIVE_INFINITY);
    for (let o = 0; o < outer; o++)
      for (let i = 0; i < length; i++)
        for (let k = 0; k < inner; k++)
          data[o * inner + k] = Math.max(data[o * inner + k]!, x.data[(o * length + i) * inner + k]!);
    return { shape: x.shape.with(axis, 1), data };
  },
};

/** The operations where the first example is not the first one of all: random numbers are those of its place. */
export function plainFrom(first: number): ArrayOperations<Plain> {
  return { ...plain, uniforms: (sequence, shape) => drawn(sequence, shape, first) };
}

function drawn(sequence: RandomKey, shape: readonly number[], first: number): Plain {
  const each = shape.slice(1).reduce((product, size) => product * size, 1);
  return { shape, data: uniforms(sequence, new Float64Array(shape[0]! * each), first * each) };
}

export function zeros(shape: readonly number[]): Plain {
  return filled(shape, 0);
}

export function filled(shape: readonly number[], value: number): Plain {
  return { shape, data: new Float64Array(shape.reduce((product, size) => product * size, 1)).fill(value) };
}

/** How many entries lie before, along and behind an axis. */
function around(shape: readonly number[], axis: number): { outer: number; length: number; inner: number } {
  const count = (sizes: readonly number[]): number => sizes.reduce((product, size) => product * size, 1);
  return { outer: count(shape.slice(0, axis)), length: shape[axis]!, inner: count(shape.slice(axis + 1)) };
}

function each({ shape, data }: Plain, f: (x: number) => number): Plain {
  const out = new Float64Array(data.length);
  for (let i = 0; i < data.length; i++) out[i] = f(data[i]!);
  return { shape, data: out };
}

/** The numbers of both arrays in the shape to which they are repeated. */
function repeatedBoth(x: Plain, y: Plain): { shape: readonly number[]; left: Float64Array; right: Float64Array } {
  const shape = repeated(x.shape, y.shape);
  return { shape, left: repeatedTo(x, shape), right: repeatedTo(y, shape) };
}

function repeatedTo({ shape, data }: Plain, to: readonly number[]): Float64Array {
  if (shape.length === to.length && shape.every((size, axis) => size === to[axis])) return data;
  const places = readings(shape, to);
  const out = new Float64Array(places.length);
  for (let i = 0; i < out.length; i++) out[i] = data[places[i]!]!;
  return out;
}

/** The shape in which axes of length 1, and missing first axes, are repeated. */
export function repeated(x: readonly number[], y: readonly number[]): readonly number[] {
  const rank = Math.max(x.length, y.length);
  return Array.from({ length: rank }, (_, k) => {
    const [a, b] = [x[k - rank + x.length] ?? 1, y[k - rank + y.length] ?? 1];
    if (a !== b && a !== 1 && b !== 1)
      throw new LemniscateError({
        code: "ShapeMismatch",
        where: "finite network",
        given: `arrays of (${x.join(", ")}) and (${y.join(", ")})`,
        allowed: "equal sizes, or 1",
        mend: "Weights are made for inputs of one shape: make them by init() with such inputs.",
      });
    return a === 1 ? b : a;
  });
}

/** Where each entry of a shape is read in an array that is repeated to it. */
function readings(from: readonly number[], to: readonly number[]): Int32Array {
  const places = new Int32Array(to.reduce((product, size) => product * size, 1));
  let [count, stride] = [1, 1];
  // Last axis first: what is known of the axes behind is copied along this one.
  for (let k = to.length - 1; k >= 0; k--) {
    const size = from[k - to.length + from.length] ?? 1;
    const move = size === 1 ? 0 : stride;
    for (let i = 1; i < to[k]!; i++) for (let at = 0; at < count; at++) places[i * count + at] = places[at]! + i * move;
    count *= to[k]!;
    stride *= size;
  }
  return places;
}
