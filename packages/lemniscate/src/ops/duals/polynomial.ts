import type { Algebra } from "../algebra.js";
import type { Dual } from "./dual.js";

/** φ(x) = Σ_i coefficients[i]·x^i. */
export type PolynomialParameters = { readonly coefficients: readonly number[] };

/**
 * φ(x) = Σ_i c_i x^i. With the means of its derivatives, D_n(q) = E[φ⁽ⁿ⁾(√q z)]/√n!, polynomials in the variance q:
 *
 *   E[φφ] = Σ_n D_n(pp)·D_n(qq)·pqⁿ,   and E[φ'φ'] likewise with φ'
 *
 * No division, so that a variance of 0 is a number like any other. Errors: 3u for coefficients of one sign up to
 * degree 5; where signs differ, what φ itself loses when its terms cancel.
 */
export const polynomialDual: Dual<PolynomialParameters> = {
  name: "dualPolynomial",
  source: "derived: Mehler's formula, whose sum ends for a polynomial",
  value: (x, { coefficients }) => coefficients.reduceRight((sum, c) => sum * x + c, 0),
  keepsZero: ({ coefficients }) => coefficients[0] === 0,
  covariance: (o, pp, pq, qq, { coefficients }) => series(o, pp, pq, qq, coefficients),
  derivative: (o, pp, pq, qq, { coefficients }) => series(o, pp, pq, qq, derived(coefficients)),
};

function derived(c: readonly number[]): number[] {
  return c.slice(1).map((value, i) => (i + 1) * value);
}

function series<V>(o: Algebra<V>, pp: V, pq: V, qq: V, c: readonly number[]): V {
  let sum = o.constant(0);
  for (let n = c.length - 1; n >= 0; n--) {
    const mean = meanOfDerivative(c, n);
    const term = o.mul(horner(o, mean, pp), horner(o, mean, qq));
    sum = n === c.length - 1 ? term : o.fma(sum, pq, term);
  }
  return sum;
}

/** Coefficients of D_n in powers of q: c_i·i!/(2^j j!)/√n! at q^j, i = n + 2j. */
function meanOfDerivative(c: readonly number[], n: number): number[] {
  const mean: number[] = [];
  // √n! = n!/√n!, so that i!/√n! is a product of small numbers.
  let factor = 1;
  for (let k = 2; k <= n; k++) factor *= Math.sqrt(k);
  for (let j = 0; n + 2 * j < c.length; j++) {
    if (j > 0) factor *= ((n + 2 * j) * (n + 2 * j - 1)) / (2 * j);
    mean.push(factor * c[n + 2 * j]!);
  }
  return mean;
}

function horner<V>(o: Algebra<V>, c: readonly number[], x: V): V {
  return c.map((value) => o.constant(value)).reduceRight((sum, value) => o.fma(sum, x, value));
}
