import type { Algebra } from "../algebra.js";
import { type Dual, determinantRoot } from "./dual.js";

/** Slopes below and above zero. */
export type RectifierParameters = { readonly below: number; readonly above: number };

/**
 * φ(x) = below·min(x, 0) + above·max(x, 0): ReLU (0, 1), leaky ReLU (α, 1), |x| (−1, 1), identity (1, 1).
 *
 *   E[φφ]   = f·r + ((below² + above²)/2 − f·θ)·pq,   f = (above − below)²/2π
 *   E[φ'φ'] = (below² + above²)/2 − f·θ
 *
 * with r = √(pp·qq − pq²) and θ = atan2(r, pq), taken as π/2 where both are 0.
 */
export const rectifierDual: Dual<RectifierParameters> = {
  name: "dualRectifier",
  source: "Cho and Saul 2009, Kernel methods for deep learning, eqs. 6 and 8 (arc-cosine kernels of order 1 and 0)",
  keepsZero: () => true,
  covariance: (o, pp, pq, qq, slopes) => {
    const f = o.constant((slopes.above - slopes.below) ** 2 / (2 * Math.PI));
    return o.add(o.mul(f, determinantRoot(o, pp, pq, qq)), o.mul(slope(o, pp, pq, qq, slopes), pq));
  },
  derivative: slope,
};

function slope<V>(o: Algebra<V>, pp: V, pq: V, qq: V, { below, above }: RectifierParameters): V {
  const f = o.constant((above - below) ** 2 / (2 * Math.PI));
  return o.sub(o.constant((below * below + above * above) / 2), o.mul(f, angle(o, pp, pq, qq)));
}

/** The angle between the two Gaussians, in [0, π]; π/2 where one of them is 0. */
function angle<V>(o: Algebra<V>, pp: V, pq: V, qq: V): V {
  const r = determinantRoot(o, pp, pq, qq);
  return o.choose(o.add(r, o.abs(pq)), o.constant(0), o.constant(Math.PI / 2), o.atan2(r, pq));
}
