/** @module Networks of the conformance format, with Neural Tangents' names, as networks of this library. */
import { networkFromData } from "../../network/json.js";
import { placesIn } from "../../network/layers/slice.js";
import type { Network } from "../../network/placement.js";
import { Fields, Unavailable } from "./fields.js";
import { type ConformanceNetwork, isTensor } from "./format.js";

type Data = { readonly type: string; readonly [option: string]: unknown };

/** Which axes a product sums over, and which both sides have in common. */
type Dimensions = Readonly<Record<"lhsContracting" | "rhsContracting" | "lhsBatch" | "rhsBatch", readonly number[]>>;

/** The weights of dense and convolutional layers. */
const weights = (of: Fields) => ({
  weightStd: of.number("wStd", 1),
  biasStd: of.numberOrNull("bStd", null),
  parameterization: of.word("parameterization", "ntk", { ntk: "ntk", standard: "standard" }),
  widthScale: of.numbers("s", [1, 1]),
});

/** The window of a layer whose size has the name `size`. */
const window = (of: Fields, size: string): object => {
  const filter = of.numbers(size, []);
  return {
    filter,
    strides: of.numbers(
      "strides",
      filter.map(() => 1),
    ),
    padding: of.word("padding", "valid", { valid: "valid", same: "same", circular: "circular" }),
  };
};

const convolution = (of: Fields) => ({
  ...window(of, "filterShape"),
  ...weights(of),
  width: of.number("outChan", 1),
});

