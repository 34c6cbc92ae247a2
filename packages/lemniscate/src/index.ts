/**
 * Neural networks in the limit of infinite width: describe a network, get its exact NNGP and NTK kernels, predict.
 *
 * ```ts
 * import { attention, dense, globalAvgPool, kernel, relu, sequences, serial } from "lemniscate";
 *
 * const net = serial(dense({ weightStd: Math.SQRT2 }), relu(), attention(), relu(), globalAvgPool(), dense());
 * const x = sequences([[[1, 0], [0, 1]], [[1, 1]]]);
 * const { nngp, ntk } = await kernel(net)(x, null, { get: ["nngp", "ntk"] });
 * nngp.rows; // => 2
 * ```
 *
 * @module
 */
export {
  type Batch,
  batch,
  channelsOf,
  examples,
  type Graphs,
  gridOf,
  maskedBy,
  positionsOf,
  sequences,
} from "./core/batch.js";
export { type ErrorCode, type ErrorParts, isLemniscateError, LemniscateError } from "./core/errors.js";
export { type Edge, type GraphOptions, withGraphs } from "./core/graphs.js";
export { inputs } from "./core/inputs.js";
export type { Quantity } from "./core/quantity.js";
export type { RunOptions } from "./core/run.js";
export type { InputPart, Shape } from "./core/shape.js";
export type { Engine, Numbers, Precision, Tile } from "./engines/engine.js";
export { type EngineOptions, openEngine } from "./engines/open.js";
export {
  type Classification,
  type Classifier,
  type ClassifyOptions,
  classification,
  classify,
} from "./inference/classify.js";
export { type DynamicsOptions, type TrainingDynamics, trainingDynamics } from "./inference/dynamics.js";
export { type GpOptions, gp, type Posterior } from "./inference/gp.js";
export {
  type DescentState,
  type GradientDescent,
  type GradientDescentInput,
  gradientDescent,
  type Loss,
  type LossGradient,
} from "./inference/gradient-descent.js";
export {
  type FlowOptions,
  type FlowPrediction,
  type FlowPredictOptions,
  type FlowTest,
  type GradientFlow,
  type GradientFlowInput,
  gradientFlow,
} from "./inference/gradient-flow.js";
export type { KernelSource } from "./inference/kernel-source.js";
export { accuracy, type Labels, logLikelihood, oneHot, predictedClasses } from "./inference/labels.js";
export { type MaxLearningRateOptions, maxLearningRate } from "./inference/learning-rate.js";
export {
  defaultNoiseGrid,
  type Noise,
  type NoiseChoice,
  type NoiseReport,
  type NoiseScore,
} from "./inference/noise.js";
export {
  type MatrixPosterior,
  type PosteriorInput,
  type PredictOptions,
  posterior,
  type RegressionOptions,
  type TrainingReport,
} from "./inference/posterior.js";
export type { Method, Prediction, TestKernels, Uncertainty } from "./inference/predict.js";
export type { PriorMean, Targets } from "./inference/targets.js";
export { type Cholesky, type CholeskyOptions, cholesky } from "./linalg/cholesky.js";
export { type Eigen, eigen } from "./linalg/eigen.js";
export { type Matrix, transpose, zeros } from "./linalg/matrix.js";
export { multiply } from "./linalg/product.js";
export { conditionEstimate, logDeterminant, solve, solveLower, solveUpper } from "./linalg/solve.js";
export type { AttentionWeights } from "./network/attention-weights.js";
export {
  type CrossAttentionOptions,
  crossAttention,
  type TransformerBlockOptions,
  transformerBlock,
} from "./network/blocks.js";
export {
  type Concat,
  concat,
  type Parallel,
  type Product,
  parallel,
  product,
  type Repeat,
  repeat,
  residual,
  type Serial,
  serial,
} from "./network/combinators.js";
export { depths } from "./network/depths.js";
export type { PositionOptions } from "./network/encodings.js";
export { type HeadOptions, headMixture } from "./network/heads.js";
export { networkFromData, networkFromJson, networkToJson, networkVersion } from "./network/json.js";
export { type AbReluOptions, abRelu } from "./network/layers/ab-relu.js";
export { abs } from "./network/layers/abs.js";
export { aggregate } from "./network/layers/aggregate.js";
export { type AttentionArguments, type AttentionOptions, attention } from "./network/layers/attention.js";
export { type AvgPoolOptions, avgPool } from "./network/layers/avg-pool.js";
export {
  type ClosedExpectation,
  type ClosedFormFormulas,
  type ClosedFormOptions,
  closedForm,
} from "./network/layers/closed-form.js";
export { type ConvOptions, conv } from "./network/layers/conv.js";
export { type ConvLocalOptions, convLocal } from "./network/layers/conv-local.js";
export { type ConvTransposeOptions, convTranspose } from "./network/layers/conv-transpose.js";
export { type CosOptions, cos } from "./network/layers/cos.js";
export { type DenseOptions, dense } from "./network/layers/dense.js";
export { type DropoutOptions, dropout } from "./network/layers/dropout.js";
export {
  type ElementwiseOptions,
  elementwise,
  type NamedFunction,
  type UserFunction,
} from "./network/layers/elementwise.js";
export { type ElementwiseNumericalOptions, elementwiseNumerical } from "./network/layers/elementwise-numerical.js";
export { type ErfOptions, erf } from "./network/layers/erf.js";
export { type ExpOptions, exp } from "./network/layers/exp.js";
export { type ExpNormalizedOptions, expNormalized } from "./network/layers/exp-normalized.js";
export { flatten } from "./network/layers/flatten.js";
export { gabor } from "./network/layers/gabor.js";
export { type GaussianOptions, gaussian } from "./network/layers/gaussian.js";
export { gelu } from "./network/layers/gelu.js";
export { type HermiteOptions, hermite } from "./network/layers/hermite.js";
export { identity } from "./network/layers/identity.js";
export { type InputOptions, input } from "./network/layers/input.js";
export { type LayerNormOptions, layerNorm } from "./network/layers/layer-norm.js";
export { type LeakyReluOptions, leakyRelu } from "./network/layers/leaky-relu.js";
export { type LinearOptions, linear } from "./network/layers/linear.js";
export { type MonomialOptions, monomial } from "./network/layers/monomial.js";
export { hardTanh, type PiecewiseLinearOptions, piecewiseLinear } from "./network/layers/piecewise-linear.js";
export { type PolynomialOptions, polynomial } from "./network/layers/polynomial.js";
export { globalAvgPool, globalSumPool } from "./network/layers/pool.js";
export { type RbfOptions, rbf } from "./network/layers/rbf.js";
export { type RectifiedMonomialOptions, rectifiedMonomial } from "./network/layers/rectified-monomial.js";
export { relu } from "./network/layers/relu.js";
export { type ResizeOptions, resize } from "./network/layers/resize.js";
export { type RmsNormOptions, rmsNorm } from "./network/layers/rms-norm.js";
export { type ScaleOptions, scale } from "./network/layers/scale.js";
export { sigmoidLike } from "./network/layers/sigmoid-like.js";
export { sign } from "./network/layers/sign.js";
export { type SinOptions, sin } from "./network/layers/sin.js";
export { type SliceOptions, type SliceRange, slice } from "./network/layers/slice.js";
export { type SumPoolOptions, sumPool } from "./network/layers/sum-pool.js";
export { type TokenOptions, token } from "./network/layers/token.js";
export type { Network, Placement } from "./network/placement.js";
export type { TokenMask } from "./network/token-masks.js";
export type { Program } from "./program/program.js";
export type { Estimate, EstimatePart } from "./tiles/estimate.js";
export { type Kernel, kernel, type PositionKernel, positionKernel } from "./tiles/kernel.js";
export {
  type GradientOptions,
  type KernelGradient,
  kernelGradient,
  type WithGradient,
} from "./tiles/kernel-gradient.js";
export type { EstimateOptions, ExplainOptions, KernelOptions, KernelTile } from "./tiles/kernel-options.js";
export { type Kernels, type KernelsTile, kernels } from "./tiles/kernels.js";
