/** @module The axes of a window and the scratch memory between them. */
import { type WindowParameters, windowTaps } from "../../ops/window.js";
import { strideOf } from "./stride.js";
import type { Format } from "./vector.js";

/** One axis of a window, as one side sees it. */
export interface Axis {
  readonly size: number;
  readonly to: number;
  readonly filter: number;
  readonly stride: number;
  readonly before: number;
  /** Positions of the grid below on the axes inside this one. */
  readonly inner: number;
  /** Positions of the grid above on the axes outside this one. */
  readonly outer: number;
  /** How far windows go around: multiples of the size; 0 alone if they do not. */
  readonly rounds: readonly number[];
}

/** Rows in memory: where the first one is, and bytes to the next. */
export interface Strip {
  readonly at: number;
  readonly row: number;
}

export interface Strips {
  /** Rows that are summed along an axis of the rows, for each of them. */
  readonly rows: readonly Strip[];
  /** Rows that are summed along an axis of the columns, for each but the last. */
  readonly columns: readonly Strip[];
  /** Rows with gutters around the last axis. */
  readonly wide: Strip;
  /** Copies of those rows, where sums from the start of each stretch of a long filter go. */
  readonly starts: Strip;
  /** Rows that are done, of which only entries are wanted. */
  readonly summed: Strip;
  readonly bytes: number;
}

const product = (sizes: readonly number[]): number => sizes.reduce((all, size) => all * size, 1);

/** The axes of a window. Of tokens a side may have fewer: `length` on the grid below, `left` on the one above. */
export function axesOf(window: WindowParameters, length: number, left: number): readonly Axis[] {
  const { grid, to, filter, strides, before } = window;
  const alone = grid.length === 1;
  return grid.map((size, k) => ({
    size: alone ? length : size,
    to: alone ? left : to[k]!,
    filter: filter[k]!,
    stride: strides[k]!,
    before: before[k]!,
    inner: product(grid.slice(k + 1)),
    outer: product(to.slice(0, k)),
    rounds: roundsOf(window, k),
  }));
}

function roundsOf({ grid, to, filter, strides, before, padding }: WindowParameters, k: number): readonly number[] {
  if (padding !== "circular") return [0];
  const least = Math.floor(-before[k]! / grid[k]!);
  const most = Math.floor((strides[k]! * (to[k]! - 1) + filter[k]! - 1 - before[k]!) / grid[k]!);
  return Array.from({ length: most - least + 1 }, (_, i) => (least + i) * grid[k]!);
}

/** Positions on the last axis with gutters, so that every window lies on it whole. */
export function widthOf({ to, filter, before, size }: Axis): number {
  return Math.max(to + filter - 1, before + size);
}

/** Filters from here on are summed by stretches, at a cost that does not depend on their length. */
const longFilter = 12;

export function isLong({ filter, stride }: Axis): boolean {
  return !isShort(filter) && stride === 1;
}

/** Whether a filter is summed tap by tap. */
export function isShort(filter: number): boolean {
  return filter < longFilter;
}

/**
 * Whether the last axis is summed with masks: where windows leave every position, so that rows need no gutters. It has
 * axes outside, on which rows are long.
 */
export function isMasked({ grid, filter, strides, padding }: WindowParameters): boolean {
  return grid.length > 1 && padding === "same" && strides.at(-1) === 1 && isShort(filter.at(-1)!);
}

/** Bytes of the masks of a window's last axis: for each tap a row of what it leaves. */
export function maskBytes(window: WindowParameters, format: Format): number {
  return window.filter.at(-1)! * strideOf(format, product(window.to));
}

/** Writes the masks: all bits of a number are 1 where the tap lies on the axis. */
export function writeMasks(window: WindowParameters, format: Format, at: number, words: Int32Array): void {
  const { grid, filter } = window;
  const axis = { ...window, grid: grid.slice(-1), to: window.to.slice(-1), filter: filter.slice(-1) };
  const taps = windowTaps({ ...axis, strides: [1], before: window.before.slice(-1) });
  const [row, size] = [strideOf(format, product(window.to)), taps.length];
  for (let t = 0; t < filter.at(-1)!; t++)
    for (let s = 0; s < product(window.to); s++) {
      const place = (at + t * row + s * format.bytes) / 4;
      words.fill(taps[s % size]![t]! < 0 ? 0 : -1, place, place + format.bytes / 4);
    }
}

/** Memory for a window over examples with at most `length` positions, of which it leaves `left`, from address `at` on. */
export function stripsOf(window: WindowParameters, format: Format, length: number, left: number, at: number): Strips {
  const axes = axesOf(window, length, left);
  const last = axes.at(-1)!;
  let top = at;
  const take = (rows: number, columns: number, before = 0, after = 0): Strip => {
    // Runs are written up to whole vectors, the last one of a row too.
    const row = strideOf(format, columns + format.lanes);
    const strip = { at: top + before * row, row };
    top += (before + rows + after) * row;
    return strip;
  };
  const all = axes[0]!.size * axes[0]!.inner;
  const most = Math.max(last.size, last.to);
  const rows = axes.map((axis) => take(Math.max(axis.inner, most), all));
  const columns = axes
    .slice(0, -1)
    .map((axis) =>
      take(Math.max(axis.inner, most), axis.outer * axis.to * axis.inner, last.before, last.filter - 1 - last.before),
    );
  const wide = take(Math.max(widthOf(last), most), last.outer * widthOf(last));
  const starts = isLong(last) ? take(widthOf(last), last.outer * widthOf(last)) : wide;
  const summed = take(most, last.outer * last.to);
  return { rows, columns, wide, starts, summed, bytes: top - at };
}
