/** @module Scratch memory of a list of instructions: buffers are used again as soon as nobody reads them any more. */
import type { Extent, Instruction } from "./schedule.js";

export interface Buffers {
  /** Byte offset of the buffer of each step that has one. */
  readonly offsets: ReadonlyMap<number, number>;
  readonly bytes: number;
}

/**
 * Places the outputs of a list in scratch memory, from `start` on. Steps in `placed` have a home elsewhere; steps in
 * `kept` keep their buffer to the end.
 */
export function placeBuffers(
  instructions: readonly Instruction[],
  sizes: Readonly<Record<Extent, number>>,
  placed: ReadonlySet<number>,
  kept: ReadonlySet<number>,
  start: number,
): Buffers {
  const lastRead = new Map<number, number>();
  for (const [at, { inputs }] of instructions.entries())
    for (const { from, step } of inputs) if (from === "here") lastRead.set(step, at);
  const offsets = new Map<number, number>();
  const free: Record<Extent, number[]> = { block: [], line: [], number: [], tile: [], inputs: [] };
  const extents = new Map<number, Extent>();
  let top = start;
  for (const [at, instruction] of instructions.entries()) {
    for (const step of outputsOf(instruction)) {
      extents.set(step, instruction.extent);
      if (placed.has(step)) continue;
      const used = free[instruction.extent].pop();
      offsets.set(step, used ?? top);
      if (used === undefined) top += sizes[instruction.extent];
    }
    for (const [step, last] of lastRead) {
      if (last !== at || kept.has(step) || !offsets.has(step)) continue;
      free[extents.get(step)!].push(offsets.get(step)!);
      lastRead.delete(step);
    }
  }
  return { offsets, bytes: top };
}

export function outputsOf(instruction: Instruction): readonly number[] {
  return instruction.kind === "fused" ? instruction.outputs : [instruction.output];
}
