/** @module Padding: which positions exist, and keeping covariances at zero where one does not. */
import { apply, type ElementwiseOp, type Extent, type Node, type Side, type StructuralOp } from "./op.js";
import { isZero } from "./zero.js";

/** 1 at present positions of an example, 0 at padding; for features 1 unless the whole example is padding. */
export const presenceOp: StructuralOp = {
  kind: "structural",
  name: "presence",
  demands: () => [],
  flops: () => 0,
};

export function presence(p: Side, extent: Extent, grid: readonly number[]): Node {
  return { op: presenceOp, args: [], parameters: {}, extent, sides: [p], grid };
}

/** k ↦ u_p·k·u_q with the presence u of both sides. */
export const keepOp: ElementwiseOp<Record<string, never>> = {
  kind: "elementwise",
  name: "keep",
  roles: ["row", "entry", "column"],
  keepsZero: () => true,
  formula: (o, [up, k, uq]) => o.mul(o.mul(k!, up!), uq!),
};

/** `k` with zeros wherever either position is padding; `k` itself where it has them already. */
export function keep(k: Node, up: Node, uq: Node): Node {
  return isZeroOnPadding(k) ? k : apply(keepOp, [up, k, uq], {});
}

const zeroOnPadding = new WeakMap<Node, boolean>();

/** Remembered for each node: asked anew, a node that many sums share would be visited along every path to it. */
function isZeroOnPadding(k: Node): boolean {
  const known = zeroOnPadding.get(k) ?? staysZeroOnPadding(k);
  zeroOnPadding.set(k, known);
  return known;
}

function staysZeroOnPadding(k: Node): boolean {
  if (isZero(k) || k.op === keepOp || k.op.name === "gram") return true;
  if (k.op.kind === "structural") return k.op.name === "scaleDiagonal" && isZeroOnPadding(k.args[0]!);
  const { roles, name, keepsZero } = k.op;
  const entries = k.args.filter((arg, i) => roles[i] === "entry" && arg.extent === k.extent);
  return (
    keepsZero(k.parameters) && (name === "multiply" ? entries.some(isZeroOnPadding) : entries.every(isZeroOnPadding))
  );
}

/** max(u, v): the presence of a sum, whose position is padding only where it is padding in every branch. */
export const eitherOp: ElementwiseOp<Record<string, never>> = {
  kind: "elementwise",
  name: "either",
  roles: ["entry", "entry"],
  keepsZero: () => true,
  formula: (o, [u, v]) => o.max(u!, v!),
};

export function either(u: Node, v: Node): Node {
  return u === v ? u : apply(eitherOp, [u, v], {});
}

/** n ↦ 1/max(n, 1): the weight of one present position in an average; an example of padding alone averages to 0. */
export const shareOp: ElementwiseOp<Record<string, never>> = {
  kind: "elementwise",
  name: "share",
  roles: ["entry"],
  keepsZero: () => false,
  formula: (o, [n]) => o.div(o.constant(1), o.max(n!, o.constant(1))),
};

export function share(count: Node): Node {
  return apply(shareOp, [count], {});
}

/** n ↦ min(n, 1): 1 if any of n positions is present. */
export const anyOp: ElementwiseOp<Record<string, never>> = {
  kind: "elementwise",
  name: "any",
  roles: ["entry"],
  keepsZero: () => true,
  formula: (o, [n]) => o.min(n!, o.constant(1)),
};

export function any(count: Node): Node {
  return apply(anyOp, [count], {});
}

/** k ↦ s_p·k·s_q with one factor for each row and each column. */
export const scaleSidesOp: ElementwiseOp<Record<string, never>> = {
  kind: "elementwise",
  name: "scaleSides",
  roles: ["row", "entry", "column"],
  keepsZero: () => true,
  formula: (o, [sp, k, sq]) => o.mul(o.mul(k!, sp!), sq!),
};

export function scaleSides(k: Node, sp: Node, sq: Node): Node {
  return isZero(k) ? k : apply(scaleSidesOp, [sp, k, sq], {});
}
