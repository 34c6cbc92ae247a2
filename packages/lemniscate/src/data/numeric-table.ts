import type { Batch } from "../core/batch.js";
import type { Matrix } from "../linalg/matrix.js";
import { badFile, shown } from "./bad-file.js";
import { columnIndex, type Table } from "./csv.js";

/** How a table becomes numbers. */
export interface NumericTableOptions {
  /** The column to predict, by name or position from 0; -1, the last one, by default. `"none"`: all are inputs. */
  readonly target?: string | number | undefined;
  /** Names of the input columns, in order. Default: all but the target. */
  readonly inputs?: readonly string[] | undefined;
  /** The sign before the fraction, `"."` by default. */
  readonly decimal?: "." | "," | undefined;
  /** A row with an empty field: `"refuse"` it (default), or `"skip"` the row. */
  readonly onEmpty?: "refuse" | "skip" | undefined;
  /** An input that is the same in all rows: `"refuse"` (default) or `"keep"`. */
  readonly constantColumns?: "refuse" | "keep" | undefined;
  /** Rows with equal inputs and different targets: `"refuse"` (default) or `"keep"`. */
  readonly duplicates?: "refuse" | "keep" | undefined;
}

/** The numbers of a table. */
export interface NumericTable {
  /** Names of the input columns. */
  readonly inputs: readonly string[];
  /** Name of the target column, `undefined` if there is none. */
  readonly target: string | undefined;
  /** Inputs, shape (n, d). */
  readonly x: Batch<Float64Array>;
  /** Targets, n × 1, or n × 0 without a target. */
  readonly y: Matrix<Float64Array>;
  /** The line of the file of each row. */
  readonly lines: readonly number[];
  /** Lines that were left out for an empty field. */
  readonly skipped: readonly number[];
}

// Decimal digits, with an exponent if need be: Number() alone would also take "0x10", "" and " ".
const number = /^[+-]?(\d+\.?\d*|\.\d+)([eE][+-]?\d+)?$/;

/**
 * Inputs and target of a regression table.
 *
 * Two things that are sound numbers and yet spoil a kernel method are refused by default, so that they are met on
 * purpose: an input that never changes (standardizing would divide by zero) and rows with equal inputs and different
 * targets (without noise, the kernel matrix is singular and no function fits).
 *
 * @throws LemniscateError `BadFile` with line and column, for a field that is no finite number, and for the above.
 *
 * @example
 * ```ts
 * import { numericTable, parseTable } from "lemniscate/data";
 * const { x, y } = numericTable(parseTable("age,water,strength\n7,162,40\n28,162,61\n", "x.csv"), {
 *   constantColumns: "keep",
 * });
 * x.data; // => Float64Array.of(7, 162, 28, 162)
 * y.data; // => Float64Array.of(40, 61)
 * ```
 */
export function numericTable(table: Table, options: NumericTableOptions = {}): NumericTable {
  const { target = -1, decimal = ".", onEmpty = "refuse" } = options;
  const targetIndex = target === "none" ? -1 : columnIndex(table, target);
  const inputIndices =
    options.inputs?.map((name) => columnIndex(table, name)) ??
    table.header.map((_, i) => i).filter((i) => i !== targetIndex);
  if (inputIndices.length === 0)
    throw badFile(
      `${table.name}:1`,
      `one column, ${shown(table.header.join())}`,
      "inputs and a target",
      'Add an input column, or pass target: "none".',
    );
  const all = targetIndex < 0 ? inputIndices : [...inputIndices, targetIndex];
  const skipped: number[] = [];
  const rows = table.rows.filter(({ line, fields }) => {
    const isSkipped = onEmpty === "skip" && all.some((i) => fields[i]?.trim() === "");
    if (isSkipped) skipped.push(line);
    return !isSkipped;
  });
  const d = inputIndices.length;
  const x = new Float64Array(rows.length * d);
  const y = new Float64Array(targetIndex < 0 ? 0 : rows.length);
  const numberAt = (row: number, column: number): number =>
    parseNumber(
      rows[row]?.fields[column] as string,
      decimal,
      () => `${table.name}:${rows[row]?.line}, column ${column + 1} (${table.header[column]})`,
    );
  for (let n = 0; n < rows.length; n++) {
    for (let i = 0; i < d; i++) x[n * d + i] = numberAt(n, inputIndices[i] as number);
    if (targetIndex >= 0) y[n] = numberAt(n, targetIndex);
  }
  const result: NumericTable = {
    inputs: inputIndices.map((i) => table.header[i] as string),
    target: table.header[targetIndex],
    x: { shape: [rows.length, d], data: x },
    y: { rows: rows.length, columns: targetIndex < 0 ? 0 : 1, data: y },
    lines: rows.map(({ line }) => line),
    skipped,
  };
  if (options.duplicates !== "keep" && targetIndex >= 0) refuseContradictions(result, table.name);
  if (options.constantColumns !== "keep") refuseConstant(result, table.name, inputIndices);
  return result;
}

function parseNumber(field: string, decimal: "." | ",", where: () => string): number {
  const text = field.trim();
  const pointed = decimal === "," ? text.replace(",", ".") : text;
  const value = number.test(pointed) ? Number(pointed) : Number.NaN;
  if (Number.isFinite(value)) return value;
  if (text === "")
    throw badFile(where(), "an empty field", "a number", 'Fill it in, or pass onEmpty: "skip" to leave such rows out.');
  const hasComma = decimal === "." && number.test(text.replace(",", "."));
  throw badFile(
    where(),
    shown(text),
    `a finite number with a decimal ${decimal === "." ? "point" : "comma"}`,
    hasComma ? 'Pass decimal: "," for decimal commas.' : "Correct the field, or remove the row.",
  );
}

function refuseConstant({ x, lines, inputs }: NumericTable, name: string, indices: readonly number[]): void {
  const [n, d] = [lines.length, inputs.length];
  if (n < 2) return;
  for (let i = 0; i < d; i++) {
    const value = x.data[i];
    let isConstant = true;
    for (let row = 1; row < n && isConstant; row++) isConstant = x.data[row * d + i] === value;
    if (isConstant)
      throw badFile(
        `${name}:${lines[0]}, column ${(indices[i] as number) + 1} (${inputs[i]})`,
        `${value} in all ${n} rows`,
        "inputs that change, for standardizing divides by their deviation",
        'Remove the column, or pass constantColumns: "keep": standardize() then makes it 0.',
      );
  }
}

function refuseContradictions({ x, y, lines, inputs }: NumericTable, name: string): void {
  const d = inputs.length;
  const seen = new Map<string, number>();
  for (let n = 0; n < lines.length; n++) {
    const key = x.data.subarray(n * d, (n + 1) * d).join();
    const earlier = seen.get(key);
    if (earlier === undefined) seen.set(key, n);
    else if (y.data[earlier] !== y.data[n])
      throw badFile(
        `${name}:${lines[n]}`,
        `the inputs of line ${lines[earlier]} with target ${y.data[n]} instead of ${y.data[earlier]}`,
        "one target for equal inputs, for without noise the kernel matrix is singular",
        'Merge the rows, or pass duplicates: "keep" and fit with noise > 0.',
      );
  }
}
