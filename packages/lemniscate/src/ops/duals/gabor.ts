import type { Algebra } from "../algebra.js";
import { type Dual, determinant, inUnit } from "./dual.js";
import { hyperbolicSine } from "./sine.js";

/**
 * φ(x) = exp(−x²)·sin x. With Δ = pp·qq − pq², D = 1 + 2(pp + qq) + 4Δ, S = pp + qq + 4Δ and x = pq/D:
 *
 *   E[φφ]   = D^{-1/2}·exp(−S/2D)·sinh x
 *   E[φ'φ'] = D^{-3/2}·exp(−S/2D)·(4(pq + x·(1 + pp + qq))·sinh x + (1 + 8pq·x)·cosh x)
 *
 * |x| ≤ 1/4, and all but Δ are sums of terms ≥ 0. Errors: 7u, and 9u of the derivative.
 */
export const gaborDual: Dual<Record<string, never>> = {
  name: "dualGabor",
  source: "derived: the characteristic function of a Gaussian tilted by exp(−u² − v²); the derivative is ∂/∂pq",
  value: (x) => Math.exp(-x * x) * Math.sin(x),
  keepsZero: () => true,
  covariance: (o, pp, pq, qq) => {
    const { sinh, weight } = parts(o, pp, pq, qq);
    return o.mul(weight, sinh);
  },
  derivative: (o, pp, pq, qq) => {
    const { x, sinh, weight, D, one } = parts(o, pp, pq, qq);
    const cosh = o.sqrt(o.fma(sinh, sinh, o.constant(1)));
    const turned = o.fma(x, o.add(o.add(pp, qq), o.constant(1)), pq);
    const odd = o.mul(o.mul(turned, o.constant(4)), sinh);
    const even = o.fma(o.mul(pq, o.constant(8)), x, o.constant(1));
    return o.mul(o.mul(o.mul(o.div(weight, D), o.fma(even, cosh, odd)), one), one);
  },
};

/** D in the unit of the variances, squared; all else in its own. */
function parts<V>(o: Algebra<V>, pp: V, pq: V, qq: V): { x: V; sinh: V; weight: V; D: V; one: V } {
  const k = inUnit(o, pp, pq, qq);
  const sum = o.mul(o.add(k.pp, k.qq), k.one);
  const fourfold = o.mul(determinant(o, k.pp, k.pq, k.qq), o.constant(4));
  const S = o.add(sum, fourfold);
  const D = o.add(o.mul(k.one, k.one), o.add(sum, S));
  const x = o.mul(o.div(k.pq, D), k.one);
  const weight = o.div(o.mul(o.exp(o.mul(o.div(S, D), o.constant(-0.5))), k.one), o.sqrt(D));
  return { x, sinh: hyperbolicSine(o, x), weight, D, one: k.one };
}
