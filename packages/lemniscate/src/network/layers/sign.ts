import { z } from "zod";
import { signDual } from "../../ops/duals/sign.js";
import { step } from "../elementwise.js";
import type { LayerDefinition, LayerNetwork } from "../layer.js";
import { makeLayer } from "../make.js";
import type { NonlinearityPlacement } from "../placement.js";
import { nonlinearity } from "./nonlinearity.js";

export type SignOptions = Record<never, never>;

/** φ(x) = sign(x). */
export const signDefinition: LayerDefinition<SignOptions> = nonlinearity(
  { name: "sign", summary: "Sign, −1 below 0 and 1 above.", options: z.strictObject({}) },
  signDual,
  () => ({}),
  (t, x) => t.add(t.multiply(t.map(step, x), 2), -1),
);

/**
 * The nonlinearity sign(x). Its jump has no slope: what is below it does not train, and in a wide network the derivative
 * at the jump grows without bound. It is left out, so the NTK behind counts the weights behind it alone.
 *
 * @source Williams 1997, Computing with infinite networks, the limit of eq. 11
 *
 * @example
 * ```ts
 * import { sign } from "lemniscate";
 * sign(); // => { type: "sign" }
 * ```
 */
export function sign(): LayerNetwork<SignOptions, NonlinearityPlacement<"sign">> {
  return makeLayer(signDefinition, {});
}
