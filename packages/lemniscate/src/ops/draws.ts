/** @module Attention whose weights have no closed form: averages over random draws of them, the same for all examples. */
import type { Node, Parameters, Side, StructuralOp } from "./op.js";
import type { TokenMaskParameters } from "./token-mask.js";
import { isZero } from "./zero.js";

/** How weights are drawn: S×S logits are Gaussian, of covariance std²·κ_ab κ_ij between (a, i) and (b, j). */
export type DrawParameters = Parameters & {
  /** Number of draws, and what they follow from. */
  readonly samples: number;
  readonly seed: number;
  /** σ_Q σ_K. */
  readonly std: number;
  /** What turns logits into weights; `"rectifier"`: below·min(x, 0) + above·max(x, 0). */
  readonly weights: "softmax" | "sparsemax" | "rectifier";
  readonly below: number;
  readonly above: number;
  readonly causal: boolean;
  readonly band: number;
  readonly memory: number;
  readonly allowed: readonly number[];
  /**
   * Which numbers of a draw: the `weights` P; or, of their derivatives ∂P_ai/∂G_ak = W_ai (δ_ik − U_ak), the `slopes` W
   * or the `shares` U.
   */
  readonly part: "weights" | "slopes" | "shares";
};

/** The draws of one side, all `samples` of them. They are made before a program runs, and given to it with its data. */
export const drawsOp: StructuralOp = { kind: "structural", name: "draws", demands: () => [], flops: () => 0 };

/** Draws of side p, for logits that come from the covariance `of` between sides a and b. */
export function draws(
  p: Side,
  of: Node,
  parameters: Omit<DrawParameters, keyof TokenMaskParameters> & TokenMaskParameters,
): Node {
  return {
    op: drawsOp,
    args: [],
    parameters: parameters as Parameters,
    extent: "draws",
    sides: [p],
    grid: of.grid,
    of,
  };
}

/** (1/M) Σ_m P_m k Q_mᵀ. */
export const meanSandwichOp: StructuralOp = {
  kind: "structural",
  name: "meanSandwich",
  demands: () => ["draws", "block", "draws"],
  flops: (_, rows, columns, __, { samples }) => (samples as number) * 2 * rows * columns * (rows + columns),
};

export function meanSandwich(P: Node, k: Node, Q: Node): Node {
  if (isZero(k)) return k;
  const { samples } = P.parameters;
  return {
    op: meanSandwichOp,
    args: [P, k, Q],
    parameters: { samples: samples! },
    extent: "pair",
    sides: k.sides,
    grid: k.grid,
  };
}

/**
 * (1/M) Σ_m of Σ_ijkl A_ij C_kl ∂P_ai/∂G_ak ∂Q_bj/∂G'_bl, with the slopes W and shares U of each draw of both sides:
 *
 *   W (A∘C) W'ᵀ − W ((A W'ᵀ)∘(C U'ᵀ)) − ((W A)∘(U C)) W'ᵀ + (W A W'ᵀ)∘(U C U'ᵀ)
 */
export const meanJacobianOp: StructuralOp = {
  kind: "structural",
  name: "meanJacobian",
  demands: () => ["draws", "draws", "block", "block", "draws", "draws"],
  flops: (_, rows, columns, __, { samples }) => (samples as number) * 9 * rows * columns * (rows + columns),
};

export function meanJacobian([W, U]: readonly [Node, Node], A: Node, C: Node, [V, T]: readonly [Node, Node]): Node {
  if (isZero(A) || isZero(C)) return isZero(A) ? A : C;
  const { samples } = W.parameters;
  const args = [W, U, A, C, V, T];
  return { op: meanJacobianOp, args, parameters: { samples: samples! }, extent: "pair", sides: A.sides, grid: A.grid };
}
