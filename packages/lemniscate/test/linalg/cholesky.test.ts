import fc from "fast-check";
import { describe, expect, test } from "vitest";
import { isLemniscateError } from "../../src/core/errors.js";
import { type CholeskyOptions, cholesky } from "../../src/linalg/cholesky.js";
import { type Matrix, meanDiagonal } from "../../src/linalg/matrix.js";
import { fromRows, gram, largestDifference, naiveProduct, naiveTranspose } from "./matrices.js";

/** Largest error of L Lᵀ, entry by entry relative to √(A_ii A_jj). */
function residual(a: Matrix, factor: Matrix, added = 0): number {
  const back = naiveProduct(factor, naiveTranspose(factor));
  let largest = 0;
  for (let i = 0; i < a.rows; i++)
    for (let j = 0; j < a.rows; j++) {
      const unit = Math.sqrt(a.data[i * a.rows + i]! * a.data[j * a.rows + j]!);
      const wanted = a.data[i * a.rows + j]! + (i === j ? added : 0);
      largest = Math.max(largest, Math.abs(back.data[i * a.rows + j]! - wanted) / unit);
    }
  return largest;
}

function failure(a: Matrix, options?: CholeskyOptions) {
  try {
    cholesky(a, options);
  } catch (error) {
    if (isLemniscateError(error)) return error;
    throw error;
  }
  throw new Error("nothing was thrown");
}

describe("positive definite matrices", () => {
  test("L Lᵀ gives the matrix back, L is lower triangular, no jitter", () => {
    fc.assert(
      fc.property(fc.integer({ min: 1, max: 150 }), fc.integer(), (n, seed) => {
        const a = gram(n, n + 3, seed, 1e-3);
        const { factor, jitter, jitterAdded } = cholesky(a);
        expect(residual(a, factor)).toBeLessThan(n * Number.EPSILON);
        expect([jitter, jitterAdded]).toEqual([0, 0]);
        for (let i = 0; i < n; i++) for (let j = i + 1; j < n; j++) expect(factor.data[i * n + j]).toBe(0);
      }),
      { numRuns: 40 },
    );
  });

  test.each([63, 64, 65, 128, 129, 300])("block borders, n = %i", (n) => {
    const a = gram(n, 2 * n, n);
    expect(residual(a, cholesky(a).factor)).toBeLessThan(n * Number.EPSILON);
  });

  test("rows of very different size", () => {
    const a = gram(90, 200, 5);
    const unit = (i: number) => 10 ** ((i % 13) - 6);
    for (let i = 0; i < 90; i++) for (let j = 0; j < 90; j++) a.data[i * 90 + j]! *= unit(i) * unit(j);
    const { factor, jitter } = cholesky(a);
    expect(jitter).toBe(0);
    expect(residual(a, factor)).toBeLessThan(90 * Number.EPSILON);
  });

  test("the shift is added to the diagonal, and the matrix is kept", () => {
    const a = gram(20, 5, 1);
    const before = a.data.slice();
    const { factor, shift, jitter } = cholesky(a, { shift: 0.3 });
    expect([shift, jitter]).toEqual([0.3, 0]);
    expect(residual(a, factor, 0.3)).toBeLessThan(1e-13);
    expect(a.data).toEqual(before);
  });

  test("no rows at all", () => {
    expect(cholesky(fromRows([])).factor.data.length).toBe(0);
  });
});

