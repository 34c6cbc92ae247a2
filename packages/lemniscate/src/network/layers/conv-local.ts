import { z } from "zod";
import { onlyDiagonal } from "../../ops/same-unit.js";
import type { LayerDefinition, LayerNetwork } from "../layer.js";
import { makeLayer } from "../make.js";
import type { AttentionPlacement } from "../placement.js";
import { sizeOfFilter, underWindows, windowOf, windowOptions } from "../windows.js";
import { type ConvOptions, convDefinition } from "./conv.js";
import { type AffineWeight, affineOf, affineWeights, denseDefinition, weightOptions } from "./dense.js";

export type ConvLocalOptions = ConvOptions;

/**
 * A convolution without weight sharing: weights and biases of its own under every window. Between a position and itself
 * covariances are those of `conv`; between different positions, whose weights are independent, they are 0.
 */
export const convLocalDefinition: LayerDefinition<ConvLocalOptions, AffineWeight> = {
  name: "convLocal",
  summary: "Convolution with weights of its own at every position.",
  sources: ["Novak et al. 2019, arXiv:1810.05148, §5.1, locally connected networks"],
  hasWeights: true,
  options: z.strictObject({ ...windowOptions, ...weightOptions }),
  shape: (input, options) => ({
    ...denseDefinition.shape(input, options),
    grid: windowOf("convLocal", options, input).to,
  }),
  kernel: (below, options, input) => {
    const shared = convDefinition.kernel(below, options, input);
    return {
      ...shared,
      nngp: (p, q) => onlyDiagonal(shared.nngp(p, q)),
      ntk: (p, q) => onlyDiagonal(shared.ntk(p, q)),
    };
  },
  weights: (input, options) => {
    const window = windowOf("convLocal", options, input);
    const [P, size] = [window.to.reduce((all, length) => all * length, 1), sizeOfFilter(window)];
    const { weight, bias } = affineWeights(options, [P, size, input.channels], size * input.channels);
    return { weight, bias: bias === null ? null : { ...bias, shape: [P, ...bias.shape] } };
  },
  apply: (t, w, x, options, { input }) => {
    const window = windowOf("convLocal", options, input);
    const sums = t.einsum("npfd,pfdk->npk", underWindows(t, x, window), w.weight!);
    return affineOf(t, sums, w.bias, options, sizeOfFilter(window) * input.channels);
  },
  mask: convDefinition.mask!,
};

/**
 * A convolution with weights of its own at every position: a locally connected layer.
 *
 * @param options - as those of {@link conv}
 * @throws LemniscateError `OptionOutOfRange` and `Misplaced` as {@link conv}
 * @source Novak et al. 2019, arXiv:1810.05148, §5.1
 *
 * @example
 * ```ts
 * import { convLocal } from "lemniscate";
 * convLocal({ filter: 3, padding: "same" }).type; // => "convLocal"
 * ```
 */
export function convLocal(
  options: Pick<ConvLocalOptions, "filter"> & Partial<ConvLocalOptions>,
): LayerNetwork<ConvLocalOptions, AttentionPlacement<"convLocal">> {
  return makeLayer(convLocalDefinition, options);
}
