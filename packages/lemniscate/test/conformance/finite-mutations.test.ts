/**
 * @module Do the tests of finite networks notice? What layers make of activations is compared with plain loops, what they
 * draw with shapes and deviations, and derivatives with differences. Then deliberate mistakes, one term each, are put
 * into copies of the library, and every one must be caught by one of these.
 */
import { mkdirSync, rmSync, writeFileSync } from "node:fs";
import path from "node:path";
import { fileURLToPath, pathToFileURL } from "node:url";
import { type Batch, inputs, type Network, networkFromData, withGraphs } from "lemniscate";
import { build } from "rolldown";
import { afterAll, describe, expect, test } from "vitest";
import { layers as rules } from "../../dist/network/layers/index.js";
import type * as Finite from "../../src/finite/index.js";
import { outputs, type Tree, layers as theirs, weightsOf } from "./finite-oracle.js";
import { difference, randomBatch } from "./random.js";

type Library = typeof Finite;
type Case = readonly [network: Network, x: Batch];

const root = fileURLToPath(new URL("../../", import.meta.url));
// Inside the repository, so that the copies find the packages they import.
const copies = path.join(root, "node_modules", ".mutants", `finite-${process.pid}`);
afterAll(() => rmSync(copies, { recursive: true, force: true }));

const sizes = { width: 5, heads: 2, keys: 3, values: 4, seed: 6 };
const net = (...layers: readonly object[]): Network => networkFromData({ type: "serial", layers });

const features = randomBatch(1, [2, 3]);
const tokens = randomBatch(2, [2, 4, 3], [1, 1, 1, 1, 0, 1, 0, 1]);
const images = randomBatch(
  3,
  [2, 4, 3, 2],
  Array.from({ length: 24 }, (_, i) => (i === 14 || i > 21 ? 0 : 1)),
);
const graphs = withGraphs(tokens, {
  edges: [
    [
      [0, 1],
      [1, 2],
      [3, 0],
    ],
    [[1, 3]],
  ],
  undirected: false,
});
const several = inputs({ text: randomBatch(4, [2, 3, 2], [1, 1, 0, 1, 1, 1]), table: randomBatch(5, [2, 4]) });

const dense = { type: "dense", weightStd: 1.2, biasStd: 0.3 };
const standard = { ...dense, parameterization: "standard", widthScale: [2, 3] };
const pool = { type: "globalAvgPool" };
const position = { decay: "exponential", rate: 0.5, power: 1, std: 0.8 };
const attention = (options: object): object => ({
  type: "attention",
  queryStd: 1.1,
  keyStd: 1.4,
  valueStd: 0.8,
  outStd: 1.3,
  biasStd: 0.3,
  ...options,
});
const sum = (...branches: readonly object[]): object => ({ type: "parallel", branches });
const allowed = [
  [1, 0, 1, 1],
  [1, 1, 0, 0],
  [0, 1, 1, 0],
  [1, 1, 1, 1],
];