/** Every layer that the library has: the fields it knows are those that it takes. */
const leaves: Readonly<Record<string, (fields: Fields, rank: number) => Data>> = {
  identity: () => ({ type: "identity" }),
  relu: (of) => ({ type: "relu", ...of.irrelevant("doStabilize", "do_stabilize") }),
  abs: (of) => ({ type: "abs", ...of.irrelevant("doStabilize", "do_stabilize") }),
  leakyRelu: (of) => ({
    type: "leakyRelu",
    slope: of.number("alpha", 0.01),
    ...of.irrelevant("doStabilize", "do_stabilize"),
  }),
  abRelu: (of) => ({
    type: "abRelu",
    below: of.number("a", 0),
    above: of.number("b", 1),
    ...of.irrelevant("doStabilize", "do_stabilize"),
  }),
  erf: (of) => ({ type: "erf", scale: of.number("a", 1), slope: of.number("b", 1), shift: of.number("c", 0) }),
  sigmoidLike: () => ({ type: "sigmoidLike" }),
  gelu: (of) => ({ type: "gelu", ...of.irrelevant("approximate") }),
  sin: (of) => ({ type: "sin", scale: of.number("a", 1), slope: of.number("b", 1), phase: of.number("c", 0) }),
  cos: (of) => ({ type: "cos", scale: of.number("a", 1), slope: of.number("b", 1), phase: of.number("c", 0) }),
  rbf: (of) => ({ type: "rbf", gamma: of.number("gamma", 1) }),
  exp: (of) => ({ type: "exp", scale: of.number("a", 1), slope: of.number("b", 1) }),
  gaussian: (of) => ({ type: "gaussian", scale: of.number("a", 1), exponent: of.number("b", -1) }),
  gabor: () => ({ type: "gabor" }),
  sign: () => ({ type: "sign" }),
  monomial: (of) => ({ type: "monomial", degree: of.number("degree", Number.NaN) }),
  rectifiedMonomial: (of) => ({ type: "rectifiedMonomial", degree: of.number("degree", Number.NaN) }),
  hermite: (of) => ({ type: "hermite", degree: of.number("degree", Number.NaN) }),
  elementwiseNumerical: (of) => ({
    type: "elementwiseNumerical",
    fn: of.word("fn", "", {
      tanh: "tanh",
      sigmoid: "sigmoid",
      softplus: "softplus",
      swish: "silu",
      gaussianCdf: "gaussianCdf",
    }),
    nodes: of.number("deg", Number.NaN),
  }),
  polynomial: (of) => ({ type: "polynomial", coefficients: of.numbers("coef", []) }),
  expNormalized: (of) => ({
    type: "expNormalized",
    gamma: of.number("gamma", 1),
    shift: of.number("shift", -1),
    // Correlations are never beyond ±1 here.
    ...of.irrelevant("doClip", "do_clip"),
  }),
  flatten: () => ({ type: "flatten" }),
  globalAvgPool: () => ({ type: "globalAvgPool" }),
  globalSumPool: () => ({ type: "globalSumPool" }),
  dropout: (of) => ({
    type: "dropout",
    drop: 1 - of.number("rate", 1),
    mode: of.word("mode", "train", { train: "train", test: "test" }),
  }),
  dense: (of) => ({
    type: "dense",
    ...weights(of),
    width: of.number("outDim", 1),
  }),
  conv: (of) => ({ type: "conv", ...convolution(of) }),
  // The source counts the channels of a local convolution without s[1].
  convLocal: (of) => {
    const { widthScale, ...others } = convolution(of);
    return { type: "convLocal", ...others, widthScale: [widthScale[0]!, 1] };
  },
  convTranspose: (of) => ({ type: "convTranspose", ...convolution(of) }),
  avgPool: (of) => ({
    type: "avgPool",
    ...window(of, "windowShape"),
    countPadding: !of.flag("normalizeEdges", false),
  }),
  sumPool: (of) => ({ type: "sumPool", ...window(of, "windowShape") }),
  layerNorm: (of, rank) => {
    const axes = new Set(of.numbers("axis", [-1]).map((axis) => (axis < 0 ? axis + rank : axis)));
    const epsilon = of.number("eps", 1e-12);
    const positions = [...axes].filter((axis) => axis !== rank - 1).map((axis) => axis - 1);
    if (axes.has(rank - 1) && !axes.has(0)) {
      const over = positions.length === rank - 2 && rank > 2 ? "all" : positions.length === 0 ? "channels" : positions;
      return { type: "layerNorm", over, epsilon };
    }
    throw new Unavailable(`layerNorm over axes ${[...axes].join(", ")}`);
  },
  globalSelfAttention: attentionOf,
  imageResize: (of) => {
    const sizes = of.numbers("shape", []).slice(1, -1);
    return {
      type: "resize",
      to: sizes.map((size) => (size === -1 ? null : size)),
      method: of.word("method", "linear", { linear: "linear", nearest: "nearest" }),
      antialias: of.flag("antialias", true),
    };
  },
  index: (of, rank) => {
    const slices = of.raw("slices");
    const list: readonly unknown[] = Array.isArray(slices) ? slices : [];
    // Dots stand for all axes that are not named.
    const dots = list.includes("...") ? list.indexOf("...") : list.length;
    const whole = Array.from({ length: Math.max(0, rank - list.filter((at) => at !== "...").length) }, () => ({}));
    // Slices of examples are those of the data: see keptExamples.
    const axes = [...list.slice(0, dots), ...whole, ...list.slice(dots + 1)].slice(1, rank - 1);
    return axes.length === 0 ? { type: "identity" } : { type: "slice", axes };
  },
  // Axes and implementation are those of the data's graphs.
  aggregate: (of) => ({ type: "aggregate", ...of.irrelevant("implementation", "aggregateAxis") }),
  dotGeneral: (of, rank) => {
    const [rhs, lhs] = [of.raw("rhs"), of.raw("lhs")];
    const tensor = rhs ?? lhs;
    const { lhsContracting, rhsContracting, lhsBatch, rhsBatch } = of.raw("dimensionNumbers") as Dimensions;
    if (!isTensor(tensor)) throw new Unavailable("dotGeneral without a tensor");
    const numbers = tensor.data.map(Number);
    const [side, mine, theirs] = isTensor(rhs)
      ? (["rhs", rhsContracting, lhsContracting] as const)
      : (["lhs", lhsContracting, rhsContracting] as const);
    const [[own], [contracted]] = [mine, theirs];
    if (lhsBatch.length + rhsBatch.length > 0) {
      // Numbers that go along the only axis of positions multiply each of them.
      const along = lhsBatch.length === 1 && (isTensor(rhs) ? lhsBatch : rhsBatch)[0] === 1;
      if (!along || rank !== 3 || tensor.shape.length > 1) throw new Unavailable("dotGeneral with axes that go along");
      return { type: "linear", matrix: numbers.map((x, s) => numbers.map((_, t) => (s === t ? x : 0))), axis: 0 };
    }
    const all = tensor.shape.length > 1 && tensor.shape.length === mine.length && mine.length === rank - 2;
    if (all && mine.every((axis, n) => axis === n && theirs[n] === n + 1)) return weightedSum(tensor.shape, numbers);
    if (tensor.shape.length > 2) throw new Unavailable("dotGeneral with more than a matrix");
    if (tensor.shape.length === 0) return { type: "scale", factor: numbers[0] };
    const axis = contracted! - 1;
    if (tensor.shape.length === 1) return { type: "linear", matrix: numbers, axis };
    // The matrix's other axis comes behind all axes, or before them.
    if (axis !== (side === "rhs" ? rank - 3 : 0)) throw new Unavailable("dotGeneral that changes the order of axes");
    const [height, width] = tensor.shape as readonly [number, number];
    const [outputs, inputs] = own === 1 ? [height, width] : [width, height];
    const entry = (s: number, t: number): number => numbers[own === 1 ? s * width + t : t * width + s]!;
    const matrix = Array.from({ length: outputs }, (_, s) => Array.from({ length: inputs }, (_, t) => entry(s, t)));
    return { type: "linear", matrix, axis };
  },
};

