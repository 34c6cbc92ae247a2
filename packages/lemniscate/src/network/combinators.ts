import { LemniscateError } from "../core/errors.js";
import type { Network, Possible, SamePlacement, SerialPlacement, SumPlacement } from "./placement.js";

/** Layers one after another. */
export interface Serial {
  readonly type: "serial";
  readonly layers: readonly Network[];
}

/** Branches on the same input, summed. */
export interface Parallel {
  readonly type: "parallel";
  readonly branches: readonly Network[];
}

/** A network on top of itself, each time with weights of its own. */
export interface Repeat {
  readonly type: "repeat";
  readonly layer: Network;
  readonly times: number;
}

export type Combinator = Serial | Parallel | Repeat;

/**
 * Layers one after another, the first one next to the data.
 *
 * A layer that cannot stand where it is put is an error of the type checker, with the reason as its text; networks
 * read from JSON get the same reason at run time.
 *
 * @example
 * ```ts
 * import { dense, relu, serial } from "lemniscate";
 * serial(dense({ weightStd: 1.5 }), relu(), dense()).layers.map((layer) => layer.type); // => ["dense", "relu", "dense"]
 * ```
 */
export function serial<const Layers extends readonly Network[]>(
  ...layers: Layers & Possible<SerialPlacement<Layers>>
): Serial & Network<SerialPlacement<Layers>> {
  return freeze({ type: "serial", layers: [...layers] });
}

/**
 * Branches on the same input, summed: K = Σ K_r, Θ = Σ Θ_r. All branches but one need weights of their own, or the
 * sum would have cross terms.
 *
 * @example
 * ```ts
 * import { dense, identity, parallel, relu, serial } from "lemniscate";
 * parallel(identity(), serial(relu(), dense())).branches.length; // => 2
 * ```
 */
export function parallel<const Branches extends readonly Network[]>(
  ...branches: Branches & Possible<SumPlacement<Branches>>
): Parallel & Network<SumPlacement<Branches>> {
  return freeze({ type: "parallel", branches: [...branches] });
}

/**
 * The input plus what the layers make of it: `parallel(serial(...layers), identity())`.
 *
 * @example
 * ```ts
 * import { attention, layerNorm, residual } from "lemniscate";
 * residual(layerNorm(), attention()).type; // => "parallel"
 * ```
 */
export function residual<const Layers extends readonly Network[]>(
  ...layers: Layers & Possible<SumPlacement<readonly [Network<SerialPlacement<Layers>>, Network<SamePlacement>]>>
): Parallel & Network<SumPlacement<readonly [Network<SerialPlacement<Layers>>, Network<SamePlacement>]>> {
  return freeze({
    type: "parallel",
    branches: [{ type: "serial", layers: [...layers] }, { type: "identity" }],
  });
}

/**
 * `layer`, `times` times on top of itself, each time with weights of its own.
 *
 * @throws LemniscateError `OptionOutOfRange` unless `times` is a whole number ≥ 0
 *
 * @example
 * ```ts
 * import { dense, relu, repeat, serial } from "lemniscate";
 * repeat(serial(dense(), relu()), 3).times; // => 3
 * ```
 */
export function repeat<N extends Network>(
  layer: N,
  times: number,
): Repeat & (N extends Network<infer P> ? Network<P> : never) {
  if (!Number.isInteger(times) || times < 0)
    throw new LemniscateError({
      code: "OptionOutOfRange",
      where: "repeat: times",
      given: String(times),
      allowed: "a whole number ≥ 0",
      mend: "Count how many copies of the layer the network has.",
    });
  return freeze({ type: "repeat", layer, times });
}

// Frozen plain data carries its placement in the type alone, which only a cast can say.
function freeze<T>(data: object): T {
  return Object.freeze(data) as T;
}