/** Networks that between them have every layer, most options and all joins. */
const cases: readonly Case[] = [
  [net(standard, { type: "relu" }, { ...standard, biasStd: null }), features],
  [net({ type: "repeat", layer: { ...dense, width: 3 }, times: 3 }), tokens],
  [net(attention({})), tokens],
  [net(dense, attention({ mask: "causal", skip: 0.3 })), tokens],
  [net(attention({ parameterization: "standard", heads: 3, keys: 2, values: 5, scaling: "sqrt" })), tokens],
  [
    net(attention({ parameterization: "standard", position: { ...position, combine: "concat", values: true } })),
    tokens,
  ],
  [net(attention({ mask: { band: 1 }, weights: "sparsemax", scaling: "sqrt" })), tokens],
  [net(attention({ mask: { allowed }, position: { ...position, values: true } })), tokens],
  [net(attention({ position: { ...position, combine: "concat", width: 2, values: true } })), tokens],
  [net(attention({ position: { ...position, decay: "inverse", logits: "encodings" }, biasStd: null })), tokens],
  [net(attention({ position, weights: "exp", scaling: "sqrt", mask: "causal" })), images],
  ...["identity", "relu", "abs", "erf", "gelu", "sin", { type: "abRelu", below: -0.4, above: 1.2 }].map(
    (weights): Case => [net(attention({ weights, scaling: "sqrt" })), tokens],
  ),
  [net(dense, { type: "layerNorm", over: "all", epsilon: 0.3 }), tokens],
  [net(dense, { type: "layerNorm", over: [0], epsilon: 0.3 }, { type: "rmsNorm", over: [1], epsilon: 0.2 }), images],
  [net({ ...dense, type: "conv", filter: 3, padding: "same" }), tokens],
  [net({ ...standard, type: "conv", filter: [2, 3], strides: [2, 1], padding: "circular" }), images],
  [net({ ...dense, type: "conv", filter: [2, 2] }, pool), images],
  [net({ ...dense, type: "convLocal", filter: [2, 1], padding: "same" }), images],
  [net({ ...dense, type: "convTranspose", filter: 3, strides: 2, padding: "same" }), tokens],
  [net({ ...dense, type: "convTranspose", filter: [3, 2], strides: [2, 3] }), images],
  [net({ type: "avgPool", filter: [2, 3], strides: [2, 1], padding: "same", countPadding: false }), images],
  [net({ type: "avgPool", filter: 3, padding: "same" }, { type: "sumPool", filter: 2 }), tokens],
  ...[
    pool,
    { type: "globalSumPool" },
    { type: "flatten" },
    { type: "token", at: "last" },
    { type: "token", at: 1 },
  ].map((layer): Case => [net(dense, layer, dense), tokens]),
  [net({ type: "token", at: "first" }), randomBatch(2, [2, 4, 3])],
  [net({ type: "slice", axes: [{ start: -1, step: -2 }, 1] }), images],
  [net({ type: "resize", to: [3, 5] }, { type: "resize", to: [null, 2], method: "nearest" }), images],
  [
    net({
      type: "linear",
      matrix: [
        [0.5, -1, 2],
        [1, 0, 3],
      ],
      axis: 1,
    }),
    images,
  ],
  [net(dense, { type: "aggregate" }, { type: "relu" }), graphs],
  [net(sum(net({ type: "input", name: "text" }, pool, dense), net({ type: "input", name: "table" }, dense))), several],
  [net(sum(net({ type: "slice", axes: [{ step: -1 }] }, dense), dense), pool), tokens],
  [net(attention({ weights: "relu", scaling: "sqrt", position: { ...position, values: true } })), tokens],
  [net({ type: "product", branches: [dense, net(dense, { type: "relu" })] }), tokens],
  [
    net({ type: "concat", along: "channels", branches: [dense, { ...dense, width: 2 }, { ...dense, width: 3 }] }),
    tokens,
  ],
  [net(dense, { type: "residual", layers: [{ type: "layerNorm" }, attention({}), dense] }, pool), tokens],
  ...[
    { type: "identity" },
    { type: "relu" },
    { type: "leakyRelu", slope: 0.3 },
    { type: "abs" },
    { type: "gelu" },
    { type: "abRelu", below: -0.4, above: 1.4 },
    { type: "erf", scale: 1.3, slope: 0.8, shift: 0.2 },
    { type: "sin", scale: 0.7, slope: 1.2, phase: 0.5 },
    { type: "cos", scale: 0.7, slope: 1.2, phase: 0.5 },
    { type: "exp", scale: 0.7, slope: 0.5 },
    { type: "rbf", gamma: 0.4 },
    { type: "sigmoidLike" },
    { type: "sign" },
    { type: "gaussian", scale: 1.2, exponent: -0.4 },
    { type: "gabor" },
    { type: "monomial", degree: 3 },
    { type: "rectifiedMonomial", degree: 2 },
    { type: "hermite", degree: 3 },
    { type: "hardTanh" },
    { type: "polynomial", coefficients: [0.3, -1, 0.2] },
    { type: "dropout", drop: 0.3, mode: "test" },
    { type: "piecewiseLinear", knots: [-1, -0.2, 0.7], slopes: [0.3, -1, 2, 0.5], atZero: 0.4 },
    ...["tanh", "sigmoid", "silu", "softplus", "elu", "selu"].map((fn) => ({
      type: "elementwise",
      fn,
      tolerance: 0.1,
    })),
    { type: "elementwiseNumerical", fn: "silu", nodes: 8 },
    { type: "scale", factor: -1.5 },
    { type: "layerNorm", epsilon: 0.3 },
    { type: "rmsNorm", epsilon: 0.3 },
  ].map((layer): Case => [net(dense, layer), features]),
];

