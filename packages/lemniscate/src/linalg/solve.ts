import { LemniscateError } from "../core/errors.js";
import { need } from "../core/options.js";
import type { Cholesky } from "./cholesky.js";
import { checkMatrix, type Matrix, sizeOf, toDouble, transpose } from "./matrix.js";
import { backwardRows, forwardRows } from "./triangular.js";

/**
 * X with A X = B, from the Cholesky factor of A (n, n): B is (n, m), any number of columns at once, and is kept.
 *
 * @throws LemniscateError `ShapeMismatch` if B does not have n rows.
 * @source Golub and Van Loan 2013, §3.1 (triangular systems) and §4.2
 *
 * @example
 * ```ts
 * import { cholesky, solve } from "lemniscate";
 * const a = cholesky({ rows: 2, columns: 2, data: new Float64Array([4, 2, 2, 10]) });
 * const b = { rows: 2, columns: 1, data: new Float64Array([6, 12]) };
 * solve(a, b).data; // => new Float64Array([1, 1])
 * ```
 */
export function solve(a: Cholesky, b: Matrix): Matrix<Float64Array> {
  return onColumns("solve", a, b, (rows) => {
    forwardRows(a.factor, rows);
    backwardRows(a.factor, rows);
  });
}

/** X with L X = B, for the lower factor L (n, n) and B (n, m). Errors as {@link solve}. */
export function solveLower(a: Cholesky, b: Matrix): Matrix<Float64Array> {
  return onColumns("solveLower", a, b, (rows) => forwardRows(a.factor, rows));
}

/** X with Lᵀ X = B, for the lower factor L (n, n) and B (n, m). Errors as {@link solve}. */
export function solveUpper(a: Cholesky, b: Matrix): Matrix<Float64Array> {
  return onColumns("solveUpper", a, b, (rows) => backwardRows(a.factor, rows));
}

/** B L⁻ᵀ for B (m, n): the rows of B seen in the basis in which A is the identity. Errors if B has not n columns. */
export function whitenRows(a: Cholesky, b: Matrix): Matrix<Float64Array> {
  if (b.columns !== a.factor.rows) throw wrongSize("whitenRows", b, `(m × ${a.factor.rows})`);
  const x = toDouble(b);
  forwardRows(a.factor, x);
  return x;
}

/** B A⁻¹ for B (m, n): what {@link solve} gives, for right-hand sides that lie in rows. */
export function solveRows(a: Cholesky, b: Matrix): Matrix<Float64Array> {
  const x = whitenRows(a, b);
  backwardRows(a.factor, x);
  return x;
}

/**
 * log det A = 2 Σ log L_ii of the matrix that was factored, shift and jitter included.
 *
 * @example
 * ```ts
 * import { cholesky, logDeterminant } from "lemniscate";
 * logDeterminant(cholesky({ rows: 2, columns: 2, data: new Float64Array([4, 2, 2, 10]) })); // ≈ Math.log(36)
 * ```
 */
export function logDeterminant(a: Cholesky): number {
  checkFactor("logDeterminant", a);
  const { rows: n, data } = a.factor;
  let sum = 0;
  for (let i = 0; i < n; i++) sum += 2 * Math.log(data[i * n + i] as number);
  return sum;
}

/**
 * Estimate of the condition number ‖A‖₁ ‖A⁻¹‖₁ of the matrix that was factored, shift and jitter included. It is a
 * lower bound, mostly within a factor of three, from at most eleven solves: O(n²) after the factorisation.
 * A solution loses about log₁₀ of it in digits, of the 16 that there are.
 *
 * @source Hager 1984, §2, for the 1-norm of an inverse; Higham 1988, alg. 4.1, for the last, alternating probe
 *
 * @example
 * ```ts
 * import { cholesky, conditionEstimate } from "lemniscate";
 * conditionEstimate(cholesky({ rows: 2, columns: 2, data: new Float64Array([1, 0, 0, 100]) })); // ≈ 100
 * ```
 */
export function conditionEstimate(a: Cholesky): number {
  checkFactor("conditionEstimate", a);
  const n = a.factor.rows;
  if (n === 0) return 0;
  let probe = new Float64Array(n).fill(1 / n);
  let best = 0;
  for (let round = 0; round < 5; round++) {
    const image = solveRows(a, { rows: 1, columns: n, data: probe }).data;
    const norm = oneNorm(image);
    if (norm <= best) break;
    best = norm;
    const signs = image.map((entry) => (entry < 0 ? -1 : 1));
    const slope = solveRows(a, { rows: 1, columns: n, data: signs }).data;
    const steepest = slope.reduce((at, entry, i) => (Math.abs(entry) > Math.abs(slope[at] as number) ? i : at), 0);
    probe = new Float64Array(n);
    probe[steepest] = 1;
  }
  const ramp = probe.map((_, i) => (i % 2 === 0 ? 1 : -1) * (1 + i / Math.max(1, n - 1)));
  const image = solveRows(a, { rows: 1, columns: n, data: ramp }).data;
  return Math.max(best, (2 * oneNorm(image)) / (3 * n)) * a.norm;
}

function oneNorm(vector: Float64Array): number {
  return vector.reduce((sum, entry) => sum + Math.abs(entry), 0);
}

function onColumns(
  where: string,
  a: Cholesky,
  b: Matrix,
  change: (rows: Matrix<Float64Array>) => void,
): Matrix<Float64Array> {
  checkFactor(where, a);
  checkMatrix(where, b);
  if (b.rows !== a.factor.rows) throw wrongSize(where, b, `(${a.factor.rows} × m)`);
  const rows = transpose(b);
  change(rows);
  return transpose(rows);
}

function checkFactor(where: string, a: Cholesky): void {
  need(typeof a?.factor === "object", where, a, "what cholesky() answers", "Factor the matrix before.");
  checkMatrix(where, a.factor);
}

function wrongSize(where: string, b: Matrix, allowed: string): LemniscateError {
  return new LemniscateError({
    code: "ShapeMismatch",
    where,
    given: `a right-hand side of ${sizeOf(b)}`,
    allowed,
    mend: "The right-hand side must fit the matrix that was factored.",
  });
}
