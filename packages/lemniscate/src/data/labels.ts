import { badFile, shown } from "./bad-file.js";
import { columnIndex, type Table, type TableRow } from "./csv.js";

/** Texts with their classes. */
export interface LabelledTexts {
  readonly texts: readonly string[];
  /** The class of each text, as a position in `classes`. */
  readonly labels: readonly number[];
  readonly classes: readonly string[];
  /** Where each text stands, for errors: `"train.csv:12"`, `"aclImdb/train/pos/0_9.txt"`. */
  readonly names: readonly string[];
}

/** How a table becomes labelled texts. */
export interface LabelledTextsOptions {
  /** The column of the texts, by name or position from 0; the first one by default. */
  readonly text?: string | number | undefined;
  /** The column of the labels, by name or position; the second one by default. */
  readonly label?: string | number | undefined;
  /** The classes that may occur, in the order that numbers them. Default: those that occur, sorted. */
  readonly classes?: readonly string[] | undefined;
  /** A row without a text or a label: `"refuse"` it (default), or `"skip"` the row. */
  readonly onEmpty?: "refuse" | "skip" | undefined;
}

/**
 * Texts and class numbers from two columns of a table.
 *
 * @throws LemniscateError `BadFile` with the line, for an empty text or label and for a label outside `classes`.
 *
 * @example
 * ```ts
 * import { labelledTexts, parseTable } from "lemniscate/data";
 * const { labels, classes } = labelledTexts(parseTable("text,label\nFine.,pos\nDull.,neg\n", "x.csv"));
 * labels; // => [1, 0]
 * classes; // => ["neg", "pos"]
 * ```
 */
export function labelledTexts(table: Table, options: LabelledTextsOptions = {}): LabelledTexts {
  const { onEmpty = "refuse" } = options;
  const text = columnIndex(table, options.text ?? 0);
  const label = columnIndex(table, options.label ?? 1);
  const isEmpty = (row: TableRow, column: number): boolean => row.fields[column]?.trim() === "";
  const rows = table.rows.filter((row) => onEmpty === "refuse" || !(isEmpty(row, text) || isEmpty(row, label)));
  const labelOf = (row: TableRow): string => (row.fields[label] as string).trim();
  const classes = options.classes ?? [...new Set(rows.map(labelOf))].sort();
  const labels = rows.map((row) => {
    const empty = [text, label].find((column) => isEmpty(row, column));
    if (empty !== undefined)
      throw badFile(
        `${table.name}:${row.line}, column ${empty + 1} (${table.header[empty]})`,
        "an empty field",
        empty === text ? "a text" : "a label",
        'Fill it in, or pass onEmpty: "skip" to leave such rows out.',
      );
    const index = classes.indexOf(labelOf(row));
    if (index >= 0) return index;
    throw badFile(
      `${table.name}:${row.line}, column ${label + 1} (${table.header[label]})`,
      `the label ${shown(labelOf(row))}`,
      classes.map((other) => shown(other)).join(", "),
      "Correct the label, or add it to classes.",
    );
  });
  return {
    texts: rows.map(({ fields }) => fields[text] as string),
    labels,
    classes,
    names: rows.map(({ line }) => `${table.name}:${line}`),
  };
}
