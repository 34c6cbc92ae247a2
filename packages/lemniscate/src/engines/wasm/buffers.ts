/** @module Scratch memory of a list of instructions: buffers are used again as soon as nobody reads them any more. */
import type { Instruction } from "./schedule.js";

export interface Buffers {
  /** Byte offset of the buffer of each step that has one. */
  readonly offsets: ReadonlyMap<number, number>;
  readonly bytes: number;
}

/**
 * Places the outputs of a list in scratch memory, from `start` on; `sizeOf` tells how much one of them takes. Steps in
 * `placed` have a home elsewhere; steps in `kept` keep their buffer to the end.
 */
export function placeBuffers(
  instructions: readonly Instruction[],
  sizeOf: (instruction: Instruction, output: number) => number,
  placed: ReadonlySet<number>,
  kept: ReadonlySet<number>,
  start: number,
): Buffers {
  const lastRead = new Map<number, number>();
  for (const [at, { inputs }] of instructions.entries())
    for (const { from, step } of inputs) if (from === "here") lastRead.set(step, at);
  const offsets = new Map<number, number>();
  const free = new Map<number, number[]>();
  const sizes = new Map<number, number>();
  let top = start;
  for (const [at, instruction] of instructions.entries()) {
    // A fused function reads an entry before it writes there, so that it may write over what it is the last to read.
    for (const step of inPlaceOf(instruction)) {
      const size = sizeOf(instruction, step);
      if (lastRead.get(step) !== at || sizes.get(step) !== size || kept.has(step) || !offsets.has(step)) continue;
      free.set(size, [...(free.get(size) ?? []), offsets.get(step)!]);
      lastRead.delete(step);
    }
    for (const step of outputsOf(instruction)) {
      const size = sizeOf(instruction, step);
      sizes.set(step, size);
      if (placed.has(step)) continue;
      const used = free.get(size)?.pop();
      offsets.set(step, used ?? top);
      if (used === undefined) top += size;
    }
    for (const [step, last] of lastRead) {
      if (last !== at || kept.has(step) || !offsets.has(step)) continue;
      const freed = sizes.get(step)!;
      free.set(freed, [...(free.get(freed) ?? []), offsets.get(step)!]);
      lastRead.delete(step);
    }
  }
  return { offsets, bytes: top };
}

/** Steps of the list that an instruction reads entry by entry, and not in another way. */
function inPlaceOf(instruction: Instruction): readonly number[] {
  if (instruction.kind !== "fused") return [];
  const { inputs, fused } = instruction;
  const otherwise = new Set(inputs.filter((_, i) => fused.inputs[i] !== "same").map(({ step }) => step));
  return inputs.flatMap(({ from, step }) => (from === "here" && !otherwise.has(step) ? [step] : []));
}

function outputsOf(instruction: Instruction): readonly number[] {
  if (instruction.kind === "bands") return [...instruction.sums.map(({ to }) => to), ...instruction.whole];
  return instruction.kind === "fused" ? instruction.outputs : [instruction.output];
}
