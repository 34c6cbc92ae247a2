/**
 * Covariance arithmetic with plain numbers: what kernels are made of, to look at one formula at a time.
 *
 * ```ts
 * import { dual } from "lemniscate/ops";
 *
 * // two unit Gaussians with correlation 0: E[relu(u)relu(v)] = 1/2π, E[relu'(u)relu'(v)] = 1/4
 * dual("relu", { pp: 1, pq: 0, qq: 1 }).covariance; // ≈ 0.15915494309
 * dual("relu", { pp: 1, pq: 0, qq: 1 }).derivative; // ≈ 0.25
 * ```
 *
 * @module
 */
export { type Algebra, numbers } from "./algebra.js";
export { type DualName, type DualValues, dual, type Gaussians } from "./duals/evaluate.js";
export { type DecayKind, type PositionParameters, positionMatrix } from "./position-covariance.js";
