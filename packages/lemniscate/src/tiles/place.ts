import type { Numbers, Precision, TileResult } from "../engines/engine.js";

export function numbersFor(precision: Precision, length: number): Numbers {
  return precision === "f32" ? new Float32Array(length) : new Float64Array(length);
}

/**
 * Copies a tile to where it belongs, and to its mirror image if the matrix is symmetric. Returns the sum of its numbers:
 * where it is finite, they all are.
 */
export function place(
  found: Record<string, Numbers>,
  { tile, values }: TileResult,
  rows: number,
  columns: number,
  symmetric: boolean,
): number {
  let sum = 0;
  const entries = (tile.rowTo - tile.rowFrom) * (tile.columnTo - tile.columnFrom);
  for (const [key, data] of Object.entries(values)) {
    const size = data.length / entries;
    const make = data.constructor as new (length: number) => Numbers;
    found[key] ??= new make(rows * columns * size);
    const target = found[key];
    sum += copy(target, data, tile, columns, size);
    if (symmetric) mirror(target, data, tile, columns, Math.sqrt(size));
  }
  return sum;
}

/** Number by number: rows of a tile are too short for a call of `set` each. Returns their sum. */
function copy(target: Numbers, data: Numbers, tile: TileResult["tile"], columns: number, size: number): number {
  let sum = 0;
  const width = (tile.columnTo - tile.columnFrom) * size;
  for (let i = tile.rowFrom, from = 0; i < tile.rowTo; i++, from += width) {
    const to = (i * columns + tile.columnFrom) * size;
    for (let n = 0; n < width; n++) {
      const value = data[from + n]!;
      target[to + n] = value;
      sum += value;
    }
  }
  return sum;
}

/** Entries below the diagonal, each a block of S·S numbers, from those above. Rows of the target are written in order. */
function mirror(target: Numbers, data: Numbers, tile: TileResult["tile"], columns: number, S: number): void {
  const { rowFrom, rowTo, columnFrom, columnTo } = tile;
  const [block, row] = [S * S, (columnTo - columnFrom) * S * S];
  for (let j = columnFrom; j < columnTo; j++) {
    const end = Math.min(rowTo, j);
    let from = (j - columnFrom) * block;
    if (S === 1)
      for (let to = j * columns + rowFrom; to < j * columns + end; to++, from += row) target[to] = data[from]!;
    else
      for (let i = rowFrom; i < end; i++, from += row) {
        const to = (j * columns + i) * block;
        for (let s = 0; s < S; s++) for (let t = 0; t < S; t++) target[to + t * S + s] = data[from + s * S + t]!;
      }
  }
}
