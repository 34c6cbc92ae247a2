import { batch, type Network, networkFromData } from "lemniscate";
import { describe, expect, test } from "vitest";
import { empiricalNngp, empiricalNtk } from "../../src/finite/empirical.js";
import { empiricalNtkProduct, linearize, taylorExpand } from "../../src/finite/expand.js";
import { apply, init } from "../../src/finite/init.js";
import { type Plain, plain } from "../../src/finite/plain.js";
import { arraysOf, mapWeights, type Weights } from "../../src/finite/weights.js";
import { difference, random, randomBatch } from "../conformance/random.js";

const serial = (...layers: readonly object[]): Network => networkFromData({ type: "serial", layers });
const dense = { type: "dense", weightStd: 1.2, biasStd: 0.3 };
const readout = { ...dense, width: 2 };
const features = randomBatch(1, [5, 3]);
const tokens = randomBatch(2, [4, 3, 2], [1, 1, 1, 1, 0, 1, 1, 1, 0, 0, 0, 1]);
const images = randomBatch(3, [3, 3, 4, 2]);
const attention = { type: "attention", keyStd: 1.3, biasStd: 0.3 };

const networks = {
  perceptron: { network: serial(dense, { type: "erf" }, dense, { type: "gelu" }, readout), x: features },
  standard: {
    network: serial(
      { ...dense, parameterization: "standard", widthScale: [2, 1] },
      { type: "sin", slope: 0.9, phase: 0.5 },
      { ...readout, parameterization: "standard", biasStd: null },
    ),
    x: features,
  },
  convolution: {
    network: serial(
      { type: "conv", filter: [2, 3], padding: "same", biasStd: 0.1 },
      { type: "erf" },
      { type: "avgPool", filter: [2, 2], strides: [2, 1], padding: "same", countPadding: false },
      { type: "flatten" },
      readout,
    ),
    x: images,
  },
  transformer: {
    network: serial(
      dense,
      { type: "residual", layers: [{ type: "layerNorm" }, { ...attention, position: { decay: "exponential" } }] },
      { type: "residual", layers: [{ type: "layerNorm" }, dense, { type: "erf" }, dense] },
      { type: "globalAvgPool" },
      readout,
    ),
    x: tokens,
  },
  "attention with its positions": {
    network: serial(dense, { ...attention, weights: "identity", scaling: "sqrt", width: 2 }),
    x: tokens,
  },
  dropout: { network: serial(dense, { type: "erf" }, { type: "dropout", drop: 0.4 }, readout), x: features },
} satisfies Record<string, { network: Network; x: ReturnType<typeof batch> }>;

const sizes = { width: 5, heads: 3, keys: 4, values: 2, seed: 3 };

/** Moves one number of the weights. */
function nudged(weights: Weights<Plain>, at: number, by: number): Weights<Plain> {
  let first = 0;
  return mapWeights(weights, (array) => {
    const data = array.data.slice();
    if (at >= first && at < first + data.length) data[at - first]! += by;
    first += data.length;
    return { ...array, data };
  });
}

const countOf = (weights: Weights<Plain>): number => arraysOf(weights).reduce((sum, { data }) => sum + data.length, 0);

