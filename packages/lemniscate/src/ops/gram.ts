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

/** Xᵀu: the inputs of one side, or what mixes made of them, summed over positions with the weights u. */
export const poolInputsOp: StructuralOp = {
  kind: "structural",
  name: "poolInputs",
  demands: () => ["line", "inputs"],
  flops: (_, rows, __, channels) => 2 * rows * channels,
};

export function poolInputs(u: Node, x: Node | undefined): Node {
  const args = x === undefined ? [u] : [u, x];
  return { op: poolInputsOp, args, parameters: {}, extent: "channels", sides: u.sides, grid: [] };
}

/** Inner product of pooled inputs. */
export const pooledGramOp: StructuralOp = {
  kind: "structural",
  name: "pooledGram",
  demands: () => ["channels", "channels"],
  flops: (_, __, ___, channels) => 2 * channels,
};

export function pooledGram(x: Node, y: Node): Node {
  const sides = [x.sides[0]!, y.sides[0]!];
  return { op: pooledGramOp, args: [x, y], parameters: {}, extent: "value", sides, grid: [] };
}
