import type { Batch } from "../core/batch.js";
import { LemniscateError } from "../core/errors.js";
import { onlyKnown } from "../core/options.js";
import { child, type RandomKey, randomKey } from "../core/random.js";
import type { FiniteSizes } from "../network/layer.js";
import type { Network } from "../network/placement.js";
import { activationsOf, checkWeights, draw, forward, shapeOfBatch } from "./network.js";
import { type Plain, plain } from "./plain.js";
import type { Weights } from "./weights.js";

export interface InitOptions {
  /** Channels behind each layer with weights that does not declare its own `width`. */
  readonly width?: number | undefined;
  /** Heads of attention, channels of their queries and keys, and of their values; default: the width. */
  readonly heads?: number | undefined;
  readonly keys?: number | undefined;
  readonly values?: number | undefined;
  /** The same seed gives the same weights, to the bit; default 0. */
  readonly seed?: number | undefined;
}

export const initOptions = ["width", "heads", "keys", "values", "seed"] as const;

/** The sizes that layers ask for: what nobody has said is missed only when it is asked for. */
export function sizesOf(where: string, options: InitOptions): FiniteSizes {
  const size = (name: "width" | "heads" | "keys" | "values"): number => {
    const given = options[name] ?? (name === "width" ? undefined : options.width);
    if (given !== undefined && Number.isInteger(given) && given > 0) return given;
    throw new LemniscateError({
      code: "OptionOutOfRange",
      where: `${where}: ${given === undefined ? "width" : name}`,
      given: given === undefined ? "nothing" : String(given),
      allowed: "a whole number ≥ 1",
      mend:
        given === undefined
          ? "A finite network needs a width: give one for all layers, or declare it in each, as in dense({ width: 512 })."
          : "Count channels, or heads.",
    });
  };
  return {
    get width() {
      return size("width");
    },
    get heads() {
      return size("heads");
    },
    get keys() {
      return size("keys");
    },
    get values() {
      return size("values");
    },
  };
}

/**
 * Random weights of a finite network, for inputs of the shape of `x`. In the NTK parameterisation they are independent
 * N(0, 1), and layers scale what they make of them.
 *
 * @throws LemniscateError `OptionOutOfRange` if the width is missing or no whole number ≥ 1, `Misplaced` where a layer
 *   cannot stand
 *
 * @example
 * ```ts
 * import { batch, dense, relu, serial } from "lemniscate";
 * import { apply, init } from "lemniscate/finite";
 * const x = batch([2, 3], [1, 0, 0, 0, 1, 0]);
 * const net = serial(dense(), relu(), dense({ width: 1 }));
 * const weights = init(net, x, { width: 64, seed: 1 });
 * apply(net, weights, x).shape; // => [2, 1]
 * ```
 */
export function init(network: Network, x: Batch, options: InitOptions): Weights<Plain> {
  onlyKnown("init", options, initOptions);
  const random = child(randomKey(options.seed ?? 0), "weights");
  return draw(network, shapeOfBatch(x), sizesOf("init", options), random).weights;
}

/**
 * The outputs of a finite network, (n, d) or (n, …positions, d). `seed` is for layers that are random beyond their
 * weights, such as dropout.
 */
export function apply(
  network: Network,
  weights: Weights<Plain>,
  x: Batch,
  options: { readonly seed?: number } = {},
): Plain {
  onlyKnown("apply", options, ["seed"]);
  checkWeights("apply", network, weights);
  const { seed = 0 } = options;
  const { x: y, shape } = forward(plain, network, weights, activationsOf(plain, x), unitsOf(seed));
  return { shape: [x.shape[0], ...shape.grid, shape.channels], data: y.data };
}

/** The random numbers of layers that are random beyond their weights; a second batch has others than the first. */
export function unitsOf(seed: number, name?: string): RandomKey {
  const units = child(randomKey(seed), "units");
  return name === undefined ? units : child(units, name);
}
