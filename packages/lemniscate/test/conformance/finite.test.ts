import { type Batch, type Network, networkFromData, openEngine, positionKernel } from "lemniscate";
import { monteCarloKernel } from "lemniscate/finite";
import { expect, test } from "vitest";
import { expectLimit } from "./finite.js";
import { randomBatch } from "./random.js";

const dense = { type: "dense", weightStd: 1.2, biasStd: 0.3 };
const relu = { type: "relu" };
const pool = { type: "globalAvgPool" };
/** Attention's own kernel fluctuates with the third power of its input's; normalised, a few networks are enough. */
const norm = { type: "layerNorm" };
const serial = (...layers: readonly object[]): Network => networkFromData({ type: "serial", layers });
const attention = (options: object): object => ({ type: "attention", ...options });

// Two examples of three tokens; the second one has a hole.
const tokens = randomBatch(2, [2, 3, 2], [1, 1, 1, 1, 0, 1]);
// Images of 3 × 4 pixels; one pixel of the second is missing.
const images = randomBatch(
  3,
  [2, 3, 4, 2],
  Array.from({ length: 24 }, (_, i) => (i === 17 ? 0 : 1)),
);

interface Case {
  readonly name: string;
  readonly network: Network;
  readonly x: Batch;
  readonly width?: number;
}

const cases: readonly Case[] = [
  ...["tanh", "selu"].map((fn) => ({
    name: fn,
    network: serial(dense, { type: "elementwise", fn, maxVariance: 8, tolerance: 1e-3 }, dense),
    x: randomBatch(1, [3, 3]),
  })),
  {
    name: "layerNorm over positions, flatten",
    network: serial(dense, { type: "layerNorm", over: "all" }, relu, { type: "flatten" }, dense),
    x: tokens,
  },
  {
    name: "layerNorm behind a nonlinearity",
    network: serial(dense, relu, norm, dense, relu, { type: "dropout", drop: 0.2 }, { type: "rmsNorm" }, dense),
    x: randomBatch(1, [3, 3]),
  },
  {
    name: "layerNorm over positions behind a nonlinearity",
    network: serial(
      dense,
      relu,
      { type: "layerNorm", over: [0] },
      { type: "conv", filter: [2, 1] },
      { type: "gelu" },
      { type: "rmsNorm", over: [1] },
      pool,
      dense,
    ),
    x: randomBatch(3, [2, 2, 3, 2], [1, 1, 0, 1, 1, 1, 1, 1, 1, 1, 1, 1]),
    width: 64,
  },
  {
    name: "softmax attention with encodings",
    network: serial(
      dense,
      norm,
      attention({ keyStd: 1.3, biasStd: 0.3, position: { decay: "exponential", power: 1, rate: 0.7 } }),
      relu,
      pool,
      dense,
    ),
    x: tokens,
    width: 32,
  },
  {
    name: "softmax attention whose values see the encodings",
    network: serial(dense, norm, attention({ position: { decay: "inverse", std: 0.7, values: true } }), pool, dense),
    x: tokens,
    width: 32,
  },
  {
    name: "identity attention, linear scaling",
    network: serial(dense, norm, attention({ weights: "identity", keyStd: 0.7 }), pool, dense),
    x: tokens,
    width: 32,
  },
  {
    name: "attention by a named function",
    network: serial(dense, norm, attention({ weights: { type: "elementwise", fn: "silu" }, keyStd: 0.8 }), pool, dense),
    x: tokens,
    width: 32,
  },
  {
    name: "identity attention, square-root scaling",
    network: serial(
      dense,
      norm,
      attention({ weights: "identity", scaling: "sqrt", keyStd: 0.8, biasStd: 0.3 }),
      pool,
      dense,
    ),
    x: tokens,
    width: 32,
  },
  {
    name: "relu attention, square-root scaling, causal",
    network: serial(
      dense,
      norm,
      attention({ weights: "relu", scaling: "sqrt", keyStd: 0.8, mask: "causal", biasStd: 0.3 }),
      pool,
      dense,
    ),
    x: tokens,
    width: 32,
  },
  {
    name: "softmax attention, square-root scaling",
    network: serial(
      dense,
      norm,
      attention({
        scaling: "sqrt",
        keyStd: 1.3,
        samples: 3000,
        position: { decay: "exponential", power: 1, rate: 0.7 },
      }),
      pool,
      dense,
    ),
    x: tokens,
    width: 32,
  },
  {
    name: "sparsemax attention to encodings alone, with a share of the input",
    network: serial(
      dense,
      norm,
      attention({
        weights: "sparsemax",
        skip: 0.3,
        mask: { band: 1 },
        position: { decay: "exponential", power: 1, rate: 0.7, logits: "encodings" },
      }),
      pool,
      dense,
    ),
    x: tokens,
    width: 32,
  },
  {
    name: "strided convolution of images, averages under windows",
    network: serial(
      { type: "conv", filter: [2, 3], strides: [1, 1], padding: "same", weightStd: 1.3, biasStd: 0.3 },
      relu,
      { type: "avgPool", filter: [2, 2], strides: [2, 1], padding: "same", countPadding: false },
      { type: "conv", filter: [1, 2], strides: [1, 2], biasStd: 0.2 },
      { type: "flatten" },
      dense,
    ),
    x: images,
    width: 32,
  },
  {
    name: "circular convolution of tokens, sums under windows",
    network: serial(
      { type: "conv", filter: [3], strides: [1], padding: "circular", biasStd: 0.3 },
      relu,
      { type: "sumPool", filter: [2], strides: [1] },
      dense,
      pool,
      dense,
    ),
    x: tokens,
    width: 32,
  },
  {
    name: "local convolution of images, and pool",
    network: serial(
      { type: "slice", axes: [{ start: 1 }, { start: 1 }] },
      { type: "convLocal", filter: [1, 2], weightStd: 1.3, biasStd: 0.3 },
      relu,
      { type: "convLocal", filter: [2, 1], padding: "same", biasStd: 0.2 },
      pool,
      dense,
    ),
    x: images,
    width: 32,
  },
  {
    name: "transposed convolution of images, and pool",
    network: serial(
      { type: "slice", axes: [{ stop: 2 }, { stop: 2 }] },
      { type: "convTranspose", filter: [3, 2], strides: [2, 1], padding: "same", biasStd: 0.3 },
      relu,
      pool,
      dense,
    ),
    x: images,
    width: 32,
  },
  {
    name: "transformer block",
    network: serial(
      dense,
      { type: "residual", layers: [norm, attention({})] },
      { type: "residual", layers: [norm, dense, relu, dense] },
      pool,
      dense,
    ),
    x: tokens,
    width: 32,
  },
];

