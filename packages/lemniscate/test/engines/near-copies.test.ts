/** @module Inner products of near-copies: off by their last rounding only, so that 1 − ρ keeps what they know of it. */

import fc from "fast-check";
import { type Batch, batch, dense, type Engine, kernel, openEngine, positionKernel, serial } from "lemniscate";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { random } from "../conformance/random.js";

const precisions = ["f32", "f64"] as const;
const unit = { f32: 2 ** -24, f64: 2 ** -53 };
const engines = {} as Record<(typeof precisions)[number], Engine>;
beforeAll(async () => {
  for (const precision of precisions) engines[precision] = await openEngine({ name: "wasm", precision });
});
afterAll(async () => {
  for (const precision of precisions) await engines[precision][Symbol.asyncDispose]();
});

/** Vectors, one opposite and one exact copy of the first, and near-copies of it at some distance. */
function vectors(seed: number, count: number, channels: number, apart: number): number[][] {
  const { normal } = random(seed);
  const first = Array.from({ length: channels }, () => Math.fround(normal()));
  return Array.from({ length: count }, (_, row) => {
    if (row === 1) return first.map((value) => -value);
    if (row % 7 === 5) return first.map(() => Math.fround(normal()));
    const sign = row % 3 === 0 ? -1 : 1;
    return first.map((value) => (row < 3 ? value : Math.fround(sign * (value + apart * normal()))));
  });
}

/** Powers of two, so that covariances are Gram matrices but for their exponents. */
const channels = fc.constantFrom(16, 64, 256);
const apart = fc.integer({ min: -24, max: -5 }).map((power) => 2 ** power);
const net = serial(dense());
const nngp = async (x1: Batch, x2: Batch | null, engine: Engine): Promise<ArrayLike<number>> =>
  (await kernel(net)(x1, x2, { get: "nngp", engine })).data;

/** Compares p + q − 2|x·x'| of a Gram matrix with |x ∓ x'|². */
function check(rows: readonly number[][], gram: (i: number, j: number) => number, u: number): void {
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
      expect(Math.abs(found - distance)).toBeLessThanOrEqual(2 * u * Math.max(p, q) + 1e-4 * distance);
    }
}

describe.each(precisions)("in %s", (precision) => {
  const u = unit[precision];

  test("features keep their distances, in whatever panel and order they are", async () => {
    await fc.assert(
      fc.asyncProperty(fc.nat(), channels, apart, fc.integer({ min: 1, max: 30 }), async (seed, d, eps, from) => {
        const rows = vectors(seed, 31, d, eps);
        const of = (some: readonly number[][]): Batch => batch([some.length, d], some.flat());
        const whole = await nngp(of(rows), null, engines[precision]);
        check(rows, (i, j) => whole[i * 31 + j]!, u);
        const part = await nngp(of(rows.slice(from)), of(rows), engines[precision]);
        expect(Array.from(part)).toEqual(Array.from(whole).slice(31 * from));
      }),
      { numRuns: 30 },
    );
  });

  test("so do positions", async () => {
    await fc.assert(
      fc.asyncProperty(fc.nat(), channels, apart, fc.integer({ min: 1, max: 13 }), async (seed, d, eps, S) => {
        const rows = vectors(seed, 2 * S, d, eps);
        const x = batch([2, S, d], rows.flat());
        const { nngp: data } = await positionKernel(net)(x, null, { get: ["nngp"], engine: engines[precision] });
        const at = (i: number, j: number): number =>
          data[((Math.floor(i / S) * 2 + Math.floor(j / S)) * S + (i % S)) * S + (j % S)]!;
        check(rows, at, u);
      }),
      { numRuns: 30 },
    );
  });
});
