/** @module Vectors that are nearly copies, and whether a Gram matrix of them knows how far they are apart. */
import { expect } from "vitest";
import { random } from "../conformance/random.js";

/** Vectors, one opposite and one exact copy of the first, and near-copies of it at some distance. */
export function vectors(seed: number, count: number, channels: number, apart: number): number[][] {
  const { normal } = random(seed);
  const first = Array.from({ length: channels }, () => Math.fround(normal()));
  return Array.from({ length: count }, (_, row) => {
    if (row === 1) return first.map((value) => -value);
    if (row % 7 === 5) return first.map(() => Math.fround(normal()));
    const sign = row % 3 === 0 ? -1 : 1;
    return first.map((value) => (row < 3 ? value : Math.fround(sign * (value + apart * normal()))));
  });
}

/** Compares p + q − 2|x·x'| of a Gram matrix with |x ∓ x'|². */
export function check(rows: readonly number[][], gram: (i: number, j: number) => number, u: number): void {
  for (const [i, x] of rows.entries())
    for (const [j, y] of rows.entries()) {
      const [p, q, product] = [gram(i, i), gram(j, j), gram(i, j)];
      expect(gram(j, i)).toBe(product);
      if (Math.abs(product) <= (1 - 2 ** -9) * Math.max(p, q)) continue;
      const sign = Math.sign(product);
      const distance = x.reduce((sum, value, c) => sum + (value - sign * y[c]!) ** 2, 0) / x.length;
      if (distance === 0) expect([product, q]).toEqual([sign * p, p]);
      // What distances are made of; rounded below 0 they are 0.
      const found = Math.max(0, p - Math.abs(product) + (q - Math.abs(product)));
      expect(found).toBeLessThanOrEqual(2.01 * distance);
      expect(Math.abs(found - distance)).toBeLessThanOrEqual(2 * u * Math.max(p, q) + 1e-4 * distance);
    }
}
