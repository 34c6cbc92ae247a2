/** @module Einstein's summation on plain arrays, by products of matrices. */
import { LemniscateError } from "../core/errors.js";
import { addProduct } from "../linalg/product.js";

/** An array, row by row. */
export interface Plain {
  readonly shape: readonly number[];
  readonly data: Float64Array;
}

/** The letters of each array and those of the result. */
export function parseRule(rule: string): { readonly inputs: readonly string[]; readonly output: string } {
  const [left, output] = rule.split("->") as [string, string];
  return { inputs: left.split(","), output };
}

export function einsum(rule: string, x: Plain, y?: Plain): Plain {
  const { inputs, output } = parseRule(rule);
  const [a, b = ""] = inputs as [string, string?];
  const left = sumAway(named(x, a), output + b);
  return (y === undefined ? ordered(left, output) : product(left, sumAway(named(y, b), output + a), output)).array;
}

/** An array whose axes have names of one letter each. */
interface Named {
  readonly letters: string;
  readonly array: Plain;
  /** How far apart neighbours along an axis are. */
  readonly strides: ReadonlyMap<string, number>;
  readonly sizes: ReadonlyMap<string, number>;
}

function named(array: Plain, letters: string): Named {
  let stride = 1;
  const strides = new Map<string, number>();
  for (let axis = letters.length - 1; axis >= 0; axis--) {
    strides.set(letters[axis]!, stride);
    stride *= array.shape[axis]!;
  }
  return { letters, array, strides, sizes: new Map(array.shape.map((size, axis) => [letters[axis]!, size])) };
}

/** The letters of `letters` that stand in `among`, or those that do not. */
function only(letters: string, among: string): string {
  return [...letters].filter((letter) => among.includes(letter)).join("");
}

function without(letters: string, those: string): string {
  return [...letters].filter((letter) => !those.includes(letter)).join("");
}

function count(letters: string, sizes: ReadonlyMap<string, number>): number {
  return [...letters].reduce((total, letter) => total * sizes.get(letter)!, 1);
}

/** Sums over the axes that nobody keeps. */
function sumAway(x: Named, keep: string): Named {
  const left = only(x.letters, keep);
  if (left === x.letters) return x;
  const turned = ordered(x, left + without(x.letters, keep)).array;
  const shape = turned.shape.slice(0, left.length);
  const data = new Float64Array(count(left, x.sizes));
  const run = data.length === 0 ? 0 : turned.data.length / data.length;
  for (let i = 0; i < data.length; i++) {
    let sum = 0;
    for (let k = i * run; k < (i + 1) * run; k++) sum += turned.data[k]!;
    data[i] = sum;
  }
  return named({ shape, data }, left);
}

/** The array with its axes in another order. */
function ordered(x: Named, letters: string): Named {
  if (x.letters === letters) return x;
  const data = new Float64Array(x.array.data.length);
  let at = 0;
  for (const place of places(x, letters)) data[at++] = x.array.data[place]!;
  return named({ shape: [...letters].map((letter) => x.sizes.get(letter)!), data }, letters);
}

/** Where the entries along some axes begin, the last one running fastest. */
function places(x: Named, letters: string): Int32Array {
  const found = new Int32Array(count(letters, x.sizes));
  let known = 1;
  for (const letter of [...letters].reverse()) {
    const [size, stride] = [x.sizes.get(letter)!, x.strides.get(letter)!];
    for (let i = 1; i < size; i++) for (let k = 0; k < known; k++) found[i * known + k] = found[k]! + i * stride;
    known *= size;
  }
  return found;
}

/** How far apart neighbours along several axes are, taken as one; undefined where that differs from place to place. */
function strideOf(x: Named, letters: string): number | undefined {
  const real = [...letters].filter((letter) => x.sizes.get(letter) !== 1);
  for (let k = 0; k + 1 < real.length; k++)
    if (x.strides.get(real[k]!) !== x.strides.get(real[k + 1]!)! * x.sizes.get(real[k + 1]!)!) return undefined;
  return x.strides.get(real.at(-1) ?? "") ?? 1;
}

