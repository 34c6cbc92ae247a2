import type { LayerDefinition, LayerNetwork } from "../layer.js";
import { makeLayer } from "../make.js";
import type { SamePlacement } from "../placement.js";
import { type NormalizationOptions, normalization } from "./normalization.js";

export type RmsNormOptions = NormalizationOptions;

/**
 * Division by the root of the mean square, without learned scale: `layerNorm` that subtracts no mean,
 *
 *   K_ab = κ_ab/(s_a(x) s_b(x')),   Θ_ab likewise,   s_a² = κ_aa(x, x) + ε
 *
 * and means of κ + ε over positions that are normalised together.
 */
export const rmsNormDefinition: LayerDefinition<RmsNormOptions> = normalization(
  {
    name: "rmsNorm",
    summary: "Division by the root mean square over channels, or over channels and positions.",
    sources: ["Zhang and Sennrich 2019, arXiv:1910.07467, eq. 4; its limit is derived"],
  },
  false,
);

/**
 * Division by the root of the mean square of channels. It may stand anywhere, next to the data too.
 *
 * @throws LemniscateError `OptionOutOfRange` for a negative epsilon, `Misplaced` for axes that are not there
 * @source Zhang and Sennrich 2019, arXiv:1910.07467, eq. 4
 *
 * @example
 * ```ts
 * import { rmsNorm } from "lemniscate";
 * rmsNorm({ over: [0] }); // => { type: "rmsNorm", over: [0], epsilon: 1e-12 }
 * ```
 */
export function rmsNorm(options: Partial<RmsNormOptions> = {}): LayerNetwork<RmsNormOptions, SamePlacement> {
  return makeLayer(rmsNormDefinition, options);
}
