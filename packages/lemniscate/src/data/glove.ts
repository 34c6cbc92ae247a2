import type { RunOptions } from "../core/run.js";
import { badFile, shown } from "./bad-file.js";
import { streamBytes } from "./files.js";
import { linesOf } from "./lines.js";
import { firstBadByte } from "./text.js";

/** Word vectors. */
export interface Embeddings {
  /** Length of each vector. */
  readonly d: number;
  /** The row of each word. */
  readonly words: ReadonlyMap<string, number>;
  /** The vectors, row by row, shape (words, d). */
  readonly data: Float32Array;
}

/** How a file of word vectors is read. */
export interface GloveOptions {
  /**
   * The words that are needed: the others are passed over, which saves memory and time, and of their lines only the
   * number of fields is checked, so that a damaged vector of another word goes unseen. Default: all words.
   */
  readonly words?: Iterable<string> | undefined;
  /** `"word2vec"` if the first line holds the number of words and of their dimensions. Default `"none"`. */
  readonly header?: "none" | "word2vec" | undefined;
  /** A word with blanks inside, as glove.840B has some: `"refuse"` (default) or `"keep"`. */
  readonly blanksInWords?: "refuse" | "keep" | undefined;
  /** A word that comes twice: `"refuse"` (default), or `"first"` to keep the vector that comes first. */
  readonly duplicates?: "refuse" | "first" | undefined;
}

const number = /^[+-]?(\d+\.?\d*|\.\d+)([eE][+-]?\d+)?$/;

/**
 * Word vectors from the bytes of a GloVe text file, in pieces of any size: one `word v1 … vd` a line, fields divided by
 * blanks or tabs. The first line sets d. CRLF, blanks at line ends and a byte order mark are harmless.
 *
 * @param chunks - the file, for instance `file.stream()` of a browser's `File`
 * @param name - how errors call the file
 * @throws LemniscateError `BadFile` with line and field, for another number of numbers than the first line has, a field
 *   that is no finite float32, a word that is no UTF-8, comes twice or has blanks inside, a word2vec header, a cut or an
 *   empty file.
 *
 * @example
 * ```ts
 * import { parseGlove } from "lemniscate/data";
 * const file = new Blob(["the 0.5 -1e-3\nof 0.25 2\n"]);
 * const { d, words, data } = await parseGlove(file.stream(), "tiny.txt");
 * d; // => 2
 * data.subarray(d * words.get("of")!); // => Float32Array.of(0.25, 2)
 * await parseGlove(new Blob(["the 0.5 1\nof 0.25 x\n"]).stream(), "tiny.txt"); // throws tiny.txt:2, field 3: got "x"
 * ```
 */
export async function parseGlove(
  chunks: AsyncIterable<Uint8Array>,
  name: string,
  options: GloveOptions & { readonly signal?: AbortSignal | undefined; readonly onBytes?: (done: number) => void } = {},
): Promise<Embeddings> {
  const wanted = options.words === undefined ? undefined : new Set(options.words);
  const words = new Map<string, number>();
  const lines: number[] = []; // of each word, to tell where a word came first
  let data = new Float32Array(0);
  let d = 0;
  let declared: number | undefined;
  let seen = 0;
  for await (const { line, bytes, at, isCut } of linesOf(chunks, name, options)) {
    if (wanted !== undefined && d > 0 && !wanted.has(firstWord(bytes)) && countFields(bytes) === d + 1) {
      seen++; // most lines of a large file end here, without a string for each number
      continue;
    }
    const text = decode(bytes, `${name}:${line}`, at);
    const fields = text.replace(/[ \t]+$/, "").split(/[ \t]+/);
    if (line === 1) {
      const isHeader = fields.length === 2 && fields.every((field) => /^\d+$/.test(field));
      if (isHeader && options.header === "word2vec") {
        [declared, d] = fields.map(Number) as [number, number];
        continue;
      }
      if (isHeader || options.header === "word2vec")
        throw badFile(
          `${name}:1`,
          isHeader ? `${shown(text)}, the header of a word2vec file` : shown(text),
          isHeader ? "a word and its numbers" : "a word2vec header, two whole numbers",
          isHeader ? 'Pass header: "word2vec", or remove the line.' : 'Leave out header: "word2vec".',
        );
    }
    d ||= options.blanksInWords === "keep" ? trailingNumbers(fields) : fields.length - 1;
    const word = wordOf(fields, d, `${name}:${line}`, isCut, options);
    seen++;
    if (wanted !== undefined && !wanted.has(word)) continue;
    const earlier = words.get(word);
    if (earlier !== undefined) {
      if (options.duplicates === "first") continue;
      throw badFile(
        `${name}:${line}, field 1`,
        `${shown(word)} again, after line ${lines[earlier]}`,
        "each word once",
        'Remove one of the lines, or pass duplicates: "first".',
      );
    }
    const row = words.size;
    words.set(word, row);
    lines.push(line);
    if ((row + 1) * d > data.length) data = grown(data, (row + 1) * d);
    for (let i = 0, field = fields.length - d; i < d; i++, field++)
      data[row * d + i] = toFloat(fields[field] as string, () => `${name}:${line}, field ${field + 1}`);
  }
  if (seen === 0) throw badFile(name, "no line", "lines of a word and its numbers", "Fetch the file again.");
  if (declared !== undefined && declared !== seen)
    throw badFile(
      `${name}:1`,
      `${seen} words`,
      `${declared} words, as the header says`,
      "The file is cut, or the header wrong: fetch it again.",
    );
  return { d, words, data: data.slice(0, words.size * d) };
}

