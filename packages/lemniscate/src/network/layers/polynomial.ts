import { z } from "zod";
import { polynomialDual } from "../../ops/duals/polynomial.js";
import { sumOfPowers } from "../composed.js";
import type { LayerDefinition, LayerNetwork } from "../layer.js";
import { makeLayer } from "../make.js";
import type { NonlinearityPlacement } from "../placement.js";
import { nonlinearity } from "./nonlinearity.js";

export interface PolynomialOptions {
  /** Of x⁰, x¹, x², … . */
  readonly coefficients: readonly number[];
}

/** φ(x) = Σ coefficients[i]·xⁱ. */
export const polynomialDefinition: LayerDefinition<PolynomialOptions> = nonlinearity(
  {
    name: "polynomial",
    summary: "Polynomial, Σ coefficients[i]·xⁱ.",
    options: z.strictObject({ coefficients: z.array(z.number()).min(1).readonly() }),
  },
  polynomialDual,
  ({ coefficients }) => ({ coefficients }),
  (t, x, { coefficients }) => sumOfPowers(t, x, coefficients),
);

/**
 * The nonlinearity Σ coefficients[i]·xⁱ, the constant first. Variances need not be 1, and may be 0.
 *
 * @source derived, see `ops/duals/polynomial.ts`
 *
 * @example
 * ```ts
 * import { polynomial } from "lemniscate";
 * polynomial({ coefficients: [0, 1, 0.5] }); // => { type: "polynomial", coefficients: [0, 1, 0.5] }
 * ```
 */
export function polynomial(
  options: PolynomialOptions,
): LayerNetwork<PolynomialOptions, NonlinearityPlacement<"polynomial">> {
  return makeLayer(polynomialDefinition, options);
}
