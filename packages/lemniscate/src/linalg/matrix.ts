import { need } from "../core/options.js";
/** A dense real matrix, row by row: entry (i, j) is `data[i * columns + j]`. */
export interface Matrix<T extends Float32Array | Float64Array = Float32Array | Float64Array> {
  readonly rows: number;
  readonly columns: number;
  readonly data: T;
  /** Of averages over random draws: how far each entry errs, one standard deviation. */
  readonly standardError?: Float32Array | Float64Array;
}

/** A matrix of zeros, in double precision. */
export function zeros(rows: number, columns: number): Matrix<Float64Array> {
  const possible = [rows, columns].every((size) => Number.isInteger(size) && size >= 0) && rows * columns < 2 ** 32;
  need(
    possible,
    "zeros",
    `${rows} × ${columns}`,
    "whole numbers ≥ 0 with a product below 2³²",
    "Give rows and columns.",
  );
  return { rows, columns, data: new Float64Array(rows * columns) };
}

/**
 * Refuses what is no matrix: without types anything can be given.
 *
 * @throws LemniscateError `BadInput`
 */
export function checkMatrix(where: string, given: unknown): void {
  const { rows, columns, data } = (given ?? {}) as { readonly [key in keyof Matrix]?: unknown };
  const sizes = [rows, columns].every((size) => Number.isInteger(size) && (size as number) >= 0);
  const filled = ArrayBuffer.isView(data) && (data as Float64Array).length === (rows as number) * (columns as number);
  const mend = "Make it with zeros(), or of a Float64Array with a number for each place, row by row.";
  need(sizes && filled, where, given, "a matrix { rows, columns, data } with rows · columns numbers", mend);
}

/** How messages name the size of a matrix: `"3 × 2"`. */
export function sizeOf(matrix: Matrix): string {
  return `${matrix.rows} × ${matrix.columns}`;
}

/** A copy in double precision. */
export function toDouble(matrix: Matrix): Matrix<Float64Array> {
  return { rows: matrix.rows, columns: matrix.columns, data: Float64Array.from(matrix.data) };
}

/** Mean of the entries (i, i); 0 for an empty matrix. The unit in which jitter and relative noise are given. */
export function meanDiagonal(matrix: Matrix): number {
  const n = Math.min(matrix.rows, matrix.columns);
  let sum = 0;
  for (let i = 0; i < n; i++) sum += matrix.data[i * matrix.columns + i] as number;
  return n === 0 ? 0 : sum / n;
}

/** Rows and columns exchanged, in double precision. */
export function transpose(matrix: Matrix): Matrix<Float64Array> {
  checkMatrix("transpose", matrix);
  const { rows, columns, data } = matrix;
  const turned = zeros(columns, rows);
  const block = 32; // keeps both sides of the copy in cache
  for (let i0 = 0; i0 < rows; i0 += block)
    for (let j0 = 0; j0 < columns; j0 += block)
      for (let i = i0; i < Math.min(i0 + block, rows); i++)
        for (let j = j0; j < Math.min(j0 + block, columns); j++)
          turned.data[j * rows + i] = data[i * columns + j] as number;
  return turned;
}

/** The rows named by `rows` and the columns named by `columns`, in that order, with the storage of the matrix. */
export function pick(matrix: Matrix, rows: ArrayLike<number>, columns: ArrayLike<number>): Matrix {
  const size = rows.length * columns.length;
  const data = matrix.data instanceof Float32Array ? new Float32Array(size) : new Float64Array(size);
  for (let i = 0; i < rows.length; i++) {
    const start = (rows[i] as number) * matrix.columns;
    for (let j = 0; j < columns.length; j++)
      data[i * columns.length + j] = matrix.data[start + (columns[j] as number)] as number;
  }
  return { rows: rows.length, columns: columns.length, data };
}
