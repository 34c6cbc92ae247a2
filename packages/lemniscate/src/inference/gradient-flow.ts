import { LemniscateError } from "../core/errors.js";
import { needOptions } from "../core/options.js";
import { type Eigen, eigen } from "../linalg/eigen.js";
import { type Matrix, meanDiagonal, toDouble, transpose, zeros } from "../linalg/matrix.js";
import { multiply } from "../linalg/product.js";
import type { KernelMatrices } from "./kernel-source.js";
import { checkNoise } from "./noise.js";
import { checkKeys, checkWord, needMatrix } from "./options.js";
import {
  addProducts,
  kernelsOf,
  type Method,
  type Prediction,
  type SignedProduct,
  type TestKernels,
  type Uncertainty,
} from "./predict.js";
import { type Targets, toTargets } from "./targets.js";

/** What training is like. */
export interface FlowOptions {
  /**
   * What is trained: `"ntk"` (default), all weights of an infinitely wide network; `"nngp"`, those of its last layer alone.
   * `"ntkgp"`: the Gaussian process whose covariance is the NTK.
   */
  readonly get?: Method;
  /** What times are multiplied by; default 1, so that times are in units of steps times learning rate. */
  readonly learningRate?: number;
  /** Variance added to the diagonal of the training kernel, absolute or relative to its mean; default 0. */
  readonly noise?: number | { readonly relative: number };
}

/** Training kernels, targets and options of {@link gradientFlow}. */
export interface GradientFlowInput extends FlowOptions {
  /** (n, n): the kernel that is followed, and for `get: "ntk"` with uncertainty also the NNGP kernel. */
  readonly trainTrain: KernelMatrices;
  readonly y: Targets;
  /**
   * Training outputs before training: a number for all of them, default 0, which is their mean over networks; or those of
   * one network, of which there is then a mean and no uncertainty.
   */
  readonly initial?: number | Matrix;
}

/** Kernels and initial outputs of test examples. */
export interface FlowTest extends TestKernels {
  /** Test outputs before training, (test, outputs); needed if those of the training set are of one network. */
  readonly initial?: Matrix;
}

/** When to look, and how closely. */
export interface FlowPredictOptions<U extends Uncertainty = Uncertainty> {
  /** Times ≥ 0; `Infinity` is the end of training. */
  readonly times: readonly number[];
  /** Default `"none"`. */
  readonly uncertainty?: U;
}

/** Outputs at one time. */
export type FlowPrediction<U extends Uncertainty = "none"> = Prediction<U> & { readonly time: number };

/** Outputs at any time of training. */
export interface GradientFlow {
  readonly get: Method;
  /** The noise used, in the unit of the kernel. */
  readonly noise: number;
  /** Eigenvalues of the training kernel with its noise, ascending. Component k decays with e^(−rate · value · time). */
  readonly eigenvalues: Float64Array;
  /** The learning rate over the number of targets. */
  readonly rate: number;
  /** Outputs on the training set. With noise they are those of the kernel that has it, and end at the targets. */
  train<U extends Uncertainty = "none">(options: FlowPredictOptions<U>): FlowPrediction<U>[];
  /** Outputs at test examples. */
  predict<U extends Uncertainty = "none">(test: FlowTest, options: FlowPredictOptions<U>): FlowPrediction<U>[];
}

