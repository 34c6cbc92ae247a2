import { type Dual, deviations, scaledDistance } from "./dual.js";

/** Slopes below and above zero. */
export type RectifierParameters = { readonly below: number; readonly above: number };

/**
 * φ(x) = below·min(x, 0) + above·max(x, 0): ReLU (0, 1), leaky ReLU (α, 1), |x| (−1, 1), identity (1, 1).
 *
 *   E[φφ]   = c·pq + f·s·(sin θ − θ cos θ)     f = (above − below)²/2π,   c = (below² + above²)/2
 *   E[φ'φ'] = c − f·θ
 *
 * with s = √(pp·qq) and cos θ = pq/s, θ = π/2 where s = 0. Both are computed from the acute angle ϑ of |pq|, beyond
 * θ = π/2 with sin θ − θ cos θ = sin ϑ − ϑ cos ϑ − π cos θ and c − f·π = below·above, so nothing cancels near 0 and π.
 */
export const rectifierDual: Dual<RectifierParameters> = {
  name: "dualRectifier",
  source: "Cho and Saul 2009, Kernel methods for deep learning, eqs. 6 and 8 (arc-cosine kernels of order 1 and 0)",
  keepsZero: () => true,
  covariance: (o, pp, pq, qq, slopes) => {
    const { c, f, product } = constants(slopes);
    const linear = o.max(o.mul(pq, o.constant(c)), o.mul(pq, o.constant(product)));
    const s = deviations(o, pp, qq);
    return o.fma(o.mul(s, o.constant(f)), o.angleExcess(scaledDistance(o, pp, pq, qq)), linear);
  },
  derivative: (o, pp, pq, qq, slopes) => {
    const { c, f, product } = constants(slopes);
    const turned = o.mul(o.angle(scaledDistance(o, pp, pq, qq)), o.constant(f));
    return o.choose(o.constant(0), pq, o.sub(o.constant(c), turned), o.add(o.constant(product), turned));
  },
};

function constants({ below, above }: RectifierParameters): { c: number; f: number; product: number } {
  return { c: (below * below + above * above) / 2, f: (above - below) ** 2 / (2 * Math.PI), product: below * above };
}
