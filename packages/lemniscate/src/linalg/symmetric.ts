import { LemniscateError } from "../core/errors.js";
import { type Matrix, sizeOf } from "./matrix.js";

/**
 * Checks that a matrix is square, finite and symmetric, and returns its 1-norm (largest sum of magnitudes in a row).
 * Symmetric means: a_ij and a_ji differ by at most √ε · max(|a_ii|, |a_jj|, |a_ij|), ε being the spacing of the
 * numbers as stored: 1.5e-8 for a Float64Array, 3.5e-4 for a Float32Array.
 *
 * @throws LemniscateError `ShapeMismatch`, `BadInput`
 */
export function checkSymmetric(where: string, matrix: Matrix): number {
  const { rows: n, columns, data } = matrix ?? {};
  if (n !== columns || data?.length !== n * n)
    throw new LemniscateError({
      code: "ShapeMismatch",
      where,
      given: data?.length === undefined ? String(matrix) : `a matrix of ${sizeOf(matrix)} with ${data.length} entries`,
      allowed: "a square matrix with n² entries",
      mend: "A kernel of a batch with itself is square; kernels between two batches cannot be factored.",
    });
  let norm = 0;
  for (let i = 0; i < n; i++) {
    let sum = 0;
    for (let j = 0; j < n; j++) {
      const entry = data[i * n + j] as number;
      if (!Number.isFinite(entry)) throw notFinite(where, i, j, entry);
      sum += Math.abs(entry);
    }
    norm = Math.max(norm, sum);
  }
  const tolerance = Math.sqrt(data instanceof Float32Array ? 2 ** -23 : Number.EPSILON);
  const block = 64; // both triangles are walked in cache
  for (let i0 = 0; i0 < n; i0 += block)
    for (let j0 = 0; j0 <= i0; j0 += block)
      for (let i = i0; i < Math.min(i0 + block, n); i++)
        for (let j = j0; j < Math.min(j0 + block, i); j++) {
          const below = data[i * n + j] as number;
          const above = data[j * n + i] as number;
          if (below === above) continue;
          const unit = Math.max(
            Math.abs(data[i * n + i] as number),
            Math.abs(data[j * n + j] as number),
            Math.abs(below),
          );
          if (Math.abs(below - above) > tolerance * unit) throw notSymmetric(where, i, j, below, above);
        }
  return norm;
}

/** The first row before or after `row` that equals it up to a few roundings, or `undefined`. */
export function equalRow(matrix: Matrix, row: number): number | undefined {
  const { rows: n, data } = matrix;
  const rounding = 8 * (data instanceof Float32Array ? 2 ** -23 : Number.EPSILON);
  const unit = Math.abs(data[row * n + row] as number);
  candidates: for (let other = 0; other < n; other++) {
    if (other === row) continue;
    for (let j = 0; j < n; j++)
      if (Math.abs((data[row * n + j] as number) - (data[other * n + j] as number)) > rounding * unit)
        continue candidates;
    return other;
  }
  return undefined;
}

function notFinite(where: string, i: number, j: number, entry: number): LemniscateError {
  return new LemniscateError({
    code: "BadInput",
    where,
    given: `${entry} at [${i}, ${j}]`,
    allowed: "finite numbers",
    mend: `Look at examples ${i} and ${j}: a kernel overflows when inputs or weights are very large.`,
  });
}

function notSymmetric(where: string, i: number, j: number, below: number, above: number): LemniscateError {
  return new LemniscateError({
    code: "BadInput",
    where,
    given: `${below} at [${i}, ${j}] but ${above} at [${j}, ${i}]`,
    allowed: "a symmetric matrix, up to rounding",
    mend: "Pass the kernel of one batch with itself; for a small asymmetry average it with its transpose.",
  });
}
