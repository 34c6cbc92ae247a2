import { z } from "zod";
import { pickCenters, windowSums } from "../../ops/window.js";
import type { LayerDefinition, LayerNetwork } from "../layer.js";
import { makeLayer } from "../make.js";
import type { WindowPlacement } from "../placement.js";
import { centersOf, tapsAsMap, underWindows, type WindowOptions, windowOf, windowOptions } from "../windows.js";

export type SumPoolOptions = WindowOptions;

/** Sums under a window: K_pq = Σ_tu κ_{p+t, q+u}. A position is present if the middle of its window is. */
export const sumPoolDefinition: LayerDefinition<SumPoolOptions> = {
  name: "sumPool",
  summary: "Sums under a moving window.",
  sources: ["Novak et al. 2019, arXiv:1810.05148, eq. 14, under a window and without the mean"],
  hasWeights: false,
  options: z.strictObject(windowOptions),
  shape: (input, options) => ({ ...input, grid: windowOf("sumPool", options, input).to }),
  kernel: (below, options, input) => {
    const window = windowOf("sumPool", options, input);
    return {
      nngp: (p, q) => windowSums(below.nngp(p, q), window),
      ntk: (p, q) => windowSums(below.ntk(p, q), window),
      ...(below.means && { means: (p, q) => windowSums(below.means!(p, q), window) }),
      presence: (p) => pickCenters(below.presence(p), window),
    };
  },
  linear: (options, input) => ({ map: tapsAsMap(windowOf("sumPool", options, input), () => 1), factor: 1 }),
  apply: (t, _, x, options, { input }) =>
    t.einsum("npfd->npd", underWindows(t, x, windowOf("sumPool", options, input))),
  mask: (mask, options, input) => centersOf(mask, windowOf("sumPool", options, input)),
};

/**
 * Sums under a moving window. Strides are 1 unless given.
 *
 * @throws LemniscateError `OptionOutOfRange` for a filter or strides that are no whole numbers ≥ 1, `Misplaced` on
 *   features, for a filter of another rank than the grid, or one that does not fit a grid without padding
 * @source Novak et al. 2019, arXiv:1810.05148, eq. 14, under a window and without the mean
 *
 * @example
 * ```ts
 * import { sumPool } from "lemniscate";
 * sumPool({ filter: [2, 3] }); // => { type: "sumPool", filter: [2, 3], strides: 1, padding: "valid" }
 * ```
 */
export function sumPool(
  options: Pick<SumPoolOptions, "filter"> & Partial<SumPoolOptions>,
): LayerNetwork<SumPoolOptions, WindowPlacement<"sumPool">> {
  return makeLayer(sumPoolDefinition, options);
}
