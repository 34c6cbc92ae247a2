/** @module Windows of every kind on the fast engine: long filters, grids of any rank, lengths of their own. */
import fc from "fast-check";
import {
  type Batch,
  conv,
  type Engine,
  networkFromData,
  openEngine,
  positionKernel,
  serial,
  sumPool,
} from "lemniscate";
import { afterAll, beforeAll, expect, test } from "vitest";
import { difference, random, randomBatch } from "../conformance/random.js";

let reference: Engine;
let engines: readonly (readonly [engine: Engine, allowed: number])[];
beforeAll(async () => {
  reference = await openEngine({ name: "reference" });
  engines = [
    [await openEngine({ threads: 1 }), 1e-14],
    [await openEngine({ threads: 1, precision: "f32" }), 3e-6],
  ];
});
afterAll(async () => {
  for (const [engine] of engines) await engine[Symbol.asyncDispose]();
});

const both = ["nngp", "ntk"] as const;

async function expectTheSame(network: Parameters<typeof positionKernel>[0], x: Batch): Promise<void> {
  const wanted = await positionKernel(network)(x, null, { get: both, engine: reference });
  for (const [engine, allowed] of engines) {
    const found = await positionKernel(network)(x, null, { get: both, engine });
    for (const quantity of both) expect(difference(found[quantity], wanted[quantity])).toBeLessThan(allowed);
  }
}

test("sums under random windows are those of the reference engine", () =>
  fc.assert(
    fc.asyncProperty(fc.nat(1e9), async (seed) => {
      const { integer, uniform } = random(seed);
      const grid = [
        [1 + integer(33)],
        [1 + integer(4), 1 + integer(7)],
        [1 + integer(2), 1 + integer(3), 1 + integer(4)],
      ][integer(3)]!;
      const padding = (["valid", "same", "circular"] as const)[integer(3)]!;
      const filter = grid.map((size) => 1 + integer(padding === "valid" ? size : 2 * size));
      const strides = grid.map(() => (uniform() < 0.7 ? 1 : 1 + integer(3)));
      const types = ["conv", "avgPool", "sumPool"] as const;
      const network = networkFromData({ type: types[integer(3)]!, filter, strides, padding });
      const S = grid.reduce((product, size) => product * size, 1);
      const present = Array.from({ length: 2 * S }, () => (uniform() < 0.8 ? 1 : 0));
      await expectTheSame(network, randomBatch(seed, [2, ...grid, 2], uniform() < 0.5 ? present : undefined));
    }),
    { seed: 20240614, numRuns: 150 },
  ));

test.each([
  [[40], { filter: 13, padding: "same" }],
  [[40], { filter: 14 }],
  [[30], { filter: 30, padding: "same" }],
  [[17], { filter: 16, padding: "circular" }],
  [[14], { filter: 50, padding: "same" }],
  [[13, 15], { filter: [12, 13], padding: "same" }],
] as const)("a filter as long as %j has room for: %j", async (grid, options) => {
  const S = grid.reduce<number>((product, size) => product * size, 1);
  // Lengths of their own, of which one is shorter than the filter.
  const lengths = [S, S - 7, 3];
  const mask = lengths.flatMap((length) => Array.from({ length: S }, (_, s) => (s < length ? 1 : 0)));
  for (const present of [undefined, mask])
    await expectTheSame(serial(conv({ ...options, biasStd: 0.3 })), randomBatch(5, [3, ...grid, 2], present));
});

test("windows on windows leave what they should", () =>
  expectTheSame(
    serial(
      conv({ filter: [3, 2], padding: "same" }),
      sumPool({ filter: [2, 3], strides: [2, 1] }),
      conv({ filter: 2 }),
    ),
    randomBatch(6, [3, 7, 9, 2]),
  ));
