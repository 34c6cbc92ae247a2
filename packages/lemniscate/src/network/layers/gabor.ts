import { z } from "zod";
import { gaborDual } from "../../ops/duals/gabor.js";
import { exponential, sine } from "../elementwise.js";
import type { LayerDefinition, LayerNetwork } from "../layer.js";
import { makeLayer } from "../make.js";
import type { NonlinearityPlacement } from "../placement.js";
import { nonlinearity } from "./nonlinearity.js";

export type GaborOptions = Record<never, never>;

/** φ(x) = exp(−x²)·sin x. */
export const gaborDefinition: LayerDefinition<GaborOptions> = nonlinearity(
  { name: "gabor", summary: "Gabor wavelet, exp(−x²)·sin x.", options: z.strictObject({}) },
  gaborDual,
  () => ({}),
  (t, x) => t.multiply(t.map(exponential, t.multiply(t.multiply(x, x), -1)), t.map(sine, x)),
);

/**
 * The nonlinearity exp(−x²)·sin x.
 *
 * @source derived, see `ops/duals/gabor.ts`
 *
 * @example
 * ```ts
 * import { gabor } from "lemniscate";
 * gabor(); // => { type: "gabor" }
 * ```
 */
export function gabor(): LayerNetwork<GaborOptions, NonlinearityPlacement<"gabor">> {
  return makeLayer(gaborDefinition, {});
}
