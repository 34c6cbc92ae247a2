/**
 * Networks of finite width: the same layers with random weights, whose limits the kernels are.
 *
 * ```ts
 * import { batch, dense, relu, serial } from "lemniscate";
 * import { empiricalNtk, init } from "lemniscate/finite";
 *
 * const net = serial(dense(), relu(), dense({ width: 1 }));
 * const x = batch([2, 3], [1, 0, 0, 0, 1, 0]);
 * const weights = init(net, x, { width: 256, seed: 1 });
 * (await empiricalNtk(net, weights, x, null)).shape; // => [2, 2]
 * ```
 *
 * @module
 */
export type { ArrayOperations, Elementwise } from "../network/arrays.js";
export type { Axes } from "./contract.js";
export {
  type ConvergenceOptions,
  type ConvergenceRow,
  convergence,
  convergenceSlopes,
  type SizeByWidth,
  type Slope,
} from "./convergence.js";
export { type EmpiricalOptions, empiricalNngp, empiricalNtk } from "./empirical.js";
export { type Expansion, empiricalNtkProduct, linearize, taylorExpand } from "./expand.js";
export { apply, type InitOptions, init } from "./init.js";
export {
  type Average,
  type MonteCarloEstimate,
  type MonteCarloKernel,
  type MonteCarloOptions,
  monteCarloKernel,
} from "./monte-carlo.js";
export type { Plain } from "./plain.js";
export { type TrainOptions, type TrainState, train } from "./train.js";
export type { Weights } from "./weights.js";
