/** @module Convolutions and windowed pools: one axis after the other, on as few rows at a time as there can be. */
import { type WindowParameters, windowCenters, windowTaps } from "../../ops/window.js";
import type { Call, Context } from "./context.js";
import type { Found } from "./places.js";
import { strideOf } from "./stride.js";
import { type Axis, axesOf, isLong, type Strip, type Strips, stripsOf, widthOf } from "./strips.js";

/** More positions than there are: an axis that ends nowhere. */
const endless = 2 ** 30;

/** How many groups of columns a row has, and their bytes before and after. */
type Groups = readonly [groups: number, group: number, left: number];

/** A window that moves over the rows too while it moves over the columns. */
interface Moving {
  readonly axis: Axis;
  /** Position of the window on the axis. */
  readonly index: number;
}

/** The lowering of `convolve`. */
export function convolve(context: Context): Call {
  const { parameters, form, inputs, output, space } = context;
  const [k] = inputs as readonly [Found];
  const window = parameters as WindowParameters;
  const passes = new Passes(context, k.space.longest);
  const axes = sides(window);
  return (a, b) => {
    const [from, to] = [k.space.lengths, space.lengths];
    const source = { at: k.address(a, b), row: k.stride(a, b) };
    const target = { at: output.address(a, b), row: output.stride(a, b) };
    if (form === "block") passes.block(axes(from[a]!, to[a]!), axes(from[b]!, to[b]!), source, target);
    else passes.rows(axes(Math.min(from[a]!, from[b]!), Math.min(to[a]!, to[b]!)), 1, source, target);
  };
}

/** The lowering of `windowSums`. */
export function windowSums(context: Context): Call {
  const { parameters, form, inputs, output, space } = context;
  const [k] = inputs as readonly [Found];
  const passes = new Passes(context, k.space.longest);
  const axes = sides(parameters as WindowParameters);
  return (a, b) => {
    const [from, to] = [k.space.lengths, space.lengths];
    const source = { at: k.address(a, b), row: k.stride(a, b) };
    const target = { at: output.address(a, b), row: output.stride(a, b) };
    const [down, across] = [axes(from[a]!, to[a]!), axes(from[b]!, to[b]!)];
    passes.sides(down, across, source, (rows, first, count) => {
      if (form === "block") passes.rows(across, count, rows, { at: target.at + first * target.row, row: target.row });
      else passes.entries(across, count, rows, target.at, first, Math.min(to[a]!, to[b]!));
    });
  };
}

