/** Bad input and odd sizes: each a clear error or the right numbers, on every engine. */
import {
  attention,
  type Batch,
  batch,
  dense,
  type Engine,
  examples,
  flatten,
  globalAvgPool,
  isLemniscateError,
  kernel,
  layerNorm,
  type Network,
  openEngine,
  relu,
  sequences,
  serial,
} from "lemniscate";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { difference, randomBatch } from "../conformance/random.js";

const both = ["nngp", "ntk"] as const;
const mlp = serial(dense({ biasStd: 0.3 }), relu(), dense());
const pooled = serial(dense({ biasStd: 0.3 }), attention({ biasStd: 0.2 }), relu(), globalAvgPool(), dense());
const flat = serial(dense({ biasStd: 0.3 }), attention({ biasStd: 0.2 }), relu(), flatten(), dense());
const normed = serial(dense(), layerNorm(), attention(), layerNorm(), relu(), globalAvgPool(), dense({ biasStd: 0.1 }));

const names = ["reference, f64", "wasm, f64", "wasm, f32"] as const;
const engines = new Map<string, Engine>();
beforeAll(async () => {
  engines.set(names[0], await openEngine({ name: "reference" }));
  engines.set(names[1], await openEngine({ threads: 2 }));
  engines.set(names[2], await openEngine({ threads: 2, precision: "f32" }));
});
afterAll(async () => {
  for (const engine of engines.values()) await engine[Symbol.asyncDispose]();
});

/** A batch that somebody wrote without `batch()`. */
const byHand = (about: object): Batch => about as Batch;
const array = Float64Array;