/** Single layers with many weights, so that deviations are seen. */
const drawn: readonly (readonly [layer: object, x: Batch])[] = [
  [dense, randomBatch(6, [1, 30])],
  [standard, randomBatch(6, [1, 30])],
  [{ ...standard, biasStd: null }, randomBatch(6, [1, 30])],
  [{ ...standard, type: "conv", filter: [2, 3] }, images],
  [{ ...standard, type: "convLocal", filter: [2, 2] }, images],
  [{ ...standard, type: "convTranspose", filter: [3, 2] }, images],
  [attention({ scaling: "sqrt" }), tokens],
  [attention({ scaling: "sqrt", parameterization: "standard", heads: 9, keys: 40, values: 16, width: 400 }), tokens],
  [attention({ parameterization: "standard", queryStd: 0.5 }), randomBatch(6, [1, 1, 30])],
  [attention({ position: { ...position, combine: "concat", width: 7, values: true } }), tokens],
  [attention({ position: { ...position, logits: "encodings" }, biasStd: null }), images],
];

/** What weights of a layer are that should not be so. */
function wronglyDrawn(library: Library, layer: object, x: Batch): string | undefined {
  const many = { width: 40, heads: 6, keys: 30, values: 20, seed: 8 };
  const network = networkFromData(layer);
  const found = library.init(network, x, many) as Readonly<Record<string, Finite.Plain | null>>;
  const wanted = weightsOf(network, x.shape.slice(1, -1), x.shape.at(-1)!, many);
  if (Object.keys(found).sort().join() !== Object.keys(wanted).sort().join()) return "names";
  return Object.entries(wanted).find(([name, about]) => {
    const array = found[name]!;
    if (about === null || array === null) return (about === null) !== (array === null);
    const { data, shape } = array;
    const mean = data.reduce((total, v) => total + v, 0) / data.length;
    const squares = data.reduce((total, v) => total + v * v, 0) / data.length;
    const sure = 5 / Math.sqrt(data.length);
    const fits = Math.abs(mean) < sure * about.std && Math.abs(squares / about.std ** 2 - 1) < sure * Math.SQRT2;
    return shape.join() !== about.shape.join() || !fits;
  })?.[0];
}

/** Dropout keeps a share of the numbers, and multiplies those. */
function wronglyDropped({ apply }: Library): boolean {
  const x = randomBatch(9, [40, 50]);
  const { data } = apply(networkFromData({ type: "dropout", drop: 0.3 }), {}, x, { seed: 3 });
  const kept = data.filter((y) => y !== 0).length / data.length;
  return Math.abs(kept - 0.7) > 0.05 || data.some((y, i) => y !== 0 && Math.abs(y / x.data[i]! - 1 / 0.7) > 1e-12);
}

/** An array of weights for each number of them, moved up and down, and what the outputs are then. */
function slopesOf(network: Network, weights: Tree, x: Batch): number[][] {
  const arrays = (part: Tree): Float64Array[] =>
    Object.values(part).flatMap((of: Tree | Finite.Plain | null) =>
      of === null ? [] : "data" in of ? [of.data as Float64Array] : arrays(of),
    );
  return arrays(weights).flatMap((data) =>
    Array.from(data, (value, i) => {
      const [up, down] = [1e-5, -1e-5].map((by) => {
        data[i] = value + by;
        return outputs(network, weights, x);
      });
      data[i] = value;
      return up!.map((f, o) => (f - down![o]!) / 2e-5);
    }),
  );
}

