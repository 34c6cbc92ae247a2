import type { Extent, Node, Side, StructuralOp } from "./op.js";

/** Inner products of the inputs, Σ_c x_{ac} x'_{bc}; padding counts as 0. Divided by the channels they are covariances. */
export const gramOp: StructuralOp = {
  kind: "structural",
  name: "gram",
  demands: () => [],
  flops: (form, rows, columns, channels) =>
    2 * channels * (form === "block" ? rows * columns : Math.min(rows, columns)),
};

export function gram(p: Side, q: Side, extent: Extent, grid: readonly number[]): Node {
  return { op: gramOp, args: [], parameters: {}, extent, sides: [p, q], grid };
}

/** A x: the inputs of one side, or what an earlier mix made of them, with positions mixed by attention weights. */
export const mixOp: StructuralOp = {
  kind: "structural",
  name: "mix",
  demands: () => ["block", "inputs"],
  flops: (_, rows, columns, channels) => 2 * rows * columns * channels,
};

export function mix(A: Node, x: Node | undefined): Node {
  const args = x === undefined ? [A] : [A, x];
  return { op: mixOp, args, parameters: {}, extent: "inputs", sides: [A.sides[0]!], grid: A.grid };
}

/** Inner products of inputs that were mixed before. */
export const mixedGramOp: StructuralOp = { ...gramOp, name: "mixedGram", demands: () => ["inputs", "inputs"] };

export function mixedGram(x: Node, y: Node): Node {
  const sides = [x.sides[0]!, y.sides[0]!];
  return { op: mixedGramOp, args: [x, y], parameters: {}, extent: "pair", sides, grid: x.grid };
}

/** A u: a line with positions mixed by attention weights. */
export const mixLineOp: StructuralOp = {
  kind: "structural",
  name: "mixLine",
  demands: () => ["block", "line"],
  flops: (_, rows, columns) => 2 * rows * columns,
};

export function mixLine(A: Node, u: Node): Node {
  return { op: mixLineOp, args: [A, u], parameters: {}, extent: "line", sides: u.sides, grid: u.grid };
}
