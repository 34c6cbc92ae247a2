import { type Dual, determinant } from "./dual.js";

/**
 * φ(x) = x·Φ(x) with the Gaussian distribution function Φ. With P = (1 + pp)(1 + qq), D² = P − pq² and
 * θ = atan2(pq, D):
 *
 *   E[φφ]   = pq/4 + [(pq² + pp·qq·D²)/(P·D) + pq·θ]/2π
 *   E[φ'φ'] = 1/4 + θ/2π + pq/(2πD)·(1/D² + (1 − pp·qq)/P + 1)
 */
export const geluDual: Dual<Record<string, never>> = {
  name: "dualGelu",
  source:
    "Tsuchida et al. 2021, Avoiding kernel fixed points: computing with ELU and GELU infinite networks; checked by quadrature",
  keepsZero: () => true,
  covariance: (o, pp, pq, qq) => {
    const P = o.mul(o.add(pp, o.constant(1)), o.add(qq, o.constant(1)));
    const D2 = o.add(o.add(o.constant(1), o.add(pp, qq)), determinant(o, pp, pq, qq));
    const D = o.sqrt(D2);
    const tail = o.div(o.add(o.mul(pq, pq), o.mul(o.mul(pp, qq), D2)), o.mul(P, D));
    const bracket = o.add(tail, o.mul(pq, o.atan2(pq, D)));
    return o.add(o.mul(pq, o.constant(1 / 4)), o.mul(bracket, o.constant(1 / (2 * Math.PI))));
  },
  derivative: (o, pp, pq, qq) => {
    const one = o.constant(1);
    const turn = o.constant(1 / (2 * Math.PI));
    const P = o.mul(o.add(pp, one), o.add(qq, one));
    const D2 = o.add(o.add(one, o.add(pp, qq)), determinant(o, pp, pq, qq));
    const D = o.sqrt(D2);
    const bracket = o.add(o.add(o.div(one, D2), o.div(o.sub(one, o.mul(pp, qq)), P)), one);
    const slope = o.mul(o.mul(o.div(pq, D), bracket), turn);
    return o.add(o.add(o.constant(1 / 4), o.mul(o.atan2(pq, D), turn)), slope);
  },
};
