import { CsvError, parse } from "csv-parse/browser/esm/sync"; // this build needs no Buffer and runs in Node as well
import { badFile, shown } from "./bad-file.js";
import { readBytes } from "./files.js";
import { decodeText, type TextOptions } from "./text.js";

/** One record of a table. */
export interface TableRow {
  /** Line in which the record starts, counted from 1. Quoted line breaks make a record longer than a line. */
  readonly line: number;
  readonly fields: readonly string[];
}

/** A table of text: every row has one field for each name of the header. */
export interface Table {
  /** The file, as errors call it. */
  readonly name: string;
  readonly header: readonly string[];
  readonly rows: readonly TableRow[];
}

/** How a CSV or TSV file is read. */
export interface TableOptions extends TextOptions {
  /**
   * The character between fields. Default: a tab if the name ends in `.tsv` or `.tab`, else a comma. `"detect"` takes
   * the one of `,` `;` tab `|` that the first line holds most often.
   */
  readonly delimiter?: string | undefined;
  /**
   * `"first line"` (default), but refused if the line holds numbers only; `"numbers"` is the same without that check;
   * `"none"` names the columns `column 1`, `column 2` and so on; a list gives the names of a file without a header.
   */
  readonly header?: "first line" | "numbers" | "none" | readonly string[] | undefined;
}

const delimiters = [",", ";", "\t", "|"] as const;
const title = (delimiter: string): string => (delimiter === "\t" ? "tab" : JSON.stringify(delimiter));
const times = (text: string, character: string): number => text.split(character).length - 1;
const isNumeric = (text: string): boolean => text.trim() !== "" && Number.isFinite(Number(text.replace(",", ".")));

/**
 * The table in the text of a CSV or TSV file (RFC 4180): quoted fields, doubled quotes, line breaks inside quotes; LF,
 * CRLF or CR. A byte order mark, which spreadsheets write, is dropped, and so are blank lines.
 *
 * @param name - how errors call the file
 * @throws LemniscateError `BadFile` with the line, for a quote that does not close, a row with other fields than the
 *   header, a header only, no header, or another delimiter than was asked for.
 *
 * @example
 * ```ts
 * import { parseTable } from "lemniscate/data";
 * const table = parseTable('review,sentiment\n"Fine,\nreally.",positive\nDull.,negative\n', "reviews.csv");
 * table.rows[1]; // => { line: 4, fields: ["Dull.", "negative"] }
 * parseTable("a,b\n1\n", "x.csv"); // throws x.csv:2: got 1 field, allowed is 2 fields
 * ```
 */
export function parseTable(text: string, name: string, options: TableOptions = {}): Table {
  const source = text.startsWith("\ufeff") ? text.slice(1) : text;
  const first = source.split(/[\r\n]/, 1)[0] as string;
  const delimiter = delimiterFor(first, name, options);
  const records = parseRecords(source, name, delimiter);
  const leading = records[0];
  if (leading === undefined) throw badFile(`${name}:1`, "an empty file", "a header and rows", "Fetch the file again.");
  const header = headerOf(leading, name, options.header ?? "first line");
  const isFirstData = options.header === "none" || Array.isArray(options.header);
  const rows = (isFirstData ? records : records.slice(1)).filter(
    // A blank line in a table of one column is an empty field; anywhere else it is nothing.
    ({ fields }, i, all) => fields.length > 1 || fields[0] !== "" || (header.length === 1 && i < all.length - 1),
  );
  if (rows.length === 0)
    throw badFile(`${name}:${leading.line}`, "a header and no row", "at least one row", "Fetch the file again.");
  for (const { line, fields } of rows)
    if (fields.length !== header.length) {
      const isLong = fields.length > header.length;
      throw badFile(
        `${name}:${line}`,
        `${fields.length} ${fields.length === 1 ? "field" : "fields"}${isLong ? `, the last one ${shown(fields.at(-1) as string)}` : ""}`,
        `${header.length} fields, as the header has (${shown(header.join(delimiter), 60)})`,
        isLong ? `Quote fields that hold a ${title(delimiter)}.` : "Fill in the missing field.",
      );
    }
  return { name, header, rows };
}

