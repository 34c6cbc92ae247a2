/**
 * @module Blocks of images, band by band. A band is the part of a block whose rows (h, w) and columns (h + δ, w') are δ
 * apart on the first axis. Windows that move over both sides at once, and what acts on each entry alone, stay within a
 * band, so that all bands of a row of convolutions fit into the cache where one block does not.
 */
import { gramOp } from "../../ops/gram.js";
import { bilinearOp, sumPairsOp } from "../../ops/reductions.js";
import { elementwiseOps } from "../../ops/registry.js";
import { convolveOp, type WindowParameters } from "../../ops/window.js";
import type { Operand, Program, Step } from "../../program/program.js";
import { tileColumns } from "./kernels/product.js";
import {
  type BandSum,
  type Bands,
  type Extent,
  type Instruction,
  type Plain,
  readersOf,
  schedule,
} from "./schedule.js";
import { isShort } from "./strips.js";
import type { Format } from "./vector.js";

/**
 * Positions from which on bands pay: the few blocks that a pair has at a time do not fit into the second cache, which
 * costs more than rows that are as short as those of an image.
 */
export const worthBands = 700;

/** Steps of a list whose blocks, of `least` positions or more, are computed band by band: those around windows. */
export function bandSteps({ spaces }: Program, steps: readonly Step[], least: number): ReadonlySet<number> {
  const inside = new Set<number>();
  const first = steps.find((step) => isWindow(step));
  if (first === undefined || spaces[first.space]!.reduce((all, size) => all * size, 1) < least) return inside;
  const behind = new Set<number>();
  for (const [i, step] of steps.entries()) {
    const here = step.operands.filter(({ from }) => from === "here");
    const known = ({ step: below }: Operand): boolean =>
      steps[below]!.form === "block" ? inside.has(below) : !behind.has(below);
    const local = isWindow(step) || step.op === gramOp.name || elementwiseOps.has(step.op);
    if (local && step.form === "block" && step.space === first.space && here.every(known)) inside.add(i);
    if (inside.has(i) || here.some(({ step: below }) => behind.has(below))) behind.add(i);
  }
  return steps.some((step, i) => inside.has(i) && isWindow(step)) ? inside : new Set();
}

/** Whether a step sums under windows that leave every position, short enough to be summed tap by tap. */
function isWindow({ op, form, parameters }: Step): boolean {
  if (op !== convolveOp.name || form !== "block") return false;
  const { grid, padding, strides, filter } = parameters as WindowParameters;
  return grid.length === 2 && padding === "same" && strides.every((by) => by === 1) && filter.every(isShort);
}

/**
 * The instructions of a list, as `schedule` makes them; those of its bands are one. `own` says that its blocks are an
 * example's with itself.
 */
export function scheduleBands(
  own: boolean,
  steps: readonly Step[],
  extentOf: (step: number) => Extent,
  runs: (step: number) => boolean,
  kept: ReadonlySet<number>,
  inside: ReadonlySet<number>,
): readonly Instruction[] {
  if (inside.size === 0) return schedule(steps, extentOf, runs, kept);
  const readers = readersOf(steps);
  const before = new Set<number>();
  for (const [i, { operands }] of steps.entries())
    if (!inside.has(i) && operands.every(({ from, step }) => from !== "here" || before.has(step))) before.add(i);
  const sums = [...steps.keys()].flatMap((i) => sumOf(steps, i, inside, before) ?? []);
  const summed = new Set(sums.map(({ to }) => to));
  const readBeyond = (part: ReadonlySet<number>): ReadonlySet<number> =>
    new Set([...part].filter((i) => kept.has(i) || readers[i]!.some((later) => !part.has(later))));
  const part = (is: (step: number) => boolean, needed: ReadonlySet<number>): readonly Plain[] =>
    schedule(steps, extentOf, (i) => runs(i) && is(i), needed);
  const whole = [...inside].filter(
    (i) => kept.has(i) || readers[i]!.some((later) => !inside.has(later) && !summed.has(later)),
  );
  const bands: Bands = {
    kind: "bands",
    extent: "block",
    space: steps[[...inside][0]!]!.space,
    instructions: part((i) => inside.has(i), readBeyond(inside)),
    sums,
    whole,
    symmetric: own && whole.length === 0 && [...inside, ...summed].every((i) => isSymmetric(steps[i]!)),
    inputs: [...inside, ...summed].flatMap((i) =>
      steps[i]!.operands.filter(({ from, step }) => from === "here" && before.has(step)),
    ),
  };
  const behind = (i: number): boolean => !before.has(i) && !inside.has(i) && !summed.has(i);
  return [...part((i) => before.has(i), readBeyond(before)), bands, ...part(behind, kept)];
}

/** A step that sums over the entries of a block in bands. */
function sumOf(
  steps: readonly Step[],
  to: number,
  inside: ReadonlySet<number>,
  before: ReadonlySet<number>,
): BandSum | undefined {
  const { op, operands } = steps[to]!;
  if (op !== sumPairsOp.name && op !== bilinearOp.name) return undefined;
  const [k, ...weights] = op === sumPairsOp.name ? operands : [operands[1]!, operands[0]!, operands[2]!];
  const known = weights.every(({ from, step }) => from !== "here" || before.has(step));
  if (k!.from !== "here" || !inside.has(k!.step) || !known) return undefined;
  return { from: k!.step, to, weights: weights.map(({ from, step }) => ({ from, step })) };
}

/** Whether entries (p, q) and (q, p) of a block are equal if those of what it is made from are. */
function isSymmetric({ op, operands }: Step): boolean {
  const [left, , right] = operands;
  if (op === bilinearOp.name) return left!.from === right!.from && left!.step === right!.step;
  if (!elementwiseOps.has(op)) return true;
  const side = (wanted: Operand["access"]): string =>
    operands.flatMap(({ from, step, access }) => (access === wanted ? [`${from}${step}`] : [])).join();
  return side("row") === side("column");
}

/** Bytes of a row of a band: whole register tiles. */
export function bandRow(format: Format, columns: number): number {
  return Math.ceil(columns / tileColumns(format)) * tileColumns(format) * format.bytes;
}
