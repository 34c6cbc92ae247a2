/**
 * @module Covariances by their distance d = 1 − ρ from correlation 1. Where ρ is near 1, d keeps digits that ρ has lost,
 * and what nonlinearities and biases do to d can be computed from d.
 */
import { apply, type ElementwiseOp, type Node } from "./op.js";

/** √k. */
export const rootOp: ElementwiseOp<Record<string, never>> = {
  kind: "elementwise",
  name: "root",
  roles: ["entry"],
  keepsZero: () => true,
  formula: (o, [k]) => o.sqrt(k!),
};

export function root(k: Node): Node {
  return apply(rootOp, [k], {});
}

/** 1/√k. */
export const perRootOp: ElementwiseOp<Record<string, never>> = {
  kind: "elementwise",
  name: "perRoot",
  roles: ["entry"],
  keepsZero: () => false,
  formula: (o, [k]) => o.div(o.constant(1), o.sqrt(k!)),
};

export function perRoot(k: Node): Node {
  return apply(perRootOp, [k], {});
}

/** σ·σ'·(1 − d): the covariance of two standard deviations and a distance. */
export const fromDistanceOp: ElementwiseOp<Record<string, never>> = {
  kind: "elementwise",
  name: "fromDistance",
  roles: ["row", "entry", "column"],
  keepsZero: () => true,
  formula: (o, [s, d, t]) => o.mul(o.mul(s!, t!), o.sub(o.constant(1), d!)),
};

/** A covariance by variances and a distance. */
export function fromDistance(pp: Node, d: Node, qq: Node): Node {
  return apply(fromDistanceOp, [root(pp), d, root(qq)], {});
}

/** The distance where both variances are positive; 1 where one is 0, as if it were uncorrelated. */
export const definedDistanceOp: ElementwiseOp<Record<string, never>> = {
  kind: "elementwise",
  name: "definedDistance",
  roles: ["row", "entry", "column"],
  keepsZero: () => false,
  formula: (o, [pp, d, qq]) => o.choose(o.min(pp!, qq!), o.constant(0), o.constant(1), d!),
};

export function definedDistance(pp: Node, d: Node, qq: Node): Node {
  return apply(definedDistanceOp, [pp, d, qq], {});
}

/** How an affine map scale·k + shift divides a variance into what is scaled and what is added. */
type Affine = { readonly scale: number; readonly shift: number };

/** √(scale·k/(scale·k + shift)), for shift > 0. */
export const scaledShareOp: ElementwiseOp<Affine> = {
  kind: "elementwise",
  name: "scaledShare",
  roles: ["entry"],
  keepsZero: () => true,
  formula: (o, [k], { scale, shift }) => {
    const scaled = o.mul(k!, o.constant(scale));
    return o.sqrt(o.div(scaled, o.add(scaled, o.constant(shift))));
  },
};

/** √(shift/(scale·k + shift)), for shift > 0. */
export const shiftShareOp: ElementwiseOp<Affine> = {
  kind: "elementwise",
  name: "shiftShare",
  roles: ["entry"],
  keepsZero: () => false,
  formula: (o, [k], { scale, shift }) =>
    o.sqrt(o.div(o.constant(shift), o.add(o.mul(k!, o.constant(scale)), o.constant(shift)))),
};

/**
 * The distance of scale·k + shift from that of k. With the shares (α, β) of both sides, α² + β² = 1,
 *
 *   1 − (αα'·(1 − d) + ββ') = αα'·d + ½[(α − α')² + (β − β')²],
 *
 * a sum of terms ≥ 0. Relative error: 3u.
 */
export const affineDistanceOp: ElementwiseOp<Record<string, never>> = {
  kind: "elementwise",
  name: "affineDistance",
  roles: ["row", "row", "entry", "column", "column"],
  keepsZero: () => false,
  formula: (o, [a, b, d, at, bt]) => {
    const [scaled, shifted] = [o.sub(a!, at!), o.sub(b!, bt!)];
    const apart = o.fma(scaled, scaled, o.mul(shifted, shifted));
    return o.fma(o.mul(a!, at!), d!, o.mul(apart, o.constant(0.5)));
  },
};

/** The distance of scale·k + shift, given the variances and the distance of k. */
export function affineDistance(pp: Node, d: Node, qq: Node, { scale, shift }: Affine): Node {
  const sides = [pp, qq].map((k) => [
    apply(scaledShareOp, [k], { scale, shift }),
    apply(shiftShareOp, [k], { scale, shift }),
  ]);
  return apply(affineDistanceOp, [...sides[0]!, d, ...sides[1]!], {});
}
