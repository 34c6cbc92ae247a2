import { z } from "zod";
import { sineDual } from "../../ops/duals/sine.js";
import { sine } from "../elementwise.js";
import type { LayerDefinition, LayerNetwork } from "../layer.js";
import { makeLayer } from "../make.js";
import type { NonlinearityPlacement } from "../placement.js";
import { nonlinearity } from "./nonlinearity.js";

export interface SinOptions {
  /** a in a·sin(b·x + c); default 1. */
  readonly scale: number;
  /** b; default 1. */
  readonly slope: number;
  /** c, in radians; default 0. */
  readonly phase: number;
}

/** φ(x) = scale·sin(slope·x + phase). */
export const sinDefinition: LayerDefinition<SinOptions> = nonlinearity(
  {
    name: "sin",
    summary: "Sine, scale·sin(slope·x + phase).",
    options: z.strictObject({
      scale: z.number().default(1),
      slope: z.number().default(1),
      phase: z.number().default(0),
    }),
  },
  sineDual,
  ({ scale, slope, phase }) => ({ scale, slope, phase }),
  (t, x, { scale, slope, phase }) => t.multiply(t.map(sine, t.add(t.multiply(x, slope), phase)), scale),
);

/**
 * The nonlinearity scale·sin(slope·x + phase).
 *
 * @source derived, see `ops/duals/sine.ts`
 *
 * @example
 * ```ts
 * import { sin } from "lemniscate";
 * sin({ slope: 2 }); // => { type: "sin", scale: 1, slope: 2, phase: 0 }
 * ```
 */
export function sin(options: Partial<SinOptions> = {}): LayerNetwork<SinOptions, NonlinearityPlacement<"sin">> {
  return makeLayer(sinDefinition, options);
}
