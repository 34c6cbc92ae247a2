/** @module Numbers made from blocks: pooling, flattening, inner products. */
import type { Node, StructuralOp } from "./op.js";
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
    : { op: sumPairsOp, args: [k], parameters: {}, extent: "value", sides: k.sides };
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
    : { op: sumDiagonalOp, args: [k], parameters: {}, extent: "value", sides: k.sides };
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
  return { op: innerOp, args: [x, y], parameters: {}, extent: "value", sides: x.sides };
}

/** The diagonal of a block that is computed anyway. The compiler puts it in; no layer asks for it. */
export const takeDiagonalOp: StructuralOp = {
  kind: "structural",
  name: "takeDiagonal",
  demands: () => ["block"],
  flops: () => 0,
};
