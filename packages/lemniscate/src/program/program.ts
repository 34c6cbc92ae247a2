import type { Quantity } from "../core/quantity.js";
import type { Shape } from "../core/shape.js";
import { aggregateOp } from "../ops/aggregate.js";
import type { DrawParameters } from "../ops/draws.js";
import type { Form, Parameters } from "../ops/op.js";

/** Something for each result, by its key: the quantity, after the name of its network if a program computes several. */
export type Keyed<T> = Readonly<Record<string, T>>;

/** The key of a network's result. A network that is alone has the name "". */
export function resultKey(name: string, quantity: Quantity): string {
  return name === "" ? quantity : `${name}.${quantity}`;
}

/**
 * How a step reads an operand: the `same` entry as its own; the entry at its `row` or `column`; the one `number`
 * the operand is; or the operand `whole`, as structural operations do.
 */
export type Access = "same" | "row" | "column" | "number" | "whole";

/** A value some step has computed: in the same list, or in the tape of example a or b. */
export interface Operand {
  readonly from: "here" | "a" | "b";
  readonly step: number;
  readonly access: Access;
}

/** One operation in one form. */
export interface Step {
  readonly op: string;
  readonly form: Form;
  readonly operands: readonly Operand[];
  readonly parameters: Parameters;
  /** Number of the grid, among the program's, that its positions are on; of what sums over positions, the grid below. */
  readonly space: number;
}

/** Random draws that a program reads: what they are, and the covariance of all positions that they are drawn by. */
export interface Stage {
  readonly covariance: Program;
  readonly draws: DrawParameters;
}

/**
 * One network or several on inputs of one shape, as lists of steps. Everything is plain data.
 *
 * `example` runs once for each example and leaves its results on that example's tape. `pair` runs for two examples
 * and reads both tapes; `self` runs for an example with itself, on the same formulas, and reads its tape as both.
 */
export interface Program {
  readonly version: 1;
  readonly input: Shape;
  readonly output: Shape;
  /** Keys of the results. */
  readonly get: readonly string[];
  /** Whether some positions inside an example are padding, so that zeros must be kept. */
  readonly masked: boolean;
  /** Whether padding behind the last present position is cut off, so that examples have lengths of their own. */
  readonly trimmed: boolean;
  /** Grids of positions that steps are on, the input's first. */
  readonly spaces: readonly (readonly number[])[];
  readonly example: readonly Step[];
  readonly pair: readonly Step[];
  readonly self: readonly Step[];
  /** Where each result ends; `null` where it is 0 whatever the input. */
  readonly results: Readonly<Record<"pair" | "self", Keyed<Operand | null>>>;
  /** Draws to be made before it runs, in this order: the covariance of one may read the draws before it. */
  readonly stages: readonly Stage[];
}

/** The name of draws among those that are given with an example. */
export function drawsKey({ stage, part }: Parameters): string {
  return `${stage}.${part}`;
}

/** Whether a program sums over the edges of graphs. */
export function readsGraphs({ example, pair, self }: Program): boolean {
  return [example, pair, self].some((steps) => steps.some(({ op }) => op === aggregateOp.name));
}