/** The axes of a window for examples of some lengths; but for tokens they are the same for all. */
function sides(window: WindowParameters): (length: number, left: number) => readonly Axis[] {
  if (window.grid.length === 1) return (length, left) => axesOf(window, length, left);
  const axes = axesOf(window, 0, 0);
  return () => axes;
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
  /** Address of the masks of the last axis, if it has some, and bytes from one to the next. */
  readonly #masks: Strip | undefined;

  constructor({ call, copy, clear, format, parameters, layout, space, spare }: Context, length: number) {
    const window = parameters as WindowParameters;
    this.#call = call;
    this.#copy = copy;
    this.#clear = clear;
    this.#bytes = format.bytes;
    this.#strips = stripsOf(window, format, length, space.longest, spare);
    const at = layout.masks.get(JSON.stringify(window));
    this.#masks = at === undefined ? undefined : { at, row: strideOf(format, space.longest) };
  }

  /** Σ_t k_{p+t, q+t} of a block: for each position on an outer axis the rows that belong to it. */
  block(down: readonly Axis[], across: readonly Axis[], from: Strip, to: Strip, k = 0): void {
    const [axis, columns] = [down[k]!, across[k]!];
    if (k === down.length - 1) {
      this.#last(axis, columns, axis.size, from, to);
      return;
    }
    const strip = this.#strips.columns[k]!;
    const rows = rowsInside(down, k);
    if (this.#masks !== undefined && k === down.length - 2) this.#clearAround(strip, down[k + 1]!);
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
    const rows = rowsInside(down, k);
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
    for (const around of axis.rounds)
      for (const up of moving?.axis.rounds ?? [0]) {
        const start = moving === undefined ? 0 : startOf(moving, up);
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
          axis.stride,
          -axis.before - around,
          axis.size,
          Math.max(0, -start),
          moving === undefined ? axis.filter : Math.min(axis.filter, moving.axis.size - start),
          step + run,
          run,
        );
        name = "addRuns";
      }
  }

  /** Sums along one axis of the rows, for one position of the window. */
  #down(moving: Moving, rows: number, bytes: number, from: Strip, to: Strip): void {
    const { inner, filter, size, rounds } = moving.axis;
    const step = inner * from.row;
    let name = "sumRuns";
    for (const up of rounds) {
      const start = startOf(moving, up);
      const [first, last] = [Math.max(0, -start), Math.min(filter, size - start)];
      this.#plain(name, { at: from.at + start * step, row: from.row }, to, rows, [1, 0, 0], first, last, step, bytes);
      name = "addRuns";
    }
  }

  /** Sums of the same taps for whole groups of columns. */
  #plain(
    name: string,
    from: Strip,
    to: Strip,
    rows: number,
    [groups, group, left]: Groups,
    first: number,
    last: number,
    tap: number,
    bytes: number,
  ): void {
    this.#call[name]!(
      from.at,
      to.at,
      rows,
      from.row,
      to.row,
      groups,
      group,
      left,
      1,
      0,
      0,
      endless,
      first,
      last,
      tap,
      bytes,
    );
  }

  /** Sums along the last axis, of all rows of a block's part if the window moves over them: `down` is their axis. */
  #last(down: Axis | undefined, axis: Axis, rows: number, from: Strip, to: Strip): void {
    if (this.#masks !== undefined) this.#masked(down, axis, rows, from, to);
    else if (fits(axis) && (down === undefined || fits(down))) this.#widened(down, axis, rows, from, to);
    else if (down === undefined) this.#along(axis, rows, from, to);
    else
      for (let index = 0; index < down.to; index++)
        this.#along(axis, 1, from, { at: to.at + index * to.row, row: to.row }, { axis: down, index });
  }

  /** The last axis where windows leave every position: whole rows, of which masks hide what is beyond its ends. */
  #masked(down: Axis | undefined, axis: Axis, rows: number, { at, row }: Strip, to: Strip): void {
    const tap = (down === undefined ? 0 : row) + this.#bytes;
    const masks = this.#masks!;
    const [first, bytes] = [at - axis.before * tap, axis.outer * axis.to * this.#bytes];
    this.#call["maskedRuns"]!(first, to.at, rows, row, to.row, axis.filter, tap, masks.at, masks.row, bytes);
  }

  /** Zeros in the rows around a strip, which windows at its rim read. */
  #clearAround({ at, row }: Strip, { before, filter, size }: Axis): void {
    this.#clear(at - before * row, before * row);
    this.#clear(at + size * row, (filter - 1 - before) * row);
  }

  /** The last axis on rows with gutters. */
  #widened(down: Axis | undefined, axis: Axis, rows: number, from: Strip, to: Strip): void {
    const bytes = this.#bytes;
    const { wide } = this.#strips;
    const width = widthOf(axis) * bytes;
    const first = wide.at + (down?.before ?? 0) * wide.row;
    const [size, before, left] = [axis.size * bytes, axis.before * bytes, axis.to * bytes];
    const target = { at: first + before, row: wide.row };
    this.#plain("sumRuns", from, target, rows, [axis.outer, size, width], 0, 1, 0, size);
    const around = axis.rounds.length > 1 ? size : 0;
    this.#call["gutters"]!(first, rows, wide.row, axis.outer, width, before, size, width - before - size, around);
    if (down !== undefined) this.#gutterRows(down, axis.outer * width);
    if (down !== undefined && isLong(axis) && isLong(down)) {
      this.#stretches(down, to, widthOf(down), axis.outer * width, [axis.outer, width, left]);
      return;
    }
    const tap = (down === undefined ? 0 : wide.row) + bytes;
    this.#plain("sumRuns", wide, to, down?.to ?? rows, [axis.outer, width, left], 0, axis.filter, tap, left);
  }

  /**
   * Sums of a long filter, F rows and columns. Rows with gutters are cut into stretches of F; with the sums E from each
   * entry along its diagonal to the end of the stretch, and B to it from the beginning, a window that begins in one
   * stretch and ends in the next is E_{p,q} + B_{p+F−1, q+F−1}. Nothing is subtracted, so no digits are lost.
   */
  #stretches({ filter, to: count }: Axis, to: Strip, height: number, bytes: number, groups: Groups): void {
    const [ends, begins] = [this.#strips.wide, this.#strips.starts];
    const along = ends.row + this.#bytes;
    this.#copy(ends.at, begins.at, height * ends.row);
    for (let first = 0; first < height; first += filter) {
      const rows = Math.min(filter, height - first) - 1;
      const start = { at: begins.at + first * begins.row, row: begins.row };
      const second = { at: start.at + along, row: begins.row };
      this.#plain("sumRuns", start, second, rows, [1, 0, 0], 0, 2, along, bytes);
      const last = { at: ends.at + (first + rows - 1) * ends.row, row: -ends.row };
      this.#plain("sumRuns", last, last, rows, [1, 0, 0], 0, 2, along, bytes);
    }
    for (let first = 0; first < count; first += filter) {
      const source = { at: ends.at + first * ends.row, row: ends.row };
      const target = { at: to.at + first * to.row, row: to.row };
      this.#plain("sumRuns", source, target, 1, groups, 0, 1, 0, groups[2]);
      const [from, into] = [source.at + ends.row, target.at + to.row];
      const jump = begins.at - ends.at + (filter - 1) * along;
      const rows = Math.min(filter, count - first) - 1;
      this.#plain(
        "sumRuns",
        { at: from, row: ends.row },
        { at: into, row: to.row },
        rows,
        groups,
        0,
        2,
        jump,
        groups[2],
      );
    }
  }

  /** Fills the rows before and behind those of a part of a block, as gutters are filled. */
  #gutterRows(axis: Axis, bytes: number): void {
    const { at, row } = this.#strips.wide;
    const fill = (to: number, from: number): void => {
      if (axis.rounds.length > 1) this.#copy(at + from * row, at + to * row, bytes);
      else this.#clear(at + to * row, bytes);
    };
    for (let r = 0; r < axis.before; r++) fill(r, r + axis.size);
    for (let r = axis.before + axis.size; r < widthOf(axis); r++) fill(r, r - axis.size);
  }
}

/** Rows of the grid above for one position on an axis. */
function rowsInside(axes: readonly Axis[], k: number): number {
  return axes.slice(k + 1).reduce((all, { to }) => all * to, 1);
}

/** Whether the last axis is summed on rows with gutters, which hold at most what goes around once. */
function fits(axis: Axis): boolean {
  const { stride, rounds, before, size } = axis;
  return stride === 1 && (rounds.length === 1 || (before <= size && widthOf(axis) - before - size <= size));
}

/** Where a window on an axis of the rows starts. */
function startOf({ axis, index }: Moving, up: number): number {
  return axis.stride * index - axis.before - up;
}
