import { z } from "zod";
import { rectifiedPowerDual } from "../../ops/duals/rectified-power.js";
import { sumOfPowers } from "../composed.js";
import { step } from "../elementwise.js";
import type { LayerDefinition, LayerNetwork } from "../layer.js";
import { makeLayer } from "../make.js";
import { degree } from "../options.js";
import type { NonlinearityPlacement } from "../placement.js";
import { nonlinearity } from "./nonlinearity.js";

export interface RectifiedMonomialOptions {
  /** n, a whole number ≥ 0. */
  readonly degree: number;
}

/** φ(x) = xⁿ for x > 0, else 0. */
export const rectifiedMonomialDefinition: LayerDefinition<RectifiedMonomialOptions> = nonlinearity(
  {
    name: "rectifiedMonomial",
    summary: "Rectified power, max(x, 0)ⁿ; of degree 0 the step.",
    options: z.strictObject({ degree }),
  },
  rectifiedPowerDual,
  ({ degree }) => ({ degree }),
  (t, x, { degree }) => t.multiply(t.map(step, x), sumOfPowers(t, x, [...new Array<number>(degree).fill(0), 1])),
);

/**
 * The nonlinearity xⁿ for x > 0, else 0, of any degree n ≥ 0: ReLU is degree 1. Of degree 0 it is a step, ½ at 0, whose
 * jump has no slope: as with {@link sign}, the NTK behind it counts the weights behind it alone.
 *
 * @source Cho and Saul 2009, Kernel methods for deep learning, eqs. 4 to 6
 *
 * @example
 * ```ts
 * import { rectifiedMonomial } from "lemniscate";
 * rectifiedMonomial({ degree: 2 }); // => { type: "rectifiedMonomial", degree: 2 }
 * ```
 */
export function rectifiedMonomial(
  options: RectifiedMonomialOptions,
): LayerNetwork<RectifiedMonomialOptions, NonlinearityPlacement<"rectifiedMonomial">> {
  return makeLayer(rectifiedMonomialDefinition, options);
}
