import { z } from "zod";
import { errorFunctionDual } from "../../ops/duals/error-function.js";
import { errorFunction } from "../elementwise.js";
import type { LayerDefinition, LayerNetwork } from "../layer.js";
import { makeLayer } from "../make.js";
import type { NonlinearityPlacement } from "../placement.js";
import { nonlinearity } from "./nonlinearity.js";

export interface ErfOptions {
  /** a in a·erf(b·x) + c; default 1. */
  readonly scale: number;
  /** b; default 1. */
  readonly slope: number;
  /** c; default 0. */
  readonly shift: number;
}

/** φ(x) = scale·erf(slope·x) + shift. */
export const erfDefinition: LayerDefinition<ErfOptions> = nonlinearity(
  {
    name: "erf",
    summary: "Error function, scale·erf(slope·x) + shift.",
    options: z.strictObject({
      scale: z.number().default(1),
      slope: z.number().default(1),
      shift: z.number().default(0),
    }),
  },
  errorFunctionDual,
  ({ scale, slope, shift }) => ({ scale, slope, shift }),
  (t, x, { scale, slope, shift }) => t.add(t.multiply(t.map(errorFunction, t.multiply(x, slope)), scale), shift),
);

/**
 * The nonlinearity scale·erf(slope·x) + shift.
 *
 * @source Williams 1997, Computing with infinite networks, eq. 11
 *
 * @example
 * ```ts
 * import { erf } from "lemniscate";
 * erf(); // => { type: "erf", scale: 1, slope: 1, shift: 0 }
 * ```
 */
export function erf(options: Partial<ErfOptions> = {}): LayerNetwork<ErfOptions, NonlinearityPlacement<"erf">> {
  return makeLayer(erfDefinition, options);
}
