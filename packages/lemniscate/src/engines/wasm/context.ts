import type { Form, Parameters } from "../../ops/op.js";
import type { Layout, Space } from "./layout.js";
import type { Found } from "./places.js";
import type { Format } from "./vector.js";

/** What a structural instruction has at hand. */
export interface Context {
  readonly layout: Layout;
  /** The positions that it works on; see `space` of a step. */
  readonly space: Space;
  readonly form: Form;
  readonly parameters: Parameters;
  readonly inputs: readonly Found[];
  readonly output: Found;
  /** Address of a block that no step owns, for the first of two products. */
  readonly spare: number;
  readonly format: Format;
  readonly call: Readonly<Record<string, (...args: number[]) => void>>;
  /** Runs one of the instruction's fused functions on so many rows and columns; of each stream its address and stride. */
  readonly fused: (index: number, rows: number, columns: number, streams: readonly number[]) => void;
  /** Ends work that nobody wants any more: to be asked now and then by what takes long. */
  readonly check: () => void;
  /** The engine's memory, number by number. */
  readonly numbers: Float64Array | Float32Array;
  readonly read: (address: number) => number;
  readonly write: (address: number, value: number) => void;
  readonly copy: (from: number, to: number, bytes: number) => void;
  readonly clear: (at: number, bytes: number) => void;
}

/** A call for the examples numbered a and b. */
export type Call = (a: number, b: number) => void;
