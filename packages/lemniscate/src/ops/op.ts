import type { Algebra } from "./algebra.js";

/** One of the two examples that a covariance is between. */
export type Side = "a" | "b";

/**
 * What a node has one number for: a `pair` of positions (row: a position of side p, column: one of side q),
 * a position of one side (`line`), the examples as a whole (`value`), a position and channel of the data (`inputs`),
 * a channel of the data (`channels`), or a random draw and two positions of one side (`draws`).
 */
export type Extent = "pair" | "line" | "value" | "inputs" | "channels" | "draws";

/**
 * How an elementwise operation reads an argument: at the same `entry`; at the entry's `row` or `column`, where an
 * argument with the extent `pair` is taken on its diagonal (the variances of that side).
 */
export type Role = "entry" | "row" | "column";

export type Parameter = number | string | boolean | readonly number[] | readonly (readonly number[])[];
export type Parameters = Readonly<Record<string, Parameter>>;

/** An operation that acts on each entry alone. Its formula is all that an engine needs. */
export interface ElementwiseOp<P extends Parameters = Parameters> {
  readonly kind: "elementwise";
  readonly name: string;
  readonly roles: readonly Role[];
  /** Whether the result is 0 where an entry belongs to padding (all arguments there are 0). */
  readonly keepsZero: (parameters: P) => boolean;
  readonly formula: <V>(o: Algebra<V>, args: readonly V[], parameters: P) => V;
}

/** What a structural operation asks of an argument, given the form it is itself wanted in. */
export type Demand = Form;

/** An operation that combines entries: each engine lowers it by hand. */
export interface StructuralOp {
  readonly kind: "structural";
  readonly name: StructuralName;
  readonly demands: (form: Form, parameters: Parameters) => readonly Demand[];
  /** Floating-point operations, given positions of both sides and input channels. */
  readonly flops: (form: Form, rows: number, columns: number, channels: number, parameters: Parameters) => number;
}

export type StructuralName =
  | "gram"
  | "mix"
  | "mixedGram"
  | "mixLine"
  | "poolInputs"
  | "pooledGram"
  | "positionCovariance"
  | "presence"
  | "tokenMask"
  | "softmaxRows"
  | "sparsemaxRows"
  | "activate"
  | "dualSums"
  | "draws"
  | "meanSandwich"
  | "meanJacobian"
  | "rectifierSums"
  | "sandwich"
  | "compose"
  | "cross"
  | "inner"
  | "weigh"
  | "bilinear"
  | "sumPairs"
  | "sumDiagonal"
  | "takeDiagonal"
  | "scaleDiagonal"
  | "onlyDiagonal"
  | "convolve"
  | "windowSums"
  | "pickCenters"
  | "tapShares"
  | "mapPairs"
  | "mapLine"
  | "aggregate"
  | "end";

/**
 * How much of a node is computed: all pairs of positions, equal positions only, one side's positions, one number; for
 * data, all of them or one number a channel.
 */
export type Form = "block" | "diagonal" | "line" | "value" | "inputs" | "channels" | "draws";

/** A covariance expression: plain data, built by the functions of this room, merged and ordered by the compiler. */
export interface Node {
  readonly op: ElementwiseOp | StructuralOp;
  readonly args: readonly Node[];
  readonly parameters: Parameters;
  readonly extent: Extent;
  /** (p, q) for covariances, (p) for what belongs to one example. */
  readonly sides: readonly Side[];
  /** Sizes of the position axes that a pair or a line has its positions on; `[]` for one number. */
  readonly grid: readonly number[];
  /** Of draws: the covariance, between sides a and b, that they are drawn by before the program runs. */
  readonly of?: Node;
}

/** A node of an elementwise operation: the widest of its entry arguments decides its extent. */
export function apply<P extends Parameters>(op: ElementwiseOp<P>, args: readonly Node[], parameters: P): Node {
  const entries = args.filter((_, i) => op.roles[i] === "entry");
  const widest = (["pair", "line", "value"] as const)
    .map((extent) => entries.find((entry) => entry.extent === extent))
    .find((entry) => entry !== undefined);
  if (widest === undefined) throw new Error(`${op.name} has no entry argument`);
  const { extent, sides, grid } = widest;
  return { op: op as unknown as ElementwiseOp, args, parameters, extent, sides, grid };
}
