import { z } from "zod";
import { geluDual } from "../../ops/duals/gelu.js";
import { errorFunction } from "../elementwise.js";
import type { LayerDefinition, LayerNetwork } from "../layer.js";
import { makeLayer } from "../make.js";
import type { NonlinearityPlacement } from "../placement.js";
import { nonlinearity } from "./nonlinearity.js";

export type GeluOptions = Record<never, never>;

/** φ(x) = x·Φ(x). */
export const geluDefinition: LayerDefinition<GeluOptions> = nonlinearity(
  { name: "gelu", summary: "Gaussian error linear unit, x·Φ(x).", options: z.strictObject({}) },
  geluDual,
  () => ({}),
  (t, x) => t.multiply(x, t.add(t.multiply(t.map(errorFunction, t.multiply(x, Math.SQRT1_2)), 0.5), 0.5)),
);

/**
 * The nonlinearity x·Φ(x), with the Gaussian distribution function Φ.
 *
 * @source Tsuchida et al. 2021, Avoiding kernel fixed points
 *
 * @example
 * ```ts
 * import { gelu } from "lemniscate";
 * gelu(); // => { type: "gelu" }
 * ```
 */
export function gelu(): LayerNetwork<GeluOptions, NonlinearityPlacement<"gelu">> {
  return makeLayer(geluDefinition, {});
}
