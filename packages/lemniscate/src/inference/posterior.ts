import type { Matrix } from "../linalg/matrix.js";
import { meanDiagonal } from "../linalg/matrix.js";
import { conditionEstimate } from "../linalg/solve.js";
import { fit } from "./fit.js";
import type { KernelMatrices } from "./kernel-source.js";
import { checkNoise, type Noise, type NoiseReport, resolveNoise } from "./noise.js";
import { checkKeys, checkWord, needMatrix } from "./options.js";
import {
  kernelsOf,
  type Method,
  type Prediction,
  predictMean,
  predictSpread,
  type TestKernels,
  type Trained,
  type Uncertainty,
} from "./predict.js";
import { center, checkPriorMean, type PriorMean, type Targets, toTargets } from "./targets.js";

/** Options of a regression. */
export interface RegressionOptions {
  /** What predicts: `"nngp"` (default), `"ntk"`, `"ntkgp"`. */
  readonly get?: Method;
  /** Variance on the diagonal of the training kernel. No level is right for all data, so there is no default. */
  readonly noise: Noise;
  /**
   * Mean of every output before data, default 0: a number, or `"train"` for the mean of the training targets, which is
   * then treated as known. It is added back to predictions. Set it when targets are far from zero.
   */
  readonly priorMean?: PriorMean;
  /** Relative jitters that may be tried, see `cholesky`. What was used is reported. */
  readonly jitter?: readonly number[];
}

/** Options of a prediction. */
export interface PredictOptions<U extends Uncertainty = Uncertainty> {
  /** Default `"variance"`. */
  readonly uncertainty?: U;
  /**
   * Variance of what: the `"latent"` function (default), or an `"observed"` target, which adds the noise to the
   * variance. Networks trained to the end, `get: "ntk"`, have no noise: there it is a penalty in training.
   */
  readonly of?: "latent" | "observed";
}

/** What is known after the training targets were seen, and what it took. */
export interface TrainingReport {
  readonly get: Method;
  /** The noise used, in the unit of the kernel. */
  readonly noise: number;
  /** The same, divided by the mean diagonal of the training kernel. */
  readonly relativeNoise: number;
  /** Relative jitter that had to be added beyond the noise; 0 if none. */
  readonly jitter: number;
  /** The same in the unit of the kernel. */
  readonly jitterAdded: number;
  /** Every candidate, if the noise was chosen. */
  readonly noiseReport: NoiseReport | undefined;
  /** log p(y) under the Gaussian process that predicts, noise and jitter included, summed over outputs; with `"ntk"`
   * that of `"ntkgp"`. In nats. */
  readonly logMarginalLikelihood: number;
  /** The same for every output. */
  readonly logMarginalLikelihoods: Float64Array;
  /** α with mean = k* α: (n, outputs). */
  readonly weights: Matrix<Float64Array>;
  /** Estimated condition number of the matrix that was inverted, see `conditionEstimate`. Costs a few n². */
  condition(): number;
}

/** A posterior that predicts from kernel matrices. */
export interface MatrixPosterior extends TrainingReport {
  predict<U extends Uncertainty = "variance">(test: TestKernels, options?: PredictOptions<U>): Prediction<U>;
}

/** Training kernels, targets and options. */
export interface PosteriorInput extends RegressionOptions {
  /** (n, n): the kernel that predicts, and for `get: "ntk"` with uncertainty also the NNGP kernel. */
  readonly trainTrain: KernelMatrices;
  readonly y: Targets;
}

const regressionKeys = ["get", "noise", "priorMean", "jitter"];

/** Refuses wrong options and targets, before any kernel is computed; answers with the targets as a matrix. */
export function checkRegression(where: string, y: Targets, options: RegressionOptions): Matrix {
  checkWord(`${where}: get`, options.get === undefined ? "nngp" : options.get, Object.keys(kernelsOf));
  checkNoise(where, options.noise);
  checkPriorMean(where, options.priorMean ?? 0);
  return toTargets(where, y);
}

