import { z } from "zod";
import type { LayerDefinition, LayerNetwork } from "../layer.js";
import { makeLayer } from "../make.js";
import type { SamePlacement } from "../placement.js";

export type IdentityOptions = Record<never, never>;

/** Nothing: the branch of a residual sum that carries the input. */
export const identityDefinition: LayerDefinition<IdentityOptions> = {
  name: "identity",
  summary: "The input itself.",
  sources: ["derived: nothing happens"],
  hasWeights: false,
  options: z.strictObject({}),
  shape: (input) => input,
  kernel: (below) => below,
  linear: () => ({ map: null, factor: 1 }),
  apply: (_, __, x) => x,
};

/**
 * The input itself.
 *
 * @example
 * ```ts
 * import { identity } from "lemniscate";
 * identity(); // => { type: "identity" }
 * ```
 */
export function identity(): LayerNetwork<IdentityOptions, SamePlacement> {
  return makeLayer(identityDefinition, {});
}
