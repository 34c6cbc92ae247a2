import type { Numbers, Precision, TileResult } from "../engines/engine.js";

export function numbersFor(precision: Precision, length: number): Numbers {
  return precision === "f32" ? new Float32Array(length) : new Float64Array(length);
}

/** Copies a tile to where it belongs, and to its mirror image if the matrix is symmetric. */
export function place(
  found: Record<string, Numbers>,
  { tile, values }: TileResult,
  rows: number,
  columns: number,
  symmetric: boolean,
): void {
  const { rowFrom, rowTo, columnFrom, columnTo } = tile;
  const width = columnTo - columnFrom;
  for (const [key, data] of Object.entries(values)) {
    const size = data.length / ((rowTo - rowFrom) * width);
    const make = data.constructor as new (length: number) => Numbers;
    found[key] ??= new make(rows * columns * size);
    const target = found[key];
    // Number by number: rows of a tile are too short for a call of `set` each.
    for (let i = rowFrom; i < rowTo; i++) {
      const [from, to] = [(i - rowFrom) * width * size, (i * columns + columnFrom) * size];
      for (let n = 0; n < width * size; n++) target[to + n] = data[from + n]!;
    }
    if (symmetric) mirror(target, data, tile, columns, Math.sqrt(size));
  }
}

/** Entries below the diagonal, each a block of S·S numbers, from those above. Rows of the target are written in order. */
function mirror(
  target: Numbers,
  data: Numbers,
  { rowFrom, rowTo, columnFrom, columnTo }: TileResult["tile"],
  columns: number,
  S: number,
): void {
  const width = columnTo - columnFrom;
  for (let j = columnFrom; j < columnTo; j++)
    for (let i = rowFrom; i < Math.min(rowTo, j); i++) {
      const from = ((i - rowFrom) * width + j - columnFrom) * S * S;
      const to = (j * columns + i) * S * S;
      if (S === 1) target[to] = data[from]!;
      else for (let s = 0; s < S; s++) for (let t = 0; t < S; t++) target[to + t * S + s] = data[from + s * S + t]!;
    }
}
