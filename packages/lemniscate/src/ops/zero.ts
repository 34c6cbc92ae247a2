import type { ElementwiseOp, Extent, Node, Side } from "./op.js";

/** The covariance that is 0 everywhere, on any grid. It is folded away while expressions are built and never computed. */
const zeroOp: ElementwiseOp = {
  kind: "elementwise",
  name: "zero",
  roles: [],
  keepsZero: () => true,
  formula: (o) => o.constant(0),
};

export function zero(extent: Extent, sides: readonly Side[]): Node {
  return { op: zeroOp, args: [], parameters: {}, extent, sides, grid: [] };
}

export function isZero(node: Node): boolean {
  return node.op === zeroOp;
}
