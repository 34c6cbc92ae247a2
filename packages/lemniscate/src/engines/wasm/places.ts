/** @module Where an instruction finds its operands, worked out once before any example is looked at. */
import type { Step } from "../../program/program.js";
import type { Layout } from "./layout.js";
import type { Lowered } from "./lower.js";
import type { Place } from "./schedule.js";

export type List = "example" | "self" | "pair";

/** Addresses and strides as functions of the two examples' numbers. */
export interface Found {
  readonly address: (a: number, b: number) => number;
  /** Bytes from row to row. */
  readonly stride: (a: number, b: number) => number;
}

/** Finds a value that a list reads or writes. `weights` asks for the transposed copy. */
export function findPlace(
  { lowered, layout, scratch }: { readonly lowered: Lowered; readonly layout: Layout; readonly scratch: number },
  list: List,
  { from, step }: Place,
  weights = false,
): Found {
  const { program } = lowered;
  const onTape = from !== "here" || list === "example";
  const stride = from === "a" ? (a: number) => layout.strides[a]! : (_: number, b: number) => layout.strides[b]!;
  const of = (addresses: Float64Array): Found => ({
    address: from === "b" ? (_, b) => addresses[b]! : (a) => addresses[a]!,
    stride,
  });
  if (onTape && weights) return of(layout.transposed.get(step)!);
  const kept = onTape ? layout.tape.get(step) : undefined;
  // Numbers are computed in scratch and copied: side by side on the tape, they are not vectors of their own.
  if (kept !== undefined && (from !== "here" || program.example[step]!.form !== "value")) return of(kept);
  const made: Step = (onTape ? program.example : program[list])[step]!;
  if (made.op === "positionCovariance") {
    const home = layout.positions.get(JSON.stringify(made.parameters))!;
    return { address: () => (made.form === "block" ? home.block : home.diagonal), stride: () => home.stride };
  }
  const address = scratch + layout.offsets[list].get(step)!;
  return { address: () => address, stride };
}