/**
 * Regression with kernel matrices that were computed before: posterior mean and variance, for all outputs at once.
 *
 *   nngp, ntkgp:  mean = k* (K + λ)⁻¹ y,   variance = k** − k* (K + λ)⁻¹ k*ᵀ
 *   ntk:          mean = θ* (Θ + λ)⁻¹ y,   variance = k** + A K Aᵀ − A k*ᵀ − k* Aᵀ,   A = θ* (Θ + λ)⁻¹
 *
 * with the NNGP kernel k, K and the NTK θ, Θ (for `"ntkgp"` the NTK takes the place of the NNGP kernel), and the noise
 * λ. Kernels may be stored in single precision; all algebra is in double precision.
 *
 * @throws LemniscateError `ShapeMismatch`, `BadInput` (missing kernels, NaN), `OptionOutOfRange`,
 *   `NotPositiveDefinite`
 * @source Rasmussen and Williams 2006, eqs. 2.25–2.26 and alg. 2.1; for `"ntk"` Lee et al. 2019, eqs. 15–16 at
 *   infinite time; for `"ntkgp"` He et al. 2020, §3
 * @accuracy public outputs of Neural Tangents to 1e-9
 *
 * @example
 * ```ts
 * import { posterior } from "lemniscate";
 *
 * const trainTrain = { nngp: { rows: 2, columns: 2, data: new Float64Array([1, 0, 0, 1]) } };
 * const fitted = posterior({ trainTrain, y: [1, -1], noise: 1 });
 * fitted.logMarginalLikelihood; // ≈ -0.5 - Math.log(2) - Math.log(2 * Math.PI)
 *
 * const test = { testTrain: { nngp: { rows: 1, columns: 2, data: new Float64Array([0.5, 0]) } }, testDiagonal: { nngp: [1] } };
 * const { mean, variance } = fitted.predict(test);
 * mean.data[0]; // ≈ 0.25
 * variance[0]; // ≈ 0.875
 * fitted.predict(test, { of: "observed" }).variance[0]; // ≈ 1.875
 * ```
 */
export function posterior(input: PosteriorInput): MatrixPosterior {
  checkKeys("posterior", input, ["trainTrain", "y", ...regressionKeys]);
  return train("posterior", input);
}

/** {@link posterior} under the name of its caller. */
export function train(where: string, input: PosteriorInput): MatrixPosterior {
  const y = checkRegression(where, input.y, input);
  const { get = "nngp", priorMean = 0, jitter } = input;
  const quantity = kernelsOf[get].prior;
  const prior = needMatrix(`${where}: trainTrain.${quantity}`, input.trainTrain?.[quantity], y.rows, y.rows);
  const { noise, report } = resolveNoise(where, prior, y, { noise: input.noise, priorMean, jitter });
  const { residuals, mean } = center(y, priorMean);
  const fitted = fit(where, prior, residuals, noise, jitter);
  const trained: Trained = { get, fit: fitted, priorMean: mean, nngp: input.trainTrain.nngp };
  return {
    get,
    noise,
    relativeNoise: noise / meanDiagonal(prior),
    jitter: fitted.factored.jitter,
    jitterAdded: fitted.factored.jitterAdded,
    noiseReport: report,
    logMarginalLikelihood: fitted.logMarginalLikelihoods.reduce((sum, one) => sum + one, 0),
    logMarginalLikelihoods: fitted.logMarginalLikelihoods,
    weights: fitted.weights,
    condition: () => conditionEstimate(fitted.factored),
    predict: (test, options = {}) => predict(trained, noise, test, options),
  };
}

/** Refuses wrong options of a prediction, before any kernel is computed. */
export function checkPredict(get: Method, options: PredictOptions): { uncertainty: Uncertainty; observed: boolean } {
  const { uncertainty = "variance", of = "latent" } = options;
  checkWord("predict: uncertainty", uncertainty, ["none", "variance", "covariance"]);
  checkWord(`predict: of with get: "${get}"`, of, get === "ntk" ? ["latent"] : ["latent", "observed"]);
  return { uncertainty, observed: of === "observed" };
}

function predict<U extends Uncertainty>(
  trained: Trained,
  noise: number,
  test: TestKernels,
  options: PredictOptions<U>,
): Prediction<U> {
  checkKeys("predict", options, ["uncertainty", "of"]);
  const { uncertainty, observed } = checkPredict(trained.get, options);
  const mean = predictMean("predict", trained, test);
  if (uncertainty === "none") return { mean } as Prediction<U>;
  const { variance, covariance } = predictSpread("predict", trained, test, uncertainty);
  if (observed)
    for (let i = 0; i < variance.length; i++) {
      variance[i] = (variance[i] as number) + noise;
      if (covariance !== undefined) covariance.data[i * variance.length + i] = variance[i] as number;
    }
  return (covariance === undefined ? { mean, variance } : { mean, variance, covariance }) as Prediction<U>;
}