/**
 * Infinitely wide networks under gradient flow on ½·mean (f − y)², at any time t, in closed form. With the followed kernel
 * Θ (λ added to its diagonal), its test block θ*, and s = learningRate·t/(n·outputs):
 *
 *   train:  y + e^(−Θs) (f_0 − y)
 *   test:   f*_0 + A (y − f_0),   A = θ* Θ⁻¹ (1 − e^(−Θs))
 *
 * and over random initial weights, whose outputs have the NNGP covariance k, K,
 *
 *   ntk:          k** + A K Aᵀ − A k*ᵀ − k* Aᵀ,    on the training set e^(−Θs) K e^(−Θs)
 *   nngp, ntkgp:  k** − k* Θ⁻¹ (1 − e^(−2Θs)) k*ᵀ,  on the training set Θ e^(−2Θs),   Θ = K + λ, k* = θ*
 *
 * Θ is diagonalised once; a time then costs a factor for each eigenvalue, and test examples one product with the
 * eigenvectors. Eigenvalues that are rounding, below n ε of the largest, count as 0 once times are so long that they would
 * matter: what the kernel does not reach stays as it was, and predictions are those of the pseudo-inverse.
 *
 * Outputs with kernels of their own, K_(ic)(jc'), are one output with n·outputs examples: a kernel of that size and a
 * column of targets.
 *
 * @throws LemniscateError `ShapeMismatch`, `BadInput`, `OptionOutOfRange`
 * @source Jacot et al. 2018, arXiv:1806.07572, §5; Lee et al. 2019, arXiv:1902.06720, eqs. 8–9 and 14–16
 * @accuracy public outputs of Neural Tangents to 1e-9
 *
 * @example
 * ```ts
 * import { gradientFlow } from "lemniscate";
 *
 * const ntk = { rows: 2, columns: 2, data: new Float64Array([2, 0, 0, 1]) };
 * const flow = gradientFlow({ trainTrain: { ntk }, y: [1, -1] });
 * const [start, later, end] = flow.train({ times: [0, 1, Infinity] });
 * start!.mean.data; // => new Float64Array([0, 0])
 * later!.mean.data[0]; // ≈ 1 - Math.exp(-1)
 * end!.mean.data; // ≈ [1, -1]
 * ```
 */
export function gradientFlow(input: GradientFlowInput): GradientFlow {
  return follow("gradientFlow", input);
}

/** {@link gradientFlow} under the name of its caller. */
export function follow(where: string, input: GradientFlowInput): GradientFlow {
  checkKeys(where, input, ["trainTrain", "y", "initial", "get", "learningRate", "noise"]);
  const y = checkFlow(where, input.y, input);
  const { get = "ntk", learningRate = 1, noise: asked = 0, initial = 0 } = input;
  const { prior } = kernelsOf[get];
  const kernel = needMatrix(`${where}: trainTrain.${prior}`, input.trainTrain?.[prior], y.rows, y.rows);
  const noise = typeof asked === "number" ? asked : asked.relative * meanDiagonal(kernel);
  const { values, vectors } = eigen(withNoise(kernel, noise), where);
  const start =
    typeof initial === "number" ? constant(y, initial) : needMatrix(`${where}: initial`, initial, y.rows, y.columns);
  const residuals = minus(y, start);
  const spectrum: Spectrum = { values, rate: learningRate / y.data.length };
  const context: Context = {
    where,
    get,
    vectors,
    spectrum,
    y,
    initial,
    gaps: multiply(vectors, residuals),
    nngp: input.trainTrain.nngp,
  };
  return {
    get,
    noise,
    eigenvalues: values,
    rate: spectrum.rate,
    train: (options) => onTrainingSet(context, options),
    predict: (test, options) => onTestSet(context, test, options),
  };
}

/** Refuses wrong options and targets, before any kernel is computed; answers with the targets as a matrix. */
export function checkFlow(where: string, y: Targets, options: FlowOptions): Matrix {
  checkWord(`${where}: get`, options.get === undefined ? "ntk" : options.get, Object.keys(kernelsOf));
  checkNoise(where, options.noise === undefined ? 0 : options.noise);
  checkLearningRate(where, options.learningRate ?? 1);
  return toTargets(where, y);
}

export function checkLearningRate(where: string, learningRate: number): void {
  if (learningRate > 0 && learningRate < Number.POSITIVE_INFINITY) return;
  throw new LemniscateError({
    code: "OptionOutOfRange",
    where: `${where}: learningRate`,
    given: String(learningRate),
    allowed: "a finite number > 0",
    mend: "maxLearningRate() tells how large it may be.",
  });
}

