/** @module Which steps of a list run together: runs of elementwise steps are fused, structural ones stand alone. */
import type { Parameters } from "../../ops/op.js";
import { elementwiseOps } from "../../ops/registry.js";
import { formulaFlops } from "../../program/cost.js";
import type { Operand, Step } from "../../program/program.js";
import type { Fused, FusedStep, Source, StreamAccess } from "./elementwise.js";
import { termsOf } from "./terms.js";

/**
 * What a step's numbers lie in: a block, a line of positions, a number, a matrix with an entry a pair, inputs, one
 * number a channel.
 */
export type Extent = "block" | "line" | "number" | "tile" | "inputs" | "channels" | "draws";

/** A value: a step of this list, a step on an example's tape. */
export type Place = { readonly from: Operand["from"]; readonly step: number };

export type Instruction = Plain | Bands;

/** What is one call of the engine's functions, or a few. */
export type Plain =
  | {
      readonly kind: "fused";
      readonly extent: Extent;
      readonly space: number;
      readonly fused: Fused;
      readonly inputs: readonly Place[];
      readonly outputs: readonly number[];
    }
  | {
      readonly kind: "structural";
      readonly op: string;
      readonly extent: Extent;
      readonly space: number;
      readonly form: Step["form"];
      readonly parameters: Parameters;
      readonly inputs: readonly Place[];
      readonly output: number;
      /** Fused functions that its lowering calls. */
      readonly functions: readonly Fused[];
    };

/** What is done for one band of blocks after the other; see bands.ts. */
export interface Bands {
  readonly kind: "bands";
  readonly extent: "block";
  readonly space: number;
  /** What is done for each band. Its blocks are bands. */
  readonly instructions: readonly Plain[];
  /** Numbers that are sums over all bands. */
  readonly sums: readonly BandSum[];
  /** Blocks that somebody reads as a whole. */
  readonly whole: readonly number[];
  /** Whether an example's blocks with itself are symmetric, so that half of the bands say all. */
  readonly symmetric: boolean;
  /** What it reads that the list has made before. */
  readonly inputs: readonly Place[];
}

/** Σ u_p k_pq v_q of a block k, or Σ k_pq without weights. */
export interface BandSum {
  readonly from: number;
  readonly to: number;
  readonly weights: readonly Place[];
}

/** Steps that one function fuses at most: longer ones spill every register and compile slowly. */
const longestFusion = 16;
/** The same for numbers, where a call costs more than what it computes. */
const longestOfNumbers = 200;

/** Operations from which on a formula is long: it has polynomials, which wait for every one of their terms. */
const long = 16;

/** The instructions of those steps of a list that `runs` selects, in an order that keeps elementwise steps together. */
export function schedule(
  steps: readonly Step[],
  extentOf: (step: number) => Extent,
  runs: (step: number) => boolean,
  kept: ReadonlySet<number>,
): readonly Plain[] {
  const pending = new Set([...steps.keys()].filter(runs));
  const waits = (operand: Operand): boolean => operand.from === "here" && pending.has(operand.step);
  const ready = (step: number): boolean => !steps[step]!.operands.some(waits);
  const readers = readersOf(steps);
  const instructions: Plain[] = [];
  while (pending.size > 0) {
    const structural = [...pending].find((step) => !elementwiseOps.has(steps[step]!.op) && ready(step));
    if (structural !== undefined) {
      pending.delete(structural);
      const { op, form, parameters, operands, space } = steps[structural]!;
      const inputs = operands.map(({ from, step }) => ({ from, step }));
      instructions.push({
        kind: "structural",
        op,
        extent: extentOf(structural),
        space,
        form,
        parameters,
        inputs,
        output: structural,
        functions: termsOf(op, parameters, operands.length),
      });
      continue;
    }
    const group = fusible(steps, [...pending], extentOf, ready);
    for (const step of group) pending.delete(step);
    instructions.push(fuse(steps, readers, group, extentOf(group[0]!), pending, kept));
  }
  return instructions;
}

