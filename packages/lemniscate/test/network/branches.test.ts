/** @module Sums, products and concatenations of branches, above all of those that share random variables. */
import fc from "fast-check";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import type { Batch } from "../../src/core/batch.js";
import { inputs } from "../../src/core/inputs.js";
import type { Engine } from "../../src/engines/engine.js";
import { openEngine } from "../../src/engines/open.js";
import { networkFromData, networkFromJson, networkToJson } from "../../src/network/json.js";
import type { Network } from "../../src/network/placement.js";
import { shapeOf } from "../../src/network/trace.js";
import { kernel, positionKernel } from "../../src/tiles/kernel.js";
import { expectLimit } from "../conformance/finite.js";
import { oracle } from "../conformance/oracle.js";
import { difference, random, randomBatch } from "../conformance/random.js";

const get = ["nngp", "ntk"] as const;
const dense = { type: "dense", weightStd: 1.2, biasStd: 0.3 };
const relu = { type: "relu" };
const pool = { type: "globalAvgPool" };
const identity = { type: "identity" };
const same = { type: "avgPool", filter: 3, padding: "same", countPadding: false, strides: 1 };
const serial = (...layers: readonly object[]): object => ({ type: "serial", layers });
const sum = (...branches: readonly object[]): object => ({ type: "parallel", branches });
const product = (...branches: readonly object[]): object => ({ type: "product", branches });
const beside = (along: "channels" | number, ...branches: readonly object[]): object => ({
  type: "concat",
  along,
  branches,
});
const net = (...layers: readonly object[]): Network => networkFromData(serial(...layers));
const last = { type: "slice", axes: [{ start: -1 }] };
const first = { type: "slice", axes: [{ stop: 1 }] };
const turned = { type: "slice", axes: [{ step: -1 }] };

/** Joins of tokens, behind dense() and on a Gaussian input unless `raw`. */
const joins: readonly { readonly what: string; readonly join: object; readonly raw?: boolean }[] = [
  { what: "two identities", join: sum(identity, identity) },
  { what: "identities and a factor", join: sum(identity, { type: "scale", factor: -0.3 }, identity) },
  { what: "a mean under windows beside what it is of", join: sum(identity, same) },
  { what: "windows behind windows", join: sum(serial(same, same), same, serial(turned, same)) },
  { what: "sums among sums", join: sum(sum(serial(dense, relu, dense), identity), identity) },
  {
    what: "a shared layer below, weights in one branch",
    join: sum(identity, serial(dense, relu, dense), serial(same)),
  },
  { what: "maps to fewer positions", join: sum(first, last, serial({ type: "linear", matrix: [[0.5, 1, -1, 2]] })) },
  { what: "a product", join: product(identity, serial(dense, relu, dense)) },
  { what: "a product of three", join: product(serial(relu, dense), serial(dense, relu), dense) },
  { what: "channels beside each other", join: beside("channels", serial(relu, dense), dense, identity) },
  {
    what: "channels of some widths",
    join: beside("channels", { ...dense, width: 3 }, serial(relu, { ...dense, width: 5 })),
  },
  { what: "positions beside each other", join: beside(0, serial(dense, relu, dense), dense) },
  { what: "positions beside what they are made of", join: beside(0, identity, dense, same, turned, identity) },
  { what: "positions of the data", join: beside(0, last, identity, serial(turned, first)), raw: true },
];

