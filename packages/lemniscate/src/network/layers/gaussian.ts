import { z } from "zod";
import { gaussianDual } from "../../ops/duals/gaussian.js";
import { exponential } from "../elementwise.js";
import type { LayerDefinition, LayerNetwork } from "../layer.js";
import { makeLayer } from "../make.js";
import type { NonlinearityPlacement } from "../placement.js";
import { nonlinearity } from "./nonlinearity.js";

export interface GaussianOptions {
  /** a in a·exp(b·x²); default 1. */
  readonly scale: number;
  /** b; default −1. */
  readonly exponent: number;
}

/** φ(x) = scale·exp(exponent·x²). */
export const gaussianDefinition: LayerDefinition<GaussianOptions> = nonlinearity(
  {
    name: "gaussian",
    summary: "Gaussian bump, scale·exp(exponent·x²).",
    options: z.strictObject({ scale: z.number().default(1), exponent: z.number().default(-1) }),
  },
  gaussianDual,
  ({ scale, exponent }) => ({ scale, exponent }),
  (t, x, { scale, exponent }) => t.multiply(t.map(exponential, t.multiply(t.multiply(x, x), exponent)), scale),
);

/**
 * The nonlinearity scale·exp(exponent·x²). With an exponent b > 0 the second moment is finite for variances below 1/4b only;
 * beyond, the kernel is infinite and says so: normalise before it.
 *
 * @source derived, see `ops/duals/gaussian.ts`
 *
 * @example
 * ```ts
 * import { gaussian } from "lemniscate";
 * gaussian({ exponent: -0.5 }); // => { type: "gaussian", scale: 1, exponent: -0.5 }
 * ```
 */
export function gaussian(
  options: Partial<GaussianOptions> = {},
): LayerNetwork<GaussianOptions, NonlinearityPlacement<"gaussian">> {
  return makeLayer(gaussianDefinition, options);
}
