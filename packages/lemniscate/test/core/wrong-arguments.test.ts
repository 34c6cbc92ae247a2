/**
 * @module Every public function with every argument, and every option, replaced by what it cannot be: it refuses that in this
 * library's words, or takes it, but never fails by accident.
 */
import * as library from "lemniscate";
import { afterAll, expect, test } from "vitest";

const { attention, batch, cholesky, dense, globalAvgPool, input, kernel, kernelGradient, kernels, openEngine } =
  library;
const { posterior, positionKernel, relu, repeat, serial } = library;

const net = serial(dense(), relu(), dense());
const x = batch([3, 2], [1, 0, 0, 1, 1, 1]);
const tokens = batch([2, 3, 2], [1, 0, 0, 1, 1, 1, 0, 2, 1, 0, 0, 1]);
const matrix = (rows: number, columns: number, ...data: readonly number[]) => ({
  rows,
  columns,
  data: Float64Array.from(data),
});
const K = matrix(3, 3, 2, 0.5, 0.1, 0.5, 2, 0.3, 0.1, 0.3, 2);
const cross = matrix(1, 3, 0.5, 0.2, 0.1);
const scores = matrix(3, 2, 1, 0, 0, 1, 1, 0);
const y = [1, -1, 0.5];
const variance = Float64Array.of(1, 1, 1);
const factor = cholesky(matrix(2, 2, 2, 0.5, 0.5, 1));
const right = matrix(2, 1, 1, 2);
const question = serial(input({ name: "question" }), dense());
const text = serial(input({ name: "text" }), dense());

const engine = await openEngine({ name: "reference" });
afterAll(() => engine[Symbol.asyncDispose]());
const run = { get: ["nngp"], engine, signal: undefined, onProgress: undefined } as const;
const k = kernel(net);
const fitted = posterior({ trainTrain: { nngp: K }, y, noise: 1 });
const flow = library.gradientFlow({ trainTrain: { ntk: K }, y });

/** Arguments that are right, for every function that has some; options are replaced one by one as well. */
const calls: Readonly<Record<string, readonly unknown[]>> = {
  batch: [
    [2, 1],
    [1, 2],
    [1, 1],
  ],
  channelsOf: [x],
  gridOf: [x],
  positionsOf: [x],
  examples: [x, 0, 2],
  maskedBy: [3, [2, 2], [1, 2, 3, 3]],
  sequences: [[[[1, 0]], [[1, 1]]]],
  withGraphs: [tokens, { edges: [[[0, 1]], [[0, 2]]] }],
  inputs: [{ a: x }],
  isLemniscateError: [1],
  openEngine: [{ name: "reference", precision: "f64" }],
  classification: [{ mean: scores, variance }],
  classify: [k, x, [0, 1, 0], { engine, noise: 1 }],
  trainingDynamics: [k, x, y, { get: "ntk", engine }],
  gp: [k, x, y, { engine, noise: { relative: 1e-3 }, signal: undefined, onProgress: undefined }],
  gradientDescent: [
    { ntk: K, y, loss: "meanSquaredError", learningRate: 1, momentum: 0.5, initial: 0, tolerance: 1e-6 },
  ],
  gradientFlow: [{ trainTrain: { ntk: K }, y, learningRate: 1, noise: 0, initial: 0, get: "ntk" }],
  accuracy: [scores, [0, 1, 0]],
  logLikelihood: [{ scores, variance }, [0, 1, 0]],
  oneHot: [[0, 1, 0], 2],
  predictedClasses: [scores],
  maxLearningRate: [K, { momentum: 0.5 }],
  posterior: [{ trainTrain: { nngp: K }, y, noise: { relative: 1e-3 }, get: "nngp", priorMean: 0, jitter: [0] }],
  cholesky: [K, { jitter: [0] }],
  eigen: [K],
  transpose: [K],
  zeros: [2, 2],
  multiply: [K, K],
  conditionEstimate: [factor],
  logDeterminant: [factor],
  solve: [factor, right],
  solveLower: [factor, right],
  solveUpper: [factor, right],
  crossAttention: [{ queries: question, memory: text, memoryLength: 3, attention: {} }],
  transformerBlock: [{ attention: { mask: "causal" } }],
  concat: [[dense(), dense()], { along: "channels" }],
  parallel: [dense(), dense()],
  product: [dense(), dense()],
  repeat: [dense(), 2],
  residual: [dense()],
  serial: [dense(), relu()],
  depths: [serial(repeat(serial(dense(), relu()), 3), dense())],
  headMixture: [serial(dense(), attention({ scaling: "sqrt" }), globalAvgPool(), dense()), { heads: 1, components: 2 }],
  networkFromData: [{ type: "relu" }],
  networkFromJson: ['{"type":"relu"}'],
  networkToJson: [net],
  kernel: [net],
  positionKernel: [net],
  kernelGradient: [net, { by: ["layers.0.weightStd"] }],
  kernels: [{ a: net }],
  abRelu: [{ below: -0.2, above: 1 }],
  attention: [{ keyStd: 1, weights: "softmax", position: { decay: "exponential" }, mask: "causal" }],
  avgPool: [{ filter: 2 }],
  closedForm: [{ name: "wrong", fn: Math.sin, covariance: () => 0, derivative: () => 0 }],
  conv: [{ filter: 2 }],
  convLocal: [{ filter: 2 }],
  convTranspose: [{ filter: 2 }],
  cos: [{ scale: 1 }],
  dense: [{ weightStd: 1 }],
  dropout: [{ drop: 0.2 }],
  elementwise: [{ name: "square", fn: (z: number) => z * z, kinks: [] }],
  elementwiseNumerical: [{ fn: "sigmoid", nodes: 10 }],
  erf: [{ scale: 1 }],
  exp: [{ scale: 1 }],
  expNormalized: [{ gamma: 1 }],
  gaussian: [{ exponent: -1 }],
  hermite: [{ degree: 2 }],
  input: [{ name: "a" }],
  layerNorm: [{ over: "all" }],
  leakyRelu: [{ slope: 0.1 }],
  linear: [{ matrix: [1, 0] }],
  monomial: [{ degree: 2 }],
  piecewiseLinear: [{ knots: [0], slopes: [0, 1] }],
  polynomial: [{ coefficients: [1, 2] }],
  rbf: [{ gamma: 1 }],
  rectifiedMonomial: [{ degree: 2 }],
  resize: [{ to: [3] }],
  rmsNorm: [{ over: "all" }],
  scale: [{ factor: 2 }],
  sin: [{ scale: 1 }],
  slice: [{ axes: [0] }],
  sumPool: [{ filter: 2 }],
  token: [{ at: "last" }],
};

