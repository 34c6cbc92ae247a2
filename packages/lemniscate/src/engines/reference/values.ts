/** Numbers of one step: a block row by row, or a line or diagonal or single number as one row. */
export interface Value {
  readonly rows: number;
  readonly columns: number;
  readonly data: Float64Array;
}

export function line(data: Float64Array): Value {
  return { rows: 1, columns: data.length, data };
}

export function number(x: number): Value {
  return line(Float64Array.of(x));
}

export function block(rows: number, columns: number, entry: (a: number, b: number) => number): Value {
  const data = new Float64Array(rows * columns);
  for (let a = 0; a < rows; a++) for (let b = 0; b < columns; b++) data[a * columns + b] = entry(a, b);
  return { rows, columns, data };
}

/** One number for each position that both sides have. */
export function diagonal(rows: number, columns: number, entry: (a: number, b: number) => number): Value {
  return line(Float64Array.from({ length: Math.min(rows, columns) }, (_, a) => entry(a, a)));
}
