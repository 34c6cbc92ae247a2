/** @module Convolutions and windowed pools: one axis after the other, on as few rows at a time as there can be. */
import { type WindowParameters, windowCenters, windowTaps } from "../../ops/window.js";
import { type Axis, axesOf, type Strip, type Strips, stripsOf, widthOf } from "./strips.js";
import type { Call, Context } from "./structural.js";

/** More positions than there are: an axis that ends nowhere. */
const endless = 2 ** 30;

/** A window that moves over the rows too while it moves over the columns. */
interface Moving {
  readonly axis: Axis;
  /** Position of the window on the axis. */
  readonly index: number;
}

/** The lowering of `convolve`. */
export function convolve({ parameters, form, inputs: [k], output, space, ...context }: Context): Call {
  const window = parameters as WindowParameters;
  const strips = stripsOf(window, context.format, k!.space.longest, space.longest, context.spare);
  const passes = new Passes(context, strips);
  return (a, b) => {
    const [from, to] = [k!.space.lengths, space.lengths];
    const source = { at: k!.address(a, b), row: k!.stride(a, b) };
    const target = { at: output.address(a, b), row: output.stride(a, b) };
    if (form === "block")
      passes.block(axesOf(window, from[a]!, to[a]!), axesOf(window, from[b]!, to[b]!), source, target);
    else {
      const common = axesOf(window, Math.min(from[a]!, from[b]!), Math.min(to[a]!, to[b]!));
      passes.rows(common, 1, source, target);
    }
  };
}

/** The lowering of `windowSums`. */
export function windowSums({ parameters, form, inputs: [k], output, space, ...context }: Context): Call {
  const window = parameters as WindowParameters;
  const strips = stripsOf(window, context.format, k!.space.longest, space.longest, context.spare);
  const passes = new Passes(context, strips);
  return (a, b) => {
    const [from, to] = [k!.space.lengths, space.lengths];
    const source = { at: k!.address(a, b), row: k!.stride(a, b) };
    const target = { at: output.address(a, b), row: output.stride(a, b) };
    const [down, across] = [axesOf(window, from[a]!, to[a]!), axesOf(window, from[b]!, to[b]!)];
    passes.sides(down, across, source, (rows, first, count) => {
      if (form === "block") passes.rows(across, count, rows, { at: target.at + first * target.row, row: target.row });
      else passes.entries(across, count, rows, target.at, first, Math.min(to[a]!, to[b]!));
    });
  };
}

/** A line of which each entry is made in this language: what belongs to one example is made once. */
function madeLine(context: Context, entry: (s: number, a: number, b: number) => number): Call {
  const { output, space, write, format } = context;
  return (a, b) => {
    const [at, count] = [output.address(a, b), output.stride(a, b) / format.bytes];
    for (let s = 0; s < count; s++) write(at + s * format.bytes, s < space.lengths[a]! ? entry(s, a, b) : 0);
  };
}

/** The lowering of `pickCenters`. */
export function pickCenters(context: Context): Call {
  const { parameters, inputs, read, format } = context;
  const [u] = inputs;
  const centers = windowCenters(parameters as WindowParameters);
  return madeLine(context, (s, a, b) =>
    centers[s]! < u!.space.lengths[a]! ? read(u!.address(a, b) + centers[s]! * format.bytes) : 0,
  );
}

/** The lowering of `tapShares`. */
export function tapShares(context: Context): Call {
  const shares = windowTaps(context.parameters as WindowParameters).map(
    (taps) => 1 / taps.filter((tap) => tap >= 0).length,
  );
  return madeLine(context, (s) => shares[s]!);
}

/** Sums under windows with the scratch memory of one operation. */
class Passes {
  readonly #call: Context["call"];
  readonly #copy: Context["copy"];
  readonly #clear: Context["clear"];
  readonly #bytes: number;
  readonly #strips: Strips;

