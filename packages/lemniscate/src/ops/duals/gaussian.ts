import type { Algebra } from "../algebra.js";
import { type Dual, determinant, type InUnit, inUnit } from "./dual.js";

/** φ(x) = scale·exp(exponent·x²). */
export type GaussianParameters = { readonly scale: number; readonly exponent: number };

/**
 * φ(x) = a·exp(b·x²). With D² = (1 − 2b·pp)(1 − 2b·qq) − 4b²pq²:
 *
 *   E[φφ] = a²/D,   E[φ'φ'] = 4a²b²pq/D³
 *
 * D² is computed as 1 − 2b(pp + qq) + 4b²(pp·qq − pq²). For b > 0 both are infinite where D² ≤ 0 or 2b·pp ≥ 1, beginning with
 * a variance of 1/4b: there the result is infinite too, which a kernel refuses. Errors for b ≤ 0: 3u, and 5u of the derivative.
 */
export const gaussianDual: Dual<GaussianParameters> = {
  name: "dualGaussian",
  source: "derived: E exp(xᵀBx) = det(1 − 2BΣ)^{-1/2} for Gaussian x",
  value: (x, { scale, exponent }) => scale * Math.exp(exponent * x * x),
  keepsZero: () => false,
  covariance: (o, pp, pq, qq, { scale, exponent }) => {
    const k = inUnit(o, pp, pq, qq);
    return o.div(o.mul(k.one, o.constant(scale * scale)), o.sqrt(square(o, k, exponent)));
  },
  derivative: (o, pp, pq, qq, { scale, exponent }) => {
    const k = inUnit(o, pp, pq, qq);
    const D2 = square(o, k, exponent);
    const numerator = o.mul(o.mul(k.pq, o.constant(4 * (scale * exponent) ** 2)), k.one);
    return o.mul(o.div(o.div(numerator, D2), o.sqrt(D2)), k.one);
  },
};

/** D² in the unit of the variances, squared, and 0 where it is not positive. */
function square<V>(o: Algebra<V>, { pp, pq, qq, one }: InUnit<V>, b: number): V {
  const sum = o.mul(one, o.fma(o.add(pp, qq), o.constant(-2 * b), one));
  const D2 = o.fma(determinant(o, pp, pq, qq), o.constant(4 * b * b), sum);
  if (b <= 0) return D2;
  const own = o.fma(o.max(pp, qq), o.constant(-2 * b), one);
  return o.choose(o.min(own, D2), o.constant(0), o.constant(0), D2);
}
