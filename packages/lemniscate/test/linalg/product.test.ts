import fc from "fast-check";
import { expect, test } from "vitest";
import { isLemniscateError } from "../../src/core/errors.js";
import { meanDiagonal, pick, transpose } from "../../src/linalg/matrix.js";
import { multiply } from "../../src/linalg/product.js";
import { fromRows, gaussian, largestDifference, naiveProduct, naiveTranspose } from "./matrices.js";

test("products of any size equal their definition", () => {
  const size = fc.integer({ min: 0, max: 75 });
  fc.assert(
    fc.property(size, size, size, fc.integer(), (n, k, m, seed) => {
      const [a, b] = [gaussian(n, k, seed), gaussian(k, m, seed + 1)];
      expect(largestDifference(multiply(a, b).data, naiveProduct(a, b).data)).toBeLessThan(1e-12);
    }),
    { numRuns: 40 },
  );
});

test("long sums run over several depth blocks", () => {
  const [a, b] = [gaussian(5, 1000, 1), gaussian(1000, 6, 2)];
  expect(largestDifference(multiply(a, b).data, naiveProduct(a, b).data)).toBeLessThan(1e-11);
});

test("single precision goes in, double precision comes out", () => {
  const a = { rows: 1, columns: 2, data: Float32Array.of(0.1, 1e-9) };
  const b = { rows: 2, columns: 1, data: Float64Array.of(1, 1) };
  expect(multiply(a, b).data[0]).toBe(Math.fround(0.1) + Math.fround(1e-9));
});

test("sizes that do not fit are named", () => {
  expect(() => multiply(gaussian(2, 3, 1), gaussian(2, 3, 1))).toThrow(
    "multiply: got 2 × 3 times 2 × 3, allowed is (n × k) times (k × m).",
  );
  try {
    multiply(gaussian(2, 3, 1), gaussian(2, 3, 1));
  } catch (error) {
    expect(isLemniscateError(error, "ShapeMismatch")).toBe(true);
  }
});

test("transpose, pick and the mean of the diagonal", () => {
  const a = gaussian(70, 33, 3);
  expect(transpose(a)).toEqual(naiveTranspose(a));
  const b = fromRows([
    [1, 2, 3],
    [4, 5, 6],
  ]);
  expect(pick(b, [1, 0], [2, 0])).toEqual(
    fromRows([
      [6, 4],
      [3, 1],
    ]),
  );
  expect(meanDiagonal(b)).toBe(3);
  expect(pick({ ...b, data: Float32Array.from(b.data) }, [0], [0]).data).toBeInstanceOf(Float32Array);
});
