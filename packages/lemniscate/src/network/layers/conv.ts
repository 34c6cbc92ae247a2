import { z } from "zod";
import type { Shape } from "../../core/shape.js";
import { add, affine } from "../../ops/elementary.js";
import { convolve, pickCenters, type WindowParameters } from "../../ops/window.js";
import { needChannels } from "../checks.js";
import type { Covariances, LayerDefinition, LayerNetwork } from "../layer.js";
import { makeLayer } from "../make.js";
import type { AttentionPlacement } from "../placement.js";
import { centersOf, sizeOfFilter, underWindows, type WindowOptions, windowOf, windowOptions } from "../windows.js";
import {
  type AffineWeight,
  affineOf,
  affineWeights,
  type DenseOptions,
  denseDefinition,
  weightOptions,
} from "./dense.js";

/** A window, and the options of `dense` for the weights under it. */
export interface ConvOptions extends WindowOptions, DenseOptions {}

/**
 * Convolution over tokens, images or volumes: the same weights under every window. With the mean over the F positions
 * of the filter, 0 outside the grid or at padding,
 *
 *   M_pq[κ] = (1/F) Σ_t κ_{p+t, q+t}
 *   K ← σ_w² M[K] + σ_b²
 *   Θ ← K + σ_w² M[Θ]                            (ntk parameterisation)
 *   Θ ← (F·d_in/s_in) M[K_below] + σ_w² M[Θ] + 1  (standard; the 1 only if there is a bias)
 *
 * where a strided p means its window's corner. A position is present if the middle of its window is.
 */
export const convDefinition: LayerDefinition<ConvOptions, AffineWeight> = {
  name: "conv",
  summary: "Convolution over tokens, images or volumes.",
  sources: ["Novak et al. 2019, arXiv:1810.05148, eq. 9", "Garriga-Alonso et al. 2019, arXiv:1808.05587, eq. 7"],
  hasWeights: true,
  options: z.strictObject({ ...windowOptions, ...weightOptions }),
  shape: (input, options) => ({ ...denseDefinition.shape(input, options), grid: windowOf("conv", options, input).to }),
  kernel: (below, options, input) => {
    const window = windowOf("conv", options, input);
    return {
      ...convolved("conv", below, options, input, window),
      presence: (p) => pickCenters(below.presence(p), window),
    };
  },
  weights: (input, options) => {
    const size = sizeOfFilter(windowOf("conv", options, input));
    return affineWeights(options, [size, input.channels], size * input.channels);
  },
  apply: (t, w, x, options, { input }) => {
    const window = windowOf("conv", options, input);
    const sums = t.einsum("npfd,fdk->npk", underWindows(t, x, window), w.weight!);
    return affineOf(t, sums, w.bias, options, sizeOfFilter(window) * input.channels);
  },
  mask: (mask, options, input) => centersOf(mask, windowOf("conv", options, input)),
};

/** What shared weights under a window make of covariances. */
export function convolved(
  layer: string,
  below: Pick<Covariances, "nngp" | "ntk">,
  { weightStd, biasStd, parameterization, widthScale }: DenseOptions,
  input: Shape,
  window: WindowParameters,
): Pick<Covariances, "nngp" | "ntk"> {
  const share = weightStd ** 2 / sizeOfFilter(window);
  const nngp: Covariances["nngp"] = (p, q) => affine(convolve(below.nngp(p, q), window), share, (biasStd ?? 0) ** 2);
  const own: Covariances["ntk"] = (p, q) => {
    if (parameterization === "ntk") return nngp(p, q);
    const channels = needChannels(layer, "The standard NTK depends on it", input);
    return affine(convolve(below.nngp(p, q), window), channels / widthScale[0], biasStd === null ? 0 : 1);
  };
  return { nngp, ntk: (p, q) => add(own(p, q), affine(convolve(below.ntk(p, q), window), share, 0)) };
}

/**
 * A convolution. It takes tokens (n, T, d), images (n, H, W, d) or volumes.
 *
 * @param options - see {@link ConvOptions}; only `filter` has no default
 * @throws LemniscateError `OptionOutOfRange` for a filter or strides that are no whole numbers ≥ 1, `Misplaced` on
 *   features, for a filter of another rank than the grid, or one that does not fit a grid without padding
 * @source Novak et al. 2019, arXiv:1810.05148, eq. 9
 *
 * @example
 * ```ts
 * import { batch, conv, flatten, kernel, relu, serial } from "lemniscate";
 * const net = serial(conv({ filter: 3, padding: "same", weightStd: Math.SQRT2 }), relu(), flatten());
 * const { nngp } = await kernel(net)(batch([1, 1, 2, 1], [1, 1]), null, { get: ["nngp"] });
 * nngp.data[0]; // ≈ 0.22222222
 * ```
 */
export function conv(
  options: Pick<ConvOptions, "filter"> & Partial<ConvOptions>,
): LayerNetwork<ConvOptions, AttentionPlacement<"conv">> {
  return makeLayer(convDefinition, options);
}
