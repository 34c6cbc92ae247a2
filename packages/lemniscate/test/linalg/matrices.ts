import type { Matrix } from "../../src/linalg/matrix.js";

/** Standard normal numbers from a seed: mulberry32 and the Box–Muller formula. */
export function normals(seed: number): () => number {
  let state = seed >>> 0;
  const uniform = () => {
    state = (state + 0x6d2b79f5) >>> 0;
    let mixed = Math.imul(state ^ (state >>> 15), 1 | state);
    mixed = (mixed + Math.imul(mixed ^ (mixed >>> 7), 61 | mixed)) ^ mixed;
    return (((mixed ^ (mixed >>> 14)) >>> 0) + 0.5) / 2 ** 32;
  };
  return () => Math.sqrt(-2 * Math.log(uniform())) * Math.cos(2 * Math.PI * uniform());
}

export function gaussian(rows: number, columns: number, seed: number): Matrix<Float64Array> {
  const next = normals(seed);
  return { rows, columns, data: Float64Array.from({ length: rows * columns }, next) };
}

export function fromRows(rows: readonly (readonly number[])[]): Matrix<Float64Array> {
  return { rows: rows.length, columns: rows[0]?.length ?? 0, data: Float64Array.from(rows.flat()) };
}

/** The product by its definition, to compare with. */
export function naiveProduct(a: Matrix, b: Matrix): Matrix<Float64Array> {
  const data = new Float64Array(a.rows * b.columns);
  for (let i = 0; i < a.rows; i++)
    for (let j = 0; j < b.columns; j++)
      for (let k = 0; k < a.columns; k++)
        data[i * b.columns + j]! += a.data[i * a.columns + k]! * b.data[k * b.columns + j]!;
  return { rows: a.rows, columns: b.columns, data };
}

export function naiveTranspose(a: Matrix): Matrix<Float64Array> {
  const data = new Float64Array(a.rows * a.columns);
  for (let i = 0; i < a.rows; i++)
    for (let j = 0; j < a.columns; j++) data[j * a.rows + i] = a.data[i * a.columns + j]!;
  return { rows: a.columns, columns: a.rows, data };
}

/** G Gᵀ / k for Gaussian G (n, k), plus a multiple of the identity: of rank k if that multiple is 0. */
export function gram(n: number, k: number, seed: number, ridge = 0): Matrix<Float64Array> {
  const g = gaussian(n, k, seed);
  const a = naiveProduct(g, naiveTranspose(g));
  for (let i = 0; i < a.data.length; i++) a.data[i]! /= k;
  for (let i = 0; i < n; i++) a.data[i * n + i]! += ridge;
  return a;
}

/** Inverse and log |determinant| by Gauss–Jordan elimination with row exchanges. */
export function naiveInverse(a: Matrix): { inverse: Matrix<Float64Array>; logDeterminant: number } {
  const n = a.rows;
  const rows = Array.from({ length: n }, (_, i) =>
    Array.from({ length: 2 * n }, (_, j) => (j < n ? a.data[i * n + j]! : j - n === i ? 1 : 0)),
  );
  let logDeterminant = 0;
  for (let p = 0; p < n; p++) {
    let best = p;
    for (let i = p; i < n; i++) if (Math.abs(rows[i]![p]!) > Math.abs(rows[best]![p]!)) best = i;
    [rows[p], rows[best]] = [rows[best]!, rows[p]!];
    const pivot = rows[p]![p]!;
    logDeterminant += Math.log(Math.abs(pivot));
    rows[p] = rows[p]!.map((entry) => entry / pivot);
    for (let i = 0; i < n; i++)
      if (i !== p) {
        const factor = rows[i]![p]!;
        rows[i] = rows[i]!.map((entry, j) => entry - factor * rows[p]![j]!);
      }
  }
  return { inverse: fromRows(rows.map((row) => row.slice(n))), logDeterminant };
}

export function largestDifference(a: ArrayLike<number>, b: ArrayLike<number>): number {
  if (a.length !== b.length) return Number.POSITIVE_INFINITY;
  let largest = 0;
  for (let i = 0; i < a.length; i++) {
    const difference = Math.abs(a[i]! - b[i]!);
    if (!(difference <= largest)) largest = difference; // keeps NaN
  }
  return largest;
}
