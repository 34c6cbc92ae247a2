import { z } from "zod";
import { LemniscateError } from "../../core/errors.js";
import { describeShape, type Shape } from "../../core/shape.js";
import { affine } from "../../ops/elementary.js";
import { mapLine, mapOf, mapPairs, type PositionMap } from "../../ops/position-map.js";
import type { LayerDefinition, LayerNetwork } from "../layer.js";
import { makeLayer } from "../make.js";
import type { Placement } from "../placement.js";

export interface InputOptions {
  /** The name that the input has in `inputs({ … })`. */
  readonly name: string;
}

/** One of several inputs, x_r: K = x_r·x_r'/d_r, Θ = 0. */
export const inputDefinition: LayerDefinition<InputOptions> = {
  name: "input",
  summary: "One of several inputs, by its name.",
  sources: ["derived: covariances of some of the data"],
  hasWeights: false,
  options: z.strictObject({ name: z.string().min(1) }),
  shape: (input, options) => {
    const { grid, channels } = partOf(input, options).part;
    return { grid, channels, gaussian: false };
  },
  kernel: (below, options, input) => {
    const { part, map } = partOf(input, options);
    // Data of several inputs have the channels of the widest one, zeros in those that an input lacks.
    const share = input.channels! / part.channels;
    return {
      nngp: (p, q) => affine(mapPairs(below.nngp(p, q), map), share, 0),
      ntk: (p, q) => mapPairs(below.ntk(p, q), map),
      presence: (p) => mapLine(below.presence(p), map),
    };
  },
  linear: (options, input) => {
    const { part, map } = partOf(input, options);
    return { map, factor: Math.sqrt(input.channels! / part.channels) };
  },
  apply: (t, _, x, options, { input }) => {
    const { part, map } = partOf(input, options);
    return t.take(t.take(x, 1, map.sources), 2, [...Array(part.channels).keys()]);
  },
  mask: (mask, options, input) => Uint8Array.from(partOf(input, options).map.sources, (at) => mask[at]!),
};

/** The input of a name, and where its positions are among those of all. */
function partOf({ grid, parts, ...shape }: Shape, { name }: InputOptions) {
  const at = parts?.findIndex((part) => part.name === name) ?? -1;
  if (parts === undefined || at < 0)
    throw new LemniscateError({
      code: "Misplaced",
      where: "input",
      given: parts === undefined ? describeShape({ grid, ...shape }) : JSON.stringify(name),
      allowed: parts === undefined ? "several inputs" : parts.map((part) => JSON.stringify(part.name)).join(", "),
      mend:
        parts === undefined
          ? "Give data as inputs({ name: batch }), and put input() first in its branch; or leave it out."
          : "Name one of the inputs that the data have.",
    });
  const part = parts[at]!;
  const size = (of: { readonly grid: readonly number[] }): number => of.grid.reduce((all, length) => all * length, 1);
  const from = parts.slice(0, at).reduce((sum, other) => sum + size(other), 0);
  const rows = Array.from({ length: size(part) }, (_, s) => [[from + s, 1] as const]);
  const map: PositionMap = mapOf(grid, part.grid, rows);
  return { part, map };
}

/**
 * One of several inputs: what a branch on it begins with. Data are given as {@link inputs}.
 *
 * @throws LemniscateError `Misplaced` if the data are one input, or none of that name
 * @source derived: covariances of some of the data
 *
 * @example
 * ```ts
 * import { batch, dense, input, inputs, kernel, parallel, serial } from "lemniscate";
 * const net = parallel(serial(input({ name: "a" }), dense()), serial(input({ name: "b" }), dense()));
 * const x = inputs({ a: batch([1, 1], [2]), b: batch([1, 2], [1, 3]) });
 * (await kernel(net)(x, null, { get: "nngp" })).data[0]; // ≈ 9
 * ```
 */
export function input(options: InputOptions): LayerNetwork<InputOptions, Placement> {
  return makeLayer(inputDefinition, options);
}
