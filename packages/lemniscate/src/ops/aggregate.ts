import type { Node, StructuralOp } from "./op.js";
import { isZero } from "./zero.js";

/** Edges of a node that costs are estimated with: graphs are known only when programs run. */
const usualDegree = 8;

/** A k A'ᵀ with the graphs of both examples: sums over the edges into a node, on both sides. */
export const aggregateOp: StructuralOp = {
  kind: "structural",
  name: "aggregate",
  demands: () => ["block"],
  flops: (_, rows, columns) => 4 * usualDegree * rows * columns,
};

export function aggregate(k: Node): Node {
  if (isZero(k)) return k;
  return { op: aggregateOp, args: [k], parameters: {}, extent: "pair", sides: k.sides, grid: k.grid };
}
