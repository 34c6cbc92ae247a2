/** @module Attention by draws of its weights: against quadrature, closed forms and itself. */
import {
  type Batch,
  cholesky,
  type Engine,
  examples,
  headMixture,
  kernel,
  type Matrix,
  type Network,
  networkFromData,
  openEngine,
  positionKernel,
} from "lemniscate";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { difference, randomBatch } from "./random.js";

const both = ["nngp", "ntk"] as const;
const below = [
  { type: "dense", weightStd: 1.3, biasStd: 0.4 },
  { type: "relu" },
  { type: "dense", weightStd: 1.2, biasStd: 0.3 },
];
const net = (...layers: readonly object[]): Network => networkFromData({ type: "serial", layers });
const attention = (options: object): object => ({
  type: "attention",
  scaling: "sqrt",
  keyStd: 1.3,
  outStd: 0.9,
  biasStd: 0.2,
  ...options,
});
const tail = [{ type: "relu" }, { type: "globalAvgPool" }, { type: "dense" }];

let engine: Engine;
let reference: Engine;
beforeAll(async () => {
  engine = await openEngine({ threads: 1 });
  reference = await openEngine({ name: "reference" });
});
afterAll(async () => {
  await engine[Symbol.asyncDispose]();
});

/** E f(u, v) for centred Gaussians, by midpoints. */
function expectation([pp, pq, qq]: readonly number[], f: (u: number, v: number) => number): number {
  const [n, reach] = [500, 7];
  const s = Math.sqrt(Math.max(0, qq! - pq! ** 2 / pp!));
  const at = (k: number): number => reach * ((2 * k + 1) / n - 1);
  let [sum, weight] = [0, 0];
  for (let k = 0; k < n; k++)
    for (let l = 0; l < n; l++) {
      const [y, z] = [at(k), at(l)];
      const density = Math.exp(-(y * y + z * z) / 2);
      const u = Math.sqrt(pp!) * y;
      sum += density * f(u, (pq! / pp!) * u + s * z);
      weight += density;
    }
  return sum / weight;
}

/** The weight of the first of two keys by the difference of their logits, and its derivative. */
const mechanisms = {
  softmax: [(g: number) => 1 / (1 + Math.exp(-g)), (g: number) => 1 / (2 + Math.exp(g) + Math.exp(-g))],
  sparsemax: [(g: number) => Math.min(1, Math.max(0, (1 + g) / 2)), (g: number) => (Math.abs(g) < 1 ? 0.5 : 0)],
} as const;

test.each(["softmax", "sparsemax"] as const)("%s over two keys is what quadrature says", async (weights) => {
  const x = randomBatch(3, [2, 2, 3]);
  const given = await positionKernel(net(...below))(x, null, { get: both, engine });
  const block = (of: ArrayLike<number>, i: number, j: number): number[] =>
    Array.from({ length: 4 }, (_, e) => of[(i * 2 + j) * 4 + e]!);
  const spread = (k: readonly number[]): number => k[0]! + k[3]! - k[1]! - k[2]!;
  const [share, slope] = mechanisms[weights];
  const [qk2, ov2, bias2] = [1.3 ** 2, 0.9 ** 2, 0.2 ** 2];
  // Ten parts alone leave a standard error uncertain: eight seeds do not.
  const runs = await Promise.all(
    [1, 2, 3, 4, 5, 6, 7, 8].map((seed) => {
      const layer = attention({ weights, samples: 1500, seed });
      return kernel(net(...below, layer, { type: "slice", axes: [0] }) as never)(x, null, { get: both, engine });
    }),
  );
  const mean = (values: readonly number[]): number => values.reduce((sum, value) => sum + value, 0) / values.length;
  for (let i = 0; i < 2; i++)
    for (let j = i; j < 2; j++) {
      const [K, T] = [block(given.nngp, i, j), block(given.ntk, i, j)];
      const [own, other] = [block(given.nngp, i, i), block(given.nngp, j, j)];
      // The first position of both: a = b = 0.
      const logits = [qk2 * own[0]! * spread(own), qk2 * K[0]! * spread(K), qk2 * other[0]! * spread(other)];
      const through = (k: readonly number[]): number =>
        expectation(logits, (u, v) => {
          const [p, q] = [share(u), share(v)];
          return p * q * k[0]! + p * (1 - q) * k[1]! + (1 - p) * q * k[2]! + (1 - p) * (1 - q) * k[3]!;
        });
      const slopes = expectation(logits, (u, v) => slope(u) * slope(v));
      const C = K.map((k, e) => 2 * K[0]! * k + T[0]! * k + K[0]! * T[e]!);
      const wanted = {
        nngp: ov2 * through(K) + bias2,
        ntk: ov2 * (2 * through(K) + through(T) + qk2 * slopes * spread(K) * spread(C)) + bias2,
      };
      for (const quantity of both) {
        const at = i * 2 + j;
        const found = mean(runs.map((run) => run[quantity].data[at]!));
        const error = Math.sqrt(mean(runs.map((run) => run[quantity].standardError![at]! ** 2)) / runs.length);
        // Midpoints miss the edges of sparsemax by half a step.
        expect(Math.abs(found - wanted[quantity])).toBeLessThan(4 * error + 0.002 * wanted[quantity]);
        expect(error).toBeLessThan(0.015 * wanted[quantity]);
      }
    }
});