/** Matrices inside an array: the i-th one begins at `offsets[i]`, rows are `step` apart and entries of a row `stride`. */
interface Matrices {
  readonly data: Float64Array;
  readonly offsets: Int32Array;
  readonly step: number;
  readonly stride: number;
}

/** The array with `batch` axes wherever they are, and `rows` and `depth` each with one stride, copied if need be. */
function asMatrices(x: Named, batch: string, rows: string, depth: string): Matrices {
  const [step, stride] = [strideOf(x, rows), strideOf(x, depth)];
  if (step === undefined || stride === undefined)
    return asMatrices(ordered(x, batch + rows + depth), batch, rows, depth);
  return { data: x.array.data, offsets: places(x, batch), step, stride };
}

/** Letters in both arrays and the result number products of matrices; those in both alone are summed over. */
function product(x: Named, y: Named, output: string): Named {
  const shared = only(x.letters, y.letters);
  for (const letter of shared) if (x.sizes.get(letter) !== y.sizes.get(letter)) throw unlike(x, y);
  const [batch, summed] = [only(output, shared), without(shared, output)];
  const [rows, columns] = [without(x.letters, y.letters), without(y.letters, x.letters)];
  // The axis that the result ends with belongs to the columns, so that the result need not be turned.
  if (rows.includes(output.at(-1) ?? "-")) return product(y, x, output);
  const sizes = new Map([...x.sizes, ...y.sizes]);
  const letters = batch + only(output, rows) + only(output, columns);
  const size = { rows: count(rows, sizes), columns: count(columns, sizes), depth: count(summed, sizes) };
  const data = new Float64Array(count(letters, sizes));
  const left = asMatrices(x, batch, only(output, rows), summed);
  const right = asMatrices(y, batch, only(output, columns), summed);
  multiplyAll(data, left, right, size);
  return ordered(named({ shape: [...letters].map((letter) => sizes.get(letter)!), data }, letters), output);
}

function unlike(x: Named, y: Named): LemniscateError {
  const [a, b] = [x, y].map(({ array }) => `(${array.shape.join(", ")})`);
  return new LemniscateError({
    code: "ShapeMismatch",
    where: "finite network",
    given: `arrays of ${a} and ${b}, as ${x.letters} and ${y.letters}`,
    allowed: "equal sizes along equal letters",
    mend: "Weights are made for inputs of one shape: make them by init() with such inputs.",
  });
}

/** Below so many multiplications a product is not worth packing its numbers. */
const small = 4096;

function multiplyAll(
  data: Float64Array,
  left: Matrices,
  right: Matrices,
  size: { readonly rows: number; readonly columns: number; readonly depth: number },
): void {
  const { rows, columns, depth } = size;
  const each = rows * columns;
  if (each === 0) return;
  for (let i = 0; i * each < data.length; i++) {
    const [a, b] = [left.offsets[i]!, right.offsets[i]!];
    if (each * depth > small) {
      addProduct({ data, offset: i * each, step: columns }, { ...left, offset: a }, { ...right, offset: b }, size, 1);
      continue;
    }
    multiplySmall(data, i * each, left, a, right, b, size);
  }
}

/** The same for one small matrix, by a plain loop over numbers that it has at hand. */
function multiplySmall(
  out: Float64Array,
  at: number,
  { data: x, step, stride }: Matrices,
  a: number,
  { data: y, step: stepY, stride: strideY }: Matrices,
  b: number,
  { rows, columns, depth }: { readonly rows: number; readonly columns: number; readonly depth: number },
): void {
  for (let r = 0; r < rows; r++)
    for (let c = 0; c < columns; c++) {
      let sum = 0;
      let p = a + r * step;
      let q = b + c * stepY;
      for (let k = 0; k < depth; k++) {
        sum += x[p]! * y[q]!;
        p += stride;
        q += strideY;
      }
      out[at++] = sum;
    }
}