/** The NTK in full, its trace, and its product with a vector, by differences. */
function derivatives(network: Network, weights: Tree, x: Batch, v: ArrayLike<number>) {
  const slopes = slopesOf(network, weights, x);
  const [n, d] = [x.shape[0], slopes[0]!.length / x.shape[0]];
  const range = (size: number): number[] => Array.from({ length: size }, (_, i) => i);
  const gram = range(n * d).map((a) => range(n * d).map((b) => slopes.reduce((all, of) => all + of[a]! * of[b]!, 0)));
  const pairs = range(n).flatMap((i) => range(n).map((j) => [i, j] as const));
  return {
    full: pairs.flatMap(([i, j]) => range(d).flatMap((c) => range(d).map((e) => gram[i * d + c]![j * d + e]!))),
    trace: pairs.map(([i, j]) => range(d).reduce((all, c) => all + gram[i * d + c]![j * d + c]! / d, 0)),
    product: gram.map((row) => row.reduce((all, value, b) => all + value * v[b]!, 0)),
  };
}

const derived: readonly Case[] = [
  [net(dense, { type: "erf" }, { ...dense, width: 2 }), features],
  [
    net(attention({ scaling: "sqrt", position }), { type: "layerNorm", epsilon: 0.1 }, { type: "gelu" }, pool, {
      ...dense,
      width: 2,
    }),
    tokens,
  ],
];

/** Weights, and what networks make of them. */
function truths(library: Library) {
  const drawn = (network: Network, x: Batch) => library.init(network, x, sizes) as Finite.Weights<Finite.Plain> & Tree;
  return {
    cases: cases.map(([network, x]) => {
      const weights = drawn(network, x);
      return { network, x, weights, wanted: outputs(network, weights, x) };
    }),
    derived: derived.map(([network, x]) => {
      const weights = drawn(network, x);
      const v = { shape: [2, 2], data: randomBatch(11, [2, 2]).data as Float64Array<ArrayBuffer> };
      return { network, x, weights, v, wanted: derivatives(network, weights, x, v.data) };
    }),
  };
}

/** The first thing that is wrong with a library, if anything is; the network `first` is tried before the others. */
async function mistake(library: Library, truth: ReturnType<typeof truths>, first = 0): Promise<string | undefined> {
  try {
    for (const i of [first, ...cases.keys()]) {
      const { network, x, weights, wanted } = truth.cases[i]!;
      if (!(difference(library.apply(network, weights, x).data, wanted) < 1e-12)) return `network ${i}`;
    }
    for (const [layer, x] of drawn) {
      const what = wronglyDrawn(library, layer, x);
      if (what !== undefined) return `weights ${what} of ${JSON.stringify(layer)}`;
    }
    if (wronglyDropped(library)) return "dropout";
    for (const { network, x, weights, v, wanted } of truth.derived) {
      const found = {
        trace: await library.empiricalNtk(network, weights, x, null),
        full: await library.empiricalNtk(network, weights, x, null, { axes: "full", batchSize: 1 }),
        product: library.empiricalNtkProduct(network, weights, x, x, v),
      };
      for (const what of ["trace", "full", "product"] as const)
        if (!(difference(found[what].data, wanted[what]) < 1e-7)) return `derivatives: ${what}`;
    }
    return undefined;
  } catch (error) {
    return `throws ${(error as Error).message}`;
  }
}

/** In a file of the library, as the bundle writes it: what stands there, and the mistake instead. */
type Mutation = readonly [file: string, from: string, to: string];

