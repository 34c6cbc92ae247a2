import {
  batch,
  dense,
  dropout,
  type Engine,
  erf,
  inputs,
  kernel,
  kernelGradient,
  kernels,
  type Network,
  networkFromData,
  openEngine,
  relu,
  repeat,
  residual,
  serial,
} from "lemniscate";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { checkGradient } from "../conformance/gradient.js";
import { randomBatch } from "../conformance/random.js";

const x = randomBatch(5, [4, 3]);
let engines: Engine[] = [];
beforeAll(async () => {
  engines = await Promise.all([openEngine({ name: "reference" }), openEngine({ threads: 2 })]);
});
afterAll(async () => {
  for (const engine of engines) await engine[Symbol.asyncDispose]();
});

const standard = { parameterization: "standard", width: 32 } as const;
const networks: Readonly<Record<string, Network>> = {
  "all defaults, which rules leave out": serial(dense(), relu(), dense(), relu(), dense()),
  "weights of 1 beside others": serial(dense(), dense({ weightStd: 1.5 }), relu(), dense({ biasStd: 0.5 })),
  "no weights at all": serial(dense({ weightStd: 0, biasStd: 0 }), erf(), dense()),
  "a repeated block": serial(repeat(serial(dense({ weightStd: 1.3, biasStd: 0.1 }), relu()), 3), dense()),
  "a residual sum": serial(dense(), residual(dense({ weightStd: 0.7 }), relu(), dense()), relu(), dense()),
  "the standard parameterisation": serial(dense(standard), relu(), dropout({ drop: 0.2 }), dense(standard)),
};

test.each(Object.keys(networks))("%s", async (name) => {
  expect((await checkGradient(networks[name]!, x, engines)).length).toBeGreaterThan(1);
});

test("between two batches, and the diagonal", async () => {
  const net = networks["a repeated block"]!;
  const by = ["layers.0.layer.layers.0.weightStd", "layers.1.weightStd"] as const;
  const [engine] = engines as [Engine];
  const k = kernelGradient(net as never, { by });
  const whole = await k(x, null, { get: ["nngp", "ntk"], engine });
  const other = randomBatch(6, [2, 3]);
  const cross = await k(x, other, { get: "ntk", engine });
  expect([cross.value.rows, cross.value.columns, cross.gradient[by[1]].columns]).toEqual([4, 2, 2]);
  expect(cross.value).toEqual(await kernel(net as never)(x, other, { get: "ntk", engine }));
  const diagonal = await k.diagonal(x, { get: ["ntk"], engine });
  for (const place of by)
    expect(Array.from(diagonal.gradient[place].ntk)).toEqual(
      [0, 1, 2, 3].map((i) => whole.gradient[place].ntk.data[5 * i]),
    );
});

test("in single precision", async () => {
  const net = networks["a residual sum"] as never;
  const by = ["layers.0.weightStd"] as const;
  const exact = await kernelGradient(net, { by })(x, null, { get: "ntk" });
  const rough = await kernelGradient(net, { by })(x, null, { get: "ntk", precision: "f32" });
  for (const [i, wanted] of exact.gradient[by[0]].data.entries())
    expect(Math.abs(rough.gradient[by[0]].data[i]! - wanted)).toBeLessThan(1e-3 * Math.abs(wanted) + 1e-4);
});

test("shares what derivatives have in common", async () => {
  const net = networks["a repeated block"] as never;
  const by = ["layers.1.weightStd", "layers.1.biasStd"] as const;
  const steps = (text: string): number => text.split("\n").length;
  const alone = steps(kernel(net).explain([100, 3]));
  expect(steps(kernelGradient(net, { by }).explain([100, 3]))).toBeLessThan(2 * alone);
});

test("a network of many layers", async () => {
  const net = serial(repeat(serial(dense({ weightStd: Math.SQRT2 }), relu()), 60), dense()) as never;
  const by = ["layers.0.layer.layers.0.weightStd"] as const;
  const { value, gradient } = await kernelGradient(net, { by })(x, null, { get: "nngp", engine: engines[0]! });
  // K is homogeneous in the 60 weights: w ∂K/∂w = 120 K.
  for (const [i, k] of value.data.entries())
    expect((gradient[by[0]].data[i]! * Math.SQRT2) / (120 * k)).toBeCloseTo(1, 10);
});

