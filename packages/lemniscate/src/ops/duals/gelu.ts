import { erf } from "../../core/error-function.js";
import type { Algebra } from "../algebra.js";
import { type Dual, determinant, inUnit } from "./dual.js";

/**
 * φ(x) = x·Φ(x) with the Gaussian distribution function Φ. With P = 1 + pp, Q = 1 + qq, D² = PQ − pq² and
 * θ = atan2(pq, D):
 *
 *   E[φφ]   = pq/4 + [pq²/(PQ·D) + (pp/P)(qq/Q)·D + pq·θ]/2π
 *   E[φ'φ'] = 1/4 + θ/2π + pq/(2πD)·(1/D² + 1/P + 1/Q)
 *
 * D² is computed as 1 + pp + qq + (pp·qq − pq²), a sum of terms ≥ 0. Errors: 2u.
 */
export const geluDual: Dual<Record<string, never>> = {
  name: "dualGelu",
  source:
    "Tsuchida et al. 2021, Avoiding kernel fixed points: computing with ELU and GELU infinite networks; checked by quadrature",
  value: (x) => (x / 2) * (1 + erf(x / Math.SQRT2)),
  keepsZero: () => true,
  covariance: (o, pp, pq, qq) => {
    const { p, q, D } = widths(o, pp, pq, qq);
    const narrow = o.div(o.mul(o.mul(pq, p), o.mul(pq, q)), D);
    const wide = o.mul(o.mul(o.mul(pp, p), o.mul(qq, q)), D);
    const bracket = o.add(o.add(narrow, wide), o.mul(pq, o.atan2(pq, D)));
    return o.add(o.mul(pq, o.constant(1 / 4)), o.mul(bracket, o.constant(1 / (2 * Math.PI))));
  },
  derivative: (o, pp, pq, qq) => {
    const { p, q, D2, D } = widths(o, pp, pq, qq);
    const bracket = o.add(o.div(o.constant(1), D2), o.add(p, q));
    const turns = o.add(o.atan2(pq, D), o.mul(o.div(pq, D), bracket));
    return o.add(o.constant(1 / 4), o.mul(turns, o.constant(1 / (2 * Math.PI))));
  },
};

/** 1/P, 1/Q, D² and D. */
function widths<V>(o: Algebra<V>, pp: V, pq: V, qq: V): { p: V; q: V; D2: V; D: V } {
  const one = o.constant(1);
  const k = inUnit(o, pp, pq, qq);
  const square = o.add(o.mul(k.one, o.add(k.one, o.add(k.pp, k.qq))), determinant(o, k.pp, k.pq, k.qq));
  const D = o.mul(o.sqrt(square), k.unit);
  const D2 = o.mul(o.mul(square, k.unit), k.unit);
  return { p: o.div(one, o.add(one, pp)), q: o.div(one, o.add(one, qq)), D2, D };
}
