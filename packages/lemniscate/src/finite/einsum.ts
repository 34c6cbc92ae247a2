/** @module Einstein's summation on plain arrays, by products of matrices. */
import { addProduct } from "../linalg/product.js";
import type { Plain } from "./plain.js";

export function einsum(rule: string, ...arrays: readonly Plain[]): Plain {
  const { inputs, output } = parseRule(rule);
  const [x, y] = arrays.map((array, i) => sumAway(array, inputs[i]!, kept(i)));
  function kept(i: number): string {
    return output + (inputs[1 - i] ?? "");
  }
  const [a, b] = inputs.map((letters, i) => only(letters, kept(i)));
  if (y === undefined) return transposed(x!, a!, output);
  return product(x!, a!, y, b!, output);
}

/** The letters of each array and those of the result. */
export function parseRule(rule: string): { readonly inputs: readonly string[]; readonly output: string } {
  const [left, output] = rule.split("->");
  return { inputs: left!.split(","), output: output! };
}

/** The letters of `letters` that stand in `among`. */
function only(letters: string, among: string): string {
  return [...letters].filter((letter) => among.includes(letter)).join("");
}

function without(letters: string, those: string): string {
  return [...letters].filter((letter) => !those.includes(letter)).join("");
}

function sumAway(x: Plain, letters: string, keep: string): Plain {
  const gone = without(letters, keep);
  if (gone === "") return x;
  const left = only(letters, keep);
  const turned = transposed(x, letters, left + gone);
  const shape = turned.shape.slice(0, left.length);
  const run = turned.shape.slice(left.length).reduce((product, size) => product * size, 1);
  const data = new Float64Array(shape.reduce((product, size) => product * size, 1));
  for (let i = 0; i < data.length; i++) {
    let sum = 0;
    for (let k = i * run; k < (i + 1) * run; k++) sum += turned.data[k]!;
    data[i] = sum;
  }
  return { shape, data };
}

/** The array with its axes, named by letters, in another order. */
function transposed(x: Plain, from: string, to: string): Plain {
  if (from === to) return x;
  const strides = x.shape.map((_, axis) => x.shape.slice(axis + 1).reduce((product, size) => product * size, 1));
  const axes = [...to].map((letter) => from.indexOf(letter));
  const shape = axes.map((axis) => x.shape[axis]!);
  let places: number[] = [0];
  const data = new Float64Array(x.data.length);
  if (data.length === 0) return { shape, data };
  // All axes but the last as places, the last as a stride.
  for (const axis of axes.slice(0, -1))
    places = places.flatMap((place) => Array.from({ length: x.shape[axis]! }, (_, i) => place + i * strides[axis]!));
  const last = axes.at(-1)!;
  const [length, stride] = [x.shape[last]!, strides[last]!];
  let at = 0;
  for (const place of places) for (let i = 0; i < length; i++) data[at++] = x.data[place + i * stride]!;
  return { shape, data };
}

/** Letters in both arrays and the result run over products of matrices; those in both alone are summed over. */
function product(x: Plain, a: string, y: Plain, b: string, output: string): Plain {
  const shared = only(a, b);
  const [batch, summed] = [only(shared, output), without(shared, output)];
  const [rows, columns] = [without(a, b), without(b, a)];
  const left = transposed(x, a, batch + rows + summed);
  const right = transposed(y, b, batch + columns + summed);
  const sizes = new Map([
    ...[...a].map((l, i) => [l, x.shape[i]!] as const),
    ...[...b].map((l, i) => [l, y.shape[i]!] as const),
  ]);
  const count = (letters: string): number => [...letters].reduce((total, letter) => total * sizes.get(letter)!, 1);
  const size = { rows: count(rows), columns: count(columns), depth: count(summed) };
  const data = new Float64Array(count(batch) * size.rows * size.columns);
  for (let i = 0; i < count(batch); i++)
    addProduct(
      { data, offset: i * size.rows * size.columns, step: size.columns },
      { data: left.data, offset: i * size.rows * size.depth, step: size.depth, stride: 1 },
      { data: right.data, offset: i * size.columns * size.depth, step: size.depth, stride: 1 },
      size,
      1,
    );
  const letters = batch + rows + columns;
  return transposed({ shape: [...letters].map((letter) => sizes.get(letter)!), data }, letters, output);
}
