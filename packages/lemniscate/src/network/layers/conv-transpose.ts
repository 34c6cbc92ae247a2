import { z } from "zod";
import type { Shape } from "../../core/shape.js";
import { affine } from "../../ops/elementary.js";
import { any } from "../../ops/padding.js";
import { alongAxes, mapLine, mapOf, mapPairs, type PositionMap, type Reading } from "../../ops/position-map.js";
import { type WindowParameters, windowTaps } from "../../ops/window.js";
import type { LayerDefinition, LayerNetwork } from "../layer.js";
import { makeLayer } from "../make.js";
import type { AttentionPlacement } from "../placement.js";
import { eachAxis, sizeOfFilter, windowOptions } from "../windows.js";
import { type ConvOptions, convolved } from "./conv.js";
import { type AffineWeight, affineOf, affineWeights, denseDefinition, weightOptions } from "./dense.js";

export type ConvTransposeOptions = ConvOptions;

/**
 * Transposed convolution: `strides` − 1 zeros are put behind each position, and a window with the same weights moves over
 * that in steps of 1. Of n positions on an axis, with a filter of k and a stride of s, it leaves
 *
 *   valid   n·s + max(k − s, 0), every position under every tap
 *   same, circular   n·s
 *
 * Covariances are those of `conv` on the positions and zeros. A position is present if all positions that it reads are.
 */
export const convTransposeDefinition: LayerDefinition<ConvTransposeOptions, AffineWeight> = {
  name: "convTranspose",
  summary: "Transposed convolution over tokens, images or volumes.",
  sources: ["derived from Novak et al. 2019, arXiv:1810.05148, eq. 9, on positions with zeros between"],
  hasWeights: true,
  options: z.strictObject({ ...windowOptions, ...weightOptions }),
  shape: (input, options) => ({ ...denseDefinition.shape(input, options), grid: spread(options, input).window.to }),
  kernel: (below, options, input) => {
    const { zeros, window, reads } = spread(options, input);
    const wide: Pick<typeof below, "nngp" | "ntk"> = {
      nngp: (p, q) => mapPairs(below.nngp(p, q), zeros),
      ntk: (p, q) => mapPairs(below.ntk(p, q), zeros),
    };
    return {
      ...convolved("convTranspose", wide, options, input, window),
      presence: (p) => {
        const absent = affine(below.presence(p), -1, 1);
        return affine(any(mapLine(absent, reads)), -1, 1);
      },
    };
  },
  weights: (input, options) => {
    const size = sizeOfFilter(spread(options, input).window);
    return affineWeights(options, [size, input.channels], size * input.channels);
  },
  apply: (t, w, x, options, { input }) => {
    const { window, sources } = spread(options, input);
    const [n, , d] = t.shape(x) as [number, number, number];
    const size = sizeOfFilter(window);
    const under = t.reshape(t.take(x, 1, sources.flat()), [n, sources.length, size, d]);
    return affineOf(t, t.einsum("npfd,fdk->npk", under, w.weight!), w.bias, options, size * input.channels);
  },
  mask: (mask, options, input) =>
    Uint8Array.from(spread(options, input).sources, (taps) => (taps.every((at) => at < 0 || mask[at] === 1) ? 1 : 0)),
};

/** The zeros between positions, the window on that, and what each tap of each position reads of the input, or −1. */
function spread(
  options: ConvTransposeOptions,
  input: Shape,
): {
  readonly zeros: PositionMap;
  readonly window: WindowParameters;
  readonly sources: readonly (readonly number[])[];
  readonly reads: PositionMap;
} {
  const { padding } = options;
  const [filter, strides] = (["filter", "strides"] as const).map((name) =>
    eachAxis("convTranspose", name, options[name], input),
  ) as [readonly number[], readonly number[]];
  const over = filter.map((k, axis) => Math.max(0, k - strides[axis]!));
  const to = input.grid.map((n, axis) => n * strides[axis]! + (padding === "valid" ? over[axis]! : 0));
  const before = filter.map((k, axis) => {
    const s = strides[axis]!;
    if (padding === "circular") return k - 1 - Math.floor(over[axis]! / 2);
    return padding === "valid" || s >= k ? k - 1 : Math.ceil((k + s - 2) / 2);
  });
  const zeros = alongAxes(
    input.grid,
    to.map((size, axis) => {
      const s = strides[axis]!;
      const inside = (at: number): boolean => at % s === 0 && at / s < input.grid[axis]!;
      return Array.from({ length: size }, (_, at): readonly Reading[] => (inside(at) ? [[at / s, 1]] : []));
    }),
  );
  const around = padding === "circular" ? "circular" : "same";
  const window: WindowParameters = { grid: to, to, filter, strides: to.map(() => 1), before, padding: around };
  const read = (at: number): number =>
    at < 0 || zeros.starts[at] === zeros.starts[at + 1] ? -1 : zeros.sources[zeros.starts[at]!]!;
  const sources = windowTaps(window).map((taps) => taps.map(read));
  const rows = sources.map((taps) => taps.filter((at) => at >= 0).map((at): Reading => [at, 1]));
  return { zeros, window, sources, reads: mapOf(input.grid, to, rows) };
}

/**
 * A transposed convolution, which leaves more positions than it is given, as decoders use it.
 *
 * @param options - as those of {@link conv}
 * @throws LemniscateError `OptionOutOfRange` for a filter or strides that are no whole numbers ≥ 1, `Misplaced` on
 *   features and for a filter or strides of another rank than the grid
 * @source derived from Novak et al. 2019, arXiv:1810.05148, eq. 9
 *
 * @example
 * ```ts
 * import { convTranspose } from "lemniscate";
 * convTranspose({ filter: 3, strides: 2, padding: "same" }).strides; // => 2
 * ```
 */
export function convTranspose(
  options: Pick<ConvTransposeOptions, "filter"> & Partial<ConvTransposeOptions>,
): LayerNetwork<ConvTransposeOptions, AttentionPlacement<"convTranspose">> {
  return makeLayer(convTransposeDefinition, options);
}
