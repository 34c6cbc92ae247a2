import { applyDual, applyMeans, type Dual, dualOps } from "../../ops/duals/dual.js";
import { multiply } from "../../ops/elementary.js";
import type { Parameters } from "../../ops/op.js";
import { isZero } from "../../ops/zero.js";
import type { ArrayOperations } from "../arrays.js";
import { needGaussian } from "../checks.js";
import type { LayerDefinition } from "../layer.js";

/**
 * A layer that applies φ to every channel: with centred Gaussians (u, v) of the covariances below,
 *
 *   K ← E[φ(u)φ(v)],   Θ ← E[φ'(u)φ'(v)]·Θ
 */
export function nonlinearity<Options extends object, P extends Parameters>(
  about: Pick<LayerDefinition<Options>, "name" | "summary" | "options" | "hasOwnFunction">,
  dual: Dual<P>,
  parameters: (options: Options) => P,
  /** φ itself; `null` if there is none, only a rule for kernels. */
  phi: null | (<A>(t: ArrayOperations<A>, x: A, options: Options) => A),
): LayerDefinition<Options> {
  const { covariance, derivative, means } = dualOps(dual);
  return {
    ...about,
    sources: [dual.source],
    hasWeights: false,
    elementwise: (options) => ({ dual, parameters: parameters(options) }),
    shape: (input) => {
      needGaussian(about.name, input);
      return { ...input, gaussian: false, mean: true };
    },
    kernel: (below, options) => ({
      nngp: (p, q) => applyDual(covariance, below.nngp(p, p), below.nngp(p, q), below.nngp(q, q), parameters(options)),
      means: (p, q) => applyMeans(means, below.nngp(p, p), below.nngp(q, q), parameters(options)),
      ntk: (p, q) => {
        const ntk = below.ntk(p, q);
        if (isZero(ntk)) return ntk;
        const slopes = applyDual(derivative, below.nngp(p, p), below.nngp(p, q), below.nngp(q, q), parameters(options));
        return multiply(slopes, ntk);
      },
    }),
    ...(phi === null ? {} : { apply: (t, _, x, options) => phi(t, x, options) }),
  };
}
