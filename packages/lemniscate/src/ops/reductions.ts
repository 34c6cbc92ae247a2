/** @module Numbers made from blocks: pooling, flattening, inner products. */
import type { ElementwiseOp, Node, StructuralOp } from "./op.js";
import { isZero, zero } from "./zero.js";

/** Σ_ab k_ab over all pairs of positions. */
export const sumPairsOp: StructuralOp = {
  kind: "structural",
  name: "sumPairs",
  demands: () => ["block"],
  flops: (_, rows, columns) => rows * columns,
};

export function sumPairs(k: Node): Node {
  return isZero(k)
    ? zero("value", k.sides)
    : { op: sumPairsOp, args: [k], parameters: {}, extent: "value", sides: k.sides, grid: [] };
}

/** uᵀ k v = Σ_ab u_a k_ab v_b: a weighted sum over all pairs of positions. */
export const bilinearOp: StructuralOp = {
  kind: "structural",
  name: "bilinear",
  demands: () => ["line", "block", "line"],
  flops: (_, rows, columns) => 2 * rows * columns,
};

export function bilinear(u: Node, k: Node, v: Node): Node {
  if (isZero(k)) return zero("value", k.sides);
  return { op: bilinearOp, args: [u, k, v], parameters: {}, extent: "value", sides: k.sides, grid: [] };
}

/** Aᵀu: how much each key weighs in a sum over queries with the weights u. */
export const weighOp: StructuralOp = {
  kind: "structural",
  name: "weigh",
  demands: () => ["block", "line"],
  flops: (_, rows, columns) => 2 * rows * columns,
};

export function weigh(A: Node, u: Node): Node {
  return { op: weighOp, args: [A, u], parameters: {}, extent: "line", sides: u.sides, grid: u.grid };
}

/** s·t, one number of each side: what a constant adds to a weighted sum over pairs. */
export const outerOp: ElementwiseOp<Record<string, never>> = {
  kind: "elementwise",
  name: "outer",
  roles: ["row", "column"],
  keepsZero: () => true,
  formula: (o, [s, t]) => o.mul(s!, t!),
};

/** Of two lines a block, of two numbers a number. */
export function outer(s: Node, t: Node): Node {
  const op = outerOp as unknown as ElementwiseOp;
  const extent = s.extent === "line" ? "pair" : "value";
  return { op, args: [s, t], parameters: {}, extent, sides: [s.sides[0]!, t.sides[0]!], grid: s.grid };
}

/** Σ_a k_aa over the positions that both sides have; of a line, the sum of its entries. */
export const sumDiagonalOp: StructuralOp = {
  kind: "structural",
  name: "sumDiagonal",
  demands: () => ["diagonal"],
  flops: (_, rows, columns) => Math.min(rows, columns),
};

export function sumDiagonal(k: Node): Node {
  return isZero(k)
    ? zero("value", k.sides)
    : { op: sumDiagonalOp, args: [k], parameters: {}, extent: "value", sides: k.sides, grid: [] };
}

/** ⟨x, y⟩ = Σ_ab x_ab y_ab. */
export const innerOp: StructuralOp = {
  kind: "structural",
  name: "inner",
  demands: () => ["block", "block"],
  flops: (_, rows, columns) => 2 * rows * columns,
};

export function inner(x: Node, y: Node): Node {
  if (isZero(x) || isZero(y)) return zero("value", x.sides);
  return { op: innerOp, args: [x, y], parameters: {}, extent: "value", sides: x.sides, grid: [] };
}

/** The diagonal of a block that is computed anyway. The compiler puts it in; no layer asks for it. */
export const takeDiagonalOp: StructuralOp = {
  kind: "structural",
  name: "takeDiagonal",
  demands: () => ["block"],
  flops: () => 0,
};
