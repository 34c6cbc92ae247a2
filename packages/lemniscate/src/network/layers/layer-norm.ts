import type { LayerDefinition, LayerNetwork } from "../layer.js";
import { makeLayer } from "../make.js";
import type { SamePlacement } from "../placement.js";
import { type NormalizationOptions, normalization } from "./normalization.js";

export type LayerNormOptions = NormalizationOptions;

/**
 * Layer normalisation, without learned scale and shift. With the mean μ_a over channels, and over positions if they are
 * normalised together, and the centred covariance κ°_ab = E (f_a − μ_a)(f_b' − μ_b'),
 *
 *   K_ab = κ°_ab/(s_a(x) s_b(x')),   Θ_ab = Θ_ab/(s_a(x) s_b(x'))
 *   s_a² = κ°_aa(x, x) + ε                              over channels
 *   s_a² = Σ_b (κ°_bb(x, x) + ε) / number of present b  over channels and the positions b of a's group
 *
 * Gaussian input has mean 0, so κ° = κ. Behind a nonlinearity, κ_ab − μ_a μ_b' = E[φ(u)φ(v)] − E[φ(u)]E[φ(v)], and the second
 * term is the first one of independent Gaussians. Means and variances are constants in the limit of infinitely many
 * channels, so Θ has no term from them; without channels in the average there is no such limit. The last sum runs over
 * padding too, where κ is 0: padding adds its ε, as in Neural Tangents. At the default ε nobody sees it.
 */
export const layerNormDefinition: LayerDefinition<LayerNormOptions> = normalization(
  {
    name: "layerNorm",
    summary: "Layer normalisation over channels, or over channels and positions.",
    sources: ["Hron et al. 2020, arXiv:2006.10540; Lee et al. 2019, arXiv:1902.06720, for the limit of the norm"],
  },
  true,
);

/**
 * Layer normalisation: centred, and divided by the standard deviation. Before or behind nonlinearities, but not on data.
 *
 * @throws LemniscateError `OptionOutOfRange` for a negative epsilon, `Misplaced` on data, behind products and
 *   concatenations of channels, whose mean is not known, and for axes that are not there
 * @source Hron et al. 2020, arXiv:2006.10540; behind a nonlinearity derived
 *
 * @example
 * ```ts
 * import { layerNorm } from "lemniscate";
 * layerNorm(); // => { type: "layerNorm", over: "channels", epsilon: 1e-12 }
 * ```
 */
export function layerNorm(options: Partial<LayerNormOptions> = {}): LayerNetwork<LayerNormOptions, SamePlacement> {
  return makeLayer(layerNormDefinition, options);
}
