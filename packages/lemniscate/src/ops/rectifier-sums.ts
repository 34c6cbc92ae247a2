/** @module Attention with random logits behind a piecewise linear function, which is homogeneous: distances are enough. */

import { deviation, scaledDistance } from "./duals/dual.js";
import { type RectifierParameters, rectifierConstants } from "./duals/rectifier.js";
import { apply, type ElementwiseOp, type Node, type StructuralOp } from "./op.js";
import { isZero } from "./zero.js";

/** 1 − |ρ| of a covariance, with all digits that it has; 1 where a variance is 0. */
export const acuteDistanceOp: ElementwiseOp<Record<string, never>> = {
  kind: "elementwise",
  name: "acuteDistance",
  roles: ["row", "entry", "column"],
  keepsZero: () => false,
  // Rounding differs with the order of the sides; the smaller of both is the same for (p, q) and (q, p).
  formula: (o, [pp, pq, qq]) => {
    const [p, q] = [deviation(o, pp!), deviation(o, qq!)];
    return o.min(scaledDistance(o, p, pq!, q), scaledDistance(o, q, pq!, p));
  },
};

/** `derivative`: the expectation of φ'φ' instead of φφ. */
export type RectifierSumParameters = RectifierParameters & { readonly derivative: boolean };

/**
 * E[φ(G)φ(G')] or E[φ'(G)φ'(G')] of logits with variances k_aa k_ii and k_bb k_jj and covariance q = k_ab k_ij. Their
 * correlation is a product, whose distance from ±1 follows from those of its factors: D = d + d' − d d'.
 */
export const rectifierTermOp: ElementwiseOp<RectifierSumParameters> = {
  kind: "elementwise",
  name: "rectifierTerm",
  roles: ["entry", "entry", "entry", "entry", "entry", "entry", "entry", "entry"],
  keepsZero: () => false,
  formula: (o, [aa, ii, ab, ij, bb, jj, dab, dij], { below, above, derivative }) => {
    const { c, f, product } = rectifierConstants({ below, above });
    const q = o.mul(ab!, ij!);
    const D = o.sub(o.add(dab!, dij!), o.mul(dab!, dij!));
    if (derivative) {
      const turned = o.mul(o.angle(D), o.constant(f));
      const acute = o.sub(o.constant(c), turned);
      return o.choose(o.constant(0), q, acute, o.add(o.constant(product), turned));
    }
    const linear = o.max(o.mul(q, o.constant(c)), o.mul(q, o.constant(product)));
    const deviations = o.mul(o.sqrt(o.mul(aa!, ii!)), o.sqrt(o.mul(bb!, jj!)));
    return o.fma(o.mul(deviations, o.constant(f)), o.angleExcess(D), linear);
  },
};

/** Σ_ij w_ij of these expectations. Masks m, m' take keys away from queries: w_ij becomes m_ai w_ij m'_bj. */
export const rectifierSumsOp: StructuralOp = {
  kind: "structural",
  name: "rectifierSums",
  demands: () => ["diagonal", "block", "diagonal", "block", "block", "block", "block"],
  // Unmasked sums are a function of the distance alone, which some fifty polynomials follow.
  flops: (_, rows, columns) => 400 * rows * columns,
};

export function rectifierSums(
  [pp, k, qq]: readonly [Node, Node, Node],
  w: Node,
  masks: readonly Node[],
  parameters: RectifierSumParameters,
): Node {
  if (isZero(w)) return w;
  const args = [pp, k, qq, apply(acuteDistanceOp, [pp, k, qq], {}), w, ...masks];
  return { op: rectifierSumsOp, args, parameters, extent: "pair", sides: k.sides, grid: k.grid };
}
