import { describe, expect, test } from "vitest";
import { layers } from "../../dist/network/layers/index.js";
import { checkLayer, type LayerRow } from "./check-layer.js";
import { wave } from "./closed-form.js";
import { expanded } from "./expanded.js";

const biased = { type: "dense", weightStd: 1.3, biasStd: 0.4, width: 6 };
const affine = [biased];
const trained = [biased, { type: "relu" }, { type: "dense", biasStd: 0.2 }];

const encoded = (options: object): object => ({ position: { decay: "exponential", rate: 0.5, power: 1, ...options } });

/** A covariance over three positions, and which of three keys each query reads: one reads none. */
const mixedCovariance = [
  [1, 0.5, -0.2],
  [0.5, 2, 0.3],
  [-0.2, 0.3, 0.7],
];
const pattern = [
  [1, 0, 1],
  [false, false, false],
  [0, true, 1],
];

/** Windows: grids that a filter fits, with as many axes as it names; zeros outside are what padding is at stride 1. */
const windows: Pick<LayerRow, "grids" | "blind" | "equivariant"> = {
  grids: (options) => {
    const { filter, padding } = options as { filter: number | number[]; padding?: string };
    if (Array.isArray(filter) && filter.length === 3)
      return [
        [2, 2, 3],
        [3, 1, 3],
      ];
    if (Array.isArray(filter))
      return [
        [2, 3],
        [4, 3],
        [3, 5],
      ];
    return padding === undefined ? [[2], [3], [7], [3, 3]] : [[1], [2], [5], [8], [2, 3]];
  },
  blind: (options) => {
    const { strides, padding, countPadding } = options as {
      strides?: number;
      padding?: string;
      countPadding?: boolean;
    };
    return padding === "same" && strides === undefined && countPadding !== false;
  },
  equivariant: () => false,
};

/** How many entries an option has, 0 if it is not there. */
const size = (options: object, name: string): number => {
  const value = (options as Record<string, unknown>)[name];
  return Array.isArray(value) ? value.length : Number(value ?? 0);
};

/** Whether a slice of tokens leaves features. */
const drops = (options: object): boolean => /^{"axes":\[\d+\]}$/.test(JSON.stringify(options));

/** Normalisation over some axes needs those. */
const normalized: Pick<LayerRow, "grids" | "blind" | "equivariant" | "data"> = {
  data: "tokens",
  grids: (options) => {
    const { over } = options as { over?: string | number[] };
    if (!Array.isArray(over)) return [[1], [2], [3], [5]];
    return over.includes(2)
      ? [[2, 2, 3]]
      : over.includes(1)
        ? [
            [2, 3],
            [3, 2],
          ]
        : [[3], [2, 3]];
  },
  equivariant: (options) => !Array.isArray((options as { over?: unknown }).over),
};

/** A position that every grid has. */
const chosenAt: readonly object[] = [{ at: "first" }, { at: "last" }, { at: 2 }];
const chosen: Pick<LayerRow, "grids"> = { grids: () => [[3], [4], [6], [2, 3]] };