  constructor({ call, copy, clear, format }: Pick<Context, "call" | "copy" | "clear" | "format">, strips: Strips) {
    this.#call = call;
    this.#copy = copy;
    this.#clear = clear;
    this.#bytes = format.bytes;
    this.#strips = strips;
  }

  /** Σ_t k_{p+t, q+t} of a block: for each position on an outer axis the rows that belong to it. */
  block(down: readonly Axis[], across: readonly Axis[], from: Strip, to: Strip, k = 0): void {
    const [axis, columns] = [down[k]!, across[k]!];
    if (k === down.length - 1) {
      this.#last(axis, columns, axis.size, from, to);
      return;
    }
    const strip = this.#strips.columns[k]!;
    const rows = down.slice(k + 1).reduce((all, next) => all * next.to, 1);
    for (let index = 0; index < axis.to; index++) {
      this.#along(columns, axis.inner, from, strip, { axis, index });
      this.block(down, across, strip, { at: to.at + index * rows * to.row, row: to.row }, k + 1);
    }
  }

  /** Σ_t k_{q+t} of each of some rows. */
  rows(across: readonly Axis[], count: number, from: Strip, to: Strip): void {
    let below = from;
    for (const [k, axis] of across.entries()) {
      if (k === across.length - 1) {
        this.#last(undefined, axis, count, below, to);
        return;
      }
      this.#along(axis, count, below, this.#strips.columns[k]!);
      below = this.#strips.columns[k]!;
    }
  }

  /** Entries (p, p) of `count` summed rows, of which the one at the top is row number `first`; those from `end` on are not. */
  entries(across: readonly Axis[], count: number, from: Strip, to: number, first: number, end: number): void {
    const { summed } = this.#strips;
    this.rows(across, count, from, summed);
    for (let r = 0; r < count && first + r < end; r++) {
      const offset = (first + r) * this.#bytes;
      this.#copy(summed.at + r * summed.row + offset, to + offset, this.#bytes);
    }
  }

  /** Σ_t k_{p+t, q} of a block, a few rows at a time: hands over `count` of them, the first one's number being `first`. */
  sides(
    down: readonly Axis[],
    across: readonly Axis[],
    from: Strip,
    take: (rows: Strip, first: number, count: number) => void,
    k = 0,
    first = 0,
  ): void {
    const axis = down[k]!;
    const inside = k === down.length - 1;
    const strip = this.#strips.rows[k]!;
    const width = across[0]!.size * across[0]!.inner * this.#bytes;
    const rows = down.slice(k + 1).reduce((all, next) => all * next.to, 1);
    for (let index = 0; index < axis.to; index++) {
      const here = inside ? { at: strip.at + index * strip.row, row: strip.row } : strip;
      this.#down({ axis, index }, axis.inner, width, from, here);
      if (!inside) this.sides(down, across, strip, take, k + 1, first + index * rows);
    }
    if (inside) take(strip, first, axis.to);
  }

