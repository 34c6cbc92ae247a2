import { z } from "zod";
import { positionCount } from "../../core/shape.js";
import { affine } from "../../ops/elementary.js";
import type { Node, Side } from "../../ops/op.js";
import { any } from "../../ops/padding.js";
import { sumDiagonal, sumPairs } from "../../ops/reductions.js";
import { anyOf } from "../composed.js";
import type { LayerDefinition, LayerNetwork } from "../layer.js";
import { makeLayer } from "../make.js";
import type { FlattenPlacement } from "../placement.js";

export type FlattenOptions = Record<never, never>;

/**
 * All positions and channels side by side: K = (1/S) Σ_a κ_aa(x, x'). S counts padding, for it is the size of the
 * layer behind.
 */
export const flattenDefinition: LayerDefinition<FlattenOptions> = {
  name: "flatten",
  summary: "Positions and channels side by side as features.",
  sources: ["Novak et al. 2019, arXiv:1810.05148, eq. 12"],
  hasWeights: false,
  options: z.strictObject({}),
  shape: (input) => ({
    grid: [],
    channels: input.channels === undefined ? undefined : input.channels * positionCount(input),
    gaussian: false,
    ...((input.gaussian || input.mean) && { mean: true as const }),
  }),
  kernel: (below, _, input) => {
    if (input.grid.length === 0) return below;
    const mean =
      (kind: "nngp" | "ntk"): typeof below.nngp =>
      (p, q) =>
        affine(sumDiagonal(below[kind](p, q)), 1 / positionCount(input), 0);
    const { means } = below;
    // The mean over positions and channels, of both sides.
    const ofMeans =
      means && ((p: Side, q: Side): Node => affine(sumPairs(means(p, q)), 1 / positionCount(input) ** 2, 0));
    return {
      nngp: mean("nngp"),
      ntk: mean("ntk"),
      ...(ofMeans && { means: ofMeans }),
      presence: (p) => any(sumDiagonal(below.presence(p))),
    };
  },
  apply: (t, _, x, __, { input }) => t.reshape(x, [t.shape(x)[0]!, 1, positionCount(input) * input.channels]),
  mask: anyOf,
};

/**
 * All positions and channels side by side: tokens become features, and each position keeps weights of its own.
 *
 * @source Novak et al. 2019, arXiv:1810.05148, eq. 12
 *
 * @example
 * ```ts
 * import { flatten } from "lemniscate";
 * flatten(); // => { type: "flatten" }
 * ```
 */
export function flatten(): LayerNetwork<FlattenOptions, FlattenPlacement> {
  return makeLayer(flattenDefinition, {});
}
