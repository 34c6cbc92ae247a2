import type { Algebra } from "../algebra.js";
import { type Dual, deviation, scaledDistance } from "./dual.js";

/**
 * φ(x) = sign(x), 0 at 0: E[φφ] = (2/π)·asin ρ. Computed from the acute angle ϑ of |ρ| as ±(1 − 2ϑ/π). Error: 4u.
 *
 * φ' is a jump: E[φ'φ'] is the density of (u, v) at the origin times 4, and infinite where u = v, so the NTK of a wide
 * network grows without bound. As all of this field does, the jump is left out of the NTK: `derivative` is 0.
 */
export const signDual: Dual<Record<string, never>> = {
  name: "dualSign",
  source: "Williams 1997, Computing with infinite networks, the limit of eq. 11 for steep slopes",
  value: Math.sign,
  kinks: () => [0],
  keepsZero: () => true,
  covariance: (o, pp, pq, qq) => {
    const size = o.fma(
      o.angle(scaledDistance(o, deviation(o, pp), pq, deviation(o, qq))),
      o.constant(-2 / Math.PI),
      o.constant(1),
    );
    const zero = o.constant(0);
    const value = o.choose(zero, pq, size, o.sub(zero, size));
    return o.choose(o.min(pp, qq), zero, zero, value);
  },
  derivative: <V>(o: Algebra<V>): V => o.constant(0),
};
