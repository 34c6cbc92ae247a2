import {
  attention,
  type Batch,
  batch,
  dense,
  flatten,
  globalAvgPool,
  globalSumPool,
  kernel,
  type Network,
  openEngine,
  positionKernel,
  relu,
  residual,
  serial,
} from "lemniscate";
import { expect, test } from "vitest";
import { compile } from "../../src/program/compile.js";

const input = { grid: [5], channels: 3, gaussian: false };
const programOf = (net: Network, masked = false) => compile(net, input, { get: ["nngp", "ntk"], masked });
const count = (net: Network, op: string, masked = false): number =>
  programOf(net, masked).pair.filter((step) => step.op === op).length;

const numbers = (n: number): number[] => Array.from({ length: n }, (_, i) => Math.sin(1.7 * i * i + 0.3));
/** Sequences with padding at the end, in between, and none. */
const x: Batch = batch([3, 5, 3], numbers(45), [1, 1, 1, 1, 1, 1, 0, 1, 1, 0, 1, 1, 1, 0, 0]);

test("multiples of one covariance share their products", () => {
  // Before the first nonlinearity Θ is a multiple of K: one product for both.
  expect(count(serial(attention(), relu(), globalAvgPool(), dense()), "mixedGram")).toBe(1);
  expect(count(serial(dense({ weightStd: 2 }), attention(), relu(), globalAvgPool()), "mixedGram")).toBe(1);
  // Behind one they part.
  expect(count(serial(dense(), relu(), attention(), relu(), globalAvgPool()), "sandwich")).toBe(2);
});

test("attention before the first nonlinearity is work for one example", () => {
  const twice = serial(dense({ biasStd: 0.3 }), attention({ biasStd: 0.2 }), attention(), relu(), globalAvgPool());
  for (const masked of [false, true]) {
    expect(count(twice, "sandwich", masked)).toBe(0);
    expect(programOf(twice, masked).example.filter(({ op }) => op === "mix").length).toBe(2);
  }
  // Encodings that values see too are no product of inputs, and with many channels blocks are cheaper.
  const encoded = attention({ position: { decay: "exponential", power: 1, values: true } });
  expect(count(serial(encoded, relu(), globalAvgPool()), "mixedGram")).toBe(0);
  const wide = compile(twice, { ...input, channels: 10 }, { get: ["nngp"], masked: false });
  expect(wide.pair.some(({ op }) => op === "mixedGram")).toBe(false);
});

test.each([
  ["a layer with a bias below", serial(dense({ biasStd: 0.7 }), attention({ biasStd: 0.2 }), dense({ biasStd: 0.4 }))],
  ["two attentions", serial(attention({ biasStd: 0.6 }), dense({ biasStd: 0.3 }), attention({ weights: "abs" }))],
  ["a residual sum", serial(dense({ biasStd: 0.3 }), residual(attention()), attention({ biasStd: 0.1 }))],
])("mixing inputs first is the same: %s", async (_, net) => {
  // Channels of zeros change nothing but the scale, and with them blocks are mixed instead of inputs.
  const wide = 13;
  const padded = batch(
    [3, 5, wide],
    numbers(3 * 5 * wide).map((_, i) =>
      i % wide < 3 ? x.data[Math.floor(i / wide) * 3 + (i % wide)]! * Math.sqrt(wide / 3) : 0,
    ),
    x.mask,
  );
  for (const name of ["reference", "wasm"] as const) {
    await using engine = await openEngine({ name, threads: 1 });
    const options = { get: ["nngp", "ntk"], engine } as const;
    const [narrow, blocks] = [
      await positionKernel(net)(x, null, options),
      await positionKernel(net)(padded, null, options),
    ];
    for (const quantity of options.get)
      for (const [i, value] of blocks[quantity].entries())
        expect(Math.abs(narrow[quantity][i]! - value)).toBeLessThan(1e-12 * Math.max(...blocks[quantity]));
  }
});

test("pooling what is linear in the inputs is pooling the inputs", () => {
  for (const net of [
    serial(globalAvgPool(), dense()),
    serial(dense({ biasStd: 0.3 }), dense({ biasStd: 0.2 }), globalSumPool()),
    serial(
      dense({ biasStd: 0.3 }),
      attention(),
      dense(),
      attention({ biasStd: 0.4 }),
      globalAvgPool(),
      relu(),
      dense(),
    ),
  ])
    for (const masked of [false, true]) {
      const { pair } = programOf(net, masked);
      expect(pair.every(({ form }) => form === "value")).toBe(true);
      expect(pair.filter(({ op }) => op === "pooledGram").length).toBe(1);
    }
  // Where the block is needed anyway, so are its sums.
  const both = serial(dense(), residual(relu(), dense()), globalAvgPool());
  expect(count(both, "pooledGram")).toBe(0);
});

test("a sum over positions of a block times a number is the number times the sum", () => {
  const identity = attention({ scaling: "sqrt", weights: "identity", biasStd: 0.3 });
  for (const readout of [globalAvgPool(), globalSumPool(), flatten()]) {
    const { pair } = programOf(serial(dense(), relu(), identity, dense(), readout));
    expect(pair.filter(({ op, form }) => op === "multiply" && form !== "value").length).toBe(1); // E[φ'φ']·Θ alone
  }
});

