import { LemniscateError } from "../core/errors.js";
import { need, needOptions } from "../core/options.js";
import type {
  BesidePlacement,
  Network,
  Placement,
  Possible,
  SamePlacement,
  SerialPlacement,
  SumPlacement,
} from "./placement.js";
import { mostRepeats } from "./size.js";

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

/** Branches on the same input, multiplied entry by entry. */
export interface Product {
  readonly type: "product";
  readonly branches: readonly Network[];
}

/** Branches on the same input, one beside the other. */
export interface Concat {
  readonly type: "concat";
  readonly branches: readonly Network[];
  /** `"channels"`, or the number of an axis of positions, 0 being the first. */
  readonly along: "channels" | number;
}

/** A network on top of itself, each time with weights of its own. */
export interface Repeat {
  readonly type: "repeat";
  readonly layer: Network;
  readonly times: number;
}

/** What joins branches on one input. */
export type Join = Parallel | Product | Concat;

export type Combinator = Serial | Join | Repeat;

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
 * Branches on the same input, summed: K = Σ K_r, Θ = Σ Θ_r. Branches without weights of their own carry the same random
 * variables; equal ones, and those that map positions linearly, are added exactly (of two identities, 4 K), others refused.
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
 * Branches on the same input, multiplied entry by entry, as in gated networks: K = Π K_r, Θ = Σ_r Θ_r Π_{s≠r} K_s. All
 * branches but one need weights of their own.
 *
 * @source derived: moments of products of independent variables
 *
 * @example
 * ```ts
 * import { dense, erf, product, serial } from "lemniscate";
 * product(dense(), serial(dense(), erf({ scale: 0.5, shift: 0.5 }))).branches.length; // => 2
 * ```
 */
export function product<const Branches extends readonly Network[]>(
  ...branches: Branches & Possible<BesidePlacement<Branches, "product">>
): Product & Network<BesidePlacement<Branches, "product">> {
  return freeze({ type: "product", branches: [...branches] });
}

/**
 * Branches on the same input, one beside the other: along the channels, where their declared widths weigh their covariances
 * (without widths they count alike), or along an axis of positions, where different branches with weights of their own
 * have covariance 0.
 *
 * @throws LemniscateError `OptionOutOfRange` unless `along` is `"channels"` or the number of an axis
 * @source derived: covariances of channels, or positions, of several networks
 *
 * @example
 * ```ts
 * import { concat, conv, dense } from "lemniscate";
 * concat([conv({ filter: 3, padding: "same", width: 8 }), dense({ width: 4 })]).along; // => "channels"
 * ```
 */
export function concat<const Branches extends readonly Network[], const Along extends "channels" | number = "channels">(
  branches: Branches & (Along extends "channels" ? Possible<BesidePlacement<Branches, "concatenation">> : unknown),
  options: { readonly along?: Along } = {},
): Concat & Network<Along extends "channels" ? BesidePlacement<Branches, "concatenation"> : Placement> {
  need(Array.isArray(branches), "concat", branches, "a list of networks", "As in concat([one, other]).");
  needOptions("concat", options);
  const along: "channels" | number = options.along ?? "channels";
  if (along !== "channels" && !(Number.isInteger(along) && along >= 0))
    throw new LemniscateError({
      code: "OptionOutOfRange",
      where: "concat: along",
      given: String(along),
      allowed: '"channels", or the number of an axis of positions',
      mend: "Count axes of positions from 0.",
    });
  return freeze({ type: "concat", branches: [...branches], along });
}

/**
 * `layer`, `times` times on top of itself, each time with weights of its own.
 *
 * @throws LemniscateError `OptionOutOfRange` unless `times` is a whole number from 0 to 10 000
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
  if (!Number.isInteger(times) || times < 0 || times > mostRepeats)
    throw new LemniscateError({
      code: "OptionOutOfRange",
      where: "repeat: times",
      given: String(times),
      allowed: `a whole number from 0 to ${mostRepeats}`,
      mend: "Count how many copies of the layer the network has.",
    });
  return freeze({ type: "repeat", layer, times });
}

// Frozen plain data carries its placement in the type alone, which only a cast can say.
function freeze<T>(data: object): T {
  return Object.freeze(data) as T;
}
