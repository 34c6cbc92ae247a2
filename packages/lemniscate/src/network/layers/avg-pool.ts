import { z } from "zod";
import { affine } from "../../ops/elementary.js";
import { scaleSides } from "../../ops/padding.js";
import { pickCenters, tapShares, windowSums, windowTaps } from "../../ops/window.js";
import type { LayerDefinition, LayerNetwork } from "../layer.js";
import { makeLayer } from "../make.js";
import type { WindowPlacement } from "../placement.js";
import {
  centersOf,
  sizeOfFilter,
  tapsAsMap,
  underWindows,
  type WindowOptions,
  windowOf,
  windowOptions,
} from "../windows.js";

export interface AvgPoolOptions extends WindowOptions {
  /** Whether zeros outside the grid count as positions of a mean (default), or means near the rim are over fewer. */
  readonly countPadding: boolean;
}

/**
 * Means under a window: K_pq = Σ_tu κ_{p+t, q+u} / (F_p F_q) with F_p the positions of the window, all of them or those
 * on the grid. Padding under a window counts as positions that are 0. A position is present if the middle of its window is.
 */
export const avgPoolDefinition: LayerDefinition<AvgPoolOptions> = {
  name: "avgPool",
  summary: "Means under a moving window.",
  sources: ["Novak et al. 2019, arXiv:1810.05148, eq. 14, under a window"],
  hasWeights: false,
  options: z.strictObject({ ...windowOptions, countPadding: z.boolean().default(true) }),
  shape: (input, options) => ({ ...input, grid: windowOf("avgPool", options, input).to }),
  kernel: (below, options, input) => {
    const window = windowOf("avgPool", options, input);
    const size = sizeOfFilter(window);
    const mean =
      (of: typeof below.nngp): typeof below.nngp =>
      (p, q) => {
        const sums = windowSums(of(p, q), window);
        if (options.countPadding || options.padding !== "same") return affine(sums, 1 / size ** 2, 0);
        return scaleSides(sums, tapShares(p, window), tapShares(q, window));
      };
    return {
      nngp: mean(below.nngp),
      ntk: mean(below.ntk),
      ...(below.means && { means: mean(below.means) }),
      presence: (p) => pickCenters(below.presence(p), window),
    };
  },
  linear: (options, input) => {
    const window = windowOf("avgPool", options, input);
    const inside = (taps: readonly number[]): number => taps.filter((at) => at >= 0).length;
    return { map: tapsAsMap(window, (taps) => 1 / (options.countPadding ? taps.length : inside(taps))), factor: 1 };
  },
  apply: (t, _, x, options, { input }) => {
    const window = windowOf("avgPool", options, input);
    const shares = windowTaps(window).map(
      (taps) => 1 / (options.countPadding ? taps.length : taps.filter((at) => at >= 0).length),
    );
    const sums = t.einsum("npfd->npd", underWindows(t, x, window));
    return t.multiply(sums, t.constant([shares.length, 1], shares));
  },
  mask: (mask, options, input) => centersOf(mask, windowOf("avgPool", options, input)),
};

/**
 * Means under a moving window. Strides are 1 unless given.
 *
 * @throws LemniscateError `OptionOutOfRange` for a filter or strides that are no whole numbers ≥ 1, `Misplaced` on
 *   features, for a filter of another rank than the grid, or one that does not fit a grid without padding
 * @source Novak et al. 2019, arXiv:1810.05148, eq. 14, under a window
 *
 * @example
 * ```ts
 * import { avgPool } from "lemniscate";
 * avgPool({ filter: 2, strides: 2 }); // => { type: "avgPool", filter: 2, strides: 2, padding: "valid", countPadding: true }
 * ```
 */
export function avgPool(
  options: Pick<AvgPoolOptions, "filter"> & Partial<AvgPoolOptions>,
): LayerNetwork<AvgPoolOptions, WindowPlacement<"avgPool">> {
  return makeLayer(avgPoolDefinition, options);
}
