import type { Tile } from "../engines/engine.js";

/** Cuts `size` examples into ranges of `step`, the last one shorter. */
export function ranges(size: number, step: number): readonly (readonly [from: number, to: number])[] {
  return Array.from({ length: Math.ceil(size / step) }, (_, i) => [i * step, Math.min(size, (i + 1) * step)] as const);
}

/**
 * Tiles that cover an `n1 × n2` matrix, or, with `n2 = null`, the upper triangle of an `n1 × n1` one, tile by tile:
 * what lies below the diagonal follows by symmetry.
 */
export function tilesOf(n1: number, n2: number | null, step: number): readonly Tile[] {
  const tiles: Tile[] = [];
  for (const [rowFrom, rowTo] of ranges(n1, step))
    for (const [columnFrom, columnTo] of ranges(n2 ?? n1, step))
      if (n2 !== null || columnFrom >= rowFrom) tiles.push({ rowFrom, rowTo, columnFrom, columnTo });
  return tiles;
}
