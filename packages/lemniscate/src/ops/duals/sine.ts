import type { Algebra } from "../algebra.js";
import type { Dual } from "./dual.js";

/** φ(x) = scale·sin(slope·x + phase). */
export type SineParameters = { readonly scale: number; readonly slope: number; readonly phase: number };

/**
 * φ(x) = a·sin(b·x + c). With E± = exp(b²(±pq − (pp + qq)/2)):
 *
 *   E[φφ]   = ½a²·(E₊ − cos 2c·E₋)
 *   E[φ'φ'] = ½a²b²·(E₊ + cos 2c·E₋)
 */
export const sineDual: Dual<SineParameters> = {
  name: "dualSine",
  source: "derived: sin α sin β = ½(cos(α − β) − cos(α + β)) and E cos z = exp(−Var z/2) for Gaussian z",
  keepsZero: ({ phase }) => phase === 0,
  covariance: (o, pp, pq, qq, { scale, slope, phase }) => {
    const { plus, minus } = waves(o, pp, pq, qq, slope, phase);
    return o.mul(o.sub(plus, minus), o.constant(0.5 * scale * scale));
  },
  derivative: (o, pp, pq, qq, { scale, slope, phase }) => {
    const { plus, minus } = waves(o, pp, pq, qq, slope, phase);
    return o.mul(o.add(plus, minus), o.constant(0.5 * scale * scale * slope * slope));
  },
};

function waves<V>(o: Algebra<V>, pp: V, pq: V, qq: V, slope: number, phase: number): { plus: V; minus: V } {
  const b2 = o.constant(slope * slope);
  const middle = o.mul(o.add(pp, qq), o.constant(0.5));
  const difference = o.exp(o.mul(o.sub(pq, middle), b2));
  const sum = o.exp(o.mul(o.sub(o.sub(o.constant(0), pq), middle), b2));
  return { plus: difference, minus: phase === 0 ? sum : o.mul(sum, o.constant(Math.cos(2 * phase))) };
}