/** The sum of all positions, each with a number: along the last axis, and of what that leaves along those before it. */
function weightedSum([size, ...others]: readonly number[], numbers: readonly number[]): Data {
  if (others.length === 0) return { type: "linear", matrix: numbers, axis: 0 };
  const each = numbers.length / size!;
  const branches = Array.from({ length: size! }, (_, i): Data => {
    const layers = [{ type: "slice", axes: [i] }, weightedSum(others, numbers.slice(i * each, (i + 1) * each))];
    return { type: "serial", layers };
  });
  return branches.length === 1 ? branches[0]! : { type: "parallel", branches };
}

function attentionOf(of: Fields): Data {
  const embeddings = of.word("posEmbType", "none", { none: null, sum: "sum", concat: "concat" });
  const [decay, rate] = of.onlyEntry("posEmbDecay", ["inverse", "inverseSquare", "exponential"]) ?? ["none", 1];
  const position = {
    combine: embeddings,
    decay,
    rate,
    power: of.number("posEmbPNorm", 2),
    std: of.number("wPosEmbStd", 1),
    width: of.numberOrNull("nChanPosEmb", null) ?? undefined,
    values: of.flag("valPosEmb", false),
    indefinite: "accept",
  };
  const mechanisms = { softmax: "softmax", identity: "identity", relu: "relu", abs: "abs" };
  return {
    type: "attention",
    scaling: of.word("scaling", "inverseKeyDim", { inverseKeyDim: "linear", inverseSqrtKeyDim: "sqrt" }),
    weights: of.word("mechanism", "softmax", mechanisms),
    keyStd: of.number("wKeyStd", 1),
    queryStd: of.number("wQueryStd", 1),
    valueStd: of.number("wValueStd", 1),
    outStd: of.number("wOutStd", 1),
    biasStd: of.numberOrNull("bStd", null),
    position: embeddings === null ? null : position,
    width: of.number("nChanOut", 1),
    ...of.irrelevant("nChanKey", "nChanVal", "nHeads"),
  };
}

/**
 * The same network in this library's terms.
 *
 * @param ranks - number of axes of each input, batch and channels included
 * @throws Unavailable if a layer, or a field of one, is not there
 */
export function networkOf(tree: ConformanceNetwork, ranks: readonly number[]): Network {
  const [name, value] = entryOf(tree);
  if (ranks.length === 1) return networkFromData(dataOf(tree, ranks[0]!));
  if (name !== "serial") throw new Unavailable(`network ${name} on several inputs`);
  const [first, ...rest] = listOf(value);
  const [parallel, branches] = entryOf(first!);
  if (parallel !== "parallel") throw new Unavailable(`${parallel} on several inputs`);
  const starts = listOf(branches).map((branch, i): Data[] => [
    { type: "input", name: String(i) },
    dataOf(branch, ranks[i]!),
  ]);
  return networkFromData(serialOf(rest, ranks[0]!, starts));
}

function dataOf(tree: ConformanceNetwork, rank: number): Data {
  const [name, value] = entryOf(tree);
  if (name === "serial") return serialOf(listOf(value), rank);
  if (name === "residual") return { ...serialOf(listOf(value), rank), type: "residual" };
  const fields = new Fields(name, value);
  if (name === "repeat") {
    const layer = dataOf(fields.raw("layer") as ConformanceNetwork, rank);
    const times = fields.number("n", Number.NaN);
    fields.refuseOthers();
    return { type: "repeat", layer, times };
  }
  const leaf = leaves[name];
  if (leaf === undefined) throw new Unavailable(`layer ${name}`);
  const data = leaf(fields, rank);
  fields.refuseOthers();
  return data;
}

/**
 * Layers in a row. `fanOut n`, `parallel […]` and `fanIn…` are three layers of the format and one join of branches
 * here: branches are collected from the first to the last of the three.
 */
