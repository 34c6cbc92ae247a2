/** @module Rectified powers: arc-cosine kernels of any order. */
import type { Algebra } from "../algebra.js";
import { type Dual, deviation, scaledDistance } from "./dual.js";
import { momentCoefficients } from "./power.js";

/** φ(x) = x^degree for x > 0. */
export type RectifiedPowerParameters = { readonly degree: number };

/**
 * φ(x) = x^n for x > 0, else 0; of degree 0 the step, which is ½ at 0. With s = √(pp·qq), ρ = pq/s = cos θ and θ = π/2 where s = 0:
 *
 *   E[φφ]   = sⁿ/2π·(A_n(ρ)·sin θ + B_n(ρ)·(π − θ))
 *   E[φ'φ'] = n² times that of degree n − 1; of a step it is left out, as that of a sign
 *
 * B_n(ρ) = E[xⁿyⁿ] of unit Gaussians. A_n is a polynomial that follows from d/dρ of the bracket being n² times that of
 * n − 1. Errors: 6u up to degree 3.
 */
export const rectifiedPowerDual: Dual<RectifiedPowerParameters> = {
  name: "dualRectifiedPower",
  source: "Cho and Saul 2009, Kernel methods for deep learning, eqs. 4 to 6; the recurrence derived from it",
  value: (x, { degree }) => (x > 0 ? x ** degree : x < 0 || degree > 0 ? 0 : 0.5),
  kinks: () => [0],
  keepsZero: ({ degree }) => degree > 0,
  covariance: (o, pp, pq, qq, { degree }) => arcCosine(o, pp, pq, qq, degree, 1),
  derivative: (o, pp, pq, qq, { degree }) =>
    degree === 0 ? o.constant(0) : arcCosine(o, pp, pq, qq, degree - 1, degree ** 2),
};

function arcCosine<V>(o: Algebra<V>, pp: V, pq: V, qq: V, degree: number, factor: number): V {
  const [zero, one] = [o.constant(0), o.constant(1)];
  const [p, q] = [deviation(o, pp), deviation(o, qq)];
  const d = scaledDistance(o, p, pq, q);
  const near = o.sub(one, d);
  const rho = o.choose(zero, pq, near, o.sub(zero, near));
  const acute = o.angle(d);
  const rest = o.choose(zero, pq, o.sub(o.constant(Math.PI), acute), acute);
  const sine = o.sqrt(o.mul(d, o.add(one, near)));
  const share = factor / (2 * Math.PI);
  const turned = o.mul(polynomial(o, momentCoefficients(degree), rho, share), rest);
  if (degree === 0) return turned;
  const s = o.mul(p.root, q.root);
  let size = s;
  for (let n = 1; n < degree; n++) size = o.mul(size, s);
  return o.mul(o.fma(polynomial(o, sineCoefficients(degree), rho, share), sine, turned), size);
}

/** Σ_k scale·c_k x^k, of coefficients that are 0 at every other k. */
function polynomial<V>(o: Algebra<V>, c: readonly number[], x: V, scale: number): V {
  const square = o.mul(x, x);
  let sum = o.constant(scale * c.at(-1)!);
  let k = c.length - 3;
  for (; k >= 0; k -= 2) sum = o.fma(sum, square, o.constant(scale * c[k]!));
  return k === -1 ? o.mul(sum, x) : sum;
}

/**
 * Coefficients of A_n, from the highest down: (1 − ρ²)(A_n' − n²A_{n−1}) = ρA_n − B_n, by comparing powers of ρ, as
 * B_n' = n²B_{n−1} and the sine and the angle have the derivatives −ρ/sin θ and −1/sin θ.
 */
function sineCoefficients(n: number): number[] {
  let before: number[] = [];
  for (let order = 1; order <= n; order++) {
    const b = momentCoefficients(order);
    const a = new Array<number>(order).fill(0);
    for (let m = order; m > 0; m--) {
      const inner = (before[m] ?? 0) - (before[m - 2] ?? 0);
      a[m - 1] = ((m + 1) * (a[m + 1] ?? 0) - order ** 2 * inner + b[m]!) / m;
    }
    before = a;
  }
  return before;
}
