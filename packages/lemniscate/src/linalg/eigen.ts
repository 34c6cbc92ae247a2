import { tridiagonalEigen } from "./divide.js";
import { type Matrix, zeros } from "./matrix.js";
import { checkSymmetric } from "./symmetric.js";
import { reduce, reflectRows } from "./tridiagonal.js";

/** A = Σ_k value_k · u_k u_kᵀ. */
export interface Eigen {
  /** In ascending order. */
  readonly values: Float64Array;
  /** (n, n): row k is the eigenvector u_k of `values[k]`, of length 1. */
  readonly vectors: Matrix<Float64Array>;
}

/**
 * Eigenvalues and eigenvectors of a symmetric matrix (n, n), stored in single or double precision; it is left as it is.
 * Reduction to a tridiagonal matrix, divide and conquer, and back: about 4 n³ operations, half of them in matrix
 * products, and room for 3 n² numbers.
 *
 * @param where - how messages name the caller
 * @throws LemniscateError `ShapeMismatch` if A is not square; `BadInput` for NaN, infinite or asymmetric entries
 * @source see `tridiagonal.ts` and `divide.ts`
 * @accuracy A u − λ u and the inner products of eigenvectors within n ε of the largest |λ| and of 1, in the tests up to
 *   n = 300
 *
 * @example
 * ```ts
 * import { eigen } from "lemniscate";
 *
 * const { values, vectors } = eigen({ rows: 2, columns: 2, data: new Float64Array([2, 1, 1, 2]) });
 * values[0]; // ≈ 1
 * values[1]; // ≈ 3
 * Math.abs(vectors.data[2]!); // ≈ Math.SQRT1_2
 * ```
 */
export function eigen(matrix: Matrix, where = "eigen"): Eigen {
  checkSymmetric(where, matrix);
  const n = matrix.rows;
  // By a power of two, so that nothing is rounded, and no square over- or underflows.
  let largest = 0;
  for (const entry of matrix.data) largest = Math.max(largest, Math.abs(entry));
  const unit = largest === 0 ? 1 : 2 ** Math.floor(Math.log2(largest));
  const data = Float64Array.from(matrix.data, (entry) => entry / unit);
  const reduction = reduce({ rows: n, columns: n, data });
  const vectors = zeros(n, n);
  const values = tridiagonalEigen(reduction, vectors).map((value) => value * unit);
  reflectRows(reduction, vectors);
  return { values, vectors };
}
