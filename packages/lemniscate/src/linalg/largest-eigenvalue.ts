import { tridiagonalEigen } from "./divide.js";
import { type Matrix, zeros } from "./matrix.js";
import { multiply } from "./product.js";
import { checkSymmetric } from "./symmetric.js";

/**
 * The largest eigenvalue of a symmetric matrix, without the others: Lanczos steps from a fixed vector until the residual
 * of its eigenvector is below 1e-7 of it, for then the eigenvalue is off by some 1e-14. Each step is one product with A.
 *
 * @throws LemniscateError as `eigen`
 * @source Parlett 1998, "The symmetric eigenvalue problem", §13.1 and, for the error, §11.7
 */
export function largestEigenvalue(matrix: Matrix, where: string): number {
  checkSymmetric(where, matrix);
  const n = matrix.rows;
  const basis: Float64Array[] = [];
  const diagonal: number[] = [];
  const beside: number[] = [];
  let vector: Float64Array = Float64Array.from({ length: n }, (_, i) => 1 + 0.3 * Math.sin(13 * (i + 1)));
  normalise(vector);
  let found = 0;
  while (basis.length < n) {
    basis.push(vector);
    const image = multiply(matrix, { rows: n, columns: 1, data: vector }).data;
    diagonal.push(dot(image, vector));
    for (let pass = 0; pass < 2; pass++) for (const other of basis) subtract(image, other, dot(image, other));
    const length = normalise(image);
    const small = zeros(basis.length, basis.length);
    const values = tridiagonalEigen(
      { diagonal: Float64Array.from(diagonal), beside: Float64Array.from(beside) },
      small,
    );
    found = values.at(-1) as number;
    if (length * Math.abs(small.data.at(-1) as number) <= 1e-7 * Math.abs(found)) break;
    beside.push(length);
    vector = image;
  }
  return found;
}

function dot(a: Float64Array, b: Float64Array): number {
  let sum = 0;
  for (let i = 0; i < a.length; i++) sum += (a[i] as number) * (b[i] as number);
  return sum;
}

function subtract(from: Float64Array, what: Float64Array, times: number): void {
  for (let i = 0; i < from.length; i++) from[i] = (from[i] as number) - times * (what[i] as number);
}

/** Makes the length of a vector 1, unless it is 0, and answers with what it was. */
function normalise(vector: Float64Array): number {
  const length = Math.sqrt(dot(vector, vector));
  if (length > 0) for (let i = 0; i < vector.length; i++) vector[i] = (vector[i] as number) / length;
  return length;
}