test("a network of thousands of layers", async () => {
  const net = serial(repeat(dense({ weightStd: 1.0001 }), 4500), relu(), dense());
  const by = ["layers.0.layer.weightStd"] as const;
  const one = randomBatch(5, [1, 3]);
  const { value, gradient } = await kernelGradient(net, { by })(one, null, { get: "nngp", engine: engines[0]! });
  // K is homogeneous in the 4500 weights: w ∂K/∂w = 9000 K.
  expect((gradient[by[0]].data[0]! * 1.0001) / (9000 * value.data[0]!)).toBeCloseTo(1, 10);
});

describe("along directions of the data", () => {
  const attending = [{ type: "dense", biasStd: 0.3 }, { type: "attention" }, { type: "relu" }];
  const pooled = (...layers: readonly object[]): Network =>
    networkFromData({ type: "serial", layers: [...layers, { type: "globalAvgPool" }, { type: "dense" }] });
  const mask = [1, 1, 0, 1, 1, 1, 1, 0, 0];
  const cases: Readonly<Record<string, readonly [Network, readonly number[], (readonly number[])?]>> = {
    "the data themselves": [networkFromData({ type: "identity" }), [3, 4]],
    "a rectifier": [serial(dense({ biasStd: 0.2 }), relu(), dense(), relu(), dense()), [3, 4]],
    "many channels": [serial(dense(), erf(), dense()), [3, 40]],
    attention: [pooled(...attending), [3, 3, 2]],
    "attention, with padding": [pooled(...attending), [3, 3, 2], mask],
    "a convolution of images": [
      pooled({ type: "conv", filter: [2, 2], padding: "same" }, { type: "relu" }),
      [3, 2, 3, 2],
    ],
  };

  test.each(Object.keys(cases))("%s", async (name) => {
    const [net, shape, present] = cases[name]!;
    const [at, along] = [randomBatch(11, shape, present), randomBatch(12, shape, present)];
    const moved = (h: number) =>
      batch(
        shape,
        at.data.map((value, i) => value + h * along.data[i]!),
        present,
      );
    const h = 1e-4;
    for (const engine of engines) {
      const options = { get: ["nngp", "ntk"], engine } as const;
      const [up, down] = await Promise.all([h, -h].map((by) => kernel(net as never)(moved(by), null, options)));
      const { value, gradient } = await kernelGradient(net as never, { by: ["input"] })(
        inputs({ at, along }),
        null,
        options,
      );
      const plain = await kernel(net as never)(at, null, options);
      for (const q of options.get)
        for (const [i, slope] of gradient.input[q].data.entries()) {
          expect(value[q].data[i]).toBeCloseTo(plain[q].data[i]!, 7);
          expect((up![q].data[i]! - down![q].data[i]!) / (2 * h)).toBeCloseTo(slope, 5);
        }
    }
  });

  test("of one batch alone, and beside numbers of the network", async () => {
    const net = serial(dense({ weightStd: 1.3 }), relu(), dense());
    const [a, b, along] = [randomBatch(1, [2, 3]), randomBatch(2, [3, 3]), randomBatch(3, [2, 3])];
    const still = batch([3, 3], new Float64Array(9));
    const k = kernelGradient(net, { by: ["input", "layers.0.weightStd"] });
    const options = { get: "ntk", engine: engines[0]! } as const;
    const { gradient } = await k(inputs({ at: a, along }), inputs({ at: b, along: still }), options);
    const h = 1e-5;
    const moved = (by: number) =>
      batch(
        [2, 3],
        a.data.map((value, i) => value + by * along.data[i]!),
      );
    const [up, down] = await Promise.all([h, -h].map((by) => kernel(net)(moved(by), b, options)));
    for (const [i, slope] of gradient.input.data.entries())
      expect((up!.data[i]! - down!.data[i]!) / (2 * h)).toBeCloseTo(slope, 6);
    const alone = await kernelGradient(net, { by: ["layers.0.weightStd"] })(a, b, options);
    for (const [i, slope] of alone.gradient["layers.0.weightStd"].data.entries())
      expect(gradient["layers.0.weightStd"].data[i]).toBeCloseTo(slope, 12);
  });

  test("data and directions have one shape", async () => {
    const k = kernelGradient(serial(dense(), relu(), dense()), { by: ["input"] });
    const [at, along] = [randomBatch(1, [2, 3]), randomBatch(1, [2, 2])];
    await expect(k(at, null, { get: "ntk" })).rejects.toThrow("several inputs");
    await expect(k(inputs({ at, along }), null, { get: "ntk" })).rejects.toThrow(
      "a batch and directions of the same shape",
    );
    await expect(k(inputs({ at }), null, { get: "ntk" })).rejects.toThrow("a batch and directions of the same shape");
  });
});

