import type { Extent, Node, Side, StructuralOp } from "./op.js";

/** Inner products of the inputs, Σ_c x_{ac} x'_{bc}; padding counts as 0. Divided by the channels they are covariances. */
export const gramOp: StructuralOp = {
  kind: "structural",
  name: "gram",
  demands: () => [],
  flops: (form, rows, columns, channels) =>
    2 * channels * (form === "block" ? rows * columns : Math.min(rows, columns)),
};

export function gram(p: Side, q: Side, extent: Extent): Node {
  return { op: gramOp, args: [], parameters: {}, extent, sides: [p, q] };
}
