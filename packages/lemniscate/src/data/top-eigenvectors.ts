import { EigenvalueDecomposition, Matrix as SmallMatrix } from "ml-matrix";
import type { SparseSymmetric } from "./co-occurrence.js";
import { randomNumbers } from "./draw.js";

/** Eigenvalues and eigenvectors: entry i of vector k is `vectors[i * count + k]`. */
export interface Eigenpairs {
  readonly values: Float64Array;
  readonly vectors: Float64Array;
}

/**
 * The `count` eigenpairs of largest absolute eigenvalue: the Lanczos iteration from a random vector, made orthogonal to
 * all vectors before at each step, and the eigenpairs of the tridiagonal matrix that it gives. Where the iteration
 * breaks off, because the vectors so far span an invariant space, it goes on from a new random vector.
 *
 * @param steps - how many Lanczos vectors, at least `count`
 * @source Parlett 1998, "The symmetric eigenvalue problem", chapter 13
 */
export function topEigenvectors(
  matrix: SparseSymmetric,
  count: number,
  { seed, steps, signal }: { readonly seed: number; readonly steps: number; readonly signal?: AbortSignal | undefined },
): Eigenpairs {
  const n = matrix.size;
  const m = Math.min(n, Math.max(count, steps));
  const random = randomNumbers(seed);
  const fresh = (basis: readonly Float64Array[]): Float64Array => {
    const vector = Float64Array.from({ length: n }, () => random() - 0.5);
    project(vector, basis);
    scale(vector, 1 / norm(vector));
    return vector;
  };
  const basis: Float64Array[] = [fresh([])];
  const small = SmallMatrix.zeros(m, m);
  let largest = 0; // of the coefficients so far, to tell a small one from rounding
  for (let j = 0; j < m; j++) {
    signal?.throwIfAborted();
    const vector = basis[j] as Float64Array;
    const image = times(matrix, vector);
    const alpha = dot(vector, image);
    small.set(j, j, alpha);
    if (j + 1 === m) break;
    project(image, basis);
    const beta = norm(image);
    largest = Math.max(largest, Math.abs(alpha), beta);
    if (beta > 1e-12 * largest) {
      small.set(j, j + 1, beta);
      small.set(j + 1, j, beta);
      scale(image, 1 / beta);
      basis.push(image);
    } else basis.push(fresh(basis));
  }
  const { realEigenvalues, eigenvectorMatrix } = new EigenvalueDecomposition(small, { assumeSymmetric: true });
  const order = realEigenvalues.map((_, i) => i);
  order.sort((a, b) => Math.abs(realEigenvalues[b] as number) - Math.abs(realEigenvalues[a] as number));
  const values = Float64Array.from(order.slice(0, count), (i) => realEigenvalues[i] as number);
  const vectors = new Float64Array(n * count);
  for (const [j, vector] of basis.entries())
    for (let k = 0; k < count; k++) {
      const weight = eigenvectorMatrix.get(j, order[k] as number);
      for (let i = 0; i < n; i++)
        vectors[i * count + k] = (vectors[i * count + k] as number) + weight * (vector[i] as number);
    }
  return { values, vectors };
}

function times({ size, starts, columns, values }: SparseSymmetric, vector: Float64Array): Float64Array {
  const product = new Float64Array(size);
  for (let i = 0; i < size; i++) {
    let sum = 0;
    for (let at = starts[i] as number; at < (starts[i + 1] as number); at++)
      sum += (values[at] as number) * (vector[columns[at] as number] as number);
    product[i] = sum;
  }
  return product;
}

function dot(a: Float64Array, b: Float64Array): number {
  let sum = 0;
  for (let i = 0; i < a.length; i++) sum += (a[i] as number) * (b[i] as number);
  return sum;
}

const norm = (vector: Float64Array): number => Math.sqrt(dot(vector, vector));

function scale(vector: Float64Array, by: number): void {
  for (let i = 0; i < vector.length; i++) vector[i] = (vector[i] as number) * by;
}

/** Takes off a vector what lies in the space of an orthonormal basis: twice over, which is enough for doubles. */
function project(vector: Float64Array, basis: readonly Float64Array[]): void {
  for (let pass = 0; pass < 2; pass++)
    for (const other of basis) {
      const overlap = dot(vector, other);
      for (let i = 0; i < vector.length; i++) vector[i] = (vector[i] as number) - overlap * (other[i] as number);
    }
}
