import { z } from "zod";
import { rectifierDual } from "../../ops/duals/rectifier.js";
import { magnitude } from "../elementwise.js";
import type { LayerDefinition, LayerNetwork } from "../layer.js";
import { makeLayer } from "../make.js";
import type { NonlinearityPlacement } from "../placement.js";
import { nonlinearity } from "./nonlinearity.js";

export type AbsOptions = Record<never, never>;

/** φ(x) = |x|. */
export const absDefinition: LayerDefinition<AbsOptions> = nonlinearity(
  { name: "abs", summary: "Absolute value, |x|.", options: z.strictObject({}) },
  rectifierDual,
  () => ({ below: -1, above: 1 }),
  (t, x) => t.map(magnitude, x),
);

/**
 * The nonlinearity |x|.
 *
 * @source derived from Cho and Saul 2009, see `ops/duals/rectifier.ts`
 *
 * @example
 * ```ts
 * import { abs } from "lemniscate";
 * abs(); // => { type: "abs" }
 * ```
 */
export function abs(): LayerNetwork<AbsOptions, NonlinearityPlacement<"abs">> {
  return makeLayer(absDefinition, {});
}