describe.each(Object.entries(networks))("%s", (_, { network, x }) => {
  const weights = init(network, x, sizes);
  const [n, d] = [x.shape[0], apply(network, weights, x).shape.at(-1)!];
  const S = apply(network, weights, x).data.length / (n * d);
  // (n·S·d, P), by central differences.
  const P = countOf(weights);
  const slopes = Array.from({ length: P }, (_, p) => {
    const [up, down] = [1e-5, -1e-5].map((by) => apply(network, nudged(weights, p, by), x).data);
    return up!.map((value, i) => (value - down![i]!) / 2e-5);
  });
  const product = (i: number, j: number): number => slopes.reduce((sum, row) => sum + row[i]! * row[j]!, 0);

  test("the NTK is that of differences, with all channels", async () => {
    const full = await empiricalNtk(network, weights, x, null, { axes: "full" });
    const wanted = new Float64Array(full.data.length);
    let at = 0;
    for (let i = 0; i < n; i++)
      for (let j = 0; j < n; j++)
        for (let s = 0; s < S; s++)
          for (let t = 0; t < S; t++)
            for (let c = 0; c < d; c++)
              for (let e = 0; e < d; e++) wanted[at++] = product((i * S + s) * d + c, (j * S + t) * d + e);
    expect(at).toBe(full.data.length);
    expect(difference(full.data, wanted)).toBeLessThan(1e-8);
  });

  test("trace and diagonal are parts of it, in blocks too", async () => {
    const [full, trace, diagonal] = await Promise.all(
      (["full", "trace", "diagonal"] as const).map((axes) =>
        empiricalNtk(network, weights, x, null, axes === "full" ? { axes } : { axes, batchSize: 2 }),
      ),
    );
    const found = full!.data;
    for (const [i, mean] of trace!.data.entries()) {
      const channels = Array.from({ length: d }, (_, c) => found[i * d * d + c * d + c]!);
      expect(Math.abs(mean - channels.reduce((a, b) => a + b) / d)).toBeLessThan(1e-10 * Math.max(...found));
      for (const [c, value] of channels.entries())
        expect(Math.abs(diagonal!.data[i * d + c]! - value)).toBeLessThan(1e-10 * Math.max(...found));
    }
  });

  test("a product with a vector needs no kernel", async () => {
    const full = await empiricalNtk(network, weights, x, null, { axes: "full" });
    const v = plain.constant([n, S, d], randomBatch(9, [n, S, d]).data);
    const k = plain.reshape(full, [n, n, S, S, d, d]);
    const wanted = plain.einsum("nmstcd,mtd->nsc", k, v);
    expect(difference(empiricalNtkProduct(network, weights, x, x, v).data, wanted.data)).toBeLessThan(1e-12);
  });

  test("the NNGP kernel is that of the outputs", async () => {
    const f = plain.reshape(apply(network, weights, x), [n, S, d]);
    const wanted = plain.multiply(plain.einsum("nsc,mtc->nmst", f, f), 1 / d);
    const found = await empiricalNngp(network, weights, x, null);
    expect(difference(found.data, wanted.data)).toBeLessThan(1e-14);
  });

  test("expansions are those of differences, and better with each order", () => {
    const { normal } = random(4);
    const delta = mapWeights(weights, ({ shape }) =>
      plain.constant(
        shape,
        Array.from({ length: shape.reduce((a, b) => a * b, 1) }, () => 0.02 * normal()),
      ),
    );
    const steps = arraysOf(delta);
    const moved = apply(
      network,
      mapWeights(weights, (w, i) => plain.add(w, steps[i]!)),
      x,
    );
    const flat = steps.flatMap(({ data }) => [...data]);
    const f = apply(network, weights, x);
    const first = f.data.map((value, i) => value + flat.reduce((sum, by, p) => sum + by * slopes[p]![i]!, 0));
    expect(difference(linearize(network, weights, x)(delta).data, first)).toBeLessThan(1e-8);
    const errors = [0, 1, 2, 3].map((order) =>
      difference(taylorExpand(network, weights, x, order)(delta).data, moved.data),
    );
    for (let k = 1; k < errors.length; k++) expect(errors[k]).toBeLessThan(0.5 * errors[k - 1]!);
  });
});

test("weights left as products and weights multiplied out give the same kernel", async () => {
  // One example: d·d' numbers are fewer than the pairs of 6 positions; at width 40 with two positions they are not.
  for (const [S, width] of [
    [6, 3],
    [2, 40],
  ] as const) {
    const net = serial(dense, { type: "erf" }, { type: "dense", width: 2 }, { type: "globalAvgPool" });
    const x = randomBatch(5, [2, S, 4]);
    const weights = init(net, x, { width });
    const trace = await empiricalNtk(net, weights, x, null);
    const P = countOf(weights);
    const wanted = new Float64Array(4);
    for (let p = 0; p < P; p++) {
      const [up, down] = [1e-5, -1e-5].map((by) => apply(net, nudged(weights, p, by), x).data);
      const g = up!.map((value, i) => (value - down![i]!) / 2e-5);
      for (let i = 0; i < 2; i++)
        for (let j = 0; j < 2; j++)
          for (let c = 0; c < 2; c++) wanted[i * 2 + j]! += 0.5 * g[i * 2 + c]! * g[j * 2 + c]!;
    }
    expect(difference(trace.data, wanted)).toBeLessThan(1e-8);
  }
});

test("the same seed gives the same bits, another one others, and each array numbers of its own", () => {
  const { network, x } = networks.transformer;
  const [a, b, c] = [3, 3, 4].map((seed) => arraysOf(init(network, x, { ...sizes, seed })));
  expect(b).toEqual(a);
  expect(c![0]!.data[0]).not.toBe(a![0]!.data[0]);
  const firsts = a!.map(({ data }) => data[0]);
  expect(new Set(firsts).size).toBe(firsts.length);
});

test("sizes come from the layers, then from the call; nobody's is an error", () => {
  const { network, x } = networks.perceptron;
  expect(() => init(network, x, {})).toThrow(
    "init: width: got nothing, allowed is a whole number ≥ 1. A finite network needs a width: give one for all layers, or declare it in each, as in dense({ width: 512 }).",
  );
  expect(() => init(network, x, { width: 2.5 })).toThrow("init: width: got 2.5, allowed is a whole number ≥ 1.");
  const declared = serial({ ...dense, width: 7 }, readout);
  expect(arraysOf(init(declared, features, {})).map(({ shape }) => shape)).toEqual([[3, 7], [7], [7, 2], [2]]);
  expect(() => init(serial({ type: "dense", width: 3 }, attention), tokens, { width: 4, heads: 0 })).toThrow(
    "init: heads: got 0",
  );
  const sum = networkFromData({
    type: "parallel",
    branches: [
      { type: "dense", width: 3 },
      { type: "dense", width: 4 },
    ],
  });
  expect(() => init(sum, features, {})).toThrow("parallel: got branches with 3 and 4 channels");
});

