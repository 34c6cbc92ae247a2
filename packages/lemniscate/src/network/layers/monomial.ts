import { z } from "zod";
import { powerDual } from "../../ops/duals/power.js";
import { sumOfPowers } from "../composed.js";
import type { LayerDefinition, LayerNetwork } from "../layer.js";
import { makeLayer } from "../make.js";
import { degree } from "../options.js";
import type { NonlinearityPlacement } from "../placement.js";
import { nonlinearity } from "./nonlinearity.js";

export interface MonomialOptions {
  /** n, a whole number ≥ 0. */
  readonly degree: number;
}

/** φ(x) = xⁿ. */
export const monomialDefinition: LayerDefinition<MonomialOptions> = nonlinearity(
  { name: "monomial", summary: "Power, xⁿ.", options: z.strictObject({ degree }) },
  powerDual,
  ({ degree }) => ({ degree }),
  (t, x, { degree }) => sumOfPowers(t, x, [...new Array<number>(degree).fill(0), 1]),
);

/**
 * The nonlinearity xⁿ, of any degree n ≥ 0. Its kernel grows like the n-th power of the variance: normalise before it.
 *
 * @source derived, see `ops/duals/power.ts`
 *
 * @example
 * ```ts
 * import { monomial } from "lemniscate";
 * monomial({ degree: 2 }); // => { type: "monomial", degree: 2 }
 * ```
 */
export function monomial(options: MonomialOptions): LayerNetwork<MonomialOptions, NonlinearityPlacement<"monomial">> {
  return makeLayer(monomialDefinition, options);
}
