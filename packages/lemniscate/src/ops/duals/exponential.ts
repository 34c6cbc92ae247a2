import type { Algebra } from "../algebra.js";
import type { Dual } from "./dual.js";

/** φ(x) = scale·exp(slope·x). */
export type ExponentialParameters = { readonly scale: number; readonly slope: number };

/**
 * φ(x) = a·exp(b·x): E[φφ] = a²·exp(b²((pp + qq)/2 + pq)), E[φ'φ'] = b² times that. Errors: 2u as long as the exponent
 * is no larger than 4; a larger one multiplies its own rounding.
 */
export const exponentialDual: Dual<ExponentialParameters> = {
  name: "dualExponential",
  source: "derived: the moment generating function of a Gaussian",
  value: (x, { scale, slope }) => scale * Math.exp(slope * x),
  keepsZero: () => false,
  covariance: (o, pp, pq, qq, { scale, slope }) => o.mul(moment(o, pp, pq, qq, slope), o.constant(scale * scale)),
  derivative: (o, pp, pq, qq, { scale, slope }) =>
    o.mul(moment(o, pp, pq, qq, slope), o.constant(scale * scale * slope * slope)),
};

function moment<V>(o: Algebra<V>, pp: V, pq: V, qq: V, slope: number): V {
  const exponent = o.add(o.mul(o.add(pp, qq), o.constant(0.5)), pq);
  return o.exp(o.mul(exponent, o.constant(slope * slope)));
}
