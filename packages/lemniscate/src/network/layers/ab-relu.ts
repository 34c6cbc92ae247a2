import { z } from "zod";
import { rectifierDual } from "../../ops/duals/rectifier.js";
import { rectifier } from "../elementwise.js";
import type { LayerDefinition, LayerNetwork } from "../layer.js";
import { makeLayer } from "../make.js";
import type { NonlinearityPlacement } from "../placement.js";
import { nonlinearity } from "./nonlinearity.js";

export interface AbReluOptions {
  /** Slope for x < 0. */
  readonly below: number;
  /** Slope for x > 0. */
  readonly above: number;
}

/** φ(x) = below·min(x, 0) + above·max(x, 0). */
export const abReluDefinition: LayerDefinition<AbReluOptions> = nonlinearity(
  {
    name: "abRelu",
    summary: "Two slopes, below·min(x, 0) + above·max(x, 0).",
    options: z.strictObject({ below: z.number(), above: z.number() }),
  },
  rectifierDual,
  ({ below, above }) => ({ below, above }),
  (t, x, { below, above }) => t.add(t.multiply(x, below), t.multiply(t.map(rectifier, x), above - below)),
);

/**
 * The nonlinearity below·min(x, 0) + above·max(x, 0), of which ReLU, leaky ReLU and |x| are cases.
 *
 * @source derived from Cho and Saul 2009, see `ops/duals/rectifier.ts`
 *
 * @example
 * ```ts
 * import { abRelu } from "lemniscate";
 * abRelu({ below: -1, above: 1 }); // => { type: "abRelu", below: -1, above: 1 }
 * ```
 */
export function abRelu(options: AbReluOptions): LayerNetwork<AbReluOptions, NonlinearityPlacement<"abRelu">> {
  return makeLayer(abReluDefinition, options);
}
