/** @module Attention with finitely many heads: outputs are a mixture of Gaussians, one for each draw of the heads. */

import { LemniscateError } from "../core/errors.js";
import { needOptions } from "../core/options.js";
import type { Combinator } from "./combinators.js";
import { networkFromData } from "./json.js";
import type { Network } from "./placement.js";
import { checkNetwork } from "./size.js";

export interface HeadOptions {
  /** Heads of the attention layer; 1 or more, fixed while everything else is infinitely wide. */
  readonly heads: number;
  /** How many components of the mixture. */
  readonly components: number;
  /** What they follow from; default 0. */
  readonly seed?: number | undefined;
}

/** Layers behind which Gaussian outputs stay Gaussian. */
const linear = new Set([
  "dense",
  "conv",
  "flatten",
  "globalAvgPool",
  "globalSumPool",
  "avgPool",
  "sumPool",
  "identity",
  "scale",
  "slice",
  "linear",
  "resize",
]);

/**
 * Components of a network whose one attention layer has square-root scaling and finitely many heads. Given the heads'
 * logits, the outputs are a Gaussian process, whose NNGP is the `kernel` of a component; without them they are the mixture
 * of all components with equal weights: uncorrelated but dependent channels, with heavier tails than a Gaussian.
 *
 * With identity weights and H heads the excess kurtosis of an output of the layer is (6/H) tr κ⁴/(tr κ²)².
 *
 * @throws LemniscateError `Misplaced` if there is not one such layer, or a layer behind it is not linear
 * @source Hron et al. 2020, arXiv:2006.10540, §3.1: a single head is not Gaussian; kurtosis derived, docs/attention.md
 *
 * @example
 * ```ts
 * import { attention, dense, globalAvgPool, headMixture, kernel, sequences, serial } from "lemniscate";
 * const net = serial(dense(), attention({ scaling: "sqrt", weights: "identity" }), globalAvgPool());
 * const x = sequences([[[1], [2]]]);
 * const kernels = headMixture(net, { heads: 1, components: 3 }).map((part) =>
 *   kernel(part)(x, null, { get: "nngp", standardErrors: false }),
 * );
 * (await Promise.all(kernels)).length; // => 3
 * ```
 */
export function headMixture(network: Network, options: HeadOptions): Network[] {
  needOptions("headMixture", options);
  const { heads, components, seed = 0 } = options;
  for (const [name, value] of Object.entries({ heads, components }))
    if (!Number.isInteger(value) || value < 1 || value >= 2 ** 32)
      throw new LemniscateError({
        code: "OptionOutOfRange",
        where: `headMixture: ${name}`,
        given: String(value),
        allowed: "a whole number ≥ 1, below 2³²",
        mend: "Count them.",
      });
  checkNetwork(network);
  const layers = flat(network);
  const at = layers.findIndex(({ type }) => type === "attention");
  const odd = layers.slice(at + 1).find(({ type }) => !linear.has(type));
  const layer = layers[at] as { readonly scaling?: string } | undefined;
  if (layer?.scaling !== "sqrt" || odd !== undefined)
    throw new LemniscateError({
      code: "Misplaced",
      where: "headMixture",
      given:
        odd === undefined
          ? 'a network without attention of scaling "sqrt" in its row of layers'
          : `${odd.type} behind attention`,
      allowed: 'one attention layer with scaling: "sqrt", and linear layers behind it',
      mend: "Behind a nonlinearity outputs are no mixture of Gaussians: end the network with attention, pooling and dense().",
    });
  return Array.from({ length: components }, (_, i) =>
    networkFromData({
      type: "serial",
      layers: layers.map((each, n) => (n === at ? { ...each, samples: heads, seed: seed + i } : each)),
    }),
  );
}

/** The layers of a row, and of rows in it. */
function flat(network: Network): readonly Network[] {
  const node = network as Combinator;
  return node.type === "serial" ? node.layers.flatMap(flat) : [network];
}
