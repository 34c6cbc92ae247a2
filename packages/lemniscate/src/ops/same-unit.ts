import { affine } from "./elementary.js";
import type { Node, Side, StructuralOp } from "./op.js";
import { isZero } from "./zero.js";

/** Multiplies the diagonal of an example's own block; on the diagonal form and on values it is a plain factor. */
export const scaleDiagonalOp: StructuralOp = {
  kind: "structural",
  name: "scaleDiagonal",
  demands: (form) => [form],
  flops: (_, rows) => rows,
};

/** `k` times `factor` where both arguments are the same unit: same example, same position. */
export function scaleSameUnit(k: Node, p: Side, q: Side, factor: number): Node {
  if (p !== q || factor === 1 || isZero(k)) return k;
  if (k.extent === "value") return affine(k, factor, 0);
  const { extent, sides, grid } = k;
  return { op: scaleDiagonalOp, args: [k], parameters: { factor }, extent, sides, grid };
}

/** Equal positions alone, 0 between different ones: what weights that no two positions share leave of a covariance. */
export const onlyDiagonalOp: StructuralOp = {
  kind: "structural",
  name: "onlyDiagonal",
  demands: () => ["diagonal"],
  flops: () => 0,
};

export function onlyDiagonal(k: Node): Node {
  if (isZero(k)) return k;
  const { extent, sides, grid } = k;
  return { op: onlyDiagonalOp, args: [k], parameters: {}, extent, sides, grid };
}
