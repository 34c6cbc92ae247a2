/** @module Attention with random logits: expectations of a function of two Gaussian fields, summed over their keys. */
import type { Node, Parameters, StructuralOp } from "./op.js";
import { isZero } from "./zero.js";

export type DualSumParameters = Parameters & {
  /** The elementwise operation that gives the expectation: a nonlinearity's dual or its derivative. */
  readonly of: string;
  /** The variance of a logit beside the product of two variances of positions. */
  readonly logitScale: number;
};

/**
 * Σ_ij w_ij T(s·k_aa k_ii, s·k_ab k_ij, s·k_bb k_jj): with logits G_ai of variance s·k_aa k_ii and covariance
 * s·k_ab k_ij between the examples, T is E[φ(G_ai) φ(G'_bj)] or the same of derivatives. Variances k_aa, k_ii are those
 * of the first side, k_bb, k_jj of the second. Masks m, m' take keys away from queries: w_ij becomes m_ai w_ij m'_bj.
 */
export const dualSumsOp: StructuralOp = {
  kind: "structural",
  name: "dualSums",
  demands: () => ["diagonal", "block", "diagonal", "block", "block", "block"],
  flops: (form, rows, columns) => 20 * rows * columns * (form === "block" ? rows * columns : Math.min(rows, columns)),
};

export function dualSums(
  [pp, k, qq]: readonly [Node, Node, Node],
  w: Node,
  masks: readonly [Node, Node] | undefined,
  parameters: DualSumParameters,
): Node {
  if (isZero(w)) return w;
  const args = [pp, k, qq, w, ...(masks ?? [])];
  return { op: dualSumsOp, args, parameters, extent: "pair", sides: k.sides, grid: k.grid };
}
