/** A dense real matrix, row by row: entry (i, j) is `data[i * columns + j]`. */
export interface Matrix<T extends Float32Array | Float64Array = Float32Array | Float64Array> {
  readonly rows: number;
  readonly columns: number;
  readonly data: T;
}

/** A matrix of zeros, in double precision. */
export function zeros(rows: number, columns: number): Matrix<Float64Array> {
  return { rows, columns, data: new Float64Array(rows * columns) };
}