const tokens = randomBatch(3, [2, 3, 2]);
const sampled = networkFromData({
  type: "serial",
  layers: [
    { type: "dense", weightStd: 1.2 },
    { type: "attention", scaling: "sqrt", samples: 20, valueStd: 1.1, position: { std: 0.4 } },
    { type: "relu" },
    { type: "globalAvgPool" },
    { type: "dense", biasStd: 0.2 },
  ],
});

test("behind draws, which stand still", async () => {
  const behind = (place: string): boolean => /valueStd|outStd|biasStd|layers.4/.test(place);
  expect(await checkGradient(sampled, tokens, engines, behind)).toHaveLength(6);
});

describe("errors", () => {
  const net = serial(dense({ width: 3 }), relu(), dense());
  const words = async (by: readonly string[], of: Network = net): Promise<string> => {
    try {
      await kernelGradient(of as never, { by })(x, null, { get: "nngp" });
    } catch (error) {
      return (error as Error).message;
    }
    throw new Error("nothing was thrown");
  };
  test.each([
    [["layers.0.weightSdt"], "kernelGradient: layers.0.weightSdt: got nothing, allowed is the place of a number"],
    [["layers.7.weightStd"], "layers.7.weightStd: got nothing"],
    [["layers.1.type"], 'layers.1.type: got "relu"'],
    [["layers.0.width"], "layers.0.width: got 3, which cannot vary"],
    [[], "by: got []"],
    [[""], 'by: got [""]'],
  ])("%j", async (by, wanted) => {
    expect(await words(by)).toContain(wanted);
  });

  test.each(["layers.0.weightStd", "layers.1.keyStd", "layers.1.position.std"])(
    "draws that follow from %s",
    async (by) => {
      const k = kernelGradient(sampled as never, { by: [by] });
      await expect(k(tokens, null, { get: "nngp" })).rejects.toThrow(
        "got a number that draws of attention weights follow from, allowed is numbers behind the draws",
      );
    },
  );

  test("an entry that is left out because it is 0", async () => {
    const matrix = networkFromData({
      type: "serial",
      layers: [{ type: "linear", matrix: [1, 0] }, { type: "dense" }],
    });
    const k = kernelGradient(matrix as never, { by: ["layers.0.matrix.1"] });
    await expect(k(batch([1, 2, 1], [1, 2]), null, { get: "nngp" })).rejects.toThrow("is special");
  });
});

test("kernels of neighbours differ by it", async () => {
  const net = (weightStd: number) => serial(dense({ weightStd }), erf(), dense());
  const { a, b } = await kernels({ a: net(1.199), b: net(1.201) })(x, null, { get: "ntk" });
  const { gradient } = await kernelGradient(net(1.2), { by: ["layers.0.weightStd"] })(x, null, { get: "ntk" });
  for (const [i, slope] of gradient["layers.0.weightStd"].data.entries())
    expect((b.data[i]! - a.data[i]!) / 0.002).toBeCloseTo(slope, 5);
});
