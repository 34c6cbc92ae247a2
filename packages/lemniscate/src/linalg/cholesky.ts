import { LemniscateError } from "../core/errors.js";
import { need, shown } from "../core/options.js";
import { type Matrix, meanDiagonal, zeros } from "./matrix.js";
import { addProduct } from "./product.js";
import { checkSymmetric, equalRow } from "./symmetric.js";
import { blockSize, forwardBlock } from "./triangular.js";

/** The factor of a symmetric positive definite matrix, with what had to be done to get it. */
export interface Cholesky {
  /** L, lower triangular (zeros above the diagonal), with L Lᵀ = A + (shift + jitterAdded) I. */
  readonly factor: Matrix<Float64Array>;
  /** The shift that was asked for, in units of A. */
  readonly shift: number;
  /** Jitter that was needed, relative to the mean diagonal of A; 0 if none was. */
  readonly jitter: number;
  /** The same in units of A: `jitter` times the mean diagonal. */
  readonly jitterAdded: number;
  /** 1-norm of the matrix that was factored, for {@link conditionEstimate}. */
  readonly norm: number;
}

/** Options of {@link cholesky}. */
export interface CholeskyOptions {
  /** Added to the diagonal before everything else, in units of A: the noise of a regression. Default 0. */
  readonly shift?: number;
  /**
   * Relative jitters to try, in order, after the matrix as it is has failed. Default 1e-10, 1e-9, …, 1e-4. Pass `[]`
   * to be told about every matrix that is not positive definite, or longer lists for kernels from rough arithmetic.
   */
  readonly jitter?: readonly number[];
  /** How messages name the caller. Default `"cholesky"`. */
  readonly where?: string;
}

/** Relative jitters tried unless others are given. */
export const defaultJitter: readonly number[] = [1e-10, 1e-9, 1e-8, 1e-7, 1e-6, 1e-5, 1e-4];

/**
 * The Cholesky factor L of a symmetric positive definite matrix A: L Lᵀ = A + (shift + jitterAdded) I.
 *
 * The matrix is first tried as it is. If a pivot is not positive, multiples of the mean diagonal are added, in decades,
 * every time to the untouched matrix, and the result says how much it took. A pivot below 10 √n ε A_ii counts as not
 * positive, because it is made of rounding errors alone. Only the lower triangle is used after symmetry was checked.
 *
 * @param matrix - A, (n, n), stored in single or double precision; left as it is
 * @returns the factor in double precision, and the jitter added
 * @throws LemniscateError `NotPositiveDefinite` with the pivot and the jitters tried, and the name of an equal row if
 *   there is one; `ShapeMismatch` if A is not square; `BadInput` for NaN, infinite or asymmetric entries, with the
 *   index; `OptionOutOfRange`
 * @source Golub and Van Loan 2013, alg. 4.2.1 and §4.2.6 (right-looking, blocked)
 * @accuracy L Lᵀ within n ε of A, entry by entry relative to √(A_ii A_jj), in the tests up to n = 300
 *
 * @example
 * ```ts
 * import { cholesky } from "lemniscate";
 *
 * const { factor, jitter } = cholesky({ rows: 2, columns: 2, data: new Float64Array([4, 2, 2, 10]) });
 * factor.data; // => new Float64Array([2, 0, 1, 3])
 * jitter; // => 0
 *
 * const singular = { rows: 2, columns: 2, data: new Float64Array([1, 1, 1, 1]) };
 * cholesky(singular).jitter; // => 1e-10
 * ```
 */
export function cholesky(matrix: Matrix, options: CholeskyOptions = {}): Cholesky {
  need(typeof options === "object" && options !== null, "cholesky", options, "options", "Leave them out.");
  const { shift = 0, jitter: ladder = defaultJitter, where = "cholesky" } = options;
  if (!Number.isFinite(shift)) throw badOption(where, "shift", `${shift}`, "a finite number");
  if (!Array.isArray(ladder) || !ladder.every((level) => level >= 0 && level < Number.POSITIVE_INFINITY))
    throw badOption(where, "jitter", shown(ladder), "a list of finite numbers ≥ 0, such as [1e-8, 1e-6]");
  const norm = checkSymmetric(where, matrix);
  const unit = meanDiagonal(matrix);
  const factor = zeros(matrix.rows, matrix.rows);
  let failure: Pivot | undefined;
  for (const jitter of [0, ...ladder]) {
    const added = jitter * unit;
    copyLower(matrix, factor.data, shift + added);
    failure = factorInPlace(factor);
    if (failure === undefined) return { factor, shift, jitter, jitterAdded: added, norm: norm + shift + added };
  }
  throw notPositiveDefinite(where, matrix, failure as Pivot, shift, ladder);
}

