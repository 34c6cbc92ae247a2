/** @module Blocks of transformers, as plain data made of the layers that they are. */

import { LemniscateError } from "../core/errors.js";
import { needOptions } from "../core/options.js";
import { concat, residual, serial } from "./combinators.js";
import { type AttentionArguments, attention } from "./layers/attention.js";
import { type DenseOptions, dense } from "./layers/dense.js";
import { type LayerNormOptions, layerNorm } from "./layers/layer-norm.js";
import { relu } from "./layers/relu.js";
import { slice } from "./layers/slice.js";
import type { Network, SamePlacement } from "./placement.js";

export interface TransformerBlockOptions {
  /** Where the norms stand: `"pre"` (default), at the beginning of each branch, or `"post"`, behind each sum. */
  readonly norm?: "pre" | "post" | undefined;
  readonly attention?: AttentionArguments | undefined;
  readonly layerNorm?: Partial<LayerNormOptions> | undefined;
  /** The dense layers before and behind the nonlinearity, alike; default √2 and no bias before, 1 behind. */
  readonly dense?: Partial<DenseOptions> | undefined;
  /** The nonlinearity between them; default relu(). */
  readonly nonlinearity?: Network | undefined;
}

/**
 * A block of a transformer: attention, then two dense layers with a nonlinearity between, each with a residual sum.
 *
 *   pre:   x + attention(norm(x)),  then  y + dense(φ(dense(norm(y))))
 *   post:  norm(x + attention(x)),  then  norm(y + dense(φ(dense(y))))
 *
 * It needs Gaussian input, as behind {@link dense}, and is what the layers make: `serial(residual(…), residual(…))`.
 *
 * @throws LemniscateError from the layers, if an option of theirs is out of range
 * @source Vaswani et al. 2017, arXiv:1706.03762 (post); Xiong et al. 2020, arXiv:2002.04745 (pre)
 *
 * @example
 * ```ts
 * import { dense, globalAvgPool, repeat, serial, transformerBlock } from "lemniscate";
 * const block = transformerBlock({ attention: { mask: "causal" } });
 * serial(dense(), repeat(block, 3), globalAvgPool(), dense()).layers.length; // => 4
 * ```
 */
export function transformerBlock(options: TransformerBlockOptions = {}): Network<SamePlacement> {
  needOptions("transformerBlock", options);
  const { norm = "pre", nonlinearity = relu() } = options;
  if (norm !== "pre" && norm !== "post")
    throw new LemniscateError({
      code: "OptionOutOfRange",
      where: "transformerBlock: norm",
      given: JSON.stringify(norm) ?? "nothing",
      allowed: '"pre" or "post"',
      mend: "Leave it out to have norms at the beginning of each branch.",
    });
  const normed = layerNorm(options.layerNorm);
  const attended = attention(options.attention);
  const [wide, narrow] = [dense({ weightStd: Math.SQRT2, ...options.dense }), dense(options.dense)];
  const layers: readonly Network[] =
    norm === "pre"
      ? [residualOf(normed, attended), residualOf(normed, wide, nonlinearity, narrow)]
      : [residualOf(attended), normed, residualOf(wide, nonlinearity, narrow), normed];
  return serial(...(layers as [])) as unknown as Network<SamePlacement>;
}

export interface CrossAttentionOptions {
  /** What the queries see, such as `serial(input({ name: "target" }), dense())`. */
  readonly queries: Network;
  /** What the keys and values see, on one axis of positions like the queries. */
  readonly memory: Network;
  /** How many positions the memory has, padding included. */
  readonly memoryLength: number;
  /** Options of {@link attention}. With linear scaling logits are covariances between queries and memory, 0 where these share no data. */
  readonly attention?: Omit<AttentionArguments, "mask"> | undefined;
}

/**
 * Attention from one sequence to another: queries and memory lie one behind the other, a mask lets queries read memory
 * alone, and of what comes out the queries' positions stay.
 *
 * @throws LemniscateError `OptionOutOfRange` unless `memoryLength` is a whole number > 0
 * @source Vaswani et al. 2017, arXiv:1706.03762, §3.2.3; the kernel of attention with a mask
 *
 * @example
 * ```ts
 * import { crossAttention, dense, globalAvgPool, input, inputs, kernel, sequences, serial } from "lemniscate";
 * const net = serial(
 *   crossAttention({
 *     queries: serial(input({ name: "target" }), dense()),
 *     memory: serial(input({ name: "source" }), dense()),
 *     memoryLength: 3,
 *     attention: { scaling: "sqrt", weights: "relu" },
 *   }),
 *   globalAvgPool(),
 *   dense(),
 * );
 * const x = inputs({ target: sequences([[[1], [2]]]), source: sequences([[[1], [0], [1]]]) });
 * (await kernel(net)(x, null, { get: "nngp" })).rows; // => 1
 * ```
 */
export function crossAttention(given: CrossAttentionOptions): Network {
  needOptions("crossAttention", given);
  const { queries, memory, memoryLength, attention: options } = given;
  const mask = { memory: memoryLength };
  const layers = [
    concat([queries, memory], { along: 0 }),
    attention({ ...options, mask }),
    slice({ axes: [{ stop: -memoryLength }] }),
  ];
  return serial(...(layers as unknown as [])) as unknown as Network;
}

// Which layers may follow each other is known here, and not by the type of a list.
function residualOf(...layers: readonly Network[]): Network {
  return residual(...(layers as unknown as [])) as unknown as Network;
}
