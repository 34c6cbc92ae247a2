/**
 * @module Where a layer may stand, told to the type checker. Nothing here exists at run time: `shape.ts` rules
 * out the same networks when they come from JSON.
 */

/** What a layer can be given. Data and what a nonlinearity puts out are not Gaussian. */
export type State = "features" | "Gaussian features" | "tokens" | "Gaussian tokens";

/** For every state a layer can be given: the state it leaves, or the reason why it cannot stand there. */
export type Placement = Readonly<Record<State, string>>;

/** Dense, convolution: random weights make any state Gaussian. */
export type AffinePlacement = {
  readonly features: "Gaussian features";
  readonly "Gaussian features": "Gaussian features";
  readonly tokens: "Gaussian tokens";
  readonly "Gaussian tokens": "Gaussian tokens";
};

/** A nonlinearity takes Gaussians, which it leaves not Gaussian. */
export type NonlinearityPlacement<Name extends string> = {
  readonly features: `${Name} needs Gaussian input: put dense() before it`;
  readonly "Gaussian features": "features";
  readonly tokens: `${Name} needs Gaussian input: put dense() or attention() before it`;
  readonly "Gaussian tokens": "tokens";
};

/** Attention and convolution mix positions, and their random weights make them Gaussian. */
export type AttentionPlacement<Name extends string> = {
  readonly features: `${Name} needs tokens, but is given features`;
  readonly "Gaussian features": `${Name} needs tokens, but is given features`;
  readonly tokens: "Gaussian tokens";
  readonly "Gaussian tokens": "Gaussian tokens";
};

/** Global pooling turns tokens into features and keeps Gaussians Gaussian. */
export type PoolPlacement<Name extends string> = {
  readonly features: `${Name} needs tokens, but is given features`;
  readonly "Gaussian features": `${Name} needs tokens, but is given features`;
  readonly tokens: "features";
  readonly "Gaussian tokens": "Gaussian features";
};

/** Pooling under a window leaves fewer tokens, Gaussian if they were. */
export type WindowPlacement<Name extends string> = {
  readonly features: `${Name} needs tokens, but is given features`;
  readonly "Gaussian features": `${Name} needs tokens, but is given features`;
  readonly tokens: "tokens";
  readonly "Gaussian tokens": "Gaussian tokens";
};

/** A map on positions may leave fewer of them, or none; options decide, which a type does not know. */
export type ResizePlacement<Name extends string> = {
  readonly features: `${Name} needs tokens, but is given features`;
  readonly "Gaussian features": `${Name} needs tokens, but is given features`;
  readonly tokens: string;
  readonly "Gaussian tokens": string;
};

/** Flattening turns anything into features whose channels are no longer alike. */
export type FlattenPlacement = {
  readonly features: "features";
  readonly "Gaussian features": "features";
  readonly tokens: "features";
  readonly "Gaussian tokens": "features";
};

/** Dropout leaves the positions, but no Gaussians. */
export type DropoutPlacement = {
  readonly features: "features";
  readonly "Gaussian features": "features";
  readonly tokens: "tokens";
  readonly "Gaussian tokens": "tokens";
};

/** The identity. */
export type SamePlacement = { readonly [S in State]: S };

declare const placement: unique symbol;

/**
 * A network: plain data with a `type`, which `JSON.stringify` writes and {@link networkFromJson} reads. The type
 * parameter remembers where it may stand; a network read from JSON has the widest one and is checked at run time.
 */
export interface Network<P extends Placement = Placement> {
  readonly type: string;
  readonly [placement]?: P;
}

/** Where a network may stand. */
export type PlacementOf<N> = N extends Network<infer P> ? P : never;

/** One layer after another: a reason, once met, is carried to the end. */
type Step<P extends Placement, S extends string> = S extends State ? P[S] : S;

type Chain<Layers extends readonly Network[], S extends string> = Layers extends readonly [
  infer First extends Network,
  ...infer Rest extends readonly Network[],
]
  ? Chain<Rest, Step<PlacementOf<First>, S>>
  : S;

/** The placement of layers one after another. */
export type SerialPlacement<Layers extends readonly Network[]> = {
  readonly [S in State]: number extends Layers["length"] ? string : Chain<Layers, S>;
};

type Join<S extends string, T extends string, What extends string = "sum"> = S extends State
  ? T extends State
    ? S extends T
      ? S
      : `the branches of a ${What} end differently: ${S} and ${T}`
    : T
  : S;

type SumOf<Branches extends readonly Network[], S extends State> = Branches extends readonly [
  infer First extends Network,
  ...infer Rest extends readonly Network[],
]
  ? Rest extends readonly []
    ? Gaussian<PlacementOf<First>[S]>
    : Join<Gaussian<PlacementOf<First>[S]>, SumOf<Rest, S>>
  : S;

type Gaussian<S extends string> = S extends "features" | "tokens"
  ? "a sum needs branches that end Gaussian: end them with dense() or attention()"
  : S;

/** The placement of branches on the same input, summed. */
export type SumPlacement<Branches extends readonly Network[]> = {
  readonly [S in State]: number extends Branches["length"] ? string : SumOf<Branches, S>;
};

type BesideOf<Branches extends readonly Network[], S extends State, What extends string> = Branches extends readonly [
  infer First extends Network,
  ...infer Rest extends readonly Network[],
]
  ? Rest extends readonly []
    ? Mixed<PlacementOf<First>[S]>
    : Join<Mixed<PlacementOf<First>[S]>, BesideOf<Rest, S, What>, What>
  : S;

type Mixed<S extends string> = S extends "Gaussian features" ? "features" : S extends "Gaussian tokens" ? "tokens" : S;

/** The placement of branches on the same input, multiplied or beside each other. */
export type BesidePlacement<Branches extends readonly Network[], What extends string> = {
  readonly [S in State]: number extends Branches["length"] ? string : BesideOf<Branches, S, What>;
};

/** `unknown` if the network can stand somewhere, else the reason why it cannot, as a type nothing has. */
export type Possible<P extends Placement> = string extends P[State]
  ? unknown
  : [Extract<P[State], State>] extends [never]
    ? P["Gaussian tokens"]
    : unknown;

type Readout<S extends string> = string extends S ? true : S extends "features" | "Gaussian features" ? true : never;

/** `unknown` if data can enter the network and leave it as features, else the reason why not. */
export type Predictor<P extends Placement> = [Readout<P["tokens"]> | Readout<P["features"]>] extends [never]
  ? P["tokens"] extends State
    ? "the network ends with tokens: put globalAvgPool() or flatten() before the readout"
    : P["tokens"]
  : unknown;