/** One row for each layer; a new layer needs one, as the first test says. */
const rows: readonly LayerRow[] = [
  {
    type: "dense",
    raw: true,
    below: [biased, { type: "relu" }],
    options: [
      {},
      { weightStd: 1.7, biasStd: 0.3 },
      { biasStd: 0.5, parameterization: "standard", width: 5 },
      { biasStd: null, parameterization: "standard", widthScale: [2, 3] },
      { weightStd: 0, biasStd: 1 },
    ],
  },
  {
    type: "attention",
    raw: true,
    // Random networks of more kinds of attention, normalised so that few are enough, are in finite.test.ts.
    data: "tokens",
    below: trained.slice(0, 1),
    equivariant: (options) => !("position" in options || "mask" in options),
    // Matrices over positions fit one length alone.
    grids: (options) => {
      const text = JSON.stringify(options);
      if (/"(allowed|covariance|memory)"/.test(text)) return [[3]];
      // Random logits have a term for each two pairs of positions, and derivatives many of them: on the last grid.
      return /"sqrt"/.test(text) ? [[1], [3], [5], [2]] : [[1], [2], [3], [5]];
    },
    blind: (options) => !/"(allowed|covariance|memory)"/.test(JSON.stringify(options)),
    options: [
      { queryStd: 1.4, keyStd: 0.8, valueStd: 1.2, outStd: 0.9, biasStd: 0.3 },
      { weights: "identity", keyStd: 0.7 },
      { weights: "relu", biasStd: 0.2 },
      { weights: "abs", outStd: 0.6 },
      { weights: "identity", scaling: "sqrt", keyStd: 0.6, queryStd: 0.9, outStd: 0.8, biasStd: 0.1 },
      encoded({}),
      encoded({ values: true, std: 0.6 }),
      encoded({ combine: "concat", std: 1.2 }),
      encoded({ combine: "concat", width: 4, values: true }),
      encoded({ decay: "none" }),
      encoded({ decay: "inverse", power: 2 }),
      encoded({ decay: "inverseSquare", rate: 4 }),
      { weights: "identity", scaling: "sqrt", ...encoded({}) },
      { weights: "identity", scaling: "sqrt", ...encoded({ values: true, combine: "concat" }) },
      encoded({ logits: "encodings", std: 1.3 }),
      encoded({ logits: "encodings", values: true, combine: "concat", width: 3 }),
      { position: { covariance: mixedCovariance, std: 1.2 } },
      { weights: "sparsemax", keyStd: 1.4 },
      { parameterization: "standard", heads: 3, values: 5, valueStd: 1.2, outStd: 0.9, biasStd: 0.3 },
      {
        parameterization: "standard",
        heads: 3,
        values: 5,
        biasStd: null,
        ...encoded({ combine: "concat", values: true }),
      },
      {
        parameterization: "standard",
        heads: 2,
        values: 4,
        scaling: "sqrt",
        weights: "identity",
        queryStd: 0.7,
        keyStd: 1.2,
      },
      { weights: { type: "sigmoidLike" }, mask: "causal" },
      { weights: "erf", mask: "causal", biasStd: 0.2 },
      { weights: { type: "sin", phase: 0.4, slope: 0.7 } },
      { weights: "gelu", mask: { band: 1 } },
      { weights: { type: "exp", slope: 0.5 }, mask: { causal: true, band: 2 } },
      { weights: { type: "leakyRelu", slope: 0.3 } },
      { weights: { type: "elementwise", fn: "elu" }, mask: { band: 1 } },
      { weights: { type: "elementwise", ...expanded[0] }, keyStd: 0.7 },
      { weights: { type: "closedForm", name: wave.name }, mask: "causal", keyStd: 0.6 },
      { weights: { type: "piecewiseLinear", knots: [-0.5, 0.75], slopes: [-1, 2, 0.5], atZero: -0.375 }, biasStd: 0.2 },
      { weights: { type: "hermite", degree: 3 }, keyStd: 0.6 },
      { mask: "causal", keyStd: 1.4, biasStd: 0.3 },
      { mask: { allowed: pattern }, weights: "sparsemax" },
      { mask: { memory: 2 }, keyStd: 1.4 },
      { mask: { allowed: pattern, causal: true } },
      { weights: "relu", scaling: "sqrt", keyStd: 0.8, biasStd: 0.3 },
      { weights: "abs", scaling: "sqrt", ...encoded({ values: true }) },
      { weights: { type: "abRelu", below: -0.3, above: 1.2 }, scaling: "sqrt", mask: "causal" },
      { weights: "erf", scaling: "sqrt", keyStd: 0.7, ...encoded({}) },
      { weights: { type: "gelu" }, scaling: "sqrt", mask: { band: 1 } },
      { weights: { type: "sin", phase: 0.4 }, scaling: "sqrt", keyStd: 0.6 },
      { weights: { type: "exp", slope: 0.4 }, scaling: "sqrt", keyStd: 0.5 },
      { weights: "identity", scaling: "sqrt", mask: { allowed: pattern }, biasStd: 0.4 },
      { weights: "relu", scaling: "sqrt", ...encoded({ logits: "encodings" }) },
      { weights: { type: "hermite", degree: 2 }, scaling: "sqrt", keyStd: 0.7 },
    ],
  },
  {
    type: "layerNorm",
    below: trained,
    ...normalized,
    options: [
      {},
      { epsilon: 0 },
      { epsilon: 0.5 },
      { over: "all" },
      { over: "all", epsilon: 0 },
      { over: [0] },
      { over: [0, 2] },
      { over: [1], epsilon: 1e-3 },
    ],
    // Over positions a large ε would count padding, as in Neural Tangents; random networks meet that.
  },
  {
    type: "rmsNorm",
    raw: true,
    // Of sixteen relu too few may be on in a random network: its square mean is 0 or nearly.
    below: [biased, { type: "leakyRelu", slope: 0.3 }],
    options: [{}, { epsilon: 0.5 }, { over: "all" }, { over: [1] }],
    ...normalized,
    // Data may be nearly 0 in all channels, of which single precision keeps less.
    single: 1e-3,
  },
  { type: "relu", below: affine, options: [{}] },
  { type: "leakyRelu", below: affine, options: [{}, { slope: 0.3 }, { slope: -0.5 }, { slope: 1 }] },
  {
    type: "abRelu",
    below: affine,
    options: [
      { below: -0.2, above: 1.5 },
      { below: 0, above: 0 },
    ],
  },
  { type: "abs", below: affine, options: [{}] },
  { type: "erf", below: affine, options: [{}, { scale: 1.5, slope: 0.7, shift: 0.2 }] },
  { type: "gelu", below: affine, options: [{}] },
  { type: "sin", below: affine, options: [{}, { scale: 2, slope: 0.8, phase: 0.4 }] },
  {
    type: "exp",
    below: [{ type: "dense", weightStd: 0.5, biasStd: 0.2 }],
    options: [{}, { scale: 0.5, slope: 0.6 }],
    single: 1e-3,
  },
  { type: "cos", below: affine, options: [{}, { scale: 2, slope: 0.8, phase: 0.4 }] },
  { type: "rbf", below: affine, options: [{}, { gamma: 0.3 }] },
  { type: "sigmoidLike", below: affine, options: [{}] },
  { type: "gaussian", below: affine, options: [{}, { scale: 1.5, exponent: -0.3 }, { exponent: 0 }] },
  { type: "gabor", below: affine, options: [{}] },
  // Angles keep half of a correlation's digits near ±1, and here they are the result.
  { type: "sign", below: affine, options: [{}], single: 3e-3 },
  { type: "monomial", below: affine, options: [0, 1, 2, 3, 4, 7].map((degree) => ({ degree })) },
  { type: "rectifiedMonomial", below: affine, options: [0, 1, 2, 3, 4].map((degree) => ({ degree })), single: 3e-3 },
  { type: "hermite", below: [...affine, { type: "layerNorm" }], options: [0, 1, 2, 5].map((degree) => ({ degree })) },
  // Its random networks differ by more than their mean.
  { type: "hermite", below: affine, finite: [], options: [{ degree: 3 }, { degree: 4 }] },
  {
    type: "polynomial",
    below: affine,
    options: [[0.3], [0, 0.7], [0.3, 1, 0.2], [0, 0.5, 0, -0.25, 0, 0.125]].map((coefficients) => ({ coefficients })),
  },
  {
    type: "piecewiseLinear",
    below: affine,
    options: [{ knots: [-0.5, 0.75], slopes: [-1, 2, 0.5], atZero: -0.375 }],
    error: 1e-6,
  },
  { type: "hardTanh", below: affine, options: [{}], error: 1e-6 },
  {
    type: "elementwise",
    below: [
      { type: "dense", weightStd: 0.7, biasStd: 0.4 },
      { type: "layerNorm", epsilon: 0.5 },
    ],
    options: [expanded[0]!, expanded.at(-1)!],
    // A network from data knows the coefficients of a function alone; named ones are among the finite networks.
    finite: [],
    error: 1e-7,
  },
  // x + sin x; random networks are averaged where nobody has given the formulas.
  { type: "closedForm", below: affine, options: [{ name: wave.name }] },
  { type: "expNormalized", below: affine, finite: [], options: [{}, { gamma: 0.6, shift: 0.2 }] },
  {
    type: "conv",
    raw: true,
    data: "tokens",
    below: [biased, { type: "relu" }],
    ...windows,
    options: [
      { filter: 3, padding: "same", weightStd: 1.3, biasStd: 0.3 },
      { filter: 2, padding: "same", biasStd: 0.2, parameterization: "standard", width: 5 },
      { filter: [3, 2], padding: "same", biasStd: 0.4, parameterization: "standard", widthScale: [2, 3] },
      { filter: [2, 3], biasStd: null, parameterization: "standard" },
      { filter: [3, 3], strides: 2, padding: "same", biasStd: 0.1 },
      { filter: [2, 1], strides: [1, 2], weightStd: 0.8 },
      { filter: 4, strides: 3, padding: "circular", biasStd: 0.2 },
      { filter: [3, 2], padding: "circular" },
      { filter: [2, 3, 2], padding: "same", biasStd: 0.5 },
      { filter: [2, 1, 2], strides: [1, 2, 1], biasStd: 0.2 },
      { filter: 2, strides: 2, biasStd: 0.3 },
    ],
  },
  {
    type: "convLocal",
    raw: true,
    data: "tokens",
    below: [biased, { type: "relu" }],
    ...windows,
    options: [
      { filter: 3, padding: "same", weightStd: 1.3, biasStd: 0.3 },
      { filter: [2, 3], biasStd: null, parameterization: "standard", widthScale: [2, 3] },
      { filter: 2, strides: 2, padding: "circular", biasStd: 0.1 },
    ],
  },
  {
    type: "convTranspose",
    raw: true,
    data: "tokens",
    below: [biased, { type: "relu" }],
    ...windows,
    blind: () => false,
    options: [
      { filter: 3, strides: 2, padding: "same", weightStd: 1.3, biasStd: 0.3 },
      { filter: 2, strides: 3, padding: "same", biasStd: 0.2, parameterization: "standard", width: 5 },
      { filter: [3, 2], strides: [2, 1], biasStd: 0.4 },
      { filter: [2, 2], strides: 2, padding: "circular", biasStd: null, parameterization: "standard" },
      { filter: 5, strides: 2, padding: "circular", biasStd: 0.2 },
      { filter: 4, strides: 1, padding: "same" },
      { filter: 2, strides: 2 },
      { filter: [2, 1, 3], strides: [1, 2, 2], padding: "same" },
    ],
  },
  {
    type: "avgPool",
    raw: true,
    data: "tokens",
    below: trained,
    ...windows,
    options: [
      { filter: 2, strides: 2 },
      { filter: 3, padding: "same" },
      { filter: 3, padding: "same", countPadding: false },
      { filter: [3, 2], strides: [2, 1], padding: "same", countPadding: false },
      { filter: [2, 2], padding: "circular" },
      { filter: [2, 1, 3], padding: "same", countPadding: false },
    ],
  },
  {
    type: "sumPool",
    raw: true,
    data: "tokens",
    below: trained,
    ...windows,
    options: [
      { filter: 2, strides: 2 },
      { filter: [2, 3], padding: "same" },
      { filter: 5, padding: "circular" },
    ],
  },
  {
    type: "slice",
    raw: true,
    data: "tokens",
    below: trained,
    grids: (options) =>
      size(options, "axes") > 1
        ? [
            [3, 3],
            [4, 5],
            [6, 3],
          ]
        : [[3], [4], [7], [3, 4]].slice(0, drops(options) ? 3 : 4),
    blind: drops,
    equivariant: () => false,
    options: [
      { axes: [0] },
      { axes: [2] },
      { axes: [{ start: 1 }] },
      { axes: [{ start: -2, stop: 9 }] },
      { axes: [{ step: -1 }] },
      { axes: [{ start: 7, stop: 0, step: -2 }] },
      { axes: [{ stop: -1, step: 2 }, { start: 1 }] },
      { axes: [1, { step: 2 }] },
      { axes: [-1, 0] },
      { axes: [{}, 2] },
    ],
  },
  {
    type: "resize",
    raw: true,
    data: "tokens",
    below: trained,
    grids: (options) =>
      size(options, "to") > 1
        ? [
            [2, 3],
            [5, 4],
            [1, 6],
          ]
        : [[1], [2], [3], [5], [9]],
    blind: () => false,
    equivariant: () => false,
    options: [
      { to: [3] },
      { to: [3], antialias: false },
      { to: [7], method: "nearest" },
      { to: [4, 3] },
      { to: [null, 2] },
      { to: [3, 5], method: "nearest" },
    ],
  },
  {
    type: "linear",
    raw: true,
    data: "tokens",
    below: trained,
    grids: (options) =>
      size(options, "axis") === 0
        ? [[3]]
        : [
            [2, 3],
            [4, 3],
          ],
    blind: () => false,
    equivariant: () => false,
    options: [
      { matrix: [1, -1, 0.5] },
      {
        matrix: [
          [1, 2, 0],
          [0, -1, 0.3],
          [0, 0, 0],
          [0.2, 0.2, 0.2],
        ],
      },
      { matrix: [[1, 1, 0]], axis: 1 },
      { matrix: [0.5, 0, -2], axis: 1 },
    ],
  },
  { type: "scale", raw: true, below: trained, options: [{ factor: -1.5 }, { factor: 0 }] },
  { type: "globalAvgPool", data: "tokens", raw: true, below: trained, options: [{}] },
  { type: "globalSumPool", data: "tokens", raw: true, below: trained, options: [{}] },
  { type: "token", data: "tokens", raw: true, below: trained, equivariant: () => false, ...chosen, options: chosenAt },
  { type: "flatten", raw: true, below: trained, options: [{}], padding: (S, padded) => S / padded },
  { type: "dropout", raw: true, below: trained, options: [{ drop: 0.3 }, { drop: 0 }, { drop: 0.5, mode: "test" }] },
  { type: "identity", raw: true, below: trained, options: [{}] },
];

test("every layer has a finite twin, but for what no network has as its limit", () => {
  expect([...layers.values()].filter(({ apply }) => apply === undefined).map(({ name }) => name)).toEqual([
    "expNormalized",
  ]);
});

test("every layer has a row, but for what takes several inputs or graphs, and a rule that is no kernel", () => {
  const taken = new Set(rows.map(({ type }) => type));
  expect([...taken, "input", "aggregate", "elementwiseNumerical"].sort()).toEqual([...layers.keys()].sort());
});

describe("checkLayer", () => {
  for (const row of rows) checkLayer(row);
});