const linearTails: readonly (readonly [string, Network])[] = [
  ["attention", serial(dense({ biasStd: 0.4 }), relu(), attention({ biasStd: 0.3 }))],
  ["two attentions", serial(dense(), relu(), attention({ biasStd: 0.3 }), attention({ outStd: 0.7, weights: "relu" }))],
  ["a residual sum", serial(dense(), relu(), dense(), residual(attention({ biasStd: 0.2 })), dense({ biasStd: 0.5 }))],
  [
    "raw inputs",
    serial(attention({ position: { decay: "exponential", power: 1, values: true } }), dense({ biasStd: 1 })),
  ],
  [
    "attention without a softmax",
    serial(dense(), relu(), attention({ scaling: "sqrt", weights: "identity", biasStd: 0.3 }), attention()),
  ],
];

test.each(linearTails)("pooling is pushed through %s without forming its blocks", (_, net) => {
  for (const masked of [false, true]) {
    const pooled = serial(net, globalAvgPool());
    expect(count(pooled, "sandwich", masked)).toBe(0);
    expect(count(pooled, "bilinear", masked)).toBeGreaterThan(0);
  }
});

test.each(linearTails)("what is pushed through %s is the sum over all positions", async (_, net) => {
  for (const name of ["reference", "wasm"] as const) {
    await using engine = await openEngine({ name, threads: 1 });
    const blocks = await positionKernel(net)(x, null, { get: ["nngp", "ntk"], engine });
    const pooled = await kernel(serial(net, globalSumPool()))(x, null, { get: ["nngp", "ntk"], engine });
    const mean = await kernel(serial(net, globalAvgPool()))(x, null, { get: ["nngp", "ntk"], engine });
    const lengths = [5, 3, 3];
    for (const quantity of ["nngp", "ntk"] as const)
      for (let pair = 0; pair < 9; pair++) {
        const sum = Array.from(blocks[quantity].subarray(pair * 25, (pair + 1) * 25)).reduce(
          (total, value) => total + value,
          0,
        );
        expect(pooled[quantity].data[pair]! / sum).toBeCloseTo(1, 11);
        const share = lengths[Math.floor(pair / 3)]! * lengths[pair % 3]!;
        expect((mean[quantity].data[pair]! * share) / sum).toBeCloseTo(1, 11);
      }
  }
});

/** Sequences of all lengths from 1 to 5 without holes, for which blocks are trimmed. */
const ragged: Batch = batch([3, 5, 3], numbers(45), [1, 1, 1, 1, 1, 1, 0, 0, 0, 0, 1, 1, 1, 0, 0]);

const traced: readonly (readonly [string, Network, products: number])[] = [
  ["attention", serial(dense({ biasStd: 0.4 }), relu(), attention({ biasStd: 0.3 })), 1],
  [
    "two attentions",
    serial(dense(), relu(), attention({ biasStd: 0.3 }), attention({ outStd: 0.7, weights: "relu" })),
    1,
  ],
  [
    "a residual sum",
    serial(dense(), relu(), dense(), residual(attention({ biasStd: 0.2 })), dense({ biasStd: 0.5 })),
    1,
  ],
  ["a sum of sums", serial(dense(), relu(), dense(), residual(attention()), residual(attention())), 3],
];

test.each(traced)("flatten behind %s is an inner product that NNGP and NTK share", (_, net, products) => {
  const of = serial(net, flatten());
  expect([count(of, "cross"), count(of, "sandwich")]).toEqual([products, 0]);
  // Where somebody reads the blocks anyway, they are not summed a second way.
  expect(count(serial(net, residual(relu(), dense()), flatten()), "cross")).toBe(0);
});

test.each([
  ...traced,
  ["inputs", serial(dense({ biasStd: 0.4 }), attention({ biasStd: 0.3 })), 0] as const,
  [
    "attention without a softmax",
    serial(dense(), relu(), attention({ scaling: "sqrt", weights: "identity" })),
    0,
  ] as const,
])("what flatten pushes through %s is the sum over equal positions", async (_, net) => {
  for (const name of ["reference", "wasm"] as const) {
    await using engine = await openEngine({ name, threads: 1 });
    for (const batch of [x, ragged]) {
      const blocks = await positionKernel(net)(batch, null, { get: ["nngp", "ntk"], engine });
      const flat = await kernel(serial(net, flatten()))(batch, null, { get: ["nngp", "ntk"], engine });
      for (const quantity of ["nngp", "ntk"] as const)
        for (let pair = 0; pair < 9; pair++) {
          const diagonal = [0, 1, 2, 3, 4].map((s) => blocks[quantity][pair * 25 + s * 6]!);
          const mean = diagonal.reduce((total, value) => total + value, 0) / 5;
          expect(Math.abs(flat[quantity].data[pair]! / mean - 1)).toBeLessThan(1e-11);
        }
    }
  }
});