const x = randomBatch(4, [3, 4, 2], [1, 1, 1, 1, 1, 0, 1, 1, 1, 1, 1, 0]);

test.each([
  ["identity", {}],
  ["relu", { mask: "causal" }],
  [{ type: "abRelu", below: -0.4, above: 1.2 }, { position: { decay: "exponential", power: 1 } }],
] as const)("draws of %j weights average to the closed form", async (weights, options) => {
  const of = (samples?: number) =>
    kernel(net(...below, attention({ weights, keyStd: 0.7, samples, ...options }), ...tail.slice(1)) as never);
  const [wanted, found] = [await of()(x, null, { get: both, engine }), await of(3000)(x, null, { get: both, engine })];
  for (const quantity of both)
    for (const [e, value] of wanted[quantity].data.entries()) {
      const error = found[quantity].standardError![e]!;
      expect(Math.abs(found[quantity].data[e]! - value)).toBeLessThan(5 * error);
      expect(error).toBeLessThan(0.08 * Math.max(...wanted[quantity].data));
    }
});

describe("a kernel by draws", () => {
  const deep = net(
    ...below,
    attention({ samples: 24, mask: "causal" }),
    { type: "relu" },
    { type: "dense" },
    attention({ weights: "sparsemax", samples: 16, seed: 5 }),
    ...tail,
  );
  const run = (one: Batch, other: Batch | null, on = engine, options: object = {}) =>
    kernel(deep as never)(one, other, { get: both, engine: on, ...options });

  test("is the same on both engines, and to the bit on any number of threads and in blocks of examples", async () => {
    const [wanted, found] = [await run(x, null, reference), await run(x, null)];
    await using threads = await openEngine({ threads: 3 });
    for (const quantity of both) {
      expect(difference(found[quantity].data, wanted[quantity].data)).toBeLessThan(1e-12);
      expect(difference(found[quantity].standardError!, wanted[quantity].standardError!)).toBeLessThan(1e-10);
      expect((await run(x, null, threads))[quantity].data).toEqual(found[quantity].data);
    }
    const { bytes } = await kernel(deep as never).estimate([3, 4, 2], { engine });
    const blocks = await run(x, null, engine, { memory: bytes.peak - bytes.tapes / 3, standardErrors: false });
    for (const quantity of both) expect(blocks[quantity].data).toEqual(found[quantity].data);
    expect(blocks.nngp.standardError).toBeUndefined();
  });

  test("is positive semidefinite, however few draws there are", async () => {
    const many = randomBatch(8, [12, 3, 2]);
    for (const quantity of both) {
      const { data } = (await run(many, null))[quantity];
      const { jitter } = cholesky({ rows: 12, columns: 12, data: Float64Array.from(data) } as Matrix<Float64Array>, {
        jitter: [1e-12, 1e-10],
      });
      expect(jitter).toBeLessThanOrEqual(1e-10);
    }
  });

  test("gives training data the same draws, alone and with test data", async () => {
    const [train, more] = [examples(x, 0, 2), examples(x, 2, 3)];
    const [alone, cross] = [await run(train, null), await run(more, train)];
    // Training data come first, so the joint kernel has both as blocks.
    const joint = await run(x, null);
    for (const quantity of both) {
      const entry = (i: number, j: number): number => joint[quantity].data[i * 3 + j]!;
      expect(difference(alone[quantity].data, [entry(0, 0), entry(0, 1), entry(1, 0), entry(1, 1)])).toBeLessThan(1e-9);
      expect(difference(cross[quantity].data, [entry(2, 0), entry(2, 1)])).toBeLessThan(1e-9);
    }
  });

  test("says how far it errs", async () => {
    const of = (seed: number) =>
      kernel(net(...below, attention({ samples: 60, seed }), ...tail.slice(1)) as never)(x, null, {
        get: "ntk",
        engine,
      });
    const runs = await Promise.all(Array.from({ length: 40 }, (_, seed) => of(seed)));
    const mean = (values: readonly number[]): number => values.reduce((sum, value) => sum + value, 0) / values.length;
    for (const e of [0, 1, 4]) {
      const values = runs.map(({ data }) => data[e]!);
      const spread = Math.sqrt((mean(values.map((v) => v * v)) - mean(values) ** 2) * (40 / 39));
      const claimed = Math.sqrt(mean(runs.map(({ standardError }) => standardError![e]! ** 2)));
      expect(claimed / spread).toBeGreaterThan(0.7);
      expect(claimed / spread).toBeLessThan(1.4);
    }
  });

  test("needs memory for the covariance that it draws by", async () => {
    await expect(run(x, null, engine, { memory: 500 })).rejects.toThrow(
      /^attention: samples: got 3 examples of 4 positions, whose covariance has a factor of \S+ \S+ and more, allowed is 500 B/,
    );
  });
});

