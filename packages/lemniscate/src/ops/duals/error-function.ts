import { erf } from "../../core/error-function.js";
import type { Algebra } from "../algebra.js";
import { type Dual, determinant, type InUnit, inUnit } from "./dual.js";

/** φ(x) = scale·erf(slope·x) + shift. */
export type ErrorFunctionParameters = { readonly scale: number; readonly slope: number; readonly shift: number };

/**
 * φ(x) = a·erf(b·x) + c. With D² = (1 + 2b²pp)(1 + 2b²qq) − 4b⁴pq²:
 *
 *   E[φφ]   = a²·(2/π)·atan2(2b²pq, D) + c²
 *   E[φ'φ'] = a²b²·(4/π)/D
 *
 * D² is computed as 1 + 2b²(pp + qq) + 4b⁴(pp·qq − pq²), a sum of terms ≥ 0. Errors: 3u, and 2u of the derivative.
 */
export const errorFunctionDual: Dual<ErrorFunctionParameters> = {
  name: "dualErf",
  source: "Williams 1997, Computing with infinite networks, eq. 11; derivative derived from it",
  value: (x, { scale, slope, shift }) => scale * erf(slope * x) + shift,
  keepsZero: ({ shift }) => shift === 0,
  covariance: (o, pp, pq, qq, { scale, slope, shift }) => {
    const k = inUnit(o, pp, pq, qq);
    const asin = o.atan2(o.mul(k.pq, o.constant(2 * slope * slope)), width(o, k, slope));
    return o.add(o.mul(asin, o.constant((2 / Math.PI) * scale * scale)), o.constant(shift * shift));
  },
  derivative: (o, pp, pq, qq, { scale, slope }) => {
    const k = inUnit(o, pp, pq, qq);
    return o.div(o.mul(k.one, o.constant((4 / Math.PI) * scale * scale * slope * slope)), width(o, k, slope));
  },
};

/** D, in the unit of the variances. */
function width<V>(o: Algebra<V>, { pp, pq, qq, one }: InUnit<V>, slope: number): V {
  const b2 = slope * slope;
  const sum = o.mul(o.add(pp, qq), o.constant(2 * b2));
  const rest = o.mul(determinant(o, pp, pq, qq), o.constant(4 * b2 * b2));
  return o.sqrt(o.add(o.mul(one, o.add(one, sum)), rest));
}
