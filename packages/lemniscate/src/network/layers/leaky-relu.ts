import { z } from "zod";
import { rectifierDual } from "../../ops/duals/rectifier.js";
import { rectifier } from "../elementwise.js";
import type { LayerDefinition, LayerNetwork } from "../layer.js";
import { makeLayer } from "../make.js";
import type { NonlinearityPlacement } from "../placement.js";
import { nonlinearity } from "./nonlinearity.js";

export interface LeakyReluOptions {
  /** Slope for x < 0; default 0.01. */
  readonly slope: number;
}

/** φ(x) = slope·min(x, 0) + max(x, 0). */
export const leakyReluDefinition: LayerDefinition<LeakyReluOptions> = nonlinearity(
  {
    name: "leakyRelu",
    summary: "Leaky rectified linear unit, slope·min(x, 0) + max(x, 0).",
    options: z.strictObject({ slope: z.number().default(0.01) }),
  },
  rectifierDual,
  ({ slope }) => ({ below: slope, above: 1 }),
  (t, x, { slope }) => t.add(t.multiply(x, slope), t.multiply(t.map(rectifier, x), 1 - slope)),
);

/**
 * The nonlinearity slope·min(x, 0) + max(x, 0).
 *
 * @source Cho and Saul 2009, Kernel methods for deep learning; derived from the ReLU case, see `ops/duals/rectifier.ts`
 *
 * @example
 * ```ts
 * import { leakyRelu } from "lemniscate";
 * leakyRelu({ slope: 0.2 }); // => { type: "leakyRelu", slope: 0.2 }
 * ```
 */
export function leakyRelu(
  options: Partial<LeakyReluOptions> = {},
): LayerNetwork<LeakyReluOptions, NonlinearityPlacement<"leakyRelu">> {
  return makeLayer(leakyReluDefinition, options);
}