function serialOf(trees: readonly ConformanceNetwork[], rank: number, starts: Data[][] | null = null): Data {
  const layers: Data[] = [];
  let branches = starts;
  let axes = rank;
  for (const tree of trees) {
    const [name, value] = entryOf(tree);
    const before = axes;
    axes = rankBehind(tree, axes);
    if (name === "fanOut" && branches === null) branches = Array.from({ length: value as number }, () => []);
    else if (branches === null) layers.push(dataOf(tree, before));
    else if (name === "parallel") {
      const inner = listOf(value);
      if (inner.length !== branches.length) throw new Unavailable(`parallel of ${inner.length} after another fanOut`);
      for (const [i, branch] of branches.entries()) branch.push(dataOf(inner[i]!, before));
    } else if (name in joins) {
      const joined = branches.map((branch): Data => ({ type: "serial", layers: branch }));
      layers.push(joins[name]!(joined, new Fields(name, value), before));
      branches = null;
    } else throw new Unavailable(`${name} on several branches`);
  }
  if (branches !== null) throw new Unavailable("fanOut without fanIn");
  return { type: "serial", layers };
}

/** The number of axes behind a network. */
function rankBehind(tree: ConformanceNetwork, rank: number): number {
  const [name, value] = entryOf(tree);
  if (name === "serial" || name === "residual") return listOf(value).reduce((axes, one) => rankBehind(one, axes), rank);
  if (name === "parallel") return rankBehind(listOf(value)[0]!, rank);
  if (name === "flatten" || name === "globalAvgPool" || name === "globalSumPool") return 2;
  const { slices = [], lhs, rhs } = value as { slices?: readonly unknown[]; lhs?: unknown; rhs?: unknown };
  const tensor = rhs ?? lhs;
  const { lhsContracting = [], rhsContracting = [] } =
    (value as { dimensionNumbers?: Partial<Dimensions> }).dimensionNumbers ?? {};
  const contracted = isTensor(rhs) ? rhsContracting : lhsContracting;
  const summed = isTensor(tensor) && tensor.shape.length === contracted.length ? contracted.length : 0;
  return rank - slices.filter(Number.isInteger).length - summed;
}

/** What collected branches become. */
const joins: Readonly<Record<string, (branches: readonly Data[], fields: Fields, rank: number) => Data>> = {
  fanInSum: (branches) => ({ type: "parallel", branches }),
  fanInProd: (branches) => ({ type: "product", branches }),
  fanInConcat: (branches, of, rank) => {
    const axis = (of.number("axis", -1) + rank) % rank;
    if (axis === 0) throw new Unavailable("fanInConcat of examples");
    return { type: "concat", branches, along: axis === rank - 1 ? "channels" : axis - 1 };
  },
};

/** Which of n examples are left behind a network that slices them; layers treat each by itself, so that data are cut instead. */
export function keptExamples(tree: unknown, n: number): readonly number[] {
  const all = Array.from({ length: n }, (_, i) => i);
  if (Array.isArray(tree))
    return tree.reduce<readonly number[]>((kept, one) => keptExamples(one, kept.length).map((i) => kept[i]!), all);
  if (typeof tree !== "object" || tree === null) return all;
  const [[name, value] = ["", null]] = Object.entries(tree);
  if (name === "parallel") return keptExamples((value as readonly unknown[])[0], n);
  if (name === "serial" || name === "residual") return keptExamples(value, n);
  if (name !== "index") return all;
  const [slice] = (value as { readonly slices: readonly unknown[] }).slices;
  if (slice === "...") return all;
  if (typeof slice !== "object" || slice === null) throw new Unavailable("index of one example");
  return placesIn(slice, n, 0);
}

/** The axes of positions that a network aggregates along, counted without that of examples. */
export function aggregatedAxes(tree: unknown, rank: number): readonly number[] {
  if (typeof tree !== "object" || tree === null) return [];
  if (!("aggregate" in tree))
    return Object.values(tree).reduce((found, part) => (found.length > 0 ? found : aggregatedAxes(part, rank)), []);
  const { aggregateAxis } = tree.aggregate as { readonly aggregateAxis?: readonly number[] };
  const all = Array.from({ length: rank - 2 }, (_, axis) => axis);
  return aggregateAxis?.map((axis) => (axis < 0 ? axis + rank : axis) - 1) ?? all;
}

function entryOf(tree: ConformanceNetwork): readonly [name: string, value: unknown] {
  const entries = typeof tree === "object" && tree !== null ? Object.entries(tree) : [];
  if (entries.length === 1) return entries[0]!;
  throw new Unavailable(`network ${JSON.stringify(tree)}, which is no object with one key`);
}

function listOf(value: unknown): readonly ConformanceNetwork[] {
  if (Array.isArray(value)) return value;
  throw new Unavailable(`list of layers written as ${JSON.stringify(value)}`);
}
