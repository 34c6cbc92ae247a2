import type { z } from "zod";
import type { Shape } from "../core/shape.js";
import type { Node, Side } from "../ops/op.js";
import type { Network, Placement } from "./placement.js";

/**
 * The covariances of a state, as functions of two sides. A rule that is right for (p, q) is right for an example
 * with itself and for two examples, so it is written once.
 */
export interface Covariances {
  nngp(p: Side, q: Side): Node;
  ntk(p: Side, q: Side): Node;
  /** 1 where side p has a position, 0 at padding. */
  presence(p: Side): Node;
}

/** What a layer makes of the covariances below it. `presence` is left out where positions stay as they are. */
export type LayerCovariances = Omit<Covariances, "presence"> & Partial<Pick<Covariances, "presence">>;

/** Everything there is to know about a layer. One file defines one, and `layers/index.ts` lists them. */
export interface LayerDefinition<Options extends object> {
  /** The `type` in JSON, also the name of the function that makes it. */
  readonly name: string;
  readonly summary: string;
  /** Papers with equations, for docs and citations. */
  readonly sources: readonly string[];
  /** Checks options, fills in defaults and describes itself as JSON Schema. */
  readonly options: z.ZodType<Options>;
  /** Whether the layer has random weights of its own, which make branches of a sum independent. */
  readonly hasWeights: boolean;
  /** The shape after the layer, or a {@link LemniscateError} `Misplaced` saying why it cannot stand here. */
  readonly shape: (input: Shape, options: Options) => Shape;
  readonly kernel: (below: Covariances, options: Options, input: Shape) => LayerCovariances;
}

/** A layer as data: its type and its options, defaults included. */
export type LayerNetwork<Options extends object, P extends Placement> = Network<P> & Options;
