/**
 * @module What joins branches on one input: sums, products, and one beside the other. Branches that end with weights of
 * their own are independent of all others. Those that carry the input channel by channel depend on each other, and are
 * known together only where each is a constant linear map of the input's positions.
 */
import { add, affine, multiply } from "../ops/elementary.js";
import type { Node, Side } from "../ops/op.js";
import { either, keep } from "../ops/padding.js";
import { mapLine, mapOf, mapPairs, type Reading, rowsOf } from "../ops/position-map.js";
import type { Bond } from "./joins.js";
import type { Covariances, LinearStep } from "./layer.js";

/** A branch of a join. */
export interface Branch extends Bond {
  readonly covariances: Covariances;
  readonly grid: readonly number[];
  /** What it does to the input, if it is linear. */
  readonly steps: readonly Passed[];
}

/** A linear step, and what is behind it. */
export interface Passed extends LinearStep {
  readonly grid: readonly number[];
  readonly presence: Covariances["presence"];
}

type Kind = "nngp" | "ntk";
type Pairs = (kind: Kind, p: Side, q: Side) => Node;

/** Equal branches as one, with their number. */
function counted(branches: readonly Branch[]): readonly (readonly [branch: Branch, times: number])[] {
  const keys = [...new Set(branches.map(({ key }) => key))];
  return keys.map((key) => {
    const alike = branches.filter((branch) => branch.key === key);
    return [alike[0]!, alike.length] as const;
  });
}

/** Σ_r f_r: with independent parts K = Σ K_r, and (Σ A_r) K (Σ A_r)ᵀ of what carries the input. */
export function sum(branches: readonly Branch[], below: Covariances, grid: readonly number[]): Covariances {
  const parts = branches.filter(({ fresh }) => fresh).map(pairsOf);
  const carrying = counted(branches.filter(({ fresh }) => !fresh));
  if (carrying.length > 0) parts.push(added(carrying, below, grid));
  return joined(parts, (p) => branches.map(({ covariances }) => covariances.presence(p)).reduce(either));
}

/** The sum of branches that carry the input, each so many times. */
function added(carrying: readonly (readonly [Branch, number])[], below: Covariances, grid: readonly number[]): Pairs {
  const [first, times] = carrying[0]!;
  if (carrying.length === 1) return (kind, p, q) => affine(first.covariances[kind](p, q), times ** 2, 0);
  if (carrying.every(([{ steps }]) => steps.every(({ map }) => map === null))) {
    const factor = carrying.reduce((all, [{ steps }, n]) => all + n * steps.reduce((f, step) => f * step.factor, 1), 0);
    return (kind, p, q) => affine(below[kind](p, q), factor ** 2, 0);
  }
  const { pairs, starts, size } = stack(
    carrying.map(([branch]) => branch),
    below,
    grid,
  );
  const rows = Array.from({ length: sizeOf(first.grid) }, (_, s) =>
    carrying.map(([, n], r): Reading => [starts[r]! + s, n]),
  );
  const fold = mapOf([size], first.grid, rows);
  return (kind, p, q) => mapPairs(pairs(kind, p, q), fold);
}

/** f = Π_r f_r entry by entry, of independent branches: K = Π K_r, Θ = Σ_r Θ_r Π_{s≠r} K_s. */
export function product(branches: readonly Branch[]): Covariances {
  const all = branches.map(({ covariances }) => covariances);
  return {
    nngp: (p, q) => all.map((branch) => branch.nngp(p, q)).reduce(multiply),
    ntk: (p, q) =>
      all
        .map((branch, r) =>
          all
            .filter((_, s) => s !== r)
            .map((other) => other.nngp(p, q))
            .reduce(multiply, branch.ntk(p, q)),
        )
        .reduce(add),
    presence: (p) => all.map((branch) => branch.presence(p)).reduce(either),
  };
}

/** Channels of all branches: K = Σ_r w_r K_r / Σ_r w_r with their widths w_r, Θ likewise. */
export function besideInChannels(branches: readonly Branch[], widths: readonly number[]): Covariances {
  const total = widths.reduce((x, y) => x + y);
  const mean = (kind: Kind, p: Side, q: Side): Node =>
    branches.map(({ covariances }, r) => affine(covariances[kind](p, q), widths[r]! / total, 0)).reduce(add);
  return {
    nngp: (p, q) => mean("nngp", p, q),
    ntk: (p, q) => mean("ntk", p, q),
    presence: (p) => branches.map(({ covariances }) => covariances.presence(p)).reduce(either),
  };
}

