import type { Algebra } from "../algebra.js";
import { type Dual, determinant } from "./dual.js";
import { hyperbolicSine } from "./sine.js";

/**
 * φ(x) = exp(−x²)·sin x. With Δ = pp·qq − pq², D = 1 + 2(pp + qq) + 4Δ, S = pp + qq + 4Δ and x = pq/D:
 *
 *   E[φφ]   = D^{-1/2}·exp(−S/2D)·sinh x
 *   E[φ'φ'] = D^{-3/2}·exp(−S/2D)·(4x·(D + 1 + pp + qq)·sinh x + (1 + 8pq·x)·cosh x)
 *
 * |x| ≤ 1/4, and all but Δ are sums of terms ≥ 0. Errors: 7u, and 9u of the derivative.
 */
export const gaborDual: Dual<Record<string, never>> = {
  name: "dualGabor",
  source: "derived: the characteristic function of a Gaussian tilted by exp(−u² − v²); the derivative is ∂/∂pq",
  keepsZero: () => true,
  covariance: (o, pp, pq, qq) => {
    const { sinh, weight } = parts(o, pp, pq, qq);
    return o.mul(weight, sinh);
  },
  derivative: (o, pp, pq, qq) => {
    const { x, sinh, weight, sum, D } = parts(o, pp, pq, qq);
    const cosh = o.sqrt(o.fma(sinh, sinh, o.constant(1)));
    const odd = o.mul(o.mul(o.mul(x, o.constant(4)), o.add(D, o.add(sum, o.constant(1)))), sinh);
    const even = o.fma(o.mul(pq, o.constant(8)), x, o.constant(1));
    return o.mul(o.div(weight, D), o.fma(even, cosh, odd));
  },
};

function parts<V>(o: Algebra<V>, pp: V, pq: V, qq: V): { x: V; sinh: V; weight: V; sum: V; D: V } {
  const sum = o.add(pp, qq);
  const fourfold = o.mul(determinant(o, pp, pq, qq), o.constant(4));
  const S = o.add(sum, fourfold);
  const D = o.add(o.constant(1), o.add(sum, S));
  const x = o.div(pq, D);
  const weight = o.div(o.exp(o.mul(o.div(S, D), o.constant(-0.5))), o.sqrt(D));
  return { x, sinh: hyperbolicSine(o, x), weight, sum, D };
}
