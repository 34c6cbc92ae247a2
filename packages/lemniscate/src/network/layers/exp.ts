import { z } from "zod";
import { exponentialDual } from "../../ops/duals/exponential.js";
import { exponential } from "../elementwise.js";
import type { LayerDefinition, LayerNetwork } from "../layer.js";
import { makeLayer } from "../make.js";
import type { NonlinearityPlacement } from "../placement.js";
import { nonlinearity } from "./nonlinearity.js";

export interface ExpOptions {
  /** a in a·exp(b·x); default 1. */
  readonly scale: number;
  /** b; default 1. */
  readonly slope: number;
}

/** φ(x) = scale·exp(slope·x). */
export const expDefinition: LayerDefinition<ExpOptions> = nonlinearity(
  {
    name: "exp",
    summary: "Exponential, scale·exp(slope·x).",
    options: z.strictObject({ scale: z.number().default(1), slope: z.number().default(1) }),
  },
  exponentialDual,
  ({ scale, slope }) => ({ scale, slope }),
  (t, x, { scale, slope }) => t.multiply(t.map(exponential, t.multiply(x, slope)), scale),
);

/**
 * The nonlinearity scale·exp(slope·x). Its kernel grows like the exponential of the variance: normalise before it.
 *
 * @source derived, see `ops/duals/exponential.ts`
 *
 * @example
 * ```ts
 * import { exp } from "lemniscate";
 * exp({ slope: 0.5 }); // => { type: "exp", scale: 1, slope: 0.5 }
 * ```
 */
export function exp(options: Partial<ExpOptions> = {}): LayerNetwork<ExpOptions, NonlinearityPlacement<"exp">> {
  return makeLayer(expDefinition, options);
}
