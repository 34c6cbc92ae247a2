import { LemniscateError } from "../core/errors.js";
import type { RunOptions } from "../core/run.js";
import { badFile, shown } from "./bad-file.js";
import { draw, randomNumbers } from "./draw.js";
import { listFolder, readBytes } from "./files.js";
import type { LabelledTexts } from "./labels.js";
import { decodeText, hasByteOrderMark, type TextOptions } from "./text.js";

/** How one film review is read. */
export interface ReviewOptions extends TextOptions {
  /** `<br />` tags: `"blank"` (default) puts a blank in their place, `"keep"` leaves them in the text. */
  readonly breaks?: "blank" | "keep" | undefined;
  /** A byte order mark, which no file of the data set has: `"refuse"` it (default), or `"drop"` it. */
  readonly byteOrderMark?: "refuse" | "drop" | undefined;
}

/** One film review. */
export interface Review {
  readonly text: string;
  /** Stars of the viewer, 1 to 4 (negative) or 7 to 10 (positive). */
  readonly rating: number;
  /** 0 = negative, 1 = positive. */
  readonly label: 0 | 1;
}

/** How a folder of film reviews is read. */
export interface ImdbOptions extends ReviewOptions, RunOptions {
  /** How many reviews to draw, half of them from each class. Default: all, in the order of their numbers. */
  readonly count?: number | undefined;
  /** Which draw: equal seeds give equal reviews in equal order. Default 0. */
  readonly seed?: number | undefined;
  /** A review without a word: `"refuse"` it (default), or `"skip"` it, which makes the result smaller. */
  readonly onEmpty?: "refuse" | "skip" | undefined;
  /** Files that are not called `ID_RATING.txt`: `"refuse"` them (default), or `"skip"` them. */
  readonly otherFiles?: "refuse" | "skip" | undefined;
}

/** Film reviews, 0 = negative and 1 = positive. */
export interface ImdbReviews extends LabelledTexts {
  readonly classes: readonly ["negative", "positive"];
  /** Stars of each review. */
  readonly ratings: readonly number[];
}

const classes = ["negative", "positive"] as const;
const ratings = { neg: [1, 4], pos: [7, 10] } as const;

/** Class and rating that the path of a review promises: `…/pos/17_9.txt`. */
function parseName(path: string): { readonly id: number; readonly rating: number; readonly label: 0 | 1 } {
  const [, folder, file] = /(?:^|[\\/])([^\\/]*)[\\/]([^\\/]*)$/.exec(path) ?? ["", "", path];
  const numbers = /^(\d+)_(\d+)\.txt$/.exec(file as string);
  if ((folder !== "pos" && folder !== "neg") || numbers === null)
    throw badFile(
      path,
      `the file name ${shown(`${folder}/${file}`)}`,
      '"pos/ID_RATING.txt" or "neg/ID_RATING.txt", with numbers for ID and RATING',
      'Move other files elsewhere, or pass otherFiles: "skip".',
    );
  const rating = Number(numbers[2]);
  const [lowest, highest] = ratings[folder];
  if (rating < lowest || rating > highest)
    throw badFile(
      path,
      `rating ${rating} in the folder "${folder}"`,
      `ratings ${lowest} to ${highest} there`,
      "Move the review to the folder of its rating (neg: 1 to 4, pos: 7 to 10), or leave it out: 5 and 6 are neither.",
    );
  return { id: Number(numbers[1]), rating, label: folder === "pos" ? 1 : 0 };
}

/**
 * One review of the Large Movie Review Dataset, from its bytes and its path, which holds class and rating.
 *
 * Any text with a word is a review: one word or ten thousand, of any script, with any line ends.
 *
 * @throws LemniscateError `BadFile` naming file and byte, for text that is empty, holds no letter or digit, is no
 *   UTF-8, is UTF-16 or has a byte order mark or a NUL; for a name that is not `pos/ID_RATING.txt` or
 *   `neg/ID_RATING.txt`; for a rating that contradicts the folder.
 *
 * @example
 * ```ts
 * import { parseReview } from "lemniscate/data";
 * const bytes = new TextEncoder().encode("Fine.<br />Really.");
 * parseReview(bytes, "train/pos/0_9.txt"); // => { text: "Fine. Really.", rating: 9, label: 1 }
 * parseReview(bytes, "train/neg/0_9.txt"); // throws got rating 9 in the folder "neg"
 * ```
 */
