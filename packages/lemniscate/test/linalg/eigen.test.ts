import fc from "fast-check";
import { describe, expect, test } from "vitest";
import { isLemniscateError } from "../../src/core/errors.js";
import { eigen } from "../../src/linalg/eigen.js";
import { largestEigenvalue } from "../../src/linalg/largest-eigenvalue.js";
import type { Matrix } from "../../src/linalg/matrix.js";
import { fromRows, gaussian, gram, largestDifference, naiveProduct, naiveTranspose } from "./matrices.js";

function symmetric(n: number, entry: (i: number, j: number) => number): Matrix<Float64Array> {
  const data = new Float64Array(n * n);
  for (let i = 0; i < n; i++) for (let j = 0; j <= i; j++) data[i * n + j] = data[j * n + i] = entry(i, j);
  return { rows: n, columns: n, data };
}

/** Both errors in units of n ε: of A u − λ u beside the largest |λ|, and of the inner products of eigenvectors. */
function errors(a: Matrix): { residual: number; overlap: number; isAscending: boolean } {
  const n = a.rows;
  const { values, vectors } = eigen(a);
  const images = naiveProduct(vectors, a);
  const wanted = vectors.data.map((x, i) => x * values[Math.floor(i / n)]!);
  const largest = values.reduce((most, value) => Math.max(most, Math.abs(value)), Number.MIN_VALUE);
  const products = naiveProduct(vectors, naiveTranspose(vectors));
  const identity = products.data.map((_, i) => (i % (n + 1) === 0 ? 1 : 0));
  const unit = n * Number.EPSILON;
  return {
    residual: largestDifference(images.data, wanted) / largest / unit,
    overlap: largestDifference(products.data, identity) / unit,
    isAscending: values.every((value, i) => i === 0 || values[i - 1]! <= value),
  };
}

const noisy = gaussian(300, 300, 4).data;
const shapes: Readonly<Record<string, (n: number) => Matrix<Float64Array>>> = {
  "random signs": (n) => symmetric(n, (i, j) => noisy[i * 300 + j]!),
  "of low rank": (n) => gram(n, 3, 5),
  identity: (n) => symmetric(n, (i, j) => (i === j ? 1 : 0)),
  ones: (n) => symmetric(n, () => 1),
  zero: (n) => symmetric(n, () => 0),
  "second differences": (n) => symmetric(n, (i, j) => (i === j ? 2 : i - j === 1 ? -1 : 0)),
  "down to underflow": (n) => symmetric(n, (i, j) => 2 ** -(3 * (i + j))),
  "pairs of nearly equal eigenvalues": (n) =>
    symmetric(n, (i, j) => (i === j ? Math.abs(i - n / 2) : i - j === 1 ? 1 : 0)),
  "blocks with a link of 1e-14": (n) =>
    symmetric(n, (i, j) => (i === j ? Math.abs((i % 21) - 10) : i - j === 1 ? (j % 21 === 20 ? 1e-14 : 1) : 0)),
  "a smooth kernel": (n) => symmetric(n, (i, j) => Math.exp(-(((i - j) / 9) ** 2))),
};

describe.each(Object.keys(shapes))("%s", (name) => {
  test.each([1, 2, 3, 24, 25, 33, 64, 65, 150, 300])("n = %i", (n) => {
    const { residual, overlap, isAscending } = errors(shapes[name]!(n));
    expect(residual).toBeLessThan(2);
    expect(overlap).toBeLessThan(4);
    expect(isAscending).toBe(true);
  });
});

test("random matrices of any size", () => {
  fc.assert(
    fc.property(fc.integer({ min: 1, max: 90 }), fc.integer({ min: 1, max: 90 }), fc.integer(), (n, rank, seed) => {
      const { residual, overlap, isAscending } = errors(gram(n, rank, seed));
      expect(Math.max(residual, overlap / 2)).toBeLessThan(2);
      expect(isAscending).toBe(true);
    }),
    { numRuns: 40 },
  );
});

test("known eigenvalues: 2 − 2 cos kπ/(n + 1)", () => {
  const n = 100;
  const { values } = eigen(shapes["second differences"]!(n));
  const wanted = Float64Array.from({ length: n }, (_, k) => 2 - 2 * Math.cos(((k + 1) * Math.PI) / (n + 1)));
  expect(largestDifference(values, wanted)).toBeLessThan(1e-13);
});

test.each([1e-160, 1e-300, 1e150, 1e300])("in any unit: %d", (unit) => {
  const a = gram(40, 50, 3);
  const scaled = { ...a, data: a.data.map((x) => x * unit) };
  const wanted = eigen(a).values;
  expect(
    largestDifference(
      eigen(scaled).values.map((x) => x / unit),
      wanted,
    ),
  ).toBeLessThan(1e-12);
});

test("single precision is read as it is, the matrix is kept, and nothing is a matrix", () => {
  const a = gram(30, 40, 8);
  const single = { ...a, data: Float32Array.from(a.data) };
  const copy = single.data.slice();
  const rounded = { ...a, data: Float64Array.from(single.data) };
  expect(eigen(single)).toEqual(eigen(rounded));
  expect(single.data).toEqual(copy);
  expect(eigen({ rows: 0, columns: 0, data: new Float64Array(0) }).values.length).toBe(0);
});

test.each([
  ["ShapeMismatch", { rows: 1, columns: 2, data: new Float64Array(2) }],
  [
    "BadInput",
    fromRows([
      [1, Number.NaN],
      [Number.NaN, 1],
    ]),
  ],
  [
    "BadInput",
    fromRows([
      [1, 2],
      [3, 1],
    ]),
  ],
])("refuses %s", (code, matrix) => {
  expect(() => eigen(matrix)).toThrow(expect.toSatisfy((error) => isLemniscateError(error) && error.code === code));
});

describe("the largest eigenvalue alone", () => {
  test.each(Object.keys(shapes))("%s", (name) => {
    for (const n of [1, 2, 40, 150]) {
      const a = shapes[name]!(n);
      const wanted = eigen(a).values.at(-1)!;
      const unit = Math.max(...eigen(a).values.map(Math.abs));
      expect(Math.abs(largestEigenvalue(a, "test") - wanted)).toBeLessThanOrEqual(1e-11 * unit);
    }
  });
});
