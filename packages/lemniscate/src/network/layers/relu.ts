import { z } from "zod";
import { rectifierDual } from "../../ops/duals/rectifier.js";
import { rectifier } from "../elementwise.js";
import type { LayerDefinition, LayerNetwork } from "../layer.js";
import { makeLayer } from "../make.js";
import type { NonlinearityPlacement } from "../placement.js";
import { nonlinearity } from "./nonlinearity.js";

export type ReluOptions = Record<never, never>;

/** φ(x) = max(x, 0). */
export const reluDefinition: LayerDefinition<ReluOptions> = nonlinearity(
  { name: "relu", summary: "Rectified linear unit, max(x, 0).", options: z.strictObject({}) },
  rectifierDual,
  () => ({ below: 0, above: 1 }),
  (t, x) => t.map(rectifier, x),
);

/**
 * The nonlinearity max(x, 0). It needs Gaussian input, as after {@link dense} or {@link attention}.
 *
 * @source Cho and Saul 2009, Kernel methods for deep learning, eqs. 6 and 8
 *
 * @example
 * ```ts
 * import { dense, relu, serial } from "lemniscate";
 * serial(dense(), relu(), dense()).layers.length; // => 3
 * ```
 */
export function relu(): LayerNetwork<ReluOptions, NonlinearityPlacement<"relu">> {
  return makeLayer(reluDefinition, {});
}
