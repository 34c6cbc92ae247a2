import { z } from "zod";
import { scaleSameUnit } from "../../ops/same-unit.js";
import type { Elementwise } from "../arrays.js";
import type { LayerDefinition, LayerNetwork } from "../layer.js";
import { makeLayer } from "../make.js";
import type { DropoutPlacement } from "../placement.js";

export interface DropoutOptions {
  /** Probability of dropping a unit, 0 ≤ drop < 1. Neural Tangents' `rate` is 1 − drop. */
  readonly drop: number;
  /** `"train"` (default) drops, `"test"` does nothing. */
  readonly mode: "train" | "test";
}

/**
 * Units are dropped with probability `drop` and the others divided by 1 − drop: K and Θ grow by 1/(1 − drop) between
 * a unit and itself (same example, same position) and stay as they are elsewhere.
 */
export const dropoutDefinition: LayerDefinition<DropoutOptions> = {
  name: "dropout",
  summary: "Random dropping of units while training.",
  sources: ["Schoenholz et al. 2017, arXiv:1611.01232, §5"],
  hasWeights: false,
  options: z.strictObject({
    drop: z.number().nonnegative().lt(1),
    mode: z.enum(["train", "test"]).default("train"),
  }),
  shape: (input, { mode }) =>
    mode === "test" ? input : { ...input, gaussian: false, ...(input.gaussian && { mean: true as const }) },
  kernel: (below, { drop, mode }) => {
    if (mode === "test") return below;
    const factor = 1 / (1 - drop);
    return {
      nngp: (p, q) => scaleSameUnit(below.nngp(p, q), p, q, factor),
      ntk: (p, q) => scaleSameUnit(below.ntk(p, q), p, q, factor),
      // Channels are dropped independently, which leaves products of their means.
      ...(below.means && { means: below.means }),
    };
  },
  linear: ({ mode }) => (mode === "test" ? { map: null, factor: 1 } : null),
  apply: (t, _, x, { drop, mode }, { random }) => {
    if (mode === "test") return x;
    const kept: Elementwise = { value: (u) => (u < drop ? 0 : 1 / (1 - drop)), slope: null };
    return t.multiply(x, t.map(kept, t.uniforms(random, t.shape(x))));
  },
};

/**
 * Dropout.
 *
 * @source Schoenholz et al. 2017, arXiv:1611.01232, §5
 *
 * @example
 * ```ts
 * import { dropout } from "lemniscate";
 * dropout({ drop: 0.1 }); // => { type: "dropout", drop: 0.1, mode: "train" }
 * ```
 */
export function dropout(
  options: Pick<DropoutOptions, "drop"> & Partial<DropoutOptions>,
): LayerNetwork<DropoutOptions, DropoutPlacement> {
  return makeLayer(dropoutDefinition, options);
}