test("one head is no Gaussian: its kurtosis is that of the formula", async () => {
  const [N, S] = [8, 3];
  const tokens = randomBatch(6, [N, S, 3]);
  const layers = [{ type: "dense" }, { type: "attention", scaling: "sqrt", weights: "identity" }];
  const { nngp } = await positionKernel(net(layers[0]!))(tokens, null, { get: ["nngp"], engine });
  const formula = (n: number): number => {
    const k = (a: number, b: number): number => nngp[((n * N + n) * S + a) * S + b]!;
    const square = (a: number, b: number): number => [0, 1, 2].reduce((sum, c) => sum + k(a, c) * k(c, b), 0);
    const [two, four] = [0, 1].map((of) =>
      [0, 1, 2].reduce(
        (sum, a) => sum + (of === 0 ? square(a, a) : [0, 1, 2].reduce((t, b) => t + square(a, b) ** 2, 0)),
        0,
      ),
    );
    return four! / two! ** 2;
  };
  for (const heads of [1, 4]) {
    const components = headMixture(net(...layers, { type: "slice", axes: [1] }), { heads, components: 400 });
    const moments = Array.from({ length: N }, () => [0, 0]);
    for (const component of components) {
      const { nngp } = await kernel(component as never).diagonal(tokens, { get: ["nngp"], engine });
      for (const [n, k] of nngp.entries()) for (const power of [0, 1]) moments[n]![power]! += k ** (power + 1) / 400;
    }
    const ratios = moments.map(([first, second], n) => (heads / 2) * ((second! / first! ** 2 - 1) / formula(n)));
    const ratio = ratios.reduce((sum, value) => sum + value, 0) / N;
    expect(ratio).toBeGreaterThan(0.75);
    expect(ratio).toBeLessThan(1.3);
  }
});
