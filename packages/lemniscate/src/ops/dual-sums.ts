/** @module Attention with random logits: expectations of a function of two Gaussian fields, summed over their keys. */
import type { Demand, Node, Parameters, StructuralOp } from "./op.js";
import { type Movers, tangentName } from "./tangents/elementwise.js";
import { isZero } from "./zero.js";

export type DualSumParameters = Parameters & {
  /** The elementwise operation that gives the expectation: a nonlinearity's dual, its derivative, or a tangent of one. */
  readonly of: string;
  /** Of a tangent: 1 for those of k on the first side, between both, and on the second that move, else 0. */
  readonly movers?: readonly number[];
};

const forms: readonly Demand[] = ["diagonal", "block", "diagonal"];

/**
 * Σ_ij w_ij T(k_aa k_ii, k_ab k_ij, k_bb k_jj): with logits G_ai of variance k_aa k_ii and covariance k_ab k_ij between
 * the examples, T is E[φ(G_ai) φ(G'_bj)] or the same of derivatives. Variances k_aa, k_ii are those of the first side,
 * k_bb, k_jj of the second. Masks m, m' take keys away from queries: w_ij becomes m_ai w_ij m'_bj.
 *
 * Behind w come, of a tangent T', the tangents of those that move, and T' reads the change of each product behind them.
 */
export const dualSumsOp: StructuralOp = {
  kind: "structural",
  name: "dualSums",
  demands: (_, parameters) => [...forms, "block", ...moving(forms, parameters), "block", "block"],
  flops: (form, rows, columns) => 20 * rows * columns * (form === "block" ? rows * columns : Math.min(rows, columns)),
};

/** Those of three that move. */
export function moving<T>(three: readonly T[], { movers = [] }: Parameters): T[] {
  return three.filter((_, i) => (movers as readonly number[])[i] === 1);
}

export function dualSums(
  logits: readonly [Node, Node, Node],
  w: Node,
  masks: readonly Node[],
  parameters: DualSumParameters,
): Node {
  if (isZero(w)) return w;
  const [, { sides, grid }] = logits;
  return { op: dualSumsOp, args: [...logits, w, ...masks], parameters, extent: "pair", sides, grid };
}

/** How these sums change where logits do, along tangents that are 0 for those at rest; w and masks stay as they are. */
export function dualSumsAlong(
  logits: readonly [Node, Node, Node],
  tangents: readonly Node[],
  w: Node,
  masks: readonly Node[],
  { of, ...parameters }: DualSumParameters,
): Node {
  const movers: Movers = tangents.map((tangent) => !isZero(tangent));
  const moved = { ...parameters, of: tangentName({ name: of }, movers), movers: movers.map(Number) };
  return dualSums(logits, w, [...tangents.filter((tangent) => !isZero(tangent)), ...masks], moved);
}
