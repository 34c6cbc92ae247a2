import { z } from "zod";
import { sineDual } from "../../ops/duals/sine.js";
import { cosine } from "../elementwise.js";
import type { LayerDefinition, LayerNetwork } from "../layer.js";
import { makeLayer } from "../make.js";
import type { NonlinearityPlacement } from "../placement.js";
import { nonlinearity } from "./nonlinearity.js";

export interface CosOptions {
  /** a in a·cos(b·x + c); default 1. */
  readonly scale: number;
  /** b; default 1. */
  readonly slope: number;
  /** c, in radians; default 0. */
  readonly phase: number;
}

/** φ(x) = scale·cos(slope·x + phase). */
export const cosDefinition: LayerDefinition<CosOptions> = nonlinearity(
  {
    name: "cos",
    summary: "Cosine, scale·cos(slope·x + phase).",
    options: z.strictObject({
      scale: z.number().default(1),
      slope: z.number().default(1),
      phase: z.number().default(0),
    }),
  },
  sineDual,
  ({ scale, slope, phase }) => ({ scale, slope, phase: phase + Math.PI / 2 }),
  (t, x, { scale, slope, phase }) => t.multiply(t.map(cosine, t.add(t.multiply(x, slope), phase)), scale),
);

/**
 * The nonlinearity scale·cos(slope·x + phase).
 *
 * @source derived, see `ops/duals/sine.ts`
 *
 * @example
 * ```ts
 * import { cos } from "lemniscate";
 * cos({ slope: 2 }); // => { type: "cos", scale: 1, slope: 2, phase: 0 }
 * ```
 */
export function cos(options: Partial<CosOptions> = {}): LayerNetwork<CosOptions, NonlinearityPlacement<"cos">> {
  return makeLayer(cosDefinition, options);
}
