/**
 * @module Do the tests notice? Deliberate mistakes, one term each, are put into copies of the built package, and every
 * one must be caught by the oracle or by the comparison of engines, on a handful of networks.
 */
import { mkdirSync, readdirSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import path from "node:path";
import { fileURLToPath, pathToFileURL } from "node:url";
import type * as Lemniscate from "lemniscate";
import { afterAll, expect, test } from "vitest";
import { check, vectors } from "../engines/near-copies.js";
import { expanded } from "./expanded.js";
import { oracle } from "./oracle.js";
import { difference, randomBatch } from "./random.js";

const root = fileURLToPath(new URL("../../", import.meta.url));
const dist = path.join(root, "dist");
// Inside the repository, so that the copies find the packages they import.
const copies = path.join(root, "node_modules", ".mutants", String(process.pid));
afterAll(() => rmSync(copies, { recursive: true, force: true }), 60_000);

interface Mutation {
  readonly file: string;
  readonly from: string;
  readonly to: string;
}

const mutation = (file: string, from: string, to: string): Mutation => ({ file, from, to });

const mutations: readonly Mutation[] = [
  mutation("network/layers/dense.js", "(biasStd ?? 0) ** 2", "(biasStd ?? 0)"),
  mutation(
    "network/layers/dense.js",
    "add(own(p, q), affine(below.ntk(p, q), w2, 0))",
    "add(own(p, q), below.ntk(p, q))",
  ),
  mutation("network/layers/dense.js", "biasStd === null ? 0 : 1", "biasStd ?? 0"),
  mutation("network/layers/dense.js", "fanIn / widthScale[0]", "fanIn * widthScale[0]"),
  mutation(
    "network/layers/attention.js",
    "affine(values.nngp(p, q), share, 0)",
    "affine(values.nngp(p, q), share / 2, 0)",
  ),
  mutation("network/layers/attention.js", "(o.outStd * o.valueStd) ** 2", "o.outStd * o.valueStd"),
  mutation("network/layers/attention.js", "o.queryStd * o.keyStd, 0)", "(o.queryStd * o.keyStd) ** 2, 0)"),
  mutation("network/layers/attention.js", "affine(norm(p, q), values + logits, 0)", "affine(norm(p, q), values, 0)"),
  mutation("network/layers/attention.js", "inner(V.nngp(p, q), I.ntk(p, q))", "inner(V.nngp(p, q), V.ntk(p, q))"),
  mutation("network/encodings.js", "(options.std ** 2 * dp) / (d + dp)", "(options.std ** 2 * d) / (d + dp)"),
  mutation("network/encodings.js", "kept(add(affine(below.ntk(p, q), content, 0), R(p, q)), p, q)", "below.ntk(p, q)"),
  mutation(
    "network/encodings.js",
    "parametersOf(options, input)), options.std ** 2, 0)",
    "parametersOf(options, input)), 1, 0)",
  ),
  mutation("network/attention-shares.js", "(heads * values) / outStd ** 2", "heads / outStd ** 2"),
  mutation("network/attention-shares.js", "into / valueStd ** 2", "seen / valueStd ** 2"),
  mutation("network/attention-shares.js", "+ seen / keyStd ** 2", "+ seen / queryStd ** 2"),
  mutation("network/attention-shares.js", "biasStd === null ? 0 : 1", "biasStd ?? 0"),
  mutation("network/layers/attention.js", "affine(f, 1 - share, 0)", "affine(f, share, 0)"),
  mutation("network/layers/attention.js", "mix(below.ntk(p, q), attended.ntk(p, q))", "attended.ntk(p, q)"),
  mutation("network/layers/attention.js", "add(affine(Vk, values, 0), V.ntk(p, q))", "affine(Vk, values, 0)"),
  mutation("network/layers/attention.js", "add(affine(Ik, logits, 0), It)", "add(Ik, It)"),
  mutation(
    "network/layers/attention.js",
    "multiply(Ik, slopes(multiply(Vk, It)",
    "multiply(It, slopes(multiply(Vk, It)",
  ),
  mutation("network/layers/attention.js", "affine(sums(derivative, w, p, q), s, 0)", "sums(derivative, w, p, q)"),
  mutation("network/layers/attention.js", "op === derivative ? 1 : s", "s"),
  mutation("network/attention-weights.js", "multiply(found, mask)", "found"),
  mutation("ops/attend.js", "o.fma(k, o.constant(b), o.constant(a))", "o.mul(k, o.constant(b))"),
  mutation("ops/attend.js", "o.constant(-h)), o.constant(0)", "o.constant(0)), o.constant(0)"),
  mutation("ops/duals/power.js", "x * h - Math.sqrt(n) * before", "x * h - before"),
  mutation("ops/named-functions.js", "alpha * Math.expm1(x)", "Math.expm1(x)"),
  mutation("network/attention-weights.js", "softmaxRows(logits, presence, mask)", "softmaxRows(logits, presence)"),
  mutation("ops/token-mask.js", "causal && b > a", "causal && b >= a"),
  mutation("ops/token-mask.js", "<= band)", "< band)"),
  mutation("ops/token-mask.js", "(a < S - memory && b >= S - memory)", "b >= S - memory"),
  mutation("network/blocks.js", "[residualOf(normed, attended),", "[residualOf(attended),"),
  mutation(
    "network/blocks.js",
    "residualOf(wide, nonlinearity, narrow), normed]",
    "residualOf(wide, nonlinearity, narrow)]",
  ),
  mutation("network/blocks.js", "stop: -memoryLength", "start: memoryLength"),
  mutation("engines/wasm/runner.js", 'list === "example" && instruction.extent === "line"', "false"),
  mutation("ops/token-mask.js", "allowed[a * S + b] !== 0", "allowed[b * S + a] !== 0"),
  mutation("ops/sparsemax.js", "(sum - 1) / (n + 1)", "(sum - 1) / (n + 2)"),
  mutation("ops/rectifier-sums.js", "o.mul(dab, dij))", "o.constant(0))"),
  mutation(
    "ops/rectifier-sums.js",
    "o.mul(o.sqrt(o.mul(aa, ii)), o.sqrt(o.mul(bb, jj)))",
    "o.mul(o.sqrt(o.mul(aa, bb)), o.sqrt(o.mul(aa, bb)))",
  ),
  mutation("engines/wasm/dual-sums.js", "[(c + product) / 2", "[c / 2"),
  mutation("engines/wasm/angle-sums.js", "copies * at(distance)", "0"),
  mutation("engines/wasm/angle-sums.js", "2 * t * now - before", "2 * t * now"),
  mutation("network/layers/attention.js", "affine(throughLogits, std ** 2, 0)", "affine(throughLogits, std, 0)"),
  mutation("network/layers/attention.js", "jacobian(Vk, It, p, q)", "jacobian(Vk, Ik, p, q)"),
  mutation(
    "network/layers/attention.js",
    "meanSandwich(W(p), multiply(A, C), W(q))",
    "meanSandwich(P(p), multiply(A, C), P(q))",
  ),
  mutation(
    "engines/wasm/means.js",
    "into(difference, columns, rows, y, x, left)",
    "into(sum, columns, rows, y, x, left)",
  ),
  mutation("engines/wasm/means.js", "times(Ct, Tm, y", "times(Ct, Vm, y"),
  mutation("program/drawn-weights.js", 'part === "slopes" ? 1 : support', "support"),
  mutation("tiles/draws.js", "shell + 1 + l", "shell + l"),
  mutation("tiles/draws.js", "residual[e] - column[e] ** 2", "residual[e]"),
  mutation("engines/wasm/kernels/softmax.js", "f.advanceBy(mask, maskStride)", "undefined"),
  mutation("network/layers/attention.js", "sandwich(A(p), k, A(q))", "sandwich(A(p), k, A(p))"),
  mutation("network/layers/attention.js", "position?.values === true ? encoded : below", "encoded"),
  mutation("network/layers/normalization.js", "ntk: by(below.ntk)", "ntk: below.ntk"),
  mutation("network/layers/flatten.js", "1 / positionCount(input)", "1"),
  mutation("network/layers/dropout.js", "1 / (1 - drop)", "1 - drop"),
  mutation("network/layers/conv.js", "(biasStd ?? 0) ** 2", "(biasStd ?? 0)"),
  mutation("network/layers/conv.js", "channels / widthScale[0]", "share"),
  mutation("network/layers/conv.js", "affine(convolve(below.ntk(p, q), window), share, 0)", "below.ntk(p, q)"),
  mutation("network/layers/conv.js", "pickCenters(below.presence(p), window)", "below.presence(p)"),
  mutation("network/layers/avg-pool.js", "1 / size ** 2", "1 / size"),
  mutation("network/layers/avg-pool.js", "tapShares(q, window)", "below.presence(q)"),
  mutation("network/layers/sum-pool.js", "windowSums(below.ntk(p, q), window)", "windowSums(below.nngp(p, q), window)"),
  mutation("ops/window.js", "filter[k] - size) / 2)", "filter[k] - size + 1) / 2)"),
  mutation("ops/window.js", "(size - 1) / 2", "size / 2"),
  mutation("program/lengths.js", "Math.max(lengths[space], present)", "lengths[space]"),
  mutation("program/passes/unmask.js", "node.args[0].op === presenceOp && node.args[2].op === presenceOp", "true"),
  mutation("program/compile.js", 'input.grid.length === 1 && parameters["padding"] !== "circular"', "true"),
  mutation("engines/wasm/strips.js", "taps[s % size][t] < 0 ? 0 : -1", "-1"),
  mutation("engines/wasm/windows.js", "this.#clearAround(strip, down[k + 1])", "undefined"),
  mutation("engines/wasm/windows.js", "r + axis.size)", "r + axis.size - 1)"),
  mutation("engines/wasm/windows.js", "Math.max(0, -start)", "0"),
  mutation("network/layers/conv-local.js", "ntk: (p, q) => onlyDiagonal(shared.ntk(p, q))", "ntk: shared.ntk"),
  mutation("network/layers/conv-transpose.js", "(k + s - 2) / 2", "(k + s - 1) / 2"),
  mutation("network/layers/conv-transpose.js", "n * strides[axis] +", "n * strides[axis] - 1 +"),
  mutation("ops/end.js", 'at === "first" ? s : count - 1 - s', "s"),
  mutation("network/layers/token.js", "k(p, q), end(below.presence(q), at)", "k(p, q), end(below.presence(p), at)"),
  mutation("network/layers/normalization.js", "affine(means(p, q), -1, 0)", "affine(means(p, q), 1, 0)"),
  mutation("network/layers/normalization.js", "add(without(p, q), sandwich(", "(without(p, q), sandwich("),
  mutation("network/layers/normalization.js", "epsilon * together.size", "epsilon"),
  mutation(
    "ops/duals/dual.js",
    "dual.covariance(o, pp, o.constant(0), qq, parameters)",
    "dual.covariance(o, pp, pp, qq, parameters)",
  ),
  mutation("network/layers/slice.js", "spec < 0 ? spec + size : spec", "spec"),
  mutation("network/layers/resize.js", "Math.max(1, n / m)", "1"),
  mutation("network/layers/scale.js", "affine(below.ntk(p, q), factor ** 2, 0)", "below.ntk(p, q)"),
  mutation("network/layers/positional.js", "any(read)", "read"),
  mutation("ops/position-map.js", "v * w", "w"),
  mutation("ops/position-map.js", 'form !== "block" && isSelection(map)', "isSelection(map)"),
  mutation("program/compile.js", '!(op in mapOps) || form === "value"', "true"),
  mutation("network/layers/pool.js", "share(sumDiagonal(below.presence(q)))", "share(sumDiagonal(below.presence(p)))"),
  mutation("network/layers/nonlinearity.js", "return multiply(slopes, ntk)", "return ntk"),
  mutation("network/layers/leaky-relu.js", "below: slope, above: 1", "below: -slope, above: 1"),
  mutation("network/branches.js", "times ** 2", "times"),
  mutation("network/branches.js", "factor ** 2, 0", "factor, 0"),
  mutation("network/branches.js", "weight * factor", "weight"),
  mutation("network/branches.js", "starts[r] + s, n]", "starts[0] + s, n]"),
  mutation(
    "network/branches.js",
    "keep(mapPairs(inner(kind, p, q), map), presence(p), presence(q))",
    "mapPairs(inner(kind, p, q), map)",
  ),
  mutation("network/branches.js", ".reduce(multiply, branch.ntk(p, q))", ".reduce(multiply, branch.nngp(p, q))"),
  mutation("network/branches.js", "widths[r] / total", "1 / widths.length"),
  mutation("network/branches.js", "before + along", "along"),
  mutation("network/trace.js", "keep(k, presence(p), presence(q))", "k"),
  mutation("ops/duals/rectifier.js", "below * below + above * above", "below * below + above"),
  mutation("ops/duals/rectifier.js", "product: below * above", "product: 0"),
  mutation("ops/duals/rectifier.js", "o.add(o.constant(product), turned)", "o.sub(o.constant(product), turned)"),
  mutation("ops/duals/dual.js", "o.mul(a, b)), o.add(one, c)", "o.mul(a, a)), o.add(one, c)"),
  mutation("ops/algebra.js", "(2 * n - 1) ** 2", "(2 * n + 1) ** 2"),
  mutation("engines/wasm/vector.js", "(k + 2.5)", "(k + 1.5)"),
  mutation("engines/wasm/vector.js", "this.mul(this.sqrt(d), d)", "this.sqrt(d)"),
  mutation("ops/duals/rectifier.js", "o.constant(-product / c)", "o.constant(product / c)"),
  mutation("ops/duals/rectifier.js", "o.constant(f / c)", "o.constant(f)"),
  mutation("ops/duals/rectifier.js", "o.min(d, other)", "d"),
  mutation("ops/duals/rectifier.js", "below * above <= 0", "true"),
  mutation("ops/correlation.js", "o.constant(0.5)", "o.constant(1)"),
  mutation("ops/correlation.js", "o.div(scaled, o.add", "o.div(k, o.add"),
  mutation("ops/correlation.js", "o.mul(o.mul(s, t)", "o.mul(o.mul(s, s)"),
  mutation("program/passes/correlation.js", "graph.asExample(variance) !== graph.asExample(k)", "false"),
  mutation("program/passes/correlation.js", "scaled(p, known.pp)", "known.pp"),
  mutation("program/passes/correlation.js", "known.distance, known.qq", "known.distance, known.pp"),
  mutation("ops/duals/error-function.js", "4 * b2 * b2", "2 * b2 * b2"),
  mutation("ops/duals/gelu.js", "o.constant(1 / 4)", "o.constant(1 / 2)"),
  mutation("ops/duals/sine.js", "Math.cos(phase) ** 2", "Math.cos(phase)"),
  mutation("ops/duals/sine.js", "2 * n * (2 * n + 1)", "2 * n * (2 * n - 1)"),
  mutation("ops/duals/exponential.js", "o.constant(0.5)", "o.constant(1)"),
  mutation("ops/duals/sign.js", "-2 / Math.PI", "-1 / Math.PI"),
  mutation("ops/duals/sign.js", "o.sub(zero, size)", "size"),
  mutation("ops/duals/rectified-power.js", "degree - 1, degree ** 2", "degree - 1, degree"),
  mutation("ops/duals/rectified-power.js", "(before[m - 2] ?? 0)", "0"),
  mutation("ops/duals/rectified-power.js", "(m + 1) * (a[m + 1] ?? 0)", "m * (a[m + 1] ?? 0)"),
  mutation("ops/duals/rectified-power.js", "o.mul(d, o.add(one, near))", "d"),
  mutation("ops/duals/power.js", "(2 * j + 2) ** 2", "(2 * j + 2)"),
  mutation("ops/duals/power.js", "o.sub(qq, one)", "qq"),
  mutation("ops/duals/power.js", "degree - 1, degree)", "degree - 1, degree ** 2)"),
  mutation("ops/duals/polynomial.js", "Math.sqrt(k)", "k"),
  mutation("ops/duals/polynomial.js", "horner(o, mean, qq)", "horner(o, mean, pp)"),
  mutation("ops/duals/gaussian.js", "o.constant(4 * b * b)", "o.constant(2 * b * b)"),
  mutation("ops/duals/gabor.js", "o.constant(-0.5)", "o.constant(-1)"),
  mutation("ops/duals/gabor.js", "o.constant(8)", "o.constant(4)"),
  mutation("ops/duals/normalized-exponential.js", "o.constant(shift - 1)", "o.constant(shift)"),
  mutation("ops/duals/hermite-series.js", "o.constant(weight(n))", "o.constant(1)"),
  mutation("ops/duals/hermite-series.js", "o.mul(p.mean, q.mean)", "o.mul(p.mean, p.mean)"),
  mutation("ops/duals/hermite-series.js", "o.mul(p.known[i], q.known[i])", "o.constant(0)"),
  mutation("ops/duals/hermite-series.js", "linear(1, 2)", "linear(1, 1)"),
  mutation("ops/duals/hermite-series.js", "linear(4, 11)", "linear(5, 11)"),
  mutation("ops/duals/hermite-series.js", "o.sub(value, means)", "value"),
  mutation("ops/duals/hermite-series.js", "c2 ** 2 / 4", "c2 ** 2 / 8"),
  mutation("ops/duals/hermite-expansion.js", "delta[n - 3] / Math.sqrt(n * (n - 1) * (n - 2))", "delta[n - 3] / n"),
  mutation("network/layers/cos.js", "Math.PI / 2", "Math.PI"),
  mutation("network/layers/rbf.js", "Math.sqrt(2 * gamma)", "Math.sqrt(gamma)"),
  mutation("network/layers/sigmoid-like.js", "1 / width", "width"),
  mutation("ops/padding.js", "o.max(n, o.constant(1))", "o.max(n, o.constant(2))"),
  mutation("ops/position-covariance.js", "rate * r * r", "rate * r"),
  mutation("ops/normalize.js", "o.sqrt(o.add(qq, eps))", "o.sqrt(o.add(pp, eps))"),
  mutation("program/compile.js", 'form === "block" && role !== "entry" ? role : "same"', '"same"'),
  mutation("program/graph.js", "parameters, node.extent", "node.extent"),
  mutation("program/passes/multiples.js", "x.scale + y.scale", "x.scale"),
  mutation("program/passes/readout.js", "weigh(third, v)", "weigh(third, u)"),
  mutation("program/passes/prefix.js", "times * shift)", "shift)"),
  mutation("program/passes/prefix.js", "factor + (into.get(key)?.times ?? 0)", "factor"),
  mutation("program/passes/readout.js", "shift === 0 ? scaled : add", "true ? scaled : add"),
  mutation("program/passes/readout.js", "multiply(number, bilinear(u, block, v))", "bilinear(u, block, v)"),
  mutation("program/passes/readout.js", "poolInputs(v, second)", "poolInputs(u, second)"),
  mutation("program/passes/trace.js", "compose(weights[1], third)", "third"),
  mutation("program/passes/trace.js", "affine(traced(outer", "affine((outer"),
  mutation("program/passes/trace.js", "inner(cross(A, B), k)", "inner(cross(A, A), k)"),
  mutation("program/passes/multiples.js", "x.scale * y.scale, 0", "x.scale, 0"),
  mutation("engines/wasm/lower.js", "operand !== 1", "operand === 0"),
  mutation("engines/wasm/vector.js", "this.constant(Math.PI / 4)", "this.constant(Math.PI / 3)"),
  mutation("engines/wasm/vector.js", "vector.args.every(fixed)", "vector.args.some(fixed)"),
  mutation("engines/wasm/fill.js", "presence[s] === 0 ? 0 : ", ""),
  mutation("engines/wasm/buffers.js", "kept.has(step) ||", ""),
  mutation("tiles/place.js", "t * S + s]", "s * S + t]"),
  mutation("engines/wasm/kernels/near-copies.js", "1 - 2 ** -8", "1 + 2 ** -8"),
  mutation("engines/wasm/kernels/near-copies.js", "channels >= manyChannels", "false"),
  mutation("engines/wasm/kernels/near-copies.js", ".pmax`", ".pmin`"),
  mutation("engines/wasm/kernels/near-copies.js", ".get(excess[v]).get(sum).op(", ".get(sum).get(sum).op("),
  mutation("engines/wasm/kernels/near-copies.js", "fill(f, 0.5)", "fill(f, 0.25)"),
  mutation("engines/wasm/kernels/near-copies.js", "fill(f, -0)", "fill(f, 0)"),
  mutation("engines/wasm/kernels/near-copies.js", "[x, x, row]", "[y, y, row]"),
  mutation("engines/wasm/kernels/near-copies.js", "[y, y, column]", "[x, x, column]"),
];

type Library = typeof Lemniscate;

/** Near-copies and opposites, some 10⁻² and some 10⁻⁷ apart: features, and the same vectors as positions. */
const nearCopies = [2 ** -6, 2 ** -26].map((apart) => vectors(9, 24, 16, apart));

const features = randomBatch(5, [5, 3]);
const tokens = randomBatch(6, [5, 4, 3], [1, 1, 1, 1, 1, 0, 1, 1, 1, 0, 0, 0, 0, 1, 1, 0, 0, 0, 0, 0]);
/** Without holes, so that sums are pushed through blocks that are trimmed. */
const trimmed = randomBatch(7, [4, 4, 3], [1, 1, 1, 1, 1, 1, 1, 0, 1, 1, 0, 0, 1, 1, 1, 1]);

const behind = randomBatch(7, [3, 5, 2], [1, 1, 1, 1, 0, 1, 1, 1, 1, 1, 1, 0, 0, 0, 0]);
const images = randomBatch(
  8,
  [3, 4, 3, 2],
  Array.from({ length: 36 }, (_, i) => (i === 15 || i > 30 ? 0 : 1)),
);

/** Networks that between them use every layer and most options. */
function networks(library: Library): readonly [Lemniscate.Network, Lemniscate.Batch][] {
  const { batch, networkFromData } = library;
  const dense = { type: "dense", weightStd: 1.2, biasStd: 0.3, width: 4 };
  const pool = { type: "globalAvgPool" };
  const conv = { type: "conv", weightStd: 1.2, biasStd: 0.3, width: 4 };
  const standard = { ...conv, parameterization: "standard" };
  const conv2 = { ...conv, filter: [3, 3], padding: "same" };
  const declared = { parameterization: "standard", heads: 3, values: 5 };
  const attention = (options: object): object => ({
    type: "attention",
    keyStd: 0.8,
    outStd: 0.9,
    biasStd: 0.2,
    ...options,
  });
  const near = { decay: "exponential", rate: 0.5, power: 1 };
  const net = (...layers: readonly object[]): Lemniscate.Network => networkFromData({ type: "serial", layers });
  const phi = (type: object): [Lemniscate.Network, Lemniscate.Batch] => [net(dense, type, dense), features];
  const leaky = { type: "leakyRelu", slope: 0.8 };
  const norm = { type: "layerNorm", epsilon: 0.5 };
  const bent = { type: "piecewiseLinear", knots: [-0.4, 0.5], slopes: [-0.5, 1, 0.2], atZero: 0.3 };
  const all = { type: "layerNorm", over: "all" };
  const identity = { type: "identity" };
  const windows = { type: "avgPool", filter: 3, padding: "same", countPadding: false };
  const turned = { type: "slice", axes: [{ step: -1 }] };
  const sum = (...branches: readonly object[]): object => ({ type: "parallel", branches });
  const residual = (...layers: readonly object[]): object => ({ type: "residual", layers });
  const beside = (along: string | number, ...branches: readonly object[]): object => ({
    type: "concat",
    branches,
    along,
  });
  const sqrt = { scaling: "sqrt", weights: "identity" };
  return [
    phi({ type: "relu" }),
    phi({ type: "leakyRelu", slope: 0.3 }),
    phi({ type: "abRelu", below: -0.4, above: 1.4 }),
    [net(dense, { type: "relu" }, dense, { type: "leakyRelu", slope: 0.3 }, dense, { type: "relu" }), features],
    [net({ ...dense, biasStd: 0 }, leaky, { ...dense, biasStd: 0 }, leaky, dense), features],
    [net(dense, { type: "relu" }, { type: "dropout", drop: 0.3 }, dense, { type: "relu" }), features],
    [net(dense, { type: "relu" }, { ...dense, biasStd: 0 }, norm, dense, { type: "relu" }), tokens],
    phi({ type: "erf", scale: 1.3, slope: 0.8, shift: 0.2 }),
    phi({ type: "gelu" }),
    phi({ type: "sin", phase: 0.5 }),
    phi({ type: "exp", slope: 0.5 }),
    phi({ type: "cos", phase: 0.5 }),
    phi({ type: "rbf", gamma: 0.4 }),
    phi({ type: "sigmoidLike" }),
    phi({ type: "gaussian", exponent: -0.4 }),
    phi({ type: "gabor" }),
    phi({ type: "sign" }),
    phi({ type: "monomial", degree: 4 }),
    phi({ type: "rectifiedMonomial", degree: 3 }),
    phi({ type: "hermite", degree: 4 }),
    phi({ type: "polynomial", coefficients: [0.3, -1, 0.2, 0.1] }),
    phi({ type: "expNormalized", gamma: 0.7, shift: 0.2 }),
    [net({ ...dense, parameterization: "standard", widthScale: [2, 3] }, { type: "relu" }, dense), features],
    [net(attention({}), { type: "relu" }, { type: "flatten" }, dense), tokens],
    [net(dense, attention({ ...sqrt, ...declared })), tokens],
    [net(dense, attention({ ...declared, position: { ...near, combine: "concat", width: 7 } })), tokens],
    [net(dense, attention({ weights: { type: "hermite", degree: 3 } }), attention({ weights: bent })), tokens],
    [net(dense, attention({ weights: { type: "elementwise", fn: "selu" } }), pool), tokens],
    [net(dense, attention({ position: near }), { type: "layerNorm" }, pool, dense), tokens],
    [net(dense, attention({ position: { ...near, combine: "concat", width: 7, values: true } }), pool), tokens],
    [net(dense, attention({ ...sqrt, position: { decay: "inverseSquare", rate: 5 } }), pool, dense), tokens],
    [net(dense, { type: "dropout", drop: 0.3 }, attention({ weights: "relu" }), { type: "globalSumPool" }), tokens],
    [
      net(
        dense,
        { type: "layerNorm", over: "all", epsilon: 0.3 },
        { type: "residual", layers: [attention({}), { type: "gelu" }, dense] },
        pool,
        dense,
      ),
      tokens,
    ],
    [net(dense, { type: "relu" }, attention({})), tokens],
    [net(dense, attention({}), dense, attention({}), { type: "relu" }, pool), tokens],
    [net(pool, dense), tokens],
    [net({ ...conv, filter: 3, padding: "same" }, { type: "relu" }, { ...conv, filter: 2, strides: 2 }, pool), behind],
    [net({ ...conv, filter: 4 }, { type: "relu" }, pool), behind],
    [net({ ...conv, filter: 4, padding: "circular" }, { type: "gelu" }, dense), behind],
    [
      net(
        dense,
        { type: "gelu" },
        dense,
        { type: "sumPool", filter: 3 },
        { type: "relu" },
        { ...standard, filter: 2, padding: "same" },
      ),
      tokens,
    ],
    [net({ ...conv, filter: [3, 2], padding: "same" }, { type: "relu" }, { ...conv, filter: [2, 3] }, pool), images],
    [
      net(dense, { type: "avgPool", filter: 2, strides: [2, 1], padding: "same", countPadding: false }, conv2, {
        type: "avgPool",
        filter: 2,
      }),
      images,
    ],
    [net(dense, sum(identity, windows, { type: "scale", factor: 0.4 }), { type: "relu" }, pool), tokens],
    [net(dense, sum(identity, { type: "scale", factor: 0.4 }), { type: "relu" }), tokens],
    [net(dense, sum(residual(dense), identity, identity), { type: "relu" }), tokens],
    [net(dense, sum(net(turned, windows), net(windows, windows, { type: "scale", factor: 3 }), dense)), tokens],
    [net({ type: "product", branches: [net(dense, { type: "gelu" }, dense), dense] }, dense), tokens],
    [net(beside("channels", net(dense, { type: "erf" }), { ...dense, width: 9 }), dense), features],
    [net(dense, beside(0, dense, identity, turned), { type: "relu" }, pool), tokens],
    [net(dense, { type: "convLocal", filter: 2, padding: "same", biasStd: 0.3 }, { type: "relu" }, pool), tokens],
    [net({ ...conv, type: "convTranspose", filter: 4, strides: 2, padding: "same" }, { type: "relu" }, pool), tokens],
    [net({ ...conv, type: "convTranspose", filter: [3, 4], strides: [1, 3] }, { type: "relu" }, pool), images],
    [net(dense, attention({}), { type: "token", at: "last" }, dense), tokens],
    [net(dense, { type: "relu" }, { type: "layerNorm", epsilon: 1e-6 }, dense, { type: "token", at: "first" }), tokens],
    [net(dense, { type: "gelu" }, { type: "layerNorm", over: [1], epsilon: 0.1 }, dense, { type: "relu" }), images],
    [net({ type: "rmsNorm", over: [0] }, dense, { type: "relu" }), images],
    [net({ type: "flatten" }, dense), tokens],
    [net(dense, { type: "resize", to: [3, 4] }, conv2, { type: "relu" }, { type: "slice", axes: [-1] }, pool), images],
    [
      net(dense, { type: "gelu" }, { type: "linear", matrix: [0.5, -1, 2], axis: 1 }, { type: "scale", factor: 0.6 }),
      images,
    ],
    [net(dense, { type: "relu" }, { type: "slice", axes: [{ start: -1, step: -2 }] }, dense), tokens],
    [net(dense, { type: "relu" }, { type: "slice", axes: [-2] }, dense), tokens],
    [net({ ...dense, biasStd: 0 }, { ...dense, biasStd: 0 }, attention(sqrt), pool), tokens],
    [net(dense, { type: "relu" }, attention({}), dense, attention({}), { type: "flatten" }), trimmed],
    [net(dense, attention({}), attention(sqrt), pool), trimmed],
    [net(dense, { type: "residual", layers: [attention({})] }, { ...dense, biasStd: null }, pool), tokens],
    [net(dense, { type: "relu" }, { type: "flatten" }, dense), batch([6, 4, 16], nearCopies[0]!.flat())],
    [net(dense, all, { type: "gelu" }, dense, all, { type: "relu" }, pool, dense), tokens],
    [
      net(
        dense,
        { type: "relu" },
        dense,
        attention({ ...sqrt, weights: { type: "leakyRelu", slope: 0.3 }, position: near }),
        pool,
      ),
      tokens,
    ],
    [
      net(dense, attention({ weights: { type: "abRelu", below: -0.4, above: 1.2 }, scaling: "sqrt", mask: "causal" })),
      trimmed,
    ],
    [
      net(
        dense,
        attention({
          weights: "erf",
          scaling: "sqrt",
          mask: { band: 1, causal: true },
          position: { ...near, values: true },
        }),
      ),
      tokens,
    ],
    [net(dense, { type: "relu" }, dense, attention({ samples: 5, scaling: "sqrt", mask: "causal" }), pool), tokens],
    [net(dense, attention({ samples: 4, scaling: "sqrt", weights: "sparsemax", position: near }), pool), trimmed],
    [net(dense, attention({ samples: 3, scaling: "sqrt", weights: "relu", seed: 2 })), trimmed],
    [net(dense, attention({ mask: "causal", skip: 0.3 }), { type: "relu" }, { type: "flatten" }), trimmed],
    [
      net(
        dense,
        attention({
          weights: "sparsemax",
          mask: {
            allowed: [
              [1, 1, 0, 1],
              [0, 1, 1, 0],
              [1, 0, 1, 0],
              [0, 0, 1, 1],
            ],
          },
        }),
      ),
      tokens,
    ],
    [net(dense, attention({ weights: "exp", mask: { band: 1 } }), pool), trimmed],
    [net(dense, attention({ mask: { memory: 2 } })), tokens],
    [net(dense, attention({ position: { ...near, std: 1.3, logits: "encodings" } }), pool), tokens],
    [net(dense, library.transformerBlock({ attention: { mask: "causal" }, layerNorm: { epsilon: 0.3 } })), trimmed],
    [net(dense, library.transformerBlock({ norm: "post", nonlinearity: library.erf() }), pool), tokens],
    [
      net(
        dense,
        library.crossAttention({
          queries: net({ type: "slice", axes: [{ stop: 3 }] }),
          memory: net({ type: "slice", axes: [{ start: -2 }] }),
          memoryLength: 2,
          attention: { keyStd: 1.3 },
        }),
      ),
      tokens,
    ],
    [
      net(
        { type: "slice", axes: [{ start: 1 }] },
        { ...conv, type: "convTranspose", filter: 3, padding: "same" },
        attention({}),
      ),
      tokens,
    ],
    // The last ones, since they take longest.
    ...expanded
      .slice(-2)
      .map((options): [Lemniscate.Network, Lemniscate.Batch] => [
        net(dense, { type: "layerNorm", epsilon: 0.5 }, { type: "elementwise", ...options }, dense),
        features,
      ]),
  ];
}

/** Whether inner products of near-copies are right to their last digit, which no tolerance of the oracle can tell. */
async function checkNearCopies({ batch, networkFromData, positionKernel }: Library, engine: Lemniscate.Engine) {
  const k = positionKernel(networkFromData({ type: "dense" }));
  for (const rows of nearCopies)
    for (const S of [1, 12]) {
      const x = S === 1 ? batch([24, 16], rows.flat()) : batch([24 / S, S, 16], rows.flat());
      const { nngp } = await k(x, null, { get: ["nngp"], engine });
      const at = (i: number, j: number): number =>
        nngp[((Math.floor(i / S) * (24 / S) + Math.floor(j / S)) * S + (i % S)) * S + (j % S)]!;
      check(rows, at, 2 ** -53);
    }
}

type Truth = { readonly [Q in "nngp" | "ntk"]: ArrayLike<number> };

/** A network, by its number, and the engine on which it came out wrong. */
interface Catch {
  readonly network: number;
  readonly engine: string;
}

/**
 * The first thing that is wrong with a library, if anything is. Where it is to be looked for first are the `likely` places;
 * an engine whose code is not the one in question is left out.
 */
async function mistake(
  library: Library,
  truths: readonly Truth[],
  file = "",
  likely: readonly Catch[] = [],
): Promise<{ readonly what: string; readonly where?: Catch } | undefined> {
  const engines = [
    ...(file.startsWith("engines/wasm/") ? [] : [await library.openEngine({ name: "reference" })]),
    ...(file.startsWith("engines/reference/") ? [] : [await library.openEngine({ threads: 1 })]),
  ];
  const all = networks(library);
  const everywhere = engines.flatMap(({ name }) => all.map((_, network): Catch => ({ network, engine: name })));
  const known = likely.filter(({ engine }) => engines.some(({ name }) => name === engine));
  const isKnown = (place: Catch): boolean =>
    known.some(({ network, engine }) => network === place.network && engine === place.engine);
  try {
    for (const where of [...known, ...everywhere.filter((place) => !isKnown(place))]) {
      const [network, x] = all[where.network]!;
      const engine = engines.find(({ name }) => name === where.engine)!;
      const truth = truths[where.network]!;
      const found = await library.positionKernel(network)(x, null, { get: ["nngp", "ntk"], engine });
      for (const quantity of ["nngp", "ntk"] as const)
        if (!(difference(found[quantity], truth[quantity]) < 1e-7))
          return { what: `${quantity} of network ${where.network}, ${engine.name}`, where };
    }
    for (const engine of engines) if (engine.name === "wasm") await checkNearCopies(library, engine);
    return undefined;
  } catch (error) {
    return { what: `throws ${(error as Error).message}` };
  } finally {
    for (const engine of engines) await engine[Symbol.asyncDispose]();
  }
}

/** A module by its path under `dist`. */
const urlIn = (folder: string, module: string): string => pathToFileURL(path.join(folder, module)).href;

/** What a module names others by: "#platform" is Node's here. */
const specifiers = /"(#platform|\.{1,2}\/[^"]+\.js)"/g;
const named = (module: string, specifier: string): string =>
  specifier === "#platform" ? "engines/wasm/platform/node.js" : path.posix.join(path.posix.dirname(module), specifier);

