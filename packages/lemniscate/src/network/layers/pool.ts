import { z } from "zod";
import { positionCount, type Shape } from "../../core/shape.js";
import { any, scaleSides, share } from "../../ops/padding.js";
import { sumDiagonal, sumPairs } from "../../ops/reductions.js";
import { needPositions } from "../checks.js";
import { anyOf, divide, sumAlong } from "../composed.js";
import type { LayerDefinition, LayerNetwork } from "../layer.js";
import { makeLayer } from "../make.js";
import type { PoolPlacement } from "../placement.js";

export type PoolOptions = Record<never, never>;

const pooled = (name: string, input: Shape): Shape => {
  needPositions(name, input);
  return { ...input, grid: [] };
};

/** The mean over present positions: K = Σ_ab κ_ab / (n n') with n, n' the numbers of present positions. */
export const globalAvgPoolDefinition: LayerDefinition<PoolOptions> = {
  name: "globalAvgPool",
  summary: "Mean over all present positions.",
  sources: ["Novak et al. 2019, arXiv:1810.05148, eq. 14"],
  hasWeights: false,
  options: z.strictObject({}),
  shape: (input) => pooled("globalAvgPool", input),
  kernel: (below) => {
    const mean =
      (of: typeof below.nngp): typeof below.nngp =>
      (p, q) =>
        scaleSides(sumPairs(of(p, q)), share(sumDiagonal(below.presence(p))), share(sumDiagonal(below.presence(q))));
    return {
      nngp: mean(below.nngp),
      ntk: mean(below.ntk),
      ...(below.means && { means: mean(below.means) }),
      presence: (p) => any(sumDiagonal(below.presence(p))),
    };
  },
  apply: (t, _, x, __, { input, mask }) => {
    const sum = sumAlong(t, x, 1);
    return mask === null ? t.multiply(sum, 1 / positionCount(input)) : divide(t, sum, sumAlong(t, mask, 1));
  },
  mask: anyOf,
};

/** The sum over present positions: K = Σ_ab κ_ab. */
export const globalSumPoolDefinition: LayerDefinition<PoolOptions> = {
  name: "globalSumPool",
  summary: "Sum over all present positions.",
  sources: ["Novak et al. 2019, arXiv:1810.05148, eq. 14, without the mean"],
  hasWeights: false,
  options: z.strictObject({}),
  shape: (input) => pooled("globalSumPool", input),
  kernel: (below) => ({
    nngp: (p, q) => sumPairs(below.nngp(p, q)),
    ntk: (p, q) => sumPairs(below.ntk(p, q)),
    ...(below.means && { means: (p, q) => sumPairs(below.means!(p, q)) }),
    presence: (p) => any(sumDiagonal(below.presence(p))),
  }),
  apply: (t, _, x) => sumAlong(t, x, 1),
  mask: anyOf,
};

/**
 * The mean over all present positions: tokens become features.
 *
 * @throws LemniscateError `Misplaced` on features
 * @source Novak et al. 2019, arXiv:1810.05148, eq. 14
 *
 * @example
 * ```ts
 * import { globalAvgPool } from "lemniscate";
 * globalAvgPool(); // => { type: "globalAvgPool" }
 * ```
 */
export function globalAvgPool(): LayerNetwork<PoolOptions, PoolPlacement<"globalAvgPool">> {
  return makeLayer(globalAvgPoolDefinition, {});
}

/**
 * The sum over all present positions, so that longer sequences weigh more.
 *
 * @throws LemniscateError `Misplaced` on features
 * @source Novak et al. 2019, arXiv:1810.05148, eq. 14, without the mean
 *
 * @example
 * ```ts
 * import { globalSumPool } from "lemniscate";
 * globalSumPool(); // => { type: "globalSumPool" }
 * ```
 */
export function globalSumPool(): LayerNetwork<PoolOptions, PoolPlacement<"globalSumPool">> {
  return makeLayer(globalSumPoolDefinition, {});
}
