/** @module What attention does to covariances: weights made from one example's block, applied to both sides. */
import { kinksOf, type PiecewiseLinearParameters } from "./duals/piecewise-linear.js";
import { apply, type ElementwiseOp, type Node, type Parameters, type StructuralOp } from "./op.js";
import { isZero } from "./zero.js";

/**
 * Row softmax of a block of logits over the present keys: A_ab = u_b e^{k_ab} / Σ_c u_c e^{k_ac}.
 * The largest logit is subtracted first, so no exponent overflows; a row without keys is 0. A mask m, a block of ones
 * and zeros, takes further keys away from each query: u_b becomes u_b m_ab.
 */
export const softmaxRowsOp: StructuralOp = {
  kind: "structural",
  name: "softmaxRows",
  demands: () => ["block", "line", "block"],
  flops: (_, rows, columns) => 20 * rows * columns,
};

export function softmaxRows(logits: Node, presence: Node, mask?: Node): Node {
  return overKeys(softmaxRowsOp, logits, presence, mask);
}

/**
 * Row sparsemax of a block of logits over the present keys: the point of the simplex that is nearest to a row. With the
 * threshold τ_a at which it sums to 1, A_ab = max(k_ab − τ_a, 0): the weights of far keys are 0.
 */
export const sparsemaxRowsOp: StructuralOp = {
  kind: "structural",
  name: "sparsemaxRows",
  demands: () => ["block", "line", "block"],
  flops: (_, rows, columns) => 20 * rows * columns,
};

export function sparsemaxRows(logits: Node, presence: Node, mask?: Node): Node {
  return overKeys(sparsemaxRowsOp, logits, presence, mask);
}

/** 1 where weights are not 0: the keys that sparsemax leaves. */
export const supportOp: ElementwiseOp<Record<string, never>> = {
  kind: "elementwise",
  name: "support",
  roles: ["entry"],
  keepsZero: () => true,
  formula: (o, [k]) => o.choose(k!, o.constant(0), o.constant(0), o.constant(1)),
};

export function support(weights: Node): Node {
  return apply(supportOp, [weights], {});
}

function overKeys(op: StructuralOp, logits: Node, presence: Node, mask: Node | undefined): Node {
  const { sides, grid } = logits;
  const args = mask === undefined ? [logits, presence] : [logits, presence, mask];
  return { op, args, parameters: {}, extent: "pair", sides, grid };
}

/** φ of every entry of a block; `of` names it, one of `registry.functions`, beside its own parameters. */
export const activateOp: StructuralOp = {
  kind: "structural",
  name: "activate",
  demands: () => ["block"],
  flops: (_, rows, columns) => 20 * rows * columns,
};

export function activate(k: Node, of: string, parameters: Parameters): Node {
  const { sides, grid } = k;
  return { op: activateOp, args: [k], parameters: { ...parameters, of }, extent: "pair", sides, grid };
}

/** A k Bᵀ: rows mixed by the weights of one side, columns by those of the other. */
export const sandwichOp: StructuralOp = {
  kind: "structural",
  name: "sandwich",
  demands: () => ["block", "block", "block"],
  flops: (form, rows, columns) =>
    2 * rows * rows * columns +
    (form === "block" ? 2 * rows * columns * columns : 2 * Math.min(rows, columns) * columns),
};

export function sandwich(A: Node, k: Node, B: Node): Node {
  if (isZero(k)) return k;
  return { op: sandwichOp, args: [A, k, B], parameters: {}, extent: "pair", sides: k.sides, grid: k.grid };
}

/** A C: the weights of two attention layers, one behind the other, as those of one. */
export const composeOp: StructuralOp = {
  kind: "structural",
  name: "compose",
  demands: () => ["block", "block"],
  flops: (_, rows) => 2 * rows ** 3,
};

export function compose(A: Node, C: Node): Node {
  return { op: composeOp, args: [A, C], parameters: {}, extent: "pair", sides: A.sides, grid: A.grid };
}

/** AᵀB = Σ_a A_ai B_aj over the positions a that both sides have: tr(A k Bᵀ) = ⟨AᵀB, k⟩. */
export const crossOp: StructuralOp = {
  kind: "structural",
  name: "cross",
  demands: () => ["block", "block"],
  flops: (_, rows, columns) => 2 * Math.min(rows, columns) * rows * columns,
};

export function cross(A: Node, B: Node): Node {
  const sides = [A.sides[0]!, B.sides[0]!];
  return { op: crossOp, args: [A, B], parameters: {}, extent: "pair", sides, grid: A.grid };
}

/** below·min(k, 0) + above·max(k, 0): attention weights of piecewise linear functions. */
export const rectifyOp: ElementwiseOp<{ readonly below: number; readonly above: number }> = {
  kind: "elementwise",
  name: "rectify",
  roles: ["entry"],
  keepsZero: () => true,
  formula: (o, [k], { below, above }) => {
    if (below === -above) return o.mul(o.abs(k!), o.constant(above));
    const positive = o.mul(o.max(k!, o.constant(0)), o.constant(above));
    return below === 0 ? positive : o.fma(o.min(k!, o.constant(0)), o.constant(below), positive);
  },
};

export function rectify(k: Node, below: number, above: number): Node {
  return below === 1 && above === 1 ? k : apply(rectifyOp, [k], { below, above });
}

/** a + b·k + Σ_i c_i·(±k − h_i)₊: attention weights of straight pieces. */
export const bendOp: ElementwiseOp<PiecewiseLinearParameters> = {
  kind: "elementwise",
  name: "bend",
  roles: ["entry"],
  keepsZero: ({ atZero }) => atZero === 0,
  formula: (o, [k], parameters) => {
    const { a, b, kinks } = kinksOf(parameters);
    const straight = o.fma(k!, o.constant(b), o.constant(a));
    return kinks.reduce((sum, { h, sign, change }) => {
      const beyond = o.max(o.fma(k!, o.constant(sign), o.constant(-h)), o.constant(0));
      return o.fma(beyond, o.constant(change), sum);
    }, straight);
  },
};

export function bend(k: Node, parameters: PiecewiseLinearParameters): Node {
  return apply(bendOp, [k], parameters);
}
