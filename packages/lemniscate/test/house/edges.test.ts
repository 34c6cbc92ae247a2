/**
 * @module Every edge case that the inventory of Neural Tangents names has a test here, by its file and title; where the public
 * interface leaves no room for one, the reason.
 */
import { existsSync, readFileSync } from "node:fs";
import path from "node:path";
import { fileURLToPath } from "node:url";
import { expect, test } from "vitest";

const tests = fileURLToPath(new URL("../", import.meta.url));
const inventory = path.resolve(tests, "../../../../shared/spec/neural-tangents.md");

type Tested = readonly [file: string, ...titles: string[]];

/** By the first word of each row of the inventory's tables. */
const edges: Readonly<Record<string, string | readonly Tested[]>> = {
  "x2=None": [["tiles/kernel.test.ts", "pieces on the diagonal are symmetric"]],
  get: [
    ["tiles/estimate.test.ts", "kernel: get: got []"],
    ["program/explain.test.ts", "refuses quantities that it does not know"],
    ["core/misuse.test.ts", "kernel: get: got nothing"],
    ["program/compile.test.ts", "only what was asked for is computed"],
  ],
  "input trees": [["network/inputs.test.ts", "inputs of different numbers of examples", "an input of another name"]],
  "input dtype": [["engines/open.test.ts", "says what was opened"]],
  "input rank": [["core/misuse.test.ts", "batch: got shape 3"]],
  mask_constant: [["cli/kernel.test.ts", "a mask, a mask constant and a shorter sequence mean the same"]],
  "diagonal_*": [["program/compile.test.ts", "liveness"]],
  "batch_axis != 0": "examples are always on the first axis",
  pattern: [["network/graphs.test.ts", "refuses $what"]],
  rng: "there are no options that layers pass on",
  nngp: [["cli/data.test.ts", "graphs of an experiment, position by position"]],
  ntk: [["program/compile.test.ts", "the NTK of a network without parameters is known to be 0"]],
  cov1: [["program/compile.test.ts", "liveness"]],
  x1_is_x2: [["network/corners.test.ts", "dropout tells equal examples apart"]],
  is_gaussian: [["network/placement-errors.test.ts", "a nonlinearity on data", "a nonlinearity behind dropout"]],
  is_reversed: [["network/corners.test.ts", "an odd number of convolutions repeated is as many in a row"]],
  is_input: [["network/corners.test.ts", "dropout of data scales the diagonal alone"]],
  diagonal_batch: [["program/compile.test.ts", "liveness"]],
  shape1: [["network/placement-errors.test.ts", "a standard NTK without a width"]],
  batch_axis: "examples are first, channels last, and masks have no channels",
  Dense: [["cli/verify.test.ts", "an unknown word"]],
  Conv: [
    ["network/window-errors.test.ts", "a filter of another rank", "a filter that does not fit", "an unknown padding"],
  ],
  ConvTranspose: [
    ["network/position-errors.test.ts", "convTranspose"],
    ["conformance/layers.test.ts", 'type: "convTranspose"'],
  ],
  ConvLocal: [["conformance/layers.test.ts", 'type: "convLocal"']],
  AvgPool: [["conformance/layers.test.ts", "countPadding: false"]],
  SumPool: [["conformance/layers.test.ts", 'type: "sumPool"']],
  GlobalAvgPool: [
    [
      "network/corners.test.ts",
      "means behind layers of their own weights at each position count present positions alone",
    ],
  ],
  Flatten: [["conformance/layers.test.ts", 'type: "flatten"']],
  Identity: [["conformance/layers.test.ts", 'type: "identity"']],
  DotGeneral: [
    ["network/position-errors.test.ts", "an axis that is not there", "a matrix that is none"],
    ["cli/verify.test.ts", "slices of examples, and matrices along an axis"],
  ],
  Index: [
    ["network/position-errors.test.ts", "a position beyond the end", "an empty range", "a step of 0"],
    ["cli/verify.test.ts", "one example", "a range of a range"],
  ],
  ImageResize: [["network/position-errors.test.ts", "a size of 0", "another method"]],
  LayerNorm: [
    ["network/normalization.test.ts", "layerNorm leaves variance 1 behind a nonlinearity"],
    ["network/placement-errors.test.ts", "layerNorm on data", "normalisation over an axis that is not there"],
  ],
  Dropout: [["network/option-errors.test.ts", "dropout of everything"]],
  Aggregate: [
    ["network/graphs.test.ts", "a node that is not there", "too few numbers"],
    ["cli/data.test.ts", "edges are read for all examples, or for each one"],
  ],
  GlobalSelfAttention: [
    ["network/attention-errors.test.ts", "softmax with square-root scaling and no draws", "a covariance of encodings"],
    ["network/placement-errors.test.ts", "attention on features"],
    ["tiles/lengths.test.ts", "padding to different lengths is no difference"],
  ],
  serial: "no layer has options that others could contradict",
  parallel: [["network/sum-errors.test.ts", "of different shapes"]],
  repeat: [
    ["network/corners.test.ts", "what is repeated no times does nothing"],
    ["network/option-errors.test.ts", "repeated a negative number of times"],
    ["core/misuse.test.ts", "got 3000000 layers"],
  ],
  FanOut: "branches name their input by where they stand",
  FanInSum: [
    [
      "network/sum-errors.test.ts",
      "with a branch that ends in a nonlinearity",
      "of branches that carry the same variables",
    ],
    ["network/branches.test.ts", "two identities are four times one"],
  ],
  FanInProd: [["network/branches.test.ts", "a product of dependent branches"]],
  FanInConcat: [["network/branches.test.ts", "an axis that is not there", "a concatenation of different positions"]],
  enums: [["network/option-errors.test.ts", "with a wrong value", "with an unknown option"]],
  ABRelu: [["ops/duals.test.ts", "has its limits at correlations of ±1"]],
  Erf: [["tiles/overflow.test.ts", "variances whose products are no numbers have right kernels"]],
  Sigmoid_like: [["conformance/layers.test.ts", 'type: "sigmoidLike"']],
  Sin: [["ops/duals.test.ts", "is finite without variance, with tiny and with large ones"]],
  Rbf: [["conformance/layers.test.ts", 'type: "rbf"']],
  Gelu: [["tiles/overflow.test.ts", "await run(gelu())"]],
  Gabor: [["tiles/overflow.test.ts", "await run(gabor())"]],
  Exp: [["tiles/overflow.test.ts", "%s says so where its covariances are no numbers"]],
  Gaussian: [["conformance/nonlinearities.test.ts", "a Gaussian that grows is an error where its moment is infinite"]],
  ExpNormalized: [["conformance/layers.test.ts", 'type: "expNormalized"']],
  Sign: [["network/corners.test.ts", "signs of different positions are correlated as their angles are"]],
  Hermite: [["conformance/layers.test.ts", 'type: "hermite", below: affine']],
  Monomial: [["network/corners.test.ts", "powers have any degree", "constants count present positions alone"]],
  Polynomial: [["network/corners.test.ts", "polynomials of a zero row are their constant"]],
  RectifiedMonomial: [["network/corners.test.ts", "rectified powers have a diagonal, and a zero row"]],
  Elementwise: [["network/closed-form.test.ts", "other formulas under the same name", "no formula"]],
  ElementwiseNumerical: [
    ["conformance/nonlinearities.test.ts", "elementwiseNumerical, a rule with an error of its own"],
  ],
  gradient_descent_mse: [
    ["inference/gradient-flow.test.ts", "one network: its initial outputs on both sets", "singular kernels"],
    ["inference/posterior.test.ts", 'test("kernels"'],
  ],
  gradient_descent: [["inference/gradient-descent.test.ts", "a state with velocity", "allowed is a finite time ≥ 1"]],
  gp_inference: [
    ["inference/posterior.test.ts", 'test("kernels"'],
    ["inference/gp.test.ts", "asks for no more kernels than it needs"],
  ],
  gradient_descent_mse_ensemble: [["inference/gradient-flow.test.ts", "ends where the posterior is"]],
  max_learning_rate: [["inference/gradient-descent.test.ts", "is infinite without a kernel"]],
  ODEState: [["inference/gradient-descent.test.ts", "a state with velocity"]],
  linearize: [["finite/empirical.test.ts", "expansions are those of differences"]],
  taylor_expand: [["finite/empirical.test.ts", "expansions are those of differences"]],
  empirical_nngp_fn: [["finite/empirical.test.ts", "trace and diagonal are parts of it"]],
  empirical_ntk_fn: [
    ["finite/empirical.test.ts", "trace and diagonal are parts of it", "an empty batch has an empty kernel"],
  ],
  empirical_kernel_fn: [["finite/empirical.test.ts", "trace and diagonal are parts of it"]],
  empirical_ntk_vp_fn: [["finite/empirical.test.ts", "a product with a vector needs no kernel"]],
  NtkImplementation: [["finite/empirical.test.ts", "trace and diagonal are parts of it"]],
  monte_carlo_kernel_fn: [["finite/convergence.test.ts", "monteCarloKernel: samples: got 0"]],
  "experimental.empirical_ntk_fn_tf": "there is no TensorFlow here",
};

