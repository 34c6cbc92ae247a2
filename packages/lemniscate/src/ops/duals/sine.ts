import type { Algebra } from "../algebra.js";
import type { Dual } from "./dual.js";

/** φ(x) = scale·sin(slope·x + phase). */
export type SineParameters = { readonly scale: number; readonly slope: number; readonly phase: number };

/**
 * φ(x) = a·sin(b·x + c). With E± = exp(b²(±pq − (pp + qq)/2)) and H = (E₊ − E₋)/2:
 *
 *   E[φφ]   = a²·(H + sin² c·E₋)
 *   E[φ'φ'] = a²b²·(H + cos² c·E₋)
 *
 * H is sinh(b²pq)·√(E₊E₋), and computed as such for small covariances. The exponents are sums of the
 * differences of variances and covariance, which are exact for nearly equal Gaussians. Errors: 4u.
 */
export const sineDual: Dual<SineParameters> = {
  name: "dualSine",
  source: "derived: sin α sin β = ½(cos(α − β) − cos(α + β)) and E cos z = exp(−Var z/2) for Gaussian z",
  value: (x, { scale, slope, phase }) => scale * Math.sin(slope * x + phase),
  keepsZero: ({ phase }) => phase === 0,
  covariance: (o, pp, pq, qq, { scale, slope, phase }) =>
    o.mul(waves(o, pp, pq, qq, slope, Math.sin(phase) ** 2), o.constant(scale * scale)),
  derivative: (o, pp, pq, qq, { scale, slope, phase }) =>
    o.mul(waves(o, pp, pq, qq, slope, Math.cos(phase) ** 2), o.constant(scale * scale * slope * slope)),
};

/** H + share·E₋. A large share leaves nothing to cancel. */
function waves<V>(o: Algebra<V>, pp: V, pq: V, qq: V, slope: number, share: number): V {
  const exponent = o.constant(-0.5 * slope * slope);
  const plus = o.exp(o.mul(o.add(o.sub(pp, pq), o.sub(qq, pq)), exponent));
  const minus = o.exp(o.mul(o.add(o.add(pp, pq), o.add(qq, pq)), exponent));
  const half = o.constant(0.5);
  if (share > 0.25) return o.fma(minus, o.constant(share - 0.5), o.mul(plus, half));
  const x = o.mul(pq, o.constant(slope * slope));
  const small = o.mul(hyperbolicSine(o, x), o.sqrt(o.mul(plus, minus)));
  const difference = o.choose(o.abs(x), o.constant(1), small, o.mul(o.sub(plus, minus), half));
  return share === 0 ? difference : o.fma(minus, o.constant(share), difference);
}

/** sinh x for |x| ≤ 1, by its series. */
export function hyperbolicSine<V>(o: Algebra<V>, x: V): V {
  const square = o.mul(x, x);
  let sum = o.constant(1);
  for (let n = 8; n > 0; n--) sum = o.fma(o.mul(square, sum), o.constant(1 / (2 * n * (2 * n + 1))), o.constant(1));
  return o.mul(x, sum);
}
