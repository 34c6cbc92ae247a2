/** @module Constant linear maps on positions: slices, resizing, matrices along an axis, zeros between positions. */
import type { Form, Node, Parameters, StructuralOp } from "./op.js";
import { isZero, zero } from "./zero.js";

/**
 * A sparse matrix A from the positions of one grid to those of another, row by row: row s has the entries number
 * `starts[s]` to `starts[s + 1]` (excluded), each with the position it reads and its weight.
 */
export type PositionMap = {
  readonly grid: readonly number[];
  /** The grid of what it leaves; `[]` for one number. */
  readonly to: readonly number[];
  readonly starts: readonly number[];
  readonly sources: readonly number[];
  readonly weights: readonly number[];
};

/** One entry of a row. */
export type Reading = readonly [source: number, weight: number];

/** The map with these rows; entries of weight 0 are left out. */
export function mapOf(
  grid: readonly number[],
  to: readonly number[],
  rows: readonly (readonly Reading[])[],
): PositionMap {
  const kept = rows.map((row) => row.filter(([, weight]) => weight !== 0));
  const starts = [0];
  for (const row of kept) starts.push(starts.at(-1)! + row.length);
  const entries = kept.flat();
  return { grid, to, starts, sources: entries.map(([source]) => source), weights: entries.map(([, weight]) => weight) };
}

/** The rows of a map. */
export function rowsOf({ starts, sources, weights }: PositionMap): Reading[][] {
  return starts
    .slice(1)
    .map((end, s) => sources.slice(starts[s], end).map((source, i): Reading => [source, weights[starts[s]! + i]!]));
}

/**
 * The map that does to each axis what its own rows say, A = A₁ ⊗ A₂ ⊗ …; an axis for which `dropped` is true has one row
 * and is not among the axes it leaves.
 */
export function alongAxes(
  grid: readonly number[],
  axes: readonly (readonly (readonly Reading[])[])[],
  dropped: (axis: number) => boolean = () => false,
): PositionMap {
  let rows: readonly (readonly Reading[])[] = [[[0, 1]]];
  for (const [axis, size] of grid.entries())
    rows = rows.flatMap((outer) =>
      axes[axis]!.map((inner) => outer.flatMap(([s, v]) => inner.map(([t, w]): Reading => [s * size + t, v * w]))),
    );
  const to = axes.map((along) => along.length).filter((_, axis) => !dropped(axis));
  return mapOf(grid, to, rows);
}

/** Whether each row reads one position at most: then diagonals are made of diagonals. */
export function isSelection({ starts }: PositionMap): boolean {
  return starts.every((start, s) => s === 0 || start - starts[s - 1]! <= 1);
}

/** Whether an operation of this room reads its block on the diagonal alone. */
export function readsDiagonal(form: Form, map: PositionMap): boolean {
  return form !== "block" && isSelection(map);
}

/** A k Aᵀ with the same A on both sides. */
export const mapPairsOp: StructuralOp = {
  kind: "structural",
  name: "mapPairs",
  demands: (form, parameters) => [readsDiagonal(form, parameters as PositionMap) ? "diagonal" : "block"],
  flops: (form, _, columns, __, parameters) => {
    const entries = (parameters as PositionMap).sources.length;
    return readsDiagonal(form, parameters as PositionMap) ? 2 * entries : 4 * entries * columns;
  },
};

export function mapPairs(k: Node, map: PositionMap): Node {
  const extent = map.to.length === 0 ? "value" : "pair";
  if (isZero(k)) return zero(extent, k.sides);
  return { op: mapPairsOp, args: [k], parameters: map as Parameters, extent, sides: k.sides, grid: map.to };
}

/** A u, of a line or of the diagonal of a block. */
export const mapLineOp: StructuralOp = {
  kind: "structural",
  name: "mapLine",
  demands: () => ["diagonal"],
  flops: (_, __, ___, ____, parameters) => 2 * (parameters as PositionMap).sources.length,
};

export function mapLine(u: Node, map: PositionMap): Node {
  const extent = map.to.length === 0 ? "value" : "line";
  return { op: mapLineOp, args: [u], parameters: map as Parameters, extent, sides: u.sides.slice(0, 1), grid: map.to };
}

/** A map with all weights 1: how many of the positions that it reads are there. */
export function counting({ grid, to, starts, sources }: PositionMap): PositionMap {
  return { grid, to, starts, sources, weights: sources.map(() => 1) };
}

/** All of these operations. Padding may be anywhere behind them. */
export const mapOps: { readonly [name: string]: StructuralOp } = { mapPairs: mapPairsOp, mapLine: mapLineOp };