describe("jitter", () => {
  test("a singular matrix gets the first level that works, relative to its mean diagonal, and says so", () => {
    fc.assert(
      fc.property(fc.integer({ min: 2, max: 100 }), fc.integer(), (n, seed) => {
        const a = gram(n, Math.max(1, Math.floor(n / 2)), seed);
        for (let i = 0; i < a.data.length; i++) a.data[i]! *= 1000;
        const { factor, jitter, jitterAdded } = cholesky(a);
        expect(jitter).toBe(1e-10);
        expect(jitterAdded).toBe(1e-10 * meanDiagonal(a));
        expect(residual(a, factor, jitterAdded)).toBeLessThan(1e-12);
      }),
      { numRuns: 40 },
    );
  });

  test("an ill-conditioned matrix: Hilbert of order 8 needs none, of order 16 needs some", () => {
    const hilbert = (n: number) =>
      fromRows(Array.from({ length: n }, (_, i) => Array.from({ length: n }, (_, j) => 1 / (i + j + 1))));
    expect(cholesky(hilbert(8)).jitter).toBe(0);
    expect(cholesky(hilbert(16)).jitter).toBe(1e-10);
  });

  test("every level starts from the untouched matrix", () => {
    const a = fromRows([
      [1, 0, 0],
      [0, 1, 1 + 5e-7],
      [0, 1 + 5e-7, 1],
    ]);
    const { factor, jitter } = cholesky(a);
    expect(jitter).toBe(1e-6);
    expect(residual(a, factor, 1e-6)).toBeLessThan(1e-15);
    expect(factor.data[0]).toBe(Math.sqrt(1 + 1e-6));
  });

  test("levels are an option", () => {
    const a = gram(10, 3, 2);
    expect(cholesky(a, { jitter: [1e-3] }).jitter).toBe(1e-3);
    expect(failure(a, { jitter: [] }).message).toContain("without jitter");
    expect(failure(a, { jitter: [-1] }).message).toBe(
      "cholesky: jitter: got [-1], allowed is a list of finite numbers ≥ 0, such as [1e-8, 1e-6]. Jitter is relative to the mean diagonal.",
    );
  });
});

describe("refusals", () => {
  test("an indefinite matrix: pivot, value, jitter tried, noise", () => {
    const a = fromRows([
      [1, 2],
      [2, 1],
    ]);
    const error = failure(a, { shift: 1e-6 });
    expect(error.code).toBe("NotPositiveDefinite");
    expect(error.message).toBe(
      "cholesky: got pivot 1 = -3.00 after relative jitter up to 0.0001, allowed is a pivot above its rounding error. " +
        "Raise the noise on the diagonal (now 0.000001) or the jitter, or look for examples that are nearly the same.",
    );
  });

  test("repeated rows are named, in double and in single precision", () => {
    const n = 90;
    const a = gram(n, 200, 7);
    for (let j = 0; j < n; j++) a.data[81 * n + j] = a.data[12 * n + j]!;
    for (let j = 0; j < n; j++) a.data[j * n + 81] = a.data[j * n + 12]!;
    const error = failure(a, { jitter: [] });
    expect(error.message).toMatch(/^cholesky: got pivot 81 = \S+ without jitter/);
    expect(error.message).toContain("rows 12 and 81 are equal.");
    expect(failure({ ...a, data: Float32Array.from(a.data) }, { jitter: [] }).message).toContain(
      "rows 12 and 81 are equal.",
    );
    expect(cholesky(a).jitter).toBe(1e-10);
  });

  test("a zero or negative diagonal cannot be helped by jitter", () => {
    expect(failure(fromRows([[0]])).code).toBe("NotPositiveDefinite");
    expect(failure(fromRows([[-1]])).code).toBe("NotPositiveDefinite");
  });

  test("NaN, infinities, asymmetry and wrong sizes are found with their index", () => {
    const a = gram(70, 100, 3, 1);
    a.data[69 * 70 + 2] = Number.NaN;
    expect(failure(a).message).toMatch(/^cholesky: got NaN at \[69, 2\], allowed is finite numbers\./);
    a.data[69 * 70 + 2] = Number.POSITIVE_INFINITY;
    expect(failure(a).code).toBe("BadInput");
    a.data[69 * 70 + 2] = a.data[2 * 70 + 69]! + 1e-6;
    expect(failure(a).message).toMatch(/at \[69, 2\] but .* at \[2, 69\], allowed is a symmetric matrix/);
    a.data[69 * 70 + 2] = a.data[2 * 70 + 69]! + 1e-10;
    expect(cholesky(a).jitter).toBe(0);
    expect(failure(fromRows([[1, 2]])).message).toMatch(/^cholesky: got a matrix of 1 × 2 with 2 entries/);
    expect(failure(fromRows([[1]]), { shift: Number.NaN }).message).toContain("cholesky: shift: got NaN");
  });

  test("the caller can be named", () => {
    expect(failure(fromRows([[-1]]), { where: "gp" }).message).toMatch(/^gp: got pivot 0/);
  });
});

test("single precision input is factored in double precision", () => {
  const a = gram(40, 100, 9);
  const single = { ...a, data: Float32Array.from(a.data) };
  const widened = { ...a, data: Float64Array.from(single.data) };
  expect(largestDifference(cholesky(single).factor.data, cholesky(widened).factor.data)).toBe(0);
});
