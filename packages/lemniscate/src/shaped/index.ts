/**
 * @module lemniscate/shaped: shaped transformers in the limit of depth and width together, and networks of finite width.
 *
 * A model is plain data. {@link solveSde} follows its covariance SDE, {@link simulate} networks of a width n; both give
 * snapshots of many paths as they go, and {@link entries} what is in one.
 */
export { type ExtrapolatedMean, type GuidedStep, guidedStep, richardson } from "./accuracy.js";
export { type Coefficients, coefficients, type LimitOptions } from "./coefficients.js";
export type { EngineOptions } from "./engine.js";
export type { Activation, ShapedRelu, ShapedSmooth } from "./models/activation.js";
export type { Mask, MaskRows } from "./models/mask.js";
export {
  type AttentionModel,
  type AttentionOptions,
  type AttentionPart,
  type Heads,
  type LinearModel,
  linearMlp,
  type MaybeResidual,
  type MlpModel,
  type MlpPart,
  type Residual,
  type ShapedModel,
  shapedAttention,
  shapedMlp,
  shapedModel,
  shapedTransformer,
  type TransformerModel,
  type UnshapedAttention,
  type UnshapedMlp,
  type UnshapedModel,
  unshapedTransformer,
} from "./models/model.js";
export type { LayerWeights } from "./network.js";
export { entries, moving, type PathState, type ResumeOptions, type Snapshot } from "./paths.js";
export { diffusion, drift } from "./sde.js";
export { type NetworkOptions, simulate } from "./simulate.js";
export { type Scheme, type SdeOptions, solveSde } from "./solve.js";
export { type Covariance, correlated } from "./start.js";
export { type CompareOptions, type Comparison, compare } from "./statistics/compare.js";
export { energyDistance, type KolmogorovSmirnov, kolmogorovSmirnov } from "./statistics/distances.js";
export {
  correlation,
  covariance,
  effectiveRank,
  logDeterminant,
  norm,
  type Observable,
} from "./statistics/observables.js";
export {
  type DensityRow,
  density,
  type Estimate,
  mean,
  quantiles,
  rate,
  smoothDensity,
  variance,
} from "./statistics/summary.js";
export type { LabelledWords } from "./training/classifier.js";
export type { OptimizerName } from "./training/optimizer.js";
export { type ClassifierOptions, type TextTask, type TrainingReport, trainClassifier } from "./training/train.js";
export { initLayers, type LayersOptions, trajectory } from "./trajectory.js";