/** What functions answer with, and its arguments. */
const methods: Readonly<Record<string, readonly [of: unknown, ...args: readonly unknown[]]>> = {
  "kernel()": [k, x, null, { ...run, precision: "f64" }],
  "kernel().diagonal": [k.diagonal, x, run],
  "kernel().explain": [k.explain, [3, 2], {}],
  "kernels()": [kernels({ a: net }), x, null, run],
  "positionKernel()": [positionKernel(serial(dense(), relu())), tokens, null, run],
  "kernelGradient()": [kernelGradient(net, { by: ["layers.0.weightStd"] }), x, null, run],
  "posterior().predict": [
    fitted.predict,
    { testTrain: { nngp: cross }, testDiagonal: { nngp: [1] } },
    { of: "latent" },
  ],
  "gradientFlow().predict": [flow.predict, { testTrain: { ntk: cross } }, { times: [1], uncertainty: "none" }],
};

const wrong = [undefined, null, Number.NaN, -1, 0.5, 1e300, "x", {}, [], true, () => 1, [null], { rows: 1 }];

/** A call's arguments with one of them, or one option among them, exchanged. */
function* variants(args: readonly unknown[]): Iterable<readonly [at: string, args: readonly unknown[]]> {
  for (const value of wrong)
    for (const [i, arg] of args.entries()) {
      const said = `argument ${i}`;
      yield [`${said}: ${String(JSON.stringify(value))}`, args.with(i, value)];
      if (typeof arg !== "object" || arg === null || Object.getPrototypeOf(arg) !== Object.prototype) continue;
      for (const key of Object.keys(arg))
        yield [`${said}, ${key}: ${String(JSON.stringify(value))}`, args.with(i, { ...arg, [key]: value })];
    }
}

/** How a function fails by accident. */
async function accidents(name: string, of: unknown, args: readonly unknown[]): Promise<string[]> {
  const found: string[] = [];
  for (const [at, changed] of variants(args))
    try {
      await (of as (...args: readonly unknown[]) => unknown)(...changed);
    } catch (error) {
      if (!library.isLemniscateError(error)) found.push(`${name}, ${at}: ${error}`);
    }
  return found;
}

const plain = new Set(["abs", "aggregate", "flatten", "gabor", "gelu", "globalAvgPool", "globalSumPool", "hardTanh"]);
for (const name of ["identity", "relu", "sigmoidLike", "sign"]) plain.add(name);

test("every public function is among them", () => {
  const named = Object.entries(library).filter(([name, value]) => typeof value === "function" && !plain.has(name));
  expect(
    named
      .map(([name]) => name)
      .filter((name) => name !== "LemniscateError")
      .sort(),
  ).toEqual(Object.keys(calls).sort());
});

test("no function fails by accident", async () => {
  const found: string[] = [];
  for (const [name, args] of Object.entries(calls))
    found.push(...(await accidents(name, (library as Readonly<Record<string, unknown>>)[name], args)));
  expect(found).toEqual([]);
});

test("nor does what they answer with", async () => {
  const found: string[] = [];
  for (const [name, [of, ...args]] of Object.entries(methods)) found.push(...(await accidents(name, of, args)));
  expect(found).toEqual([]);
});