test("an empty batch has an empty kernel, and a signal stops the computation", async () => {
  const { network, x } = networks.perceptron;
  const weights = init(network, x, sizes);
  expect((await empiricalNtk(network, weights, batch([0, 3], []), x)).shape).toEqual([0, 5]);
  const stop = new AbortController();
  const seen: number[] = [];
  const onProgress = (done: number, total: number): void => {
    seen.push(done / total);
    stop.abort(new Error("enough"));
  };
  await expect(
    empiricalNtk(network, weights, x, null, { batchSize: 1, signal: stop.signal, onProgress }),
  ).rejects.toThrow("enough");
  expect(seen).toEqual([1 / 15]);
});

test("what are no weights of the network are refused, wherever weights are taken", async () => {
  const { network, x } = networks.perceptron;
  const weights = init(network, x, sizes);
  const v = { shape: [5, 2], data: new Float64Array(10) };
  const takers: Readonly<Record<string, (given: Weights<Plain>) => unknown>> = {
    apply: (given) => apply(network, given, x),
    empiricalNngp: (given) => empiricalNngp(network, given, x, null),
    empiricalNtk: (given) => empiricalNtk(network, given, x, null),
    empiricalNtkProduct: (given) => empiricalNtkProduct(network, given, x, x, v),
    taylorExpand: (given) => linearize(network, given, x),
    "taylorExpand: displacement": (given) => linearize(network, weights, x)(given),
  };
  const holes = mapWeights(weights, (w) => ({ ...w, data: w.data.map(() => Number.NaN) }));
  const short = mapWeights(weights, (w) => ({ ...w, data: w.data.slice(1) }));
  for (const [where, take] of Object.entries(takers))
    for (const [given, said] of [
      [null, "weights: got nothing, allowed is a list of 5, one for each part."],
      [[], "weights: got a list of 0, allowed is a list of 5"],
      [[7, {}, {}, {}, {}], "weights of network.layers[0]: got a value of type number, allowed is an object of arrays"],
      [holes, "weights of network.layers[0]: got numbers of weight that are not finite, allowed is finite numbers."],
      [short, "weights of network.layers[0]: got weight without 15 numbers, allowed is arrays."],
    ] as const)
      await expect(async () => take(given as never), where).rejects.toThrow(`${where}: ${said}`);
  expect(() => apply(network, [{}, {}, {}, {}, {}], x)).toThrow(
    "network.layers[0]: finite network: weights of dense: got none, allowed is weight, bias among them.",
  );
  expect(() => apply(null as never, weights, x)).toThrow(/network: got null/);
  expect(() => linearize(network, weights, x)(init(network, x, { ...sizes, width: 4 }))).toThrow(
    "taylorExpand: displacement: got arrays of other shapes than those of the weights",
  );
  const [first, ...rest] = weights as readonly { readonly [name: string]: Plain }[];
  const widened = { ...first, bias: { shape: [9], data: new Float64Array(9) } };
  expect(() => apply(network, [widened, ...rest], x)).toThrow(
    "network.layers[0]: finite network: got arrays of (5, 1, 5) and (9), allowed is equal sizes, or 1.",
  );
});

test("what is asked of kernels and expansions in error is refused", async () => {
  const { network, x } = networks.perceptron;
  const weights = init(network, x, sizes);
  const wrong = (options: object) => empiricalNtk(network, weights, x, null, options as never);
  await expect(wrong({ axes: "all" })).rejects.toThrow('empiricalNtk: axes: got "all", allowed is "trace", "diagonal"');
  await expect(wrong({ batchSize: 0 })).rejects.toThrow(
    "empiricalNtk: batchSize: got 0, allowed is a whole number ≥ 1.",
  );
  await expect(wrong({ trace: 1 })).rejects.toThrow('empiricalNtk: got the unknown option "trace"');
  await expect(empiricalNngp(network, weights, x, null, { axis: 1 } as never)).rejects.toThrow("unknown option");
  expect(() => taylorExpand(network, weights, x, -1)).toThrow("taylorExpand: order: got -1, allowed is a whole number");
  const v = { shape: [5, 1], data: new Float64Array(5) };
  expect(() => empiricalNtkProduct(network, weights, x, x, v)).toThrow(
    "v: got 5 numbers, allowed is 10, as the outputs",
  );
  for (const [given, said] of [
    [null, "no { shape, data }"],
    [[1, 2], "no { shape, data }"],
    [{ shape: [5, 2], data: new Float64Array(10).fill(Number.NaN) }, "numbers that are not finite"],
  ] as const)
    expect(() => empiricalNtkProduct(network, weights, x, x, given as never)).toThrow(`v: got ${said}, allowed is`);
  expect(() => apply(network, weights, randomBatch(1, [5, 4]))).toThrow("make them by init() with such inputs");
  expect(() => init(network, x, { widths: 3 } as never)).toThrow('init: got the unknown option "widths"');
  expect(() => init(network, { shape: [1, 1], data: [Number.NaN] } as never, sizes)).toThrow(/finite network: x/);
});