interface Pivot {
  readonly index: number;
  readonly value: number;
}

function copyLower(from: Matrix, to: Float64Array, addedToDiagonal: number): void {
  const n = from.rows;
  for (let i = 0; i < n; i++) {
    const start = i * n;
    if (from.data instanceof Float64Array) to.set(from.data.subarray(start, start + i + 1), start);
    else for (let j = 0; j <= i; j++) to[start + j] = from.data[start + j] as number;
    to.fill(0, start + i + 1, start + n);
    to[start + i] = (to[start + i] as number) + addedToDiagonal;
  }
}

/** Overwrites the lower triangle by its factor and clears the rest, or answers with the pivot that failed. */
function factorInPlace(matrix: Matrix<Float64Array>): Pivot | undefined {
  const { rows: n, data } = matrix;
  const least = new Float64Array(n); // the smallest pivot that is more than rounding
  for (let i = 0; i < n; i++) least[i] = 10 * Math.sqrt(n) * Number.EPSILON * (data[i * n + i] as number);
  for (let j0 = 0; j0 < n; j0 += blockSize) {
    const j1 = Math.min(j0 + blockSize, n);
    const failure = factorBlock(data, n, j0, j1, least);
    if (failure !== undefined) return failure;
    forwardBlock(data, j0 * n + j0, n, { data, offset: j1 * n + j0, step: n, rows: n - j1 }, j1 - j0);
    const below = { data, offset: j1 * n + j0, step: n, stride: 1 };
    const size = { rows: n - j1, columns: n - j1, depth: j1 - j0 };
    addProduct({ data, offset: j1 * n + j1, step: n }, below, below, size, -1, "lower");
  }
  for (let i = 0; i < n; i++) data.fill(0, i * n + i + 1, (i + 1) * n);
  return undefined;
}

/** The diagonal block of rows and columns from `j0` to `j1`, entry by entry. */
function factorBlock(data: Float64Array, n: number, j0: number, j1: number, least: Float64Array): Pivot | undefined {
  for (let i = j0; i < j1; i++)
    for (let j = j0; j <= i; j++) {
      let sum = data[i * n + j] as number;
      for (let k = j0; k < j; k++) sum -= (data[i * n + k] as number) * (data[j * n + k] as number);
      if (j < i) data[i * n + j] = sum / (data[j * n + j] as number);
      else if (sum > (least[i] as number) && sum > 0) data[i * n + i] = Math.sqrt(sum);
      else return { index: i, value: sum };
    }
  return undefined;
}

function notPositiveDefinite(
  where: string,
  matrix: Matrix,
  pivot: Pivot,
  shift: number,
  ladder: readonly number[],
): LemniscateError {
  const twin = equalRow(matrix, pivot.index);
  const [first, second] = [Math.min(twin ?? 0, pivot.index), Math.max(twin ?? 0, pivot.index)];
  const largest = Math.max(0, ...ladder);
  const cause =
    twin === undefined
      ? "or look for examples that are nearly the same."
      : `or drop one of the repeated examples: rows ${first} and ${second} are equal.`;
  return new LemniscateError({
    code: "NotPositiveDefinite",
    where,
    given: `pivot ${pivot.index} = ${pivot.value.toPrecision(3)} ${largest > 0 ? `after relative jitter up to ${largest}` : "without jitter"}`,
    allowed: "a pivot above its rounding error",
    mend: `Raise the noise on the diagonal (now ${shift}) or the jitter, ${cause}`,
  });
}

function badOption(where: string, option: string, given: string, allowed: string): LemniscateError {
  const mend = option === "jitter" ? "Jitter is relative to the mean diagonal." : "The shift is added to the diagonal.";
  return new LemniscateError({ code: "OptionOutOfRange", where: `${where}: ${option}`, given, allowed, mend });
}
