import type { Algebra } from "../algebra.js";
import { type Dual, deviation, scaledDistance } from "./dual.js";

/** The kernel √(pp·qq)·exp(gamma·(ρ + shift)), which no pointwise nonlinearity is behind. */
export type NormalizedExponentialParameters = { readonly gamma: number; readonly shift: number };

/**
 * With s = √(pp·qq) and ρ = pq/s, 0 where s = 0:
 *
 *   s·exp(γ(ρ + shift)), and in the place of E[φ'φ'] its derivative by pq, γ·exp(γ(ρ + shift))
 *
 * ρ is computed as ±(1 − d) with d near 0, so at the default shift of −1 exponents near ρ = 1 are exact. Errors: 3u, and 4u of the
 * derivative, as long as γ ≤ 1; a larger one multiplies the rounding of ρ.
 */
export const normalizedExponentialDual: Dual<NormalizedExponentialParameters> = {
  name: "dualNormalizedExponential",
  source: "Shankar et al. 2020, Neural kernels without tangents, sec. 4 (the normalised Gaussian kernel)",
  keepsZero: () => true,
  covariance: (o, pp, pq, qq, parameters) => o.mul(o.mul(o.sqrt(pp), o.sqrt(qq)), weight(o, pp, pq, qq, parameters)),
  derivative: (o, pp, pq, qq, parameters) => o.mul(weight(o, pp, pq, qq, parameters), o.constant(parameters.gamma)),
};

function weight<V>(o: Algebra<V>, pp: V, pq: V, qq: V, { gamma, shift }: NormalizedExponentialParameters): V {
  const d = scaledDistance(o, deviation(o, pp), pq, deviation(o, qq));
  const [acute, obtuse] = [o.sub(o.constant(1 + shift), d), o.add(o.constant(shift - 1), d)];
  return o.exp(o.mul(o.choose(o.constant(0), pq, acute, obtuse), o.constant(gamma)));
}