describe.each(names)("%s", (name) => {
  const engine = (): Engine => engines.get(name)!;
  const near = (): number => (name === "wasm, f32" ? 1e-5 : 1e-13);
  const run = (net: Network, x1: Batch, x2?: Batch | null) =>
    kernel(net as never)(x1, x2, { get: both, engine: engine() });

  const x = randomBatch(1, [3, 2]);
  const notABatch =
    "allowed is a batch: { shape, data, mask? } with data in a Float64Array or Float32Array and mask in a Uint8Array. Make it with batch() or sequences().";
  const refusals: readonly [what: string, run: () => unknown, message: string][] = [
    ["NaN in the data", () => batch([1, 2], [1, Number.NaN]), "batch: got NaN at [0, 1], allowed is finite numbers."],
    ["Infinity in the data", () => batch([1, 2], [Number.POSITIVE_INFINITY, 1]), "batch: got Infinity at [0, 0]"],
    [
      "NaN in a batch written by hand",
      () => run(mlp, byHand({ shape: [2, 2], data: array.of(1, 2, Number.NaN, 4) })),
      "batch: got NaN at [1, 0]",
    ],
    [
      "Infinity in a second batch written by hand",
      () => run(mlp, x, byHand({ shape: [1, 2], data: array.of(1, Number.NEGATIVE_INFINITY) })),
      "batch: got -Infinity at [0, 1]",
    ],
    [
      "numbers that do not fill their shape",
      () => run(mlp, byHand({ shape: [2, 2], data: array.of(1, 2, 3) })),
      "batch: got 3 numbers for shape (2, 2), allowed is 4 numbers.",
    ],
    [
      "a mask of another size",
      () => run(pooled, byHand({ shape: [1, 2, 1], data: array.of(1, 2), mask: Uint8Array.of(1) })),
      "batch: mask: got 1 entries, allowed is 2 entries",
    ],
    [
      "numbers whose products are beyond the precision",
      () => run(mlp, x, batch([1, 2], [name === "wasm, f32" ? 1e20 : 1e155, 1])),
      name === "wasm, f32"
        ? "kernel: x2: got numbers up to 1.00e+20, allowed is numbers up to 1.30e+19, whose products this precision holds. Standardise the data, or use double precision."
        : "kernel: x2: got numbers up to 1.00e+155, allowed is numbers up to 9.48e+153",
    ],
    ["nested lists", () => run(mlp, byHand([[1, 2]])), `kernel: x1: got an object with 0, ${notABatch}`],
    ["nothing", () => run(mlp, undefined as never), `kernel: x1: got undefined, ${notABatch}`],
    [
      "numbers in a list",
      () => run(mlp, x, byHand({ shape: [1, 2], data: [1, 2] })),
      `kernel: x2: got an object with shape, data, ${notABatch}`,
    ],
    [
      "NaN where only variances are asked for",
      () =>
        kernel(mlp).diagonal(byHand({ shape: [1, 1], data: array.of(Number.NaN) }), { get: both, engine: engine() }),
      "batch: got NaN at [0, 0]",
    ],
    ["zero channels", () => batch([2, 0], []), "batch: got shape (2, 0), allowed is (n, d), (n, T, d), (n, H, W, d)."],
    ["zero positions", () => batch([2, 0, 3], []), "batch: got shape (2, 0, 3)"],
    ["sequences without a single token", () => sequences([[], []]), "batch: got shape (2, 1, 0)"],
    [
      "x2 of other channels",
      () => run(mlp, x, randomBatch(2, [3, 4])),
      "kernel: x2: got examples of shape (4), allowed is (2), the shape of x1's examples.",
    ],
    [
      "x2 of features for x1 of tokens",
      () => run(pooled, randomBatch(1, [2, 3, 2]), x),
      "kernel: x2: got examples of shape (2), allowed is (3, 2), the shape of x1's examples.",
    ],
    [
      "x2 of another length for a network that counts padding",
      () => run(flat, randomBatch(1, [2, 3, 2]), randomBatch(1, [2, 4, 2])),
      "kernel: x2: got examples of shape (4, 2), allowed is tokens (n, 3, 2), as x1 has: this network depends on the padded length.",
    ],
    [
      "positional encodings that have no covariance",
      () =>
        run(
          serial(attention({ position: { decay: "inverseSquare", rate: 0.5, power: 2 } }), globalAvgPool()),
          randomBatch(1, [2, 9, 2]),
        ),
      "attention: position: got a covariance that is not positive semidefinite",
    ],
  ];
  test.each(refusals)("%s: an error", async (_, attempt, message) => {
    const error = await (async () => attempt())().then(
      () => undefined,
      (error: unknown) => error,
    );
    expect(isLemniscateError(error)).toBe(true);
    expect((error as Error).message).toContain(message);
  });

  test("one example: the entry it has among others", async () => {
    for (const net of [pooled, flat, normed]) {
      const all = randomBatch(3, [5, 4, 3]);
      const among = await run(net, all);
      for (let i = 0; i < 5; i++) {
        const alone = await run(net, examples(all, i, i + 1));
        for (const quantity of both)
          expect(Math.abs(alone[quantity].data[0]! - among[quantity].data[i * 6]!)).toBeLessThan(near());
      }
    }
  });

  test("no example: a matrix without entries", async () => {
    const none = batch([0, 4, 3], []);
    for (const x2 of [null, randomBatch(3, [2, 4, 3])]) {
      const { nngp, ntk } = await run(pooled, none, x2);
      expect([nngp.rows, nngp.columns, nngp.data.length, ntk.data.length]).toEqual([0, x2 === null ? 0 : 2, 0, 0]);
    }
    const { nngp } = await run(pooled, randomBatch(3, [2, 4, 3]), none);
    expect([nngp.rows, nngp.columns, nngp.data.length]).toEqual([2, 0, 0]);
  });

  test("one token: attention weighs it with 1, and both readouts are that token", async () => {
    // σ_Q σ_K do not matter, and Θ' = Θ + 2 K + what the layer itself brings, which is K' = K.
    const one = randomBatch(4, [4, 1, 3]);
    const features = batch([4, 3], one.data);
    for (const readout of [globalAvgPool(), flatten()]) {
      const attended = await run(serial(dense({ biasStd: 0.3 }), attention(), readout), one);
      const plain = await run(dense({ biasStd: 0.3 }), features);
      expect(difference(attended.nngp.data, plain.nngp.data)).toBeLessThan(near());
      const wanted = plain.ntk.data.map((value, i) => value + 2 * plain.nngp.data[i]!);
      expect(difference(attended.ntk.data, wanted)).toBeLessThan(near());
    }
  });

  test("one channel, one token, one example", async () => {
    const { nngp } = await run(serial(dense(), globalAvgPool()), batch([1, 1, 1], [3]));
    expect([...nngp.data]).toEqual([9]);
  });

  test("a mask that hides a whole example: 0, as wherever nothing is, and the others as without it", async () => {
    const tokens = randomBatch(5, [3, 2, 2], [1, 1, 0, 0, 1, 0]);
    const without = batch([2, 2, 2], [...tokens.data.slice(0, 4), ...tokens.data.slice(8)], [1, 1, 1, 0]);
    for (const net of [pooled, flat, normed]) {
      const [all, others] = [await run(net, tokens), await run(net, without)];
      for (const quantity of both) {
        const k = all[quantity].data;
        for (const i of [1, 3, 4, 5, 7]) expect(k[i]).toBe(0);
        expect(difference([k[0]!, k[2]!, k[6]!, k[8]!], others[quantity].data)).toBeLessThan(near());
      }
    }
  });

  test("a batch of hidden examples alone", async () => {
    const { nngp, ntk } = await run(normed, randomBatch(6, [2, 3, 2], [0, 0, 0, 0, 0, 0]));
    expect([...nngp.data, ...ntk.data]).toEqual([0, 0, 0, 0, 0, 0, 0, 0]);
  });

  test("examples of zeros: 0, not NaN", async () => {
    const zeros = batch([2, 3, 2], new Float64Array(12));
    for (const net of [serial(dense(), relu(), attention(), relu(), globalAvgPool(), dense()), normed]) {
      const { nngp, ntk } = await run(net, zeros, randomBatch(7, [2, 3, 2]));
      for (const value of [...nngp.data, ...ntk.data]) expect(Number.isFinite(value)).toBe(true);
    }
  });

  test("lengths that differ between x1 and x2: as if both were padded alike", async () => {
    const tokens = (n: number, T: number): number[][][] =>
      Array.from({ length: n }, (_, i) => Array.from({ length: T - (i % 2) }, (_, t) => [Math.sin(i + t), i - t / 2]));
    const [short, long] = [tokens(3, 2), tokens(2, 5)];
    const own = await run(pooled, sequences(short), sequences(long));
    const alike = await run(pooled, sequences(short, 7), sequences(long, 7));
    for (const quantity of both) expect(own[quantity].data).toEqual(alike[quantity].data);
  });
});
