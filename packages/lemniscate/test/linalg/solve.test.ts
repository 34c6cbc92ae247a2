import fc from "fast-check";
import { expect, test } from "vitest";
import { cholesky } from "../../src/linalg/cholesky.js";
import {
  conditionEstimate,
  logDeterminant,
  solve,
  solveLower,
  solveRows,
  solveUpper,
  whitenRows,
} from "../../src/linalg/solve.js";
import { fromRows, gaussian, gram, largestDifference, naiveInverse, naiveProduct, naiveTranspose } from "./matrices.js";

test("solutions put back give the right-hand sides", () => {
  fc.assert(
    fc.property(fc.integer({ min: 1, max: 150 }), fc.integer({ min: 1, max: 9 }), fc.integer(), (n, m, seed) => {
      const a = gram(n, 2 * n, seed, 0.1);
      const b = gaussian(n, m, seed + 1);
      const kept = b.data.slice();
      const factored = cholesky(a);
      const lower = factored.factor;
      expect(largestDifference(naiveProduct(a, solve(factored, b)).data, b.data)).toBeLessThan(1e-12);
      expect(largestDifference(naiveProduct(lower, solveLower(factored, b)).data, b.data)).toBeLessThan(1e-12);
      const upper = naiveTranspose(lower);
      expect(largestDifference(naiveProduct(upper, solveUpper(factored, b)).data, b.data)).toBeLessThan(1e-12);
      expect(b.data).toEqual(kept);
    }),
    { numRuns: 40 },
  );
});

test("right-hand sides in rows", () => {
  const a = cholesky(gram(100, 150, 4, 0.1));
  const b = gaussian(7, 100, 5);
  expect(whitenRows(a, b)).toEqual(naiveTranspose(solveLower(a, naiveTranspose(b))));
  expect(solveRows(a, b)).toEqual(naiveTranspose(solve(a, naiveTranspose(b))));
});

test("the log determinant", () => {
  const a = gram(30, 40, 6, 0.2);
  expect(logDeterminant(cholesky(a))).toBeCloseTo(naiveInverse(a).logDeterminant, 10);
});

test("the condition estimate is a lower bound within a factor of ten", () => {
  fc.assert(
    fc.property(fc.integer({ min: 2, max: 40 }), fc.integer(), fc.integer({ min: 0, max: 6 }), (n, seed, decades) => {
      const a = gram(n, n, seed, 10 ** -decades);
      const norm1 = (data: Float64Array) =>
        Math.max(
          ...Array.from({ length: n }, (_, j) =>
            Array.from({ length: n }, (_, i) => Math.abs(data[i * n + j]!)).reduce((s, x) => s + x, 0),
          ),
        );
      const exact = norm1(a.data) * norm1(naiveInverse(a).inverse.data);
      const estimate = conditionEstimate(cholesky(a));
      expect(estimate).toBeLessThan(exact * (1 + 1e-6));
      expect(estimate).toBeGreaterThan(exact / 10);
    }),
    { numRuns: 40 },
  );
});

test("right-hand sides of the wrong size", () => {
  const a = cholesky(fromRows([[1]]));
  expect(() => solve(a, gaussian(2, 3, 1))).toThrow("solve: got a right-hand side of 2 × 3, allowed is (1 × m).");
  expect(() => whitenRows(a, gaussian(2, 3, 1))).toThrow(
    "whitenRows: got a right-hand side of 2 × 3, allowed is (m × 1).",
  );
});
