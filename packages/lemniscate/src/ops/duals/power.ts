/** @module Powers and Hermite polynomials: one formula, since He_n is xⁿ with powers of the variance taken off. */
import type { Algebra } from "../algebra.js";
import type { Dual } from "./dual.js";

export type PowerParameters = { readonly degree: number };

/**
 * φ(x) = xⁿ: E[φφ] = Σ_j c_j·(pp·qq)^j·pq^{n−2j}, c_j = n!²/((2^j j!)²(n − 2j)!), a term for each number 2j of factors that
 * are paired on their own side. E[φ'φ'] is n² times that of degree n − 1. Errors: 4u up to degree 8.
 */
export const powerDual: Dual<PowerParameters> = {
  name: "dualPower",
  source: "derived: Isserlis' theorem",
  value: (x, { degree }) => x ** degree,
  keepsZero: ({ degree }) => degree > 0,
  covariance: (o, pp, pq, qq, { degree }) => moment(o, pp, pq, qq, degree, 1),
  derivative: (o, pp, pq, qq, { degree }) =>
    degree === 0 ? o.constant(0) : moment(o, pp, pq, qq, degree - 1, degree ** 2),
};

/**
 * φ(x) = He_n(x)/√n!: as for xⁿ, divided by n!, with pp − 1 and qq − 1 in place of the variances. Of unit Gaussians it is
 * pqⁿ, to the last digit. E[φ'φ'] is n times that of degree n − 1. Errors: 2u up to degree 6.
 */
export const hermiteDual: Dual<PowerParameters> = {
  name: "dualHermite",
  source: "derived: Mehler's formula at unit variance, Isserlis' theorem beside it",
  // √(n + 1)·h_{n+1} = x·h_n − √n·h_{n−1}.
  value: (x, { degree }) => {
    let [h, before] = [1, 0];
    for (let n = 0; n < degree; n++) [h, before] = [(x * h - Math.sqrt(n) * before) / Math.sqrt(n + 1), h];
    return h;
  },
  keepsZero: ({ degree }) => degree % 2 === 1,
  covariance: (o, pp, pq, qq, { degree }) => hermite(o, pp, pq, qq, degree, 1),
  derivative: (o, pp, pq, qq, { degree }) =>
    degree === 0 ? o.constant(0) : hermite(o, pp, pq, qq, degree - 1, degree),
};

function hermite<V>(o: Algebra<V>, pp: V, pq: V, qq: V, degree: number, factor: number): V {
  const one = o.constant(1);
  let scale = factor;
  for (let n = 2; n <= degree; n++) scale /= n;
  return moment(o, o.sub(pp, one), pq, o.sub(qq, one), degree, scale);
}

/** scale·Σ_j c_j·(x·y)^j·pq^{n−2j}. */
function moment<V>(o: Algebra<V>, x: V, pq: V, y: V, degree: number, scale: number): V {
  const c = momentCoefficients(degree);
  const [square, own] = [o.mul(pq, pq), o.mul(x, y)];
  let sum = o.constant(scale * c[degree]!);
  let power = own;
  for (let k = degree - 2; k >= 0; k -= 2) {
    sum = o.fma(power, o.constant(scale * c[k]!), o.mul(sum, square));
    power = o.mul(power, own);
  }
  return degree % 2 === 1 ? o.mul(sum, pq) : sum;
}

/** Coefficients of E[xⁿyⁿ] in powers of the correlation ρ of unit Gaussians: c_j at ρ^{n−2j}, 0 between. */
export function momentCoefficients(n: number): number[] {
  const c = new Array<number>(n + 1).fill(0);
  let top = 1;
  for (let k = 2; k <= n; k++) top *= k;
  // c_0 = n!; c_{j+1}/c_j = (n − 2j)(n − 2j − 1)/(2j + 2)².
  for (let j = 0; 2 * j <= n; j++) {
    c[n - 2 * j] = top;
    top *= ((n - 2 * j) * (n - 2 * j - 1)) / (2 * j + 2) ** 2;
  }
  return c;
}