/** The longest run of elementwise steps of one extent, on one grid, that can start now. */
function fusible(
  steps: readonly Step[],
  pending: readonly number[],
  extentOf: (step: number) => Extent,
  ready: (step: number) => boolean,
): number[] {
  const waiting = new Set(pending);
  const kindOf = (step: number): string => {
    const extent = extentOf(step);
    return extent === "block" || extent === "line" ? `${extent}${steps[step]!.space}` : extent;
  };
  const collect = (first: number): number[] => {
    const group = new Set<number>();
    // Steps that wait for a long formula of the group. One long formula after the other leaves the processor idle, while
    // numbers that are written and read again stay in the cache.
    const late = new Set<number>();
    const isNumber = extentOf(first) === "number";
    for (const step of pending) {
      if (group.size === (isNumber ? longestOfNumbers : longestFusion)) break;
      const { op, operands, parameters } = steps[step]!;
      const elementwise = elementwiseOps.get(op);
      if (elementwise === undefined || kindOf(step) !== kindOf(first)) continue;
      const possible = operands.every(
        (operand) =>
          operand.from !== "here" ||
          !waiting.has(operand.step) ||
          (group.has(operand.step) && operand.access === "same"),
      );
      if (!possible) continue;
      const follows = operands.some(({ from, step: before }) => from === "here" && late.has(before));
      const isLong = formulaFlops(elementwise, parameters) >= long;
      if (isLong && follows && !isNumber) continue;
      group.add(step);
      if (isLong || follows) late.add(step);
    }
    return [...group];
  };
  const first = new Map(pending.filter(ready).map((step) => [kindOf(step), step]));
  const groups = [...first.values()].map(collect);
  return groups.reduce((longest, group) => (group.length > longest.length ? group : longest));
}

/** Of each step the later ones of its list that read it. */
export function readersOf(steps: readonly Step[]): readonly (readonly number[])[] {
  const readers = steps.map((): number[] => []);
  for (const [later, { operands }] of steps.entries())
    for (const { from, step } of operands) if (from === "here") readers[step]!.push(later);
  return readers;
}

function fuse(
  steps: readonly Step[],
  readers: readonly (readonly number[])[],
  group: readonly number[],
  extent: Extent,
  pending: ReadonlySet<number>,
  kept: ReadonlySet<number>,
): Plain {
  const position = new Map(group.map((step, i) => [step, i]));
  const inputs: { place: Place; access: StreamAccess }[] = [];
  const source = (operand: Operand): Source => {
    const inside = operand.from === "here" ? position.get(operand.step) : undefined;
    if (inside !== undefined) return { step: inside };
    const access = accessOf(operand, extent);
    const known = inputs.findIndex(
      ({ place, access: other }) => place.from === operand.from && place.step === operand.step && other === access,
    );
    if (known >= 0) return { input: known };
    return { input: inputs.push({ place: { from: operand.from, step: operand.step }, access }) - 1 };
  };
  const fusedSteps = group.map((step): FusedStep => {
    const { op, parameters, operands } = steps[step]!;
    return { op, parameters, args: operands.map(source) };
  });
  const readLater = (step: number): boolean => kept.has(step) || readers[step]!.some((later) => pending.has(later));
  const outputs = group.filter(readLater);
  return {
    kind: "fused",
    extent,
    space: steps[group[0]!]!.space,
    fused: {
      narrow: extent === "number",
      inputs: inputs.map(({ access }) => access),
      steps: fusedSteps,
      outputs: outputs.map((step) => position.get(step)!),
    },
    inputs: inputs.map(({ place }) => place),
    outputs,
  };
}

/** Over a tile of pairs, what belongs to example a varies along rows, what belongs to b along columns. */
function accessOf(operand: Operand, extent: Extent): StreamAccess {
  if (extent === "tile") return operand.from === "here" ? "same" : operand.from === "a" ? "row" : "column";
  return operand.access === "whole" ? "same" : operand.access;
}
