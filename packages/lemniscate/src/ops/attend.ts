/** @module What attention does to covariances: weights made from one example's block, applied to both sides. */
import { apply, type ElementwiseOp, type Node, type StructuralOp } from "./op.js";
import { isZero } from "./zero.js";

/**
 * Row softmax of a block of logits over the present keys: A_ab = u_b e^{k_ab} / Σ_c u_c e^{k_ac}.
 * The largest logit is subtracted first, so no exponent overflows; a row without keys is 0.
 */
export const softmaxRowsOp: StructuralOp = {
  kind: "structural",
  name: "softmaxRows",
  demands: () => ["block", "line"],
  flops: (_, rows, columns) => 20 * rows * columns,
};

export function softmaxRows(logits: Node, presence: Node): Node {
  const { sides, grid } = logits;
  return { op: softmaxRowsOp, args: [logits, presence], parameters: {}, extent: "pair", sides, grid };
}

/** A k Bᵀ: rows mixed by the weights of one side, columns by those of the other. */
export const sandwichOp: StructuralOp = {
  kind: "structural",
  name: "sandwich",
  demands: () => ["block", "block", "block"],
  flops: (form, rows, columns) =>
    2 * rows * rows * columns +
    (form === "block" ? 2 * rows * columns * columns : 2 * Math.min(rows, columns) * columns),
};

export function sandwich(A: Node, k: Node, B: Node): Node {
  if (isZero(k)) return k;
  return { op: sandwichOp, args: [A, k, B], parameters: {}, extent: "pair", sides: k.sides, grid: k.grid };
}

/** A C: the weights of two attention layers, one behind the other, as those of one. */
export const composeOp: StructuralOp = {
  kind: "structural",
  name: "compose",
  demands: () => ["block", "block"],
  flops: (_, rows) => 2 * rows ** 3,
};

export function compose(A: Node, C: Node): Node {
  return { op: composeOp, args: [A, C], parameters: {}, extent: "pair", sides: A.sides, grid: A.grid };
}

/** AᵀB = Σ_a A_ai B_aj over the positions a that both sides have: tr(A k Bᵀ) = ⟨AᵀB, k⟩. */
export const crossOp: StructuralOp = {
  kind: "structural",
  name: "cross",
  demands: () => ["block", "block"],
  flops: (_, rows, columns) => 2 * Math.min(rows, columns) * rows * columns,
};

export function cross(A: Node, B: Node): Node {
  const sides = [A.sides[0]!, B.sides[0]!];
  return { op: crossOp, args: [A, B], parameters: {}, extent: "pair", sides, grid: A.grid };
}

/** max(k, 0): attention weights of the rectified mechanism. */
export const rectifyOp: ElementwiseOp<Record<string, never>> = {
  kind: "elementwise",
  name: "rectify",
  roles: ["entry"],
  keepsZero: () => true,
  formula: (o, [k]) => o.max(k!, o.constant(0)),
};

/** |k|: attention weights of the absolute mechanism. */
export const magnitudeOp: ElementwiseOp<Record<string, never>> = {
  kind: "elementwise",
  name: "magnitude",
  roles: ["entry"],
  keepsZero: () => true,
  formula: (o, [k]) => o.abs(k!),
};

export function rectify(k: Node): Node {
  return apply(rectifyOp, [k], {});
}

export function magnitude(k: Node): Node {
  return apply(magnitudeOp, [k], {});
}
