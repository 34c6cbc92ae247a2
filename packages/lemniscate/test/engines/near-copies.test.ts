/** @module Inner products of near-copies: off by their last rounding only, so that 1 − ρ keeps what they know of it. */

import fc from "fast-check";
import { type Batch, batch, dense, type Engine, kernel, openEngine, positionKernel, serial } from "lemniscate";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { check, vectors } from "./near-copies.js";

const precisions = ["f32", "f64"] as const;
const unit = { f32: 2 ** -24, f64: 2 ** -53 };
const engines = {} as Record<(typeof precisions)[number], Engine>;
beforeAll(async () => {
  for (const precision of precisions) engines[precision] = await openEngine({ name: "wasm", precision });
});
afterAll(async () => {
  for (const precision of precisions) await engines[precision][Symbol.asyncDispose]();
});

/** Powers of two, so that covariances are Gram matrices but for their exponents. */
const channels = fc.constantFrom(16, 64, 256);
const apart = fc.integer({ min: -24, max: -5 }).map((power) => 2 ** power);
const net = serial(dense());
const nngp = async (x1: Batch, x2: Batch | null, engine: Engine): Promise<ArrayLike<number>> =>
  (await kernel(net)(x1, x2, { get: "nngp", engine })).data;

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