interface Context {
  readonly where: string;
  readonly get: Method;
  readonly vectors: Eigen["vectors"];
  readonly spectrum: Spectrum;
  readonly y: Matrix;
  readonly initial: number | Matrix;
  /** y − f_0 in the basis of the eigenvectors. */
  readonly gaps: Matrix<Float64Array>;
  readonly nngp: Matrix | undefined;
}

interface Spectrum {
  readonly values: Float64Array;
  readonly rate: number;
}

/** What is left of each component after a time, e^(−λs), and how far it has come, (1 − e^(−λs))/λ. */
function progress({ values, rate }: Spectrum, time: number): { left: Float64Array; come: Float64Array } {
  const s = rate * time;
  const largest = Math.max(Math.abs(values[0] as number), values.at(-1) as number);
  const rounding = values.length * Number.EPSILON * largest;
  const left = new Float64Array(values.length);
  const come = new Float64Array(values.length);
  for (const [k, value] of values.entries()) {
    const tiny = value <= rounding;
    const settled = tiny && !(s * rounding < 1);
    const lambda = tiny && settled ? 0 : Math.max(value, 0);
    left[k] = lambda === 0 ? 1 : Math.exp(-lambda * s);
    come[k] = lambda > 0 ? -Math.expm1(-lambda * s) / lambda : settled ? 0 : s;
  }
  return { left, come };
}

function onTrainingSet<U extends Uncertainty>(of: Context, options: FlowPredictOptions<U>): FlowPrediction<U>[] {
  const { where, get, vectors, spectrum, y } = of;
  const uncertainty = checkTimes(of, options);
  const back = transpose(vectors);
  // Over initial weights, residuals are Gaussian with the covariance K, which decays from both sides.
  const turned =
    uncertainty === "none" || get !== "ntk"
      ? undefined
      : multiply(multiply(vectors, needMatrix(`${where}: trainTrain.nngp`, of.nngp, y.rows, y.rows)), back);
  return options.times.map((time) => {
    const { left } = progress(spectrum, time);
    const mean = minus(y, multiply(back, scaleRows(of.gaps, left)));
    if (uncertainty === "none") return { time, mean } as FlowPrediction<U>;
    const core = turned === undefined ? undefined : scaleRows(scaleColumns(turned, left), left);
    const own = left.map((x, k) => x * x * Math.max(0, spectrum.values[k] as number));
    const right = core === undefined ? scaleRows(vectors, own) : multiply(core, vectors);
    if (uncertainty === "variance") return { time, mean, variance: columnProducts(vectors, right) } as never;
    const covariance = multiply(back, right);
    return { time, mean, variance: diagonalOf(covariance), covariance } as never;
  });
}

function onTestSet<U extends Uncertainty>(
  of: Context,
  test: FlowTest,
  options: FlowPredictOptions<U>,
): FlowPrediction<U>[] {
  const { where, get, vectors, spectrum, y } = of;
  const uncertainty = checkTimes(of, options);
  const { prior, spread } = kernelsOf[get];
  const cross = needMatrix(`${where}: testTrain.${prior}`, test?.testTrain?.[prior], undefined, y.rows);
  const m = cross.rows;
  const start =
    typeof of.initial === "number"
      ? constant({ rows: m, columns: y.columns }, of.initial)
      : needMatrix(`${where}: test.initial`, test.initial, m, y.columns);
  const back = transpose(vectors);
  const turned = multiply(cross, back);
  const isSingle = cross.data instanceof Float32Array;
  const own = (): { readonly core: Matrix; readonly side: Matrix } => {
    const nngp = needMatrix(`${where}: trainTrain.nngp`, of.nngp, y.rows, y.rows);
    const nngpCross = needMatrix(`${where}: testTrain.nngp`, test.testTrain.nngp, m, y.rows);
    return { core: multiply(multiply(vectors, nngp), back), side: multiply(nngpCross, back) };
  };
  const network = uncertainty !== "none" && get === "ntk" ? own() : undefined;
  return options.times.map((time) => {
    const { left, come } = progress(spectrum, time);
    const pull = scaleColumns(turned, come);
    const mean = minus(multiply(pull, of.gaps), start, -1);
    if (uncertainty === "none") return { time, mean } as FlowPrediction<U>;
    const products: SignedProduct[] =
      network === undefined
        ? [
            {
              left: scaleColumns(
                pull,
                left.map((x) => 1 + x),
              ),
              right: turned,
              sign: -1,
            },
          ]
        : [
            { left: multiply(pull, network.core), right: pull, sign: 1 },
            { left: pull, right: network.side, sign: -1 },
            { left: network.side, right: pull, sign: -1 },
          ];
    return { time, mean, ...addProducts(where, test, spread, products, uncertainty, isSingle) } as never;
  });
}