test("every edge case names tests that are there, or a reason", () => {
  const missing = Object.entries(edges).flatMap(([name, of]) => {
    if (typeof of === "string") return of.length > 10 ? [] : [name];
    return of.flatMap(([file, ...titles]) => {
      const at = path.join(tests, file);
      const text = existsSync(at) ? readFileSync(at, "utf8") : "";
      return titles.filter((title) => !text.includes(title)).map((title) => `${name}: ${file}: ${title}`);
    });
  });
  expect(missing).toEqual([]);
});

test.skipIf(!existsSync(inventory))("every row of the inventory is among them", () => {
  const text = readFileSync(inventory, "utf8");
  const rows = text.slice(text.indexOf("### 1.1"), text.indexOf("### 1.8")).split("\n");
  const first = rows
    .filter((row) => row.startsWith("| ") && !/^\| (item|field|symbol)/.test(row))
    .map((row) => row.split("|")[1]!.trim())
    .map(
      (cell) => (/^`([^`]*)/.exec(cell)?.[1] ?? cell).replace(/[(,].*$/, "").split(/ (?!trees|dtype|rank|!=|0)/)[0]!,
    );
  const known = Object.keys(edges).map((name) => name.split("(")[0]!);
  expect(first.filter((name) => !known.includes(name))).toEqual([]);
  expect(first.length).toBeGreaterThan(70);
});
