/** @module The scratch memory of windows: the rows between one axis and the next. */
import type { WindowParameters } from "../../ops/window.js";
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
  readonly circular: boolean;
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
  /** Rows that are done, of which only entries are wanted. */
  readonly summed: Strip;
  readonly bytes: number;
}

const product = (sizes: readonly number[]): number => sizes.reduce((all, size) => all * size, 1);

/** The axes of a window. Of tokens a side may have fewer: `length` on the grid below, `left` on the one above. */
export function axesOf(
  { grid, to, filter, strides, before, padding }: WindowParameters,
  length: number,
  left: number,
): Axis[] {
  const alone = grid.length === 1;
  return grid.map((size, k) => ({
    size: alone ? length : size,
    to: alone ? left : to[k]!,
    filter: filter[k]!,
    stride: strides[k]!,
    before: before[k]!,
    inner: product(grid.slice(k + 1)),
    outer: product(to.slice(0, k)),
    circular: padding === "circular",
  }));
}

/** Positions on the last axis with gutters, so that every window lies on it whole. */
export function widthOf({ to, filter, before, size }: Axis): number {
  return Math.max(to + filter - 1, before + size);
}

/** Memory for a window over examples with at most `length` positions, of which it leaves `left`, from address `at` on. */
export function stripsOf(window: WindowParameters, format: Format, length: number, left: number, at: number): Strips {
  const axes = axesOf(window, length, left);
  const last = axes.at(-1)!;
  let top = at;
  const take = (rows: number, columns: number): Strip => {
    const row = strideOf(format, columns);
    const strip = { at: top, row };
    // Runs are written up to whole vectors, the last one too.
    top += rows * row + 64;
    return strip;
  };
  const all = axes[0]!.size * axes[0]!.inner;
  const most = Math.max(last.size, last.to);
  const rows = axes.map((axis) => take(Math.max(axis.inner, most), all));
  const columns = axes.slice(0, -1).map((axis) => take(Math.max(axis.inner, most), axis.outer * axis.to * axis.inner));
  const wide = take(Math.max(widthOf(last), most), last.outer * widthOf(last));
  const summed = take(most, last.outer * last.to);
  return { rows, columns, wide, summed, bytes: top - at };
}
