import { z } from "zod";
import { positionCount } from "../../core/shape.js";
import { affine } from "../../ops/elementary.js";
import { inverseRoot, normalize } from "../../ops/normalize.js";
import type { Node, Side } from "../../ops/op.js";
import { scaleSides } from "../../ops/padding.js";
import { sumDiagonal } from "../../ops/reductions.js";
import { needGaussian } from "../checks.js";
import { divide, subtract, sumAlong } from "../composed.js";
import { reciprocal, squareRoot } from "../elementwise.js";
import type { LayerDefinition, LayerNetwork } from "../layer.js";
import { makeLayer } from "../make.js";
import type { NormalizationPlacement } from "../placement.js";

export interface LayerNormOptions {
  /** `"channels"` (default): each position by itself. `"all"`: channels and positions together. */
  readonly over: "channels" | "all";
  /** ε, added to variances; default 1e-12. */
  readonly epsilon: number;
}

/**
 * Layer normalisation, without learned scale and shift. With the variances q_a = κ_aa(x, x):
 *
 *   K_ab = κ_ab/(s_a(x) s_b(x')),   Θ_ab likewise
 *   s_a² = q_a + ε                              over channels
 *   s²   = Σ_a (q_a + ε) / number of present a  over channels and positions
 *
 * The second sum runs over padding too, where q is 0: padding adds its ε, as in Neural Tangents. At the default ε
 * nobody sees it.
 */
export const layerNormDefinition: LayerDefinition<LayerNormOptions> = {
  name: "layerNorm",
  summary: "Layer normalisation over channels, or over channels and positions.",
  sources: ["Hron et al. 2020, arXiv:2006.10540; Lee et al. 2019, arXiv:1902.06720, for the limit of the norm"],
  hasWeights: false,
  options: z.strictObject({
    over: z.enum(["channels", "all"]).default("channels"),
    epsilon: z.number().nonnegative().default(1e-12),
  }),
  shape: (input) => {
    needGaussian("layerNorm", input);
    return input;
  },
  kernel: (below, { over, epsilon }, input) => {
    if (over === "channels" || input.grid.length === 0) {
      const divide = (k: Node, p: Side, q: Side): Node => normalize(below.nngp(p, p), k, below.nngp(q, q), epsilon);
      return { nngp: (p, q) => divide(below.nngp(p, q), p, q), ntk: (p, q) => divide(below.ntk(p, q), p, q) };
    }
    const scale = (p: Side): Node => {
      const total = affine(sumDiagonal(below.nngp(p, p)), 1, epsilon * positionCount(input));
      return inverseRoot(total, sumDiagonal(below.presence(p)));
    };
    return {
      nngp: (p, q) => scaleSides(below.nngp(p, q), scale(p), scale(q)),
      ntk: (p, q) => scaleSides(below.ntk(p, q), scale(p), scale(q)),
    };
  },
  apply: (t, _, x, { over, epsilon }, { input, mask }) => {
    const all = over === "all" && input.grid.length > 0;
    const sum = (y: typeof x): typeof x => (all ? sumAlong(t, sumAlong(t, y, 2), 1) : sumAlong(t, y, 2));
    const kept = (y: typeof x): typeof x => (mask === null ? y : t.multiply(y, mask));
    // Of each example or position: 1 over the number of present positions, 0 if there are none.
    const share = mask === null || !all ? null : t.map(reciprocal, sumAlong(t, mask, 1));
    const mean = (y: typeof x): typeof x => {
      const total = t.multiply(sum(y), 1 / input.channels);
      return share === null ? t.multiply(total, all ? 1 / positionCount(input) : 1) : t.multiply(total, share);
    };
    const centered = kept(subtract(t, x, mean(x)));
    const shift = share === null ? epsilon : t.multiply(share, epsilon * positionCount(input));
    return divide(t, centered, t.map(squareRoot, t.add(mean(t.multiply(centered, centered)), shift)));
  },
};

/**
 * Layer normalisation. It needs Gaussian input, as after {@link dense}, {@link attention} or a sum of those.
 *
 * @source Hron et al. 2020, arXiv:2006.10540
 *
 * @example
 * ```ts
 * import { layerNorm } from "lemniscate";
 * layerNorm(); // => { type: "layerNorm", over: "channels", epsilon: 1e-12 }
 * ```
 */
export function layerNorm(
  options: Partial<LayerNormOptions> = {},
): LayerNetwork<LayerNormOptions, NormalizationPlacement<"layerNorm">> {
  return makeLayer(layerNormDefinition, options);
}
