import { z } from "zod";
import { affine } from "../../ops/elementary.js";
import type { LayerDefinition, LayerNetwork } from "../layer.js";
import { makeLayer } from "../make.js";
import type { SamePlacement } from "../placement.js";

export interface ScaleOptions {
  /** What activations are multiplied by. */
  readonly factor: number;
}

/** f ↦ factor·f: K ← factor²·K, Θ ← factor²·Θ. */
export const scaleDefinition: LayerDefinition<ScaleOptions> = {
  name: "scale",
  summary: "Multiplication by a constant.",
  sources: ["derived: covariances are quadratic in activations"],
  hasWeights: false,
  options: z.strictObject({ factor: z.number() }),
  shape: (input) => input,
  kernel: (below, { factor }) => ({
    nngp: (p, q) => affine(below.nngp(p, q), factor ** 2, 0),
    ntk: (p, q) => affine(below.ntk(p, q), factor ** 2, 0),
    ...(below.means && { means: (p, q) => affine(below.means!(p, q), factor ** 2, 0) }),
  }),
  linear: ({ factor }) => ({ map: null, factor }),
  apply: (t, _, x, { factor }) => t.multiply(x, factor),
};

/**
 * Multiplication by a constant.
 *
 * @source derived: covariances are quadratic in activations
 *
 * @example
 * ```ts
 * import { scale } from "lemniscate";
 * scale({ factor: 0.5 }); // => { type: "scale", factor: 0.5 }
 * ```
 */
export function scale(options: ScaleOptions): LayerNetwork<ScaleOptions, SamePlacement> {
  return makeLayer(scaleDefinition, options);
}
