/** @module Where an instruction finds its operands, worked out once before any example is looked at. */
import { isConstantBlock } from "../../ops/constant-blocks.js";
import { drawsKey, type Step } from "../../program/program.js";
import type { Layout, Space } from "./layout.js";
import type { Lowered } from "./lower.js";
import type { Place } from "./schedule.js";

export type List = "example" | "pair";

/** Addresses and strides as functions of the two examples' numbers. */
export interface Found {
  readonly address: (a: number, b: number) => number;
  /** Bytes from row to row. */
  readonly stride: (a: number, b: number) => number;
  /** The positions it has. */
  readonly space: Space;
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
  const made: Step = (onTape ? program.example : program[list])[step]!;
  const space = layout.spaces[made.space]!;
  const stride = from === "a" ? (a: number) => space.strides[a]! : (_: number, b: number) => space.strides[b]!;
  const of = (addresses: Float64Array): Found => ({
    address: from === "b" ? (_, b) => addresses[b]! : (a) => addresses[a]!,
    stride,
    space,
  });
  if (onTape && weights) return of(layout.transposed.get(step)!);
  const kept = onTape ? layout.tape.get(step) : undefined;
  // One example's number is computed in scratch and copied: on the tape it is no vector of its own.
  if (kept !== undefined && (from !== "here" || made.form !== "value" || layout.features)) return of(kept);
  if (isConstantBlock(made.op)) {
    const home = layout.positions.get(JSON.stringify([made.op, made.parameters]))!;
    return { address: () => (made.form === "block" ? home.block : home.diagonal), stride: () => home.stride, space };
  }
  if (made.form === "draws") return of(layout.draws.get(drawsKey(made.parameters))!.addresses);
  const address = scratch + layout.offsets[list].get(step)!;
  return { address: () => address, stride, space };
}
