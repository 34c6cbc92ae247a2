import type { z } from "zod";
import type { RandomKey } from "../core/random.js";
import type { Shape } from "../core/shape.js";
import type { Dual } from "../ops/duals/dual.js";
import type { Node, Parameters, Side } from "../ops/op.js";
import type { PositionMap } from "../ops/position-map.js";
import type { ArrayOperations } from "./arrays.js";
import type { Network, Placement } from "./placement.js";

/**
 * The covariances of a state, as functions of two sides. A rule that is right for (p, q) is right for an example
 * with itself and for two examples, so it is written once.
 */
export interface Covariances {
  nngp(p: Side, q: Side): Node;
  ntk(p: Side, q: Side): Node;
  /**
   * E[f_a(x)]·E[f_b(x')], what the covariance would be with independent weights on both sides; 0 for Gaussians. Left out
   * where it is not known.
   */
  means?(p: Side, q: Side): Node;
  /** 1 where side p has a position, 0 at padding. */
  presence(p: Side): Node;
}

/** What a layer makes of the covariances below it. `presence` is left out where positions stay as they are. */
export type LayerCovariances = Omit<Covariances, "presence"> & Partial<Pick<Covariances, "presence">>;

/** What a layer without weights does to each channel: f ↦ factor·A f with a constant A on positions, or none. */
export interface LinearStep {
  readonly map: PositionMap | null;
  readonly factor: number;
}

/** Sizes of a finite network, where its layers do not declare their own. */
export interface FiniteSizes {
  /** Channels behind every layer with weights. */
  readonly width: number;
  /** Of attention: its heads, and the channels of a head's queries and keys, and of its values. */
  readonly heads: number;
  readonly keys: number;
  readonly values: number;
}

/** An array of weights, drawn from N(0, std²) independently; std is 1 unless given. */
export interface WeightShape {
  readonly shape: readonly number[];
  readonly std?: number;
}

/** Where a finite layer stands. */
export interface FinitePlace<A> {
  /** Of its input, whose channels are known. */
  readonly input: Shape & { readonly channels: number };
  /** (n, S, 1): 1 at present positions, 0 at padding, where x is 0 too. `null`: there is no padding. */
  readonly mask: A | null;
  /** (n, S, S): the matrix of each example's graph; `null` if the data have none. */
  readonly graph: A | null;
  /** For layers that are random beyond their weights. */
  readonly random: RandomKey;
}

/** Everything there is to know about a layer. One file defines one, and `layers/index.ts` lists them. */
export interface LayerDefinition<Options extends object, Weight extends string = never> {
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
  /** Throws a {@link LemniscateError} `NoClosedForm` where no kernel is known; finite networks do not ask. */
  readonly closedForm?: (options: Options) => void;
  readonly kernel: (below: Covariances, options: Options, input: Shape) => LayerCovariances;
  /** What it does to each channel, if that is constant and linear: then branches that carry one input are known together. */
  readonly linear?: (options: Options, input: Shape) => LinearStep | null;
  /** The weights of the finite layer, if it has any; `null` for one that the options leave out. */
  readonly weights?: (
    input: FinitePlace<never>["input"],
    options: Options & { readonly width: number },
    sizes: FiniteSizes,
  ) => Readonly<Record<Weight, WeightShape | null>>;
  /**
   * The finite layer, on activations x (n, S, d): n examples, S positions in row-major order (1 for features), d
   * channels. What it leaves on padding is set to 0 behind it.
   */
  readonly apply?: <A>(
    t: ArrayOperations<A>,
    w: Readonly<Record<Weight, A | null>>,
    x: A,
    options: Options,
    place: FinitePlace<A>,
  ) => A;
  /** Whether it has a function that the program gave it, and that options name only: other threads do not know it. */
  readonly hasOwnFunction?: (options: Options) => boolean;
  /** The positions of one example that are present behind the layer (1, else 0), if they are not those below. */
  readonly mask?: (mask: Uint8Array, options: Options, input: Shape) => Uint8Array;
  /** Of a layer that applies one function to every channel: that function. */
  readonly elementwise?: ((options: Options) => Elementwise) | undefined;
}

/** A function of a number, as operations are told of it. */
export interface Elementwise {
  /** Its expectations, and their parameters. */
  // biome-ignore lint/suspicious/noExplicitAny: parameters belong to each function; programs carry them along
  readonly dual: Dual<any>;
  readonly parameters: Parameters;
  /** The name that operations know the function itself by, if that is not the dual's: then it has no parameters. */
  readonly fn?: string;
}

/** A layer as data: its type and its options, defaults included. */
export type LayerNetwork<Options extends object, P extends Placement> = Network<P> & Options;
