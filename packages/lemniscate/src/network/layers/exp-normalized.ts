import { z } from "zod";
import { normalizedExponentialDual } from "../../ops/duals/normalized-exponential.js";
import type { LayerDefinition, LayerNetwork } from "../layer.js";
import { makeLayer } from "../make.js";
import type { NonlinearityPlacement } from "../placement.js";
import { nonlinearity } from "./nonlinearity.js";

export interface ExpNormalizedOptions {
  /** γ ≥ 0; default 1. */
  readonly gamma: number;
  /** What is added to the correlation; default −1. */
  readonly shift: number;
}

/** K ← s·exp(gamma·(K/s + shift)), Θ ← gamma·exp(gamma·(K/s + shift))·Θ, s = √(K(x, x)·K(x′, x′)). */
export const expNormalizedDefinition: LayerDefinition<ExpNormalizedOptions> = nonlinearity(
  {
    name: "expNormalized",
    summary: "Kernel √(qq′)·exp(γ(ρ + shift)) of the correlation ρ.",
    options: z.strictObject({ gamma: z.number().nonnegative().default(1), shift: z.number().default(-1) }),
  },
  normalizedExponentialDual,
  ({ gamma, shift }) => ({ gamma, shift }),
  null,
);

/**
 * The kernel s·exp(gamma·(K/s + shift)), s = √(K(x, x)·K(x′, x′)): with the default shift it keeps variances and lowers
 * correlations. It is a rule for kernels; no finite network has a nonlinearity for it.
 *
 * @source Shankar et al. 2020, Neural kernels without tangents
 *
 * @example
 * ```ts
 * import { expNormalized } from "lemniscate";
 * expNormalized({ gamma: 2 }); // => { type: "expNormalized", gamma: 2, shift: -1 }
 * ```
 */
export function expNormalized(
  options: Partial<ExpNormalizedOptions> = {},
): LayerNetwork<ExpNormalizedOptions, NonlinearityPlacement<"expNormalized">> {
  return makeLayer(expNormalizedDefinition, options);
}