export function parseReview(bytes: Uint8Array, path: string, options: ReviewOptions = {}): Review {
  const { rating, label } = parseName(path);
  if (options.byteOrderMark !== "drop" && options.encoding === undefined && hasByteOrderMark(bytes))
    throw badFile(
      `${path}: byte 0`,
      "a byte order mark (ef bb bf)",
      "UTF-8 text without one, as the data set comes",
      'An editor has rewritten the file: fetch it again, or pass byteOrderMark: "drop".',
    );
  const raw = decodeText(bytes, path, options);
  const cleaned = raw.replace(/<br\s*\/?>/g, " ");
  if (!hasWord(cleaned))
    throw badFile(
      `${path}: byte 0`,
      raw === "" ? "an empty file" : `${raw.trim() === "" ? "white space only" : "no word"}: ${shown(raw)}`,
      "a text with at least one letter or digit",
      'Remove the file, or pass onEmpty: "skip".',
    );
  return { text: options.breaks === "keep" ? raw : cleaned, rating, label };
}

const hasWord = (text: string): boolean => /[\p{L}\p{N}]/u.test(text);

/**
 * Reads reviews from a folder of the Large Movie Review Dataset that holds `pos` and `neg`, as `aclImdb/train` does.
 * The names of all files are checked, the texts of those that are drawn. Names that start with a full stop are left
 * alone, for systems hide their own files that way.
 *
 * @param folder - for instance `"aclImdb/train"`
 * @throws LemniscateError `BadFile` as {@link parseReview}; `OptionOutOfRange` if `count` is odd, negative or more than
 *   there are.
 * @source Maas et al. 2011, "Learning word vectors for sentiment analysis", the data set
 *
 * @example
 * ```ts no-run
 * import { readImdb } from "lemniscate/data";
 * const { texts, labels } = await readImdb("aclImdb/train", { count: 1000, seed: 1 });
 * ```
 */
export async function readImdb(folder: string, options: ImdbOptions = {}): Promise<ImdbReviews> {
  const { count, seed = 0, signal, onProgress } = options;
  signal?.throwIfAborted();
  // One after the other, so that of two bad folders the same one is named each time.
  const neg = await listReviews(`${folder}/neg`, options);
  const pos = await listReviews(`${folder}/pos`, options);
  const available = 2 * Math.min(neg.length, pos.length);
  if (count !== undefined && !(Number.isInteger(count / 2) && count >= 0 && count <= available))
    throw new LemniscateError({
      code: "OptionOutOfRange",
      where: "readImdb: count",
      given: String(count),
      allowed: `an even number up to ${available}`,
      mend: `${folder} holds ${neg.length} negative and ${pos.length} positive reviews, and half are drawn from each.`,
    });
  const random = randomNumbers(seed);
  const both = [neg, pos];
  const paths =
    count === undefined
      ? both.flat()
      : draw(
          both.flatMap((part) => draw(part, count / 2, random)),
          count,
          random,
        );
  const read: { readonly review: Review; readonly name: string }[] = [];
  for (const [i, name] of paths.entries()) {
    const bytes = await readBytes(name, signal);
    if (options.onEmpty !== "skip" || hasWord(decodeText(bytes, name, options).replace(/<br\s*\/?>/g, " ")))
      read.push({ name, review: parseReview(bytes, name, options) });
    onProgress?.(i + 1, paths.length);
  }
  return {
    texts: read.map(({ review }) => review.text),
    labels: read.map(({ review }) => review.label),
    ratings: read.map(({ review }) => review.rating),
    names: read.map(({ name }) => name),
    classes,
  };
}

/** The paths of the reviews of one class, in the order of their numbers. */
async function listReviews(folder: string, { otherFiles }: ImdbOptions): Promise<string[]> {
  const files = (await listFolder(folder)).filter(
    (file) => !file.startsWith(".") && (otherFiles !== "skip" || /^\d+_\d+\.txt$/.test(file)),
  );
  return files
    .map((file) => ({ path: `${folder}/${file}`, ...parseName(`${folder}/${file}`) }))
    .sort((a, b) => a.id - b.id || a.rating - b.rating)
    .map(({ path }) => path);
}
