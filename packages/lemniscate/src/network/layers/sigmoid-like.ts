import { z } from "zod";
import { errorFunctionDual } from "../../ops/duals/error-function.js";
import { errorFunction } from "../elementwise.js";
import type { LayerDefinition, LayerNetwork } from "../layer.js";
import { makeLayer } from "../make.js";
import type { NonlinearityPlacement } from "../placement.js";
import { nonlinearity } from "./nonlinearity.js";

export type SigmoidLikeOptions = Record<never, never>;

/** The constant of Neural Tangents, with which the largest distance from the logistic function is 0.01. */
const width = 2.4020563531719796;

/** φ(x) = ½ + ½·erf(x/width). */
export const sigmoidLikeDefinition: LayerDefinition<SigmoidLikeOptions> = nonlinearity(
  {
    name: "sigmoidLike",
    summary: "Error function in the shape of the logistic one, ½ + ½·erf(x/2.402).",
    options: z.strictObject({}),
  },
  errorFunctionDual,
  () => ({ scale: 0.5, slope: 1 / width, shift: 0.5 }),
  (t, x) => t.add(t.multiply(t.map(errorFunction, t.multiply(x, 1 / width)), 0.5), 0.5),
);

/**
 * The nonlinearity ½ + ½·erf(x/2.4020563531719796), close to the logistic function and with a closed form.
 *
 * @source Williams 1997, Computing with infinite networks, eq. 11
 *
 * @example
 * ```ts
 * import { sigmoidLike } from "lemniscate";
 * sigmoidLike(); // => { type: "sigmoidLike" }
 * ```
 */
export function sigmoidLike(): LayerNetwork<SigmoidLikeOptions, NonlinearityPlacement<"sigmoidLike">> {
  return makeLayer(sigmoidLikeDefinition, {});
}
