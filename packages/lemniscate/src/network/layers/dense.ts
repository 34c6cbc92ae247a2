import { z } from "zod";
import { add, affine } from "../../ops/elementary.js";
import type { ArrayOperations } from "../arrays.js";
import { needChannels } from "../checks.js";
import type { LayerDefinition, LayerNetwork, WeightShape } from "../layer.js";
import { makeLayer } from "../make.js";
import { biasStd, type Checks, std, width } from "../options.js";
import type { AffinePlacement } from "../placement.js";

export interface DenseOptions {
  /** Standard deviation of the weights, in units of 1/√fan-in; default 1. √2 keeps ReLU networks at one scale. */
  readonly weightStd: number;
  /** Standard deviation of the biases; default 0. `null` is no bias, which differs from 0 in the standard NTK. */
  readonly biasStd: number | null;
  /** `"ntk"` (default): scale in the forward pass. `"standard"`: scale in the initial weights. */
  readonly parameterization: "ntk" | "standard";
  /** Number of channels of a finite network; needed only where a kernel depends on it. Default: unknown. */
  readonly width?: number | undefined;
  /** Width multipliers (input, output) of the standard parameterisation; default [1, 1]. */
  readonly widthScale: readonly [number, number];
}

/** The options of {@link DenseOptions}, for the schema of a layer. */
export const weightOptions: Checks<DenseOptions> = {
  weightStd: std.default(1),
  biasStd: biasStd.default(0),
  parameterization: z.enum(["ntk", "standard"]).default("ntk"),
  width: width.optional(),
  widthScale: z.tuple([z.number().positive(), z.number().positive()]).default([1, 1]),
};

export type AffineWeight = "weight" | "bias";

/** Weights of some axes and the output channels, whose sums have `fanIn` terms, and biases. */
export function affineWeights(
  { weightStd, biasStd, parameterization, width, widthScale }: DenseOptions & { readonly width: number },
  axes: readonly number[],
  fanIn: number,
): Record<AffineWeight, WeightShape | null> {
  const [weight, bias] = parameterization === "ntk" ? [1, 1] : [weightStd * Math.sqrt(widthScale[0] / fanIn), biasStd];
  const channels = width * widthScale[1];
  return {
    weight: { shape: [...axes, channels], std: weight },
    bias: bias === null || biasStd === null ? null : { shape: [channels], std: bias },
  };
}

/** What the layer makes of the bare sums. */
export function affineOf<A>(
  t: ArrayOperations<A>,
  sums: A,
  bias: A | null,
  { weightStd, biasStd, parameterization, widthScale }: DenseOptions,
  fanIn: number,
): A {
  const ntk = parameterization === "ntk";
  const scaled = t.multiply(sums, ntk ? weightStd / Math.sqrt(fanIn) : 1 / Math.sqrt(widthScale[0]));
  return bias === null ? scaled : t.add(scaled, ntk ? t.multiply(bias, biasStd!) : bias);
}

/**
 * A fully connected layer, at every position alike: with the weights W and the bias b,
 *
 *   K ← σ_w² K + σ_b²
 *   Θ ← K + σ_w² Θ                          (ntk parameterisation)
 *   Θ ← (d_in/s_in) K_below + σ_w² Θ + 1    (standard; the 1 only if there is a bias)
 */
export const denseDefinition: LayerDefinition<DenseOptions, AffineWeight> = {
  name: "dense",
  summary: "Fully connected layer, the same at every position.",
  sources: ["Lee et al. 2018, arXiv:1711.00165, eq. 5", "Sohl-Dickstein et al. 2020, arXiv:2001.07301, §3"],
  hasWeights: true,
  options: z.strictObject(weightOptions),
  shape: (input, { width, widthScale }) => ({
    grid: input.grid,
    channels: width === undefined ? undefined : width * widthScale[1],
    gaussian: true,
  }),
  kernel: (below, { weightStd, biasStd, parameterization, widthScale }, input) => {
    const w2 = weightStd ** 2;
    const nngp: typeof below.nngp = (p, q) => affine(below.nngp(p, q), w2, (biasStd ?? 0) ** 2);
    const own: typeof below.ntk = (p, q) => {
      if (parameterization === "ntk") return nngp(p, q);
      const fanIn = needChannels("dense", "The standard NTK depends on it", input);
      return affine(below.nngp(p, q), fanIn / widthScale[0], biasStd === null ? 0 : 1);
    };
    return { nngp, ntk: (p, q) => add(own(p, q), affine(below.ntk(p, q), w2, 0)) };
  },
  weights: ({ channels }, options) => affineWeights(options, [channels], channels),
  apply: (t, w, x, options, { input }) =>
    affineOf(t, t.einsum("nsd,dk->nsk", x, w.weight!), w.bias, options, input.channels),
};

/**
 * A fully connected layer.
 *
 * @param options - see {@link DenseOptions}; every one has a default
 * @throws LemniscateError `OptionOutOfRange` for a negative standard deviation or an unknown option
 * @source Lee et al. 2018, arXiv:1711.00165, eq. 5
 *
 * @example
 * ```ts
 * import { dense } from "lemniscate";
 * dense({ weightStd: Math.SQRT2, biasStd: 0.1 }).type; // => "dense"
 * ```
 */
export function dense(options: Partial<DenseOptions> = {}): LayerNetwork<DenseOptions, AffinePlacement> {
  return makeLayer(denseDefinition, options);
}