const texts = new Map(
  readdirSync(dist, { recursive: true, encoding: "utf8" })
    .map((module) => module.split(path.sep).join("/"))
    .filter((module) => /\.js$/.test(module) && !/^(cli|data)\//.test(module))
    .map((module) => [module, readFileSync(path.join(dist, module), "utf8")]),
);
const importers = new Map([...texts.keys()].map((module) => [module, new Set<string>()]));
for (const [module, text] of texts)
  for (const [, specifier] of text.matchAll(specifiers)) importers.get(named(module, specifier!))?.add(module);

/** Writes the changed module and all that import it, from one to the other; the others are those of the sound library. */
async function mutant(name: string, { file, from, to }: Mutation): Promise<Library> {
  const folder = path.join(copies, name);
  const fresh = new Set([file]);
  for (const module of fresh) for (const importer of importers.get(module)!) fresh.add(importer);
  const parts = texts.get(file)!.split(from);
  // A place that has gone would make the mutation pass for caught without being one.
  expect(parts.length, `"${from}" in ${file}`).toBeGreaterThan(1);
  for (const module of fresh) {
    const text = module === file ? parts.join(to) : texts.get(module)!;
    const linked = text.replace(specifiers, (_, specifier) => {
      const other = named(module, specifier);
      return JSON.stringify(urlIn(fresh.has(other) ? folder : dist, other));
    });
    mkdirSync(path.dirname(path.join(folder, module)), { recursive: true });
    writeFileSync(path.join(folder, module), linked);
  }
  return await import(/* @vite-ignore */ urlIn(folder, "index.js"));
}

test("every deliberate mistake is caught", { timeout: 600_000 }, async () => {
  const sound: Library = await import(/* @vite-ignore */ urlIn(dist, "index.js"));
  // Draws follow from their seed, so that those of the sound library, which has tests of its own, tell a mistake.
  await using reference = await sound.openEngine({ name: "reference" });
  const truths: Truth[] = [];
  for (const [network, x] of networks(sound)) {
    const drawn = JSON.stringify(network).includes('"samples"');
    const get = ["nngp", "ntk"] as const;
    truths.push(drawn ? await sound.positionKernel(network)(x, null, { get, engine: reference }) : oracle(network, x));
  }
  expect(await mistake(sound, truths)).toBeUndefined();
  const caught: string[] = [];
  const missed: Mutation[] = [];
  // What has caught one mistake of a file is likely to catch the next one.
  const likely = new Map<string, Catch[]>();
  for (const [i, change] of mutations.entries()) {
    const known = likely.get(change.file) ?? [];
    const found = await mistake(await mutant(`mutant${i}`, change), truths, change.file, known);
    if (found === undefined) missed.push(change);
    else caught.push(`${change.file}: ${change.from} → ${change.to || "nothing"}: ${found.what}`);
    if (found?.where !== undefined) likely.set(change.file, [...new Set([found.where, ...known])]);
  }
  console.log(`${caught.length} of ${mutations.length} mutations caught`);
  if (process.env["MUTATIONS"] !== undefined) console.log(caught.join("\n"));
  expect(missed).toEqual([]);
});
