import type { Extent, Node, Side, StructuralOp } from "./op.js";

/** Covariance of the inputs: (1/d) Σ_c x_{ac} x'_{bc}, padding counted as 0 and d the full number of channels. */
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
