/** @module Piecewise linear nonlinearities: ReLU, leaky ReLU, |x|, identity. */
import type { Algebra } from "../algebra.js";
import type { ElementwiseOp } from "../op.js";
import { type Deviation, type Dual, deviation, dualOps, scaledDistance } from "./dual.js";

/** Slopes below and above zero. */
export type RectifierParameters = { readonly below: number; readonly above: number };

/**
 * φ(x) = below·min(x, 0) + above·max(x, 0): ReLU (0, 1), leaky ReLU (α, 1), |x| (−1, 1), identity (1, 1).
 *
 *   E[φφ]   = c·pq + f·s·(sin θ − θ cos θ)     f = (above − below)²/2π,   c = (below² + above²)/2
 *   E[φ'φ'] = c − f·θ
 *
 * with s = √(pp·qq) and cos θ = pq/s, θ = π/2 where s = 0. Both are computed from the acute angle ϑ of |pq|, beyond
 * θ = π/2 with sin θ − θ cos θ = sin ϑ − ϑ cos ϑ − π cos θ and c − f·π = below·above, so nothing cancels near 0 and π.
 * Errors: 3u, and 5u of the derivative.
 */
export const rectifierDual: Dual<RectifierParameters> = {
  name: "dualRectifier",
  source: "Cho and Saul 2009, Kernel methods for deep learning, eqs. 6 and 8 (arc-cosine kernels of order 1 and 0)",
  value: (x, { below, above }) => below * Math.min(x, 0) + above * Math.max(x, 0),
  keepsZero: () => true,
  covariance: (o, pp, pq, qq, slopes) => covariance(o, deviation(o, pp), pq, deviation(o, qq), slopes),
  derivative: (o, pp, pq, qq, slopes) => derivative(o, deviation(o, pp), pq, deviation(o, qq), slopes),
};

/** 1 − ρ of φ(u) and φ(v), from the covariances of u and v. Relative error for equal variances, else error: 3u. */
export const rectifierDistanceOp: ElementwiseOp<RectifierParameters> = {
  kind: "elementwise",
  name: "rectifierDistance",
  roles: ["row", "entry", "column"],
  keepsZero: () => false,
  formula: (o, [pp, pq, qq], slopes) => distanceOf(o, deviation(o, pp!), pq!, deviation(o, qq!), slopes),
};

type Formula = <V>(o: Algebra<V>, p: Deviation<V>, pq: V, q: Deviation<V>, slopes: RectifierParameters) => V;

const covariance: Formula = (o, p, pq, q, slopes) => {
  const { c, f, product } = rectifierConstants(slopes);
  const linear = o.max(o.mul(pq, o.constant(c)), o.mul(pq, o.constant(product)));
  const size = o.mul(o.mul(p.root, q.root), o.constant(f));
  return o.fma(size, o.angleExcess(scaledDistance(o, p, pq, q)), linear);
};

const derivative: Formula = (o, p, pq, q, slopes) =>
  slope(o, scaledDistance(o, p, pq, q), (acute, obtuse) => o.choose(o.constant(0), pq, acute, obtuse), slopes);

const distanceOf: Formula = (o, p, pq, q, slopes) =>
  distance(o, scaledDistance(o, p, pq, q), (acute, obtuse) => o.choose(o.constant(0), pq, acute, obtuse), slopes);

const { covariance: covarianceOp, derivative: derivativeOp } = dualOps(rectifierDual);

/** The same operations on both sides' variances, roots and reciprocal roots, by the names of those on variances. */
export const sidedRectifierOps: ReadonlyMap<string, ElementwiseOp<RectifierParameters>> = new Map(
  (
    [
      [covarianceOp, covariance],
      [derivativeOp, derivative],
      [rectifierDistanceOp, distanceOf],
    ] as const
  ).map(([{ name, keepsZero }, of]) => [
    name,
    {
      kind: "elementwise",
      name: `${name}Sided`,
      roles: ["row", "row", "row", "entry", "column", "column", "column"],
      keepsZero,
      formula: (o, [pp, s, perS, pq, qq, t, perT], slopes) => {
        const p = { variance: pp!, root: s!, perRoot: perS! };
        return of(o, p, pq!, { variance: qq!, root: t!, perRoot: perT! }, slopes);
      },
    },
  ]),
);

/** Slopes, and whether ρ ≥ 0 is known: then the angle is acute. */
export type CarriedParameters = RectifierParameters & { readonly acute: boolean };

/** 1 − ρ of φ(u) and φ(v), from that of u and v. Relative error: 6u. */
export const carriedDistanceOp: ElementwiseOp<CarriedParameters> = {
  kind: "elementwise",
  name: "carriedDistance",
  roles: ["entry"],
  keepsZero: () => false,
  formula: (o, [d], parameters) => distance(o, ...nearest(o, d!, parameters), parameters),
};

/** E[φ'(u)φ'(v)], from 1 − ρ of u and v. Error: 3u of E[φ'(u)²]. */
export const carriedSlopeOp: ElementwiseOp<CarriedParameters> = {
  kind: "elementwise",
  name: "carriedSlope",
  roles: ["entry"],
  keepsZero: () => false,
  formula: (o, [d], parameters) => slope(o, ...nearest(o, d!, parameters), parameters),
};

/** Whether φ(u) and φ(v) correlate with ρ ≥ 0 whatever u and v are. */
export function neverNegative({ below, above }: RectifierParameters): boolean {
  return below * above <= 0;
}

/** E[φ(u)²]/E[u²]. */
export function gain(slopes: RectifierParameters): number {
  return rectifierConstants(slopes).c;
}

/** c, f and below·above of the formulas. */
export function rectifierConstants({ below, above }: RectifierParameters): { c: number; f: number; product: number } {
  return { c: (below * below + above * above) / 2, f: (above - below) ** 2 / (2 * Math.PI), product: below * above };
}

/** Picks what holds for ρ ≥ 0 or for ρ < 0. */
type Pick<V> = (acute: V, obtuse: V) => V;

/** 1 − |ρ| from 1 − ρ, and which side ρ is on. */
function nearest<V>(o: Algebra<V>, d: V, { acute }: CarriedParameters): [V, Pick<V>] {
  if (acute) return [d, (yes) => yes];
  const one = o.constant(1);
  // A rounding error beyond 2 must not become the root of a negative number.
  const other = o.abs(o.sub(o.constant(2), d));
  return [o.min(d, other), (yes, no) => o.choose(d, one, yes, no)];
}

function slope<V>(o: Algebra<V>, near: V, pick: Pick<V>, slopes: RectifierParameters): V {
  const { c, f, product } = rectifierConstants(slopes);
  const turned = o.mul(o.angle(near), o.constant(f));
  return pick(o.sub(o.constant(c), turned), o.add(o.constant(product), turned));
}

/** 1 − E[φφ]/(c·s). For ρ < 0 it begins at 1 + below·above/c, for |x| at 0. */
function distance<V>(o: Algebra<V>, near: V, pick: Pick<V>, slopes: RectifierParameters): V {
  const { c, f, product } = rectifierConstants(slopes);
  const obtuse = o.fma(near, o.constant(-product / c), o.constant(1 + product / c));
  return o.sub(pick(near, obtuse), o.mul(o.angleExcess(near), o.constant(f / c)));
}