/** Reads a CSV or TSV file, see {@link parseTable}. */
export async function readTable(
  path: string,
  options: TableOptions & { readonly signal?: AbortSignal | undefined } = {},
): Promise<Table> {
  return parseTable(decodeText(await readBytes(path, options.signal), path, options), path, options);
}

function delimiterFor(first: string, name: string, { delimiter, header }: TableOptions): string {
  const most = delimiters.reduce((best, other) => (times(first, other) > times(first, best) ? other : best));
  if (delimiter === "detect") return most;
  const wanted = delimiter ?? (/\.(tsv|tab)$/i.test(name) ? "\t" : ",");
  const hasWanted = first.includes(wanted) || times(first, most) === 0;
  if (hasWanted || delimiter !== undefined) return wanted;
  throw badFile(
    `${name}:1`,
    `${header === "none" || Array.isArray(header) ? "a row" : "a header"} with no ${title(wanted)} but ${times(first, most)} ${title(most)}: ${shown(first)}`,
    `fields divided by ${title(wanted)}`,
    `Pass delimiter: ${JSON.stringify(most)} (or "detect") if that is what divides the fields.`,
  );
}

function parseRecords(text: string, name: string, delimiter: string): TableRow[] {
  const bytes = new TextEncoder().encode(text);
  // csv-parse counts a quoted CRLF as two lines (7.0.3), so lines are counted here, from its byte positions.
  let [line, at] = [1, 0];
  const advance = (to: number): void => {
    for (; at < to; at++) if (bytes[at] === 10 || (bytes[at] === 13 && bytes[at + 1] !== 10)) line++;
  };
  try {
    const rows: TableRow[] = [];
    parse(text, {
      delimiter,
      relax_column_count: true,
      on_record: (fields: string[], { bytes: end }) => {
        rows.push({ line, fields });
        advance(end);
        return null;
      },
    });
    return rows;
  } catch (error) {
    if (!(error instanceof CsvError)) throw error;
    const isOpen = error.code === "CSV_QUOTE_NOT_CLOSED";
    throw badFile(
      `${name}:${line}`,
      isOpen ? "a quote that never closes" : `a quote in the wrong place (${error.message.replace(/^.*?: /, "")})`,
      "a quoted field with its own quotes doubled, then a delimiter or a line end",
      'Close the quote that opens in this record, or double quotes inside it: "".',
      error,
    );
  }
}

function headerOf(first: TableRow, name: string, header: NonNullable<TableOptions["header"]>): readonly string[] {
  if (typeof header === "object") return header;
  if (header === "none") return first.fields.map((_, i) => `column ${i + 1}`);
  if (header === "first line" && first.fields.every(isNumeric))
    throw badFile(
      `${name}:${first.line}`,
      `numbers only: ${shown(first.fields.join(","))}`,
      "a header with the names of the columns",
      'Pass header: "none" if the file has no header, a list of names, or "numbers" if these are the names.',
    );
  const twice = first.fields.find((field, i) => field !== "" && first.fields.indexOf(field) !== i);
  if (twice !== undefined)
    throw badFile(
      `${name}:${first.line}`,
      `two columns called ${shown(twice)}`,
      "a name of its own for each column",
      "Rename one of them.",
    );
  return first.fields.map((field) => field.trim());
}

/** Position of the column called `column`, or of the `column`-th one counted from 0 (-1 is the last). */
export function columnIndex(table: Table, column: string | number): number {
  const index =
    typeof column === "string" ? table.header.indexOf(column) : column < 0 ? table.header.length + column : column;
  if (index in table.header) return index;
  throw badFile(
    `${table.name}:1`,
    `the columns ${table.header.map((field) => shown(field)).join(", ")}`,
    typeof column === "string" ? `a column called ${shown(column)}` : `a column at position ${column}`,
    "Name a column that the file has, or add it.",
  );
}