  /** Sums along one axis of the columns of some rows, and of the rows at the same time if the window moves over them. */
  #along(axis: Axis, rows: number, from: Strip, to: Strip, moving?: Moving): void {
    const run = axis.inner * this.#bytes;
    const step = moving === undefined ? 0 : moving.axis.inner * from.row;
    let name = "sumRuns";
    for (const around of roundsOf(axis))
      for (const up of moving === undefined ? [0] : roundsOf(moving.axis)) {
        const [start, first, last] = reach(moving, up, axis.filter);
        this.#call[name]!(
          from.at + start * step,
          to.at,
          rows,
          from.row,
          to.row,
          axis.outer,
          axis.size * run,
          axis.to * run,
          axis.to,
          run,
          axis.stride,
          -axis.before - around,
          axis.size,
          run,
          first,
          last,
          step + run,
          run,
        );
        name = "addRuns";
      }
  }

  /** Sums along one axis of the rows, for one position of the window. */
  #down(moving: Moving, rows: number, bytes: number, from: Strip, to: Strip): void {
    const step = moving.axis.inner * from.row;
    let name = "sumRuns";
    for (const up of roundsOf(moving.axis)) {
      const [start, first, last] = reach(moving, up, moving.axis.filter);
      const source = from.at + start * step;
      this.#call[name]!(
        source,
        to.at,
        rows,
        from.row,
        to.row,
        1,
        0,
        0,
        1,
        0,
        0,
        0,
        endless,
        0,
        first,
        last,
        step,
        bytes,
      );
      name = "addRuns";
    }
  }

  /** Sums along the last axis, of all rows of a block's part if the window moves over them: `down` is their axis. */
  #last(down: Axis | undefined, axis: Axis, rows: number, from: Strip, to: Strip): void {
    if (!fits(axis) || (down !== undefined && !fits(down))) {
      if (down === undefined) this.#along(axis, rows, from, to);
      for (let index = 0; down !== undefined && index < down.to; index++)
        this.#along(axis, 1, from, { at: to.at + index * to.row, row: to.row }, { axis: down, index });
      return;
    }
    const bytes = this.#bytes;
    const wide = this.#strips.wide;
    const width = widthOf(axis) * bytes;
    const first = wide.at + (down?.before ?? 0) * wide.row;
    const [size, before, left] = [axis.size * bytes, axis.before * bytes, axis.to * bytes];
    // prettier-ignore
    this.#call["sumRuns"]!(
      from.at,
      first + before,
      rows,
      from.row,
      wide.row,
      axis.outer,
      size,
      width,
      1,
      0,
      0,
      0,
      endless,
      0,
      0,
      1,
      0,
      size,
    );
    const after = width - before - size;
    this.#call["gutters"]!(first, rows, wide.row, axis.outer, width, before, size, after, axis.circular ? size : 0);
    if (down !== undefined) this.#gutterRows(down, axis.outer * width);
    const tap = (down === undefined ? 0 : wide.row) + bytes;
    const out = down?.to ?? rows;
    // prettier-ignore
    this.#call["sumRuns"]!(
      wide.at,
      to.at,
      out,
      wide.row,
      to.row,
      axis.outer,
      width,
      left,
      1,
      0,
      0,
      0,
      endless,
      0,
      0,
      axis.filter,
      tap,
      left,
    );
  }

  /** Fills the rows before and behind those of a part of a block, as gutters are filled. */
  #gutterRows(axis: Axis, bytes: number): void {
    const { at, row } = this.#strips.wide;
    const end = axis.before + axis.size;
    const fill = (to: number, from: number): void => {
      if (axis.circular) this.#copy(at + from * row, at + to * row, bytes);
      else this.#clear(at + to * row, bytes);
    };
    for (let r = 0; r < axis.before; r++) fill(r, r + axis.size);
    for (let r = end; r < widthOf(axis); r++) fill(r, r - axis.size);
  }
}

/** Whether the last axis is summed on rows with gutters, which hold at most what goes around once. */
function fits(axis: Axis): boolean {
  const { stride, circular, before, size } = axis;
  return stride === 1 && (!circular || (before <= size && widthOf(axis) - before - size <= size));
}

/** How far windows that go around an axis go around: multiples of its size, 0 alone if they do not. */
function roundsOf({ circular, size, to, filter, stride, before }: Axis): number[] {
  if (!circular) return [0];
  const least = Math.floor(-before / size);
  const most = Math.floor((stride * (to - 1) + filter - 1 - before) / size);
  return Array.from({ length: most - least + 1 }, (_, i) => (least + i) * size);
}

/** Where a window on an axis of the rows starts, and which of its taps are on the axis. */
function reach(moving: Moving | undefined, up: number, filter: number): readonly [number, number, number] {
  if (moving === undefined) return [0, 0, filter];
  const { axis, index } = moving;
  const start = axis.stride * index - axis.before - up;
  return [start, Math.max(0, -start), Math.min(filter, axis.size - start)];
}