function checkTimes({ where, initial }: Context, options: FlowPredictOptions): Uncertainty {
  needOptions(where, options);
  const { times, uncertainty = "none", ...others } = options;
  checkKeys(where, others, ["times", "uncertainty"]);
  checkWord(`${where}: uncertainty`, uncertainty, ["none", "variance", "covariance"]);
  const bad = Array.isArray(times) ? times.find((time) => !(time >= 0)) : times;
  if (!Array.isArray(times) || bad !== undefined)
    throw new LemniscateError({
      code: "OptionOutOfRange",
      where: `${where}: times`,
      given: String(bad),
      allowed: "a list of numbers ≥ 0",
      mend: "Infinity is the end of training.",
    });
  if (uncertainty !== "none" && typeof initial !== "number")
    throw new LemniscateError({
      code: "OptionOutOfRange",
      where: `${where}: uncertainty`,
      given: JSON.stringify(uncertainty),
      allowed: '"none" with initial outputs of one network',
      mend: "Uncertainty is over initial weights: leave out initial to average over them.",
    });
  return uncertainty;
}

function withNoise(kernel: Matrix, noise: number): Matrix {
  if (noise === 0) return kernel;
  const sum = toDouble(kernel);
  for (let i = 0; i < sum.rows; i++) sum.data[i * sum.rows + i] = (sum.data[i * sum.rows + i] as number) + noise;
  return sum;
}

function constant({ rows, columns }: Pick<Matrix, "rows" | "columns">, value: number): Matrix<Float64Array> {
  const matrix = zeros(rows, columns);
  matrix.data.fill(value);
  return matrix;
}

/** a − sign·b. */
function minus(a: Matrix, b: Matrix, sign: 1 | -1 = 1): Matrix<Float64Array> {
  const data = Float64Array.from(a.data, (x, i) => x - sign * (b.data[i] as number));
  return { rows: a.rows, columns: a.columns, data };
}

function scaleRows({ rows, columns, data }: Matrix, by: Float64Array): Matrix<Float64Array> {
  return { rows, columns, data: Float64Array.from(data, (x, i) => x * (by[Math.floor(i / columns)] as number)) };
}

function scaleColumns({ rows, columns, data }: Matrix, by: Float64Array): Matrix<Float64Array> {
  return { rows, columns, data: Float64Array.from(data, (x, i) => x * (by[i % columns] as number)) };
}

/** The diagonal of aᵀ b. */
function columnProducts(a: Matrix, b: Matrix): Float64Array {
  const sums = new Float64Array(a.columns);
  for (let i = 0; i < a.data.length; i++)
    sums[i % a.columns] = (sums[i % a.columns] as number) + (a.data[i] as number) * (b.data[i] as number);
  return sums;
}

function diagonalOf({ rows, data }: Matrix): Float64Array {
  return Float64Array.from({ length: rows }, (_, i) => data[i * rows + i] as number);
}