const mutations: readonly Mutation[] = [
  ["network/layers/attention.js", "options.queryStd * options.keyStd / (d *", "options.queryStd / (d *"],
  ["network/layers/attention.js", "? keys : Math.sqrt(keys)", "? keys : keys"],
  ["network/layers/attention.js", "? keys : Math.sqrt(keys)", "? Math.sqrt(keys) : Math.sqrt(keys)"],
  ["network/layers/attention.js", "/ (d * temperature)", "/ (Math.sqrt(d) * temperature)"],
  ["network/layers/attention.js", ": 1 / temperature", ": 1"],
  ["network/layers/attention.js", "Math.sqrt(o.queryStd * o.keyStd)", "o.keyStd"],
  ["network/layers/attention.js", "o.queryStd / Math.sqrt(seen)", "o.keyStd / Math.sqrt(seen)"],
  ["network/layers/attention.js", "std(keyStd / Math.sqrt(seen))", "std(keyStd)"],
  ["network/layers/attention.js", "o.valueStd / Math.sqrt(into)", "o.valueStd"],
  ["network/layers/attention.js", "o.outStd / Math.sqrt(heads * values)", "o.outStd / Math.sqrt(values)"],
  ["network/layers/attention.js", "std: std(biasStd)", "std: 1"],
  ["network/layers/attention.js", "ntk ? options.biasStd : 1", "options.biasStd"],
  ["network/layers/attention.js", "o.heads ?? sizes.heads", "sizes.heads"],
  ["network/layers/attention.js", "Math.sqrt(heads * values * into)", "Math.sqrt(values * into)"],
  ["network/layers/attention.js", "Math.sqrt(heads * values * into)", "Math.sqrt(heads * values)"],
  ["network/layers/attention.js", "Math.sqrt(heads * values * into)", "Math.sqrt(heads * into)"],
  ["network/layers/attention.js", "options.outStd * options.valueStd", "options.outStd"],
  ["network/layers/attention.js", "t.multiply(w.bias, ntk ? options.biasStd : 1)", "w.bias"],
  ["network/layers/attention.js", "w.bias === null ? y : t.add", "true ? y : t.add"],
  ["network/layers/attention.js", "nahk,nbhk->nhab", "nbhk,nahk->nhab"],
  ["network/layers/attention.js", "nhab,nbhv->nahv", "nhba,nbhv->nahv"],
  ["network/layers/attention.js", "position?.values === true ? encoded.both : x", "x"],
  ["network/layers/attention.js", "encoded.alone : encoded?.both ?? x", "encoded.both : encoded?.both ?? x"],
  ["network/layers/attention.js", "encoded.alone : encoded?.both ?? x", "encoded.alone : x"],
  ["network/layers/attention.js", "t.multiply(attended, Math.sqrt(1 - skip))", "t.multiply(attended, 1 - skip)"],
  ["network/layers/attention.js", "w.query === null ? key : t.einsum", "true ? key : t.einsum"],
  ["network/layers/attention.js", 'query: scaling === "linear" ? null', 'query: scaling === "sqrt" ? null'],
  ["network/attention-shares.js", "position?.values === true ? both : channels", "channels"],
  ["network/attention-shares.js", "position.width ?? channels", "channels"],
  ["network/attention-weights.js", "t.multiply(present, allowed)", "present"],
  ["network/attention-weights.js", "t.multiply(present, allowed)", "allowed"],
  ["network/attention-weights.js", "t.multiply(found, allowed)", "found"],
  ["network/attention-weights.js", "t.add(sum, -1)", "t.add(sum, 1)"],
  ["network/attention-weights.js", "return kept(t.map(rectifier, above))", "return t.map(rectifier, above)"],
  ["network/encodings.js", "noise), options.std)", "noise), 1)"],
  ["network/encodings.js", '"ab,bd->ad"', '"ba,bd->ad"'],
  ["network/encodings.js", "both: kept(", "both: ("],
  ["network/encodings.js", "t.add(x, each)", "x"],
  ["network/composed.js", "t.add(t.multiply(sum, x), value)", "t.multiply(t.add(sum, value), x)"],
  ["network/composed.js", "from += lengths[i]", "from += lengths[0]"],
  ["network/layers/dense.js", "weightStd * Math.sqrt(widthScale[0] / fanIn)", "weightStd / Math.sqrt(fanIn)"],
  ["network/layers/dense.js", "Math.sqrt(widthScale[0] / fanIn), biasStd", "Math.sqrt(widthScale[0] / fanIn), 1"],
  ["network/layers/dense.js", "width * widthScale[1];", "width;"],
  ["network/layers/dense.js", "weightStd / Math.sqrt(fanIn) :", "weightStd / fanIn :"],
  ["network/layers/dense.js", "weightStd / Math.sqrt(fanIn) :", "1 / Math.sqrt(fanIn) :"],
  ["network/layers/dense.js", "1 / Math.sqrt(widthScale[0])", "1"],
  ["network/layers/dense.js", "ntk ? t.multiply(bias, biasStd) : bias", "t.multiply(bias, biasStd)"],
  ["network/layers/dense.js", "ntk ? t.multiply(bias, biasStd) : bias", "bias"],
  ["network/layers/dense.js", "bias === null ? scaled : t.add", "true ? scaled : t.add"],
  ["network/layers/conv.js", "sizeOfFilter(window) * input.channels)", "input.channels)"],
  ["network/layers/conv.js", "[size, input.channels], size * input.channels", "[size, input.channels], input.channels"],
  ["network/layers/conv-local.js", "sizeOfFilter(window) * input.channels)", "input.channels)"],
  ["network/layers/conv-local.js", "size * input.channels", "size"],
  ["network/layers/conv-transpose.js", "w.bias, options, size * input.channels", "w.bias, options, size"],
  ["network/layers/conv-transpose.js", "taps.every(", "taps.some("],
  ["network/windows.js", "mask[at] ?? 0", "1"],
  [
    "network/layers/avg-pool.js",
    "apply: (t, _, x, options, { input }) =>",
    "apply: (t, _, x, { countPadding, ...options }, { input }) =>",
  ],
  ["network/layers/pool.js", "divide(t, sum, sumAlong(t, mask, 1))", "t.multiply(sum, 1 / positionCount(input))"],
  ["network/layers/normalization.js", "kept(subtract(t, x, mean(x)))", "x"],
  ["network/layers/normalization.js", "kept(subtract(t, x, mean(x)))", "subtract(t, x, mean(x))"],
  ["network/layers/normalization.js", "1 / input.channels), count", "1), count"],
  ["network/layers/normalization.js", "epsilon * (together?.size ?? 1)", "epsilon"],
  ["network/layers/normalization.js", "t.map(squareRoot$1, all)", "all"],
  ["network/layers/normalization.js", "mask ?? t.constant", "null ?? t.constant"],
  ["network/layers/token.js", "other < s : other > s", "other > s : other < s"],
  ["network/layers/token.js", "t.multiply(mask, alone)", "mask"],
  ["network/layers/positional.js", "s * S + from] = weight", "s * S + from] = 1"],
  ["network/layers/aggregate.js", "ntd,nst->nsd", "ntd,nts->nsd"],
  ["network/layers/dropout.js", "u < drop ? 0 : 1 / (1 - drop)", "u < drop ? 0 : 1"],
  ["network/layers/dropout.js", "u < drop", "u > drop"],
  ["network/layers/scale.js", "t.multiply(x, factor)", "x"],
  ["network/layers/leaky-relu.js", "1 - slope)", "slope)"],
  ["network/layers/ab-relu.js", "above - below)", "above)"],
  ["network/layers/gelu.js", "Math.SQRT1_2", "1"],
  ["network/layers/rbf.js", "t.multiply(x, Math.sqrt(2 * gamma))", "t.multiply(x, Math.sqrt(gamma))"],
  ["network/layers/gaussian.js", "t.multiply(t.multiply(x, x), exponent)", "t.multiply(x, exponent)"],
  ["network/layers/hermite.js", "Math.sqrt(n) * (before", "n * (before"],
  ["network/elementwise.js", "t.map(squareRoot$1, x)), .5)", "t.map(squareRoot$1, x)), 1)"],
  ["network/elementwise.js", "2 / Math.sqrt(Math.PI)", "1 / Math.sqrt(Math.PI)"],
  ["finite/network.js", "value * std", "value"],
  ["finite/network.js", "mask === null ? state : {", "true ? state : {"],
  ["finite/network.js", "=== 0 ? 0 : value", "=== 2 ? 0 : value"],
  ["finite/network.js", "maskBehind(below, definition.mask, options)", "below.mask"],
  ["finite/network.js", "present | b[i]", "present & b[i]"],
  ["finite/network.js", "t.multiply(x, y)", "t.add(x, y)"],
  ["finite/contract.js", "plain.multiply(sum, 1 / C)", "sum"],
  ["finite/contract.js", "1 / x.shape[2]", "1"],
  ["finite/backward.js", "t.multiply(g, slope(t, x.value))", "g"],
  ["finite/backward.js", "back(g, x, a, y, b)", "back(g, y, b, y, b)"],
  ["finite/forward.js", "t.multiply(f.slope(t, x.value), x.change)", "x.change"],
  ["finite/empirical.js", "(row + i) * stride", "i * stride"],
];