/** Positions of all branches along an axis; between independent branches K and Θ are 0. */
export function besideInPositions(
  branches: readonly Branch[],
  axis: number,
  below: Covariances,
  grid: readonly number[],
): Covariances {
  const grids = branches.map((branch) => branch.grid);
  const places = branches.map((_, r) => placesAlong(grids, r, axis));
  const to = grids[0]!.map((size, k) => (k === axis ? grids.reduce((sum, of) => sum + of[k]!, 0) : size));
  const put = (r: number, from = 0, rows = empty()): Reading[][] => {
    for (const [s, place] of places[r]!.entries()) rows[place] = [[from + s, 1]];
    return rows;
  };
  const maps = branches.map((_, r) => mapOf(grids[r]!, to, put(r)));
  const parts = branches.flatMap((branch, r): Pairs[] => {
    const pairs = pairsOf(branch);
    return branch.fresh ? [(kind, p, q) => mapPairs(pairs(kind, p, q), maps[r]!)] : [];
  });
  const distinct = counted(branches.filter(({ fresh }) => !fresh)).map(([branch]) => branch);
  if (distinct.length > 0) {
    const alone = { pairs: pairsOf(distinct[0]!), starts: [0], size: sizeOf(distinct[0]!.grid) };
    const { pairs, starts, size } = distinct.length === 1 ? alone : stack(distinct, below, grid);
    const rows = empty();
    for (const [r, { fresh, key }] of branches.entries())
      if (!fresh) put(r, starts[distinct.findIndex((branch) => branch.key === key)]!, rows);
    const spread = mapOf(distinct.length === 1 ? distinct[0]!.grid : [size], to, rows);
    parts.push((kind, p, q) => mapPairs(pairs(kind, p, q), spread));
  }
  return joined(parts, (p) =>
    branches.map(({ covariances }, r) => mapLine(covariances.presence(p), maps[r]!)).reduce(add),
  );

  function empty(): Reading[][] {
    return Array.from({ length: sizeOf(to) }, () => []);
  }
}

/** Where each position of a branch goes among those of all, one branch after another along an axis. */
export function placesAlong(grids: readonly (readonly number[])[], r: number, axis: number): readonly number[] {
  const before = grids.slice(0, r).reduce((sum, grid) => sum + grid[axis]!, 0);
  const total = grids.reduce((sum, grid) => sum + grid[axis]!, 0);
  const inner = sizeOf(grids[r]!.slice(axis + 1));
  return Array.from({ length: sizeOf(grids[r]!) }, (_, s) => {
    const [outer, along] = [Math.floor(s / (inner * grids[r]![axis]!)), Math.floor(s / inner) % grids[r]![axis]!];
    return (outer * total + before + along) * inner + (s % inner);
  });
}

/** Covariances of all positions of several branches, one branch after another. */
interface Stack {
  readonly pairs: Pairs;
  /** Where each branch begins. */
  readonly starts: readonly number[];
  readonly size: number;
}

/** The stack of branches that are linear in the input, step by step, with zeros at the padding of each. */
function stack(branches: readonly Branch[], below: Covariances, grid: readonly number[]): Stack {
  const depth = Math.max(...branches.map(({ steps }) => steps.length));
  const start: Passed = { map: null, factor: 1, grid, presence: below.presence };
  const strands = branches.map(({ steps }) =>
    Array.from({ length: depth }, (_, k) => steps[k] ?? { ...(steps.at(-1) ?? start), map: null, factor: 1 }),
  );
  let pairs: Pairs = (kind, p, q) => below[kind](p, q);
  let [from, starts] = [grid, branches.map(() => 0)];
  for (let k = 0; k < depth; k++) {
    const level = strands.map((strand) => strand[k]!);
    const rows = level.flatMap(({ map, factor }, r) => {
      const below = sizeOf((k === 0 ? start : strands[r]![k - 1]!).grid);
      const own = map === null ? Array.from({ length: below }, (_, s): Reading[] => [[s, 1]]) : rowsOf(map);
      return own.map((row) => row.map(([at, weight]): Reading => [starts[r]! + at, weight * factor]));
    });
    const [map, presence, inner] = [mapOf(from, [rows.length], rows), together(level), pairs];
    pairs = (kind, p, q) => keep(mapPairs(inner(kind, p, q), map), presence(p), presence(q));
    from = map.to;
    starts = startsOf(level);
  }
  return { pairs, starts, size: from[0]! };
}

/** The presence of several strands, one after another. */
function together(level: readonly Passed[]): Covariances["presence"] {
  const size = level.reduce((all, { grid }) => all + sizeOf(grid), 0);
  const maps = level.map(({ grid }, r) => {
    const inside = (s: number): boolean => s >= 0 && s < sizeOf(grid);
    const rows = Array.from({ length: size }, (_, s) => s - startsOf(level)[r]!);
    return mapOf(
      grid,
      [size],
      rows.map((s): Reading[] => (inside(s) ? [[s, 1]] : [])),
    );
  });
  return (p) => level.map(({ presence }, r) => mapLine(presence(p), maps[r]!)).reduce(add);
}

function startsOf(level: readonly Pick<Passed, "grid">[]): number[] {
  return level.map((_, r) => level.slice(0, r).reduce((all, { grid }) => all + sizeOf(grid), 0));
}

function sizeOf(grid: readonly number[]): number {
  return grid.reduce((all, size) => all * size, 1);
}

function pairsOf({ covariances }: Branch): Pairs {
  return (kind, p, q) => covariances[kind](p, q);
}

function joined(parts: readonly Pairs[], presence: Covariances["presence"]): Covariances {
  const of = (kind: Kind, p: Side, q: Side): Node => parts.map((part) => part(kind, p, q)).reduce(add);
  return { nngp: (p, q) => of("nngp", p, q), ntk: (p, q) => of("ntk", p, q), presence };
}