describe("joins", () => {
  let engines: readonly Engine[];
  beforeAll(async () => {
    engines = [await openEngine({ name: "reference" }), await openEngine({ threads: 2 })];
  });
  afterAll(async () => {
    for (const engine of engines) await engine[Symbol.asyncDispose]();
  });

  for (const { what, join, raw = false } of joins)
    test(`${what}: as the specification says, whatever is padding`, async () => {
      const property = fc.asyncProperty(fc.nat(1e6), fc.boolean(), async (seed, masked) => {
        const { uniform } = random(seed);
        const mask = masked ? Array.from({ length: 12 }, () => (uniform() < 0.6 ? 1 : 0)) : undefined;
        const x = randomBatch(seed, [3, 4, 2], mask);
        const network = net(...(raw ? [] : [dense]), join, ...(seed % 2 === 0 ? [dense, relu, pool] : []));
        const wanted = oracle(network, x);
        for (const engine of engines) {
          const found = await positionKernel(network)(x, null, { get, engine });
          for (const quantity of get) expect(difference(found[quantity], wanted[quantity])).toBeLessThan(3e-8);
        }
      });
      await fc.assert(property, { seed: 5, numRuns: 6 });
    });

  test("two identities are four times one, and what weights made alike is not", async () => {
    const x = randomBatch(4, [3, 2]);
    const of = async (...layers: readonly object[]): Promise<Record<"nngp" | "ntk", ArrayLike<number>>> => {
      const { nngp, ntk } = await kernel(net(...layers))(x, null, { get, engine: engines[1] });
      return { nngp: nngp.data, ntk: ntk.data };
    };
    const one = await of(dense);
    const copies = await of(dense, sum(identity, identity));
    const apart = await of(sum(dense, dense));
    for (const quantity of get) {
      expect(
        difference(
          copies[quantity],
          Array.from(one[quantity], (k) => 4 * k),
        ),
      ).toBeLessThan(1e-15);
      expect(
        difference(
          apart[quantity],
          Array.from(one[quantity], (k) => 2 * k),
        ),
      ).toBeLessThan(1e-15);
    }
  });

  test("on images, along either axis", async () => {
    const x = randomBatch(9, [2, 2, 3, 2]);
    for (const along of [0, 1]) {
      const join = beside(along, dense, identity, { type: "slice", axes: [{ step: -1 }, { step: -1 }] });
      const network = net(dense, join, { type: "conv", filter: [2, 2] }, relu);
      const wanted = oracle(network, x);
      for (const engine of engines) {
        const found = await positionKernel(network)(x, null, { get, engine });
        for (const quantity of get) expect(difference(found[quantity], wanted[quantity])).toBeLessThan(3e-8);
      }
    }
  });

  test("positions of several inputs of the data are one sequence to the layers behind", async () => {
    const [a, b] = [randomBatch(1, [3, 2, 4]), randomBatch(2, [3, 3, 4])];
    const all = new Float64Array(3 * 5 * 4);
    for (let i = 0; i < 3; i++) {
      all.set(a.data.subarray(i * 8, (i + 1) * 8), i * 20);
      all.set(b.data.subarray(i * 12, (i + 1) * 12), i * 20 + 8);
    }
    const together: Batch = { shape: [3, 5, 4], data: all };
    const behind = [dense, { type: "attention" }, relu, pool, dense];
    const of = (name: string): object => ({ type: "input", name });
    for (const engine of engines) {
      const found = await kernel(net(beside(0, of("a"), of("b")), ...behind))(inputs({ a, b }), null, { get, engine });
      const wanted = await kernel(net(...behind))(together, null, { get, engine });
      for (const quantity of get) expect(difference(found[quantity].data, wanted[quantity].data)).toBeLessThan(1e-13);
    }
  });

  test("positions beside each other are normalised one by one", async () => {
    const x = randomBatch(13, [2, 3, 2]);
    const norm = { type: "layerNorm" };
    const branch = serial(dense, relu, dense);
    const behind = kernel(net(dense, beside(0, dense, branch), norm, pool));
    const before = kernel(net(dense, beside(0, serial(dense, norm), serial(branch, norm)), pool));
    for (const engine of engines) {
      const [found, wanted] = await Promise.all([behind, before].map((k) => k(x, null, { get, engine })));
      for (const quantity of get) expect(difference(found![quantity].data, wanted![quantity].data)).toBeLessThan(1e-13);
    }
  });

  const sampled = [
    {
      what: "a sum of dependent branches",
      layers: [dense, sum(identity, same, serial(dense, relu, dense)), relu, pool, dense],
    },
    { what: "a product", layers: [product(serial(dense, relu, dense), dense), pool, dense] },
  ];
  for (const { what, layers } of sampled)
    test(`${what} is what random networks average to`, async () => {
      const x = randomBatch(12, [2, 3, 2], [1, 1, 1, 1, 0, 1]);
      const network = net(...layers);
      const found = await kernel(network)(x, null, { get, engine: engines[0] });
      await expectLimit({ nngp: found.nngp.data, ntk: found.ntk.data }, network, x);
    });
});

test("joins come back from JSON as they were", () => {
  for (const { join } of joins) {
    const network = networkFromData(join);
    expect(networkFromJson(networkToJson(network))).toEqual(network);
  }
});

const tokens = { grid: [4], channels: 2, gaussian: false };
test.each([
  {
    what: "a product of dependent branches",
    layers: [dense, product(identity, relu)],
    message: /^product\.layers\[1\]: got 2 branches without weights of their own, allowed is one such branch/,
  },
  {
    what: "a sum of Gaussian branches that share what is below and are not linear in it",
    layers: [dense, sum(identity, { type: "layerNorm" })],
    message:
      /^parallel\.layers\[1\]: got 2 branches without weights of their own, which carry the same random variables/,
  },
  {
    what: "a sum with a branch that has weights in a part alone",
    layers: [dense, sum(identity, serial({ type: "residual", layers: [dense] }, { type: "scale", factor: 2 }))],
    message:
      /^parallel\.layers\[1\]: got 2 branches without weights of their own, which carry the same random variables/,
  },
  {
    what: "a concatenation of different positions of a nonlinearity and something else",
    layers: [dense, beside(0, relu, dense)],
    message:
      /^concat\.layers\[1\]: got branch 0 ending with tokens \(n, 4, ∞\), which is data or comes from a nonlinearity/,
  },
  {
    what: "an axis that is not there",
    layers: [dense, beside(1, identity, dense)],
    message: /^concat\.layers\[1\]: got axis 1 of tokens \(n, 4, ∞\), Gaussian, allowed is an axis of its positions/,
  },
  {
    what: "channels of which some have a width",
    layers: [beside("channels", dense, { ...dense, width: 3 })],
    message: /^concat\.layers\[0\]: got branches of which some have a known width/,
  },
  {
    what: "positions with different numbers of channels",
    layers: [beside(0, { ...dense, width: 4 }, { ...dense, width: 3 })],
    message: /^concat\.layers\[0\]: got branches with 4 and 3 channels, allowed is equally many/,
  },
  {
    what: "branches of different shapes",
    layers: [product(dense, serial(dense, pool))],
    message: /^product\.layers\[0\]: got branches that end with tokens/,
  },
  { what: "no branches", layers: [beside(0)], message: /^concat\.layers\[0\]: got no branches/ },
])("$what is refused", ({ layers, message }) => {
  expect(() => shapeOf(net(...layers), tokens)).toThrow(message);
});

test.each([1.5, -1, "rows"])("a concatenation along %s is refused", (along) => {
  expect(() => networkFromData(beside(along as number, identity))).toThrow(/^network\.along: got/);
});