/** Reads a file of GloVe vectors of any size, see {@link parseGlove}. Progress is counted in bytes. */
export async function readGlove(path: string, options: GloveOptions & RunOptions = {}): Promise<Embeddings> {
  const { onProgress, ...rest } = options;
  rest.signal?.throwIfAborted();
  const { size, chunks } = await streamBytes(path);
  return parseGlove(chunks, path, { ...rest, onBytes: (done) => onProgress?.(done, size) });
}

const utf8 = new TextDecoder("utf-8", { fatal: true, ignoreBOM: true });
const lenient = new TextDecoder("utf-8", { ignoreBOM: true });
const isBlank = (byte: number | undefined): boolean => byte === 32 || byte === 9;

function firstWord(bytes: Uint8Array): string {
  let end = 0;
  while (end < bytes.length && !isBlank(bytes[end])) end++;
  return lenient.decode(bytes.subarray(0, end));
}

function countFields(bytes: Uint8Array): number {
  let count = 0;
  for (let i = 0; i < bytes.length; i++) if (!isBlank(bytes[i]) && (i === 0 || isBlank(bytes[i - 1]))) count++;
  return count;
}

/** How many fields at the end are numbers, the first field never being one. */
function trailingNumbers(fields: readonly string[]): number {
  let count = 0;
  while (count < fields.length - 1 && number.test(fields[fields.length - 1 - count] as string)) count++;
  return count;
}

function decode(bytes: Uint8Array, where: string, at: number): string {
  try {
    return utf8.decode(bytes);
  } catch (cause) {
    throw badFile(
      where,
      `bytes that are no UTF-8 in ${shown(new TextDecoder("windows-1252").decode(bytes).split(/[ \t]/)[0] as string)}, at byte ${at + firstBadByte(bytes)} of the file`,
      "UTF-8 text",
      "Save the file as UTF-8, for instance with iconv -f latin1 -t utf-8.",
      cause,
    );
  }
}

/** The word of a line: the first field, or all those before the last `d`, if they may hold blanks. */
function wordOf(
  fields: readonly string[],
  d: number,
  where: string,
  isCut: boolean,
  { blanksInWords, words }: GloveOptions,
): string {
  const numbers = fields.length - 1;
  const word = fields[0] as string;
  const extra = fields.slice(1, Math.max(1, fields.length - d));
  if (numbers === d && d > 0 && word !== "") return word;
  if (word === "" || fields.length < 2)
    throw badFile(
      where,
      fields.length < 2 ? shown(fields.join(" ")) : "a line that starts with a blank",
      "a word and its numbers",
      "Remove the line or mend it.",
    );
  if (extra.some((field) => !number.test(field))) {
    // With a list of words, a word with blanks that is not on it does no harm.
    if (blanksInWords === "keep" || words !== undefined) return [word, ...extra].join(" ");
    throw badFile(
      where,
      `a word with blanks inside, ${shown([word, ...extra].join(" "))}, before ${d} numbers`,
      `one word and ${d} numbers`,
      'Pass blanksInWords: "keep" if the file holds such words, as glove.840B does, or words with those you need.',
    );
  }
  throw badFile(
    where,
    `${numbers} numbers${isCut ? ", and the file ends there without a line end" : ""}`,
    `${d} numbers, as the lines before have`,
    isCut ? "The file is cut: fetch it again." : "Remove the line, or fetch the file again.",
  );
}

function toFloat(field: string, where: () => string): number {
  const value = number.test(field) ? Math.fround(Number(field)) : Number.NaN;
  if (Number.isFinite(value)) return value;
  const hasComma = number.test(field.replace(",", "."));
  throw badFile(
    where(),
    shown(field),
    "a finite number with a decimal point, within float32",
    hasComma ? "Write decimal points instead of commas." : "Remove the line, or fetch the file again.",
  );
}

function grown(data: Float32Array<ArrayBuffer>, atLeast: number): Float32Array<ArrayBuffer> {
  const larger = new Float32Array(Math.max(atLeast, 2 * data.length));
  larger.set(data);
  return larger;
}