for (const { name, network, x, width } of cases)
  test(`${name}: random networks average to the kernel`, async () => {
    const engine = await openEngine({ name: "reference" });
    const kernels = await positionKernel(network)(x, null, { get: ["nngp", "ntk"], engine });
    await expectLimit(kernels, network, x, width);
  });

// Its limit goes with the sizes, so that two widths are not compared; what is left of the bias is some per cent.
test.each(["linear", "sqrt"])(
  "attention of standard weights at %s scaling is near the NTK of its sizes",
  async (scaling) => {
    const standard = { parameterization: "standard", heads: 24, keys: 64, values: 4, biasStd: 0.3, queryStd: 0.8 };
    const network = serial(
      { ...dense, width: 64 },
      norm,
      attention({ ...standard, scaling, weights: "relu" }),
      pool,
      dense,
    );
    const engine = await openEngine({ name: "reference" });
    const { ntk } = await positionKernel(network)(tokens, null, { get: ["ntk"], engine });
    const found = await monteCarloKernel(network, { width: 32, samples: 60, seed: 3 })(tokens, null, { get: ["ntk"] });
    const scale = Math.max(...ntk.map(Math.abs));
    for (const [i, wanted] of ntk.entries())
      expect(Math.abs(found.ntk.mean[i]! - wanted)).toBeLessThan(4 * found.ntk.error[i]! + 0.08 * scale);
    expect(Math.max(...found.ntk.error)).toBeLessThan(0.05 * scale);
  },
);