/** The library in one text. */
async function bundle(): Promise<string> {
  const { output } = await build({
    input: path.join(root, "dist", "finite", "index.js"),
    platform: "neutral",
    external: (id) => !/^[./]/.test(id),
    write: false,
  });
  const platform = pathToFileURL(path.join(root, "dist", "engines", "wasm", "platform", "node.js")).href;
  return output[0].code.replaceAll('"#platform"', JSON.stringify(platform));
}

function mutated(text: string, [file, from, to]: Mutation): string {
  const start = text.search(new RegExp(`^// .*dist/${file}$`, "m"));
  const at = text.indexOf(from, start);
  const end = text.slice(start + 1).search(/^\/\/ .*dist\/.*\.js$/m);
  // A place that has gone would make the mutation pass for caught without being one.
  expect(start >= 0 && at >= 0 && (end < 0 || at < start + 1 + end), `"${from}" in ${file}`).toBe(true);
  return text.slice(0, at) + to + text.slice(at + from.length);
}

describe("finite networks", () => {
  test("every layer is known to the loops, but for what no finite network has as its limit", () => {
    // What a closedForm is, the program at hand has to say, and copies of the library are programs of their own.
    const finite = [...rules.values()]
      .filter(({ apply, name }) => apply !== undefined && name !== "closedForm")
      .map(({ name }) => name);
    expect(Object.keys(theirs).sort()).toEqual(finite.sort());
    const text = JSON.stringify(cases.map(([network]) => network));
    expect(finite.filter((name) => !text.includes(`"type":"${name}"`))).toEqual([]);
  });

  test("every deliberate mistake is caught", { timeout: 120_000 }, async () => {
    const text = await bundle();
    mkdirSync(copies, { recursive: true });
    const load = async (name: string, code: string): Promise<Library> => {
      const file = path.join(copies, `${name}.mjs`);
      writeFileSync(file, code);
      return await import(/* @vite-ignore */ pathToFileURL(file).href);
    };
    const sound = await load("sound", text);
    const truth = truths(sound);
    expect(await mistake(sound, truth)).toBeUndefined();
    const missed: Mutation[] = [];
    // What has caught one mistake of a file is likely to catch the next one; before, a network with the file's layer.
    const likely = new Map<string, number>();
    const withLayer = (file: string): number => {
      const type = path.basename(file, ".js").replace(/-./g, (letter) => letter[1]!.toUpperCase());
      return Math.max(
        0,
        cases.findIndex(([network]) => JSON.stringify(network).includes(`"type":"${type}"`)),
      );
    };
    for (const [i, mutation] of mutations.entries()) {
      const what = await mistake(
        await load(String(i), mutated(text, mutation)),
        truth,
        likely.get(mutation[0]) ?? withLayer(mutation[0]),
      );
      if (what === undefined) missed.push(mutation);
      else if (what.startsWith("network ")) likely.set(mutation[0], Number(what.slice(8)));
    }
    console.log(
      `${mutations.length - missed.length} of ${mutations.length} deliberate mistakes in finite networks caught`,
    );
    expect(missed).toEqual([]);
  });
});
