import { type Batch, channelsOf, positionsOf } from "../core/batch.js";
import { LemniscateError } from "../core/errors.js";
import { shown } from "./bad-file.js";
import type { Embeddings } from "./glove.js";
import { type TokenizeOptions, tokenize } from "./tokenize.js";

/** How texts become sequences of vectors. */
export interface EmbedOptions extends TokenizeOptions {
  /** Longer texts are cut at their end to so many tokens. Default: no limit. */
  readonly maxTokens?: number | undefined;
  /** A text over `maxTokens`: `"cut"` it (default), or `"refuse"` it. */
  readonly tooLong?: "cut" | "refuse" | undefined;
  /** The fewest known tokens of a text, for instance the window of a convolution. Default 1; 0 takes all texts. */
  readonly minTokens?: number | undefined;
  /** A word without a vector: `"zero"` (default) keeps its place with a vector of zeros, `"skip"` leaves it out. */
  readonly unknown?: "zero" | "skip" | undefined;
  /** What errors call each text, for instance its file. Default `text 0`, `text 1` and so on. */
  readonly names?: readonly string[] | undefined;
}

/** Texts as sequences of vectors, with what was lost. */
export interface EmbeddedTexts {
  /** Shape (n, T, d), T the tokens of the longest text; padding at the end, mask 1 = present. */
  readonly x: Batch<Float32Array>;
  /** Tokens of all texts, before cutting. */
  readonly tokens: number;
  /** Those of them without a vector. */
  readonly unknownTokens: number;
  /** How many texts were cut to `maxTokens`. */
  readonly cutTexts: number;
}

/**
 * Looks up the vector of each token of each text.
 *
 * @param texts - strings, which are tokenized, or lists of tokens
 * @throws LemniscateError `BadInput` naming the text, if fewer than `minTokens` of its tokens (that stay after cutting)
 *   have a vector, or if it is longer than `maxTokens` and `tooLong` is `"refuse"`.
 *
 * @example
 * ```ts
 * import { embedTexts } from "lemniscate/data";
 * const embeddings = { d: 1, words: new Map([["fine", 0], [".", 1]]), data: Float32Array.of(5, 7) };
 * const { x, unknownTokens } = embedTexts(["Fine film.", "Fine"], embeddings);
 * x.shape; // => [2, 3, 1]
 * x.data; // => Float32Array.of(5, 0, 7, 5, 0, 0)
 * x.mask; // => Uint8Array.of(1, 1, 1, 1, 0, 0)
 * unknownTokens; // => 1
 * embedTexts(["Dull"], embeddings); // throws embedTexts: text 0: got 0 known of 1 token
 * ```
 */
export function embedTexts(
  texts: readonly (string | readonly string[])[],
  { d, words, data }: Embeddings,
  options: EmbedOptions = {},
): EmbeddedTexts {
  const { maxTokens = Number.POSITIVE_INFINITY, minTokens = 1, unknown = "zero" } = options;
  if (!(maxTokens >= 1))
    throw new LemniscateError({
      code: "OptionOutOfRange",
      where: "embedTexts: maxTokens",
      given: String(maxTokens),
      allowed: "a number ≥ 1",
      mend: "Leave it out for no limit.",
    });
  let [tokens, unknownTokens, cutTexts] = [0, 0, 0];
  const sequences = texts.map((text, i) => {
    const where = `embedTexts: ${options.names?.[i] ?? `text ${i}`}`;
    const found = typeof text === "string" ? tokenize(text, options) : text;
    const rows = found.map((token) => words.get(token) ?? -1);
    const known = rows.filter((row) => row >= 0);
    tokens += found.length;
    unknownTokens += found.length - known.length;
    const kept = unknown === "skip" ? known : rows;
    if (kept.length > maxTokens) {
      cutTexts++;
      if (options.tooLong === "refuse")
        throw badText(where, `${kept.length} tokens`, `at most ${maxTokens}`, "Raise maxTokens, or cut the text.");
    }
    const sequence = kept.slice(0, maxTokens);
    const present = sequence.filter((row) => row >= 0).length;
    if (present < minTokens)
      throw badText(
        where,
        `${present} known of ${found.length} ${found.length === 1 ? "token" : "tokens"} (${shown(found.join(" "))})`,
        `at least ${minTokens} with a vector`,
        "Leave the text out, use embeddings that hold its words, or lower minTokens (0 takes all texts).",
      );
    return sequence;
  });
  const T = sequences.reduce((longest, sequence) => Math.max(longest, sequence.length), 1);
  const x = new Float32Array(texts.length * T * d);
  const mask = new Uint8Array(texts.length * T);
  for (const [n, sequence] of sequences.entries())
    for (const [t, row] of sequence.entries()) {
      mask[n * T + t] = 1;
      if (row >= 0) x.set(data.subarray(row * d, (row + 1) * d), (n * T + t) * d);
    }
  return { x: { shape: [texts.length, T, d], data: x, mask }, tokens, unknownTokens, cutTexts };
}

const badText = (where: string, given: string, allowed: string, mend: string): LemniscateError =>
  new LemniscateError({ code: "BadInput", where, given, allowed, mend });

/**
 * The mean over the present positions of each example: a baseline that forgets the order of words. With
 * `unknown: "zero"`, words without a vector count as zeros; embed with `unknown: "skip"` to leave them out.
 *
 * @param batch - shape (n, T, d)
 * @returns shape (n, d); zeros for an example without a present position
 *
 * @example
 * ```ts
 * import { meanEmbeddings } from "lemniscate/data";
 * const x = { shape: [1, 3, 1] as const, data: Float32Array.of(5, 7, 100), mask: Uint8Array.of(1, 1, 0) };
 * meanEmbeddings(x).data; // => Float64Array.of(6)
 * ```
 */
export function meanEmbeddings(batch: Batch): Batch<Float64Array> {
  const [n, T, d] = [batch.shape[0], positionsOf(batch), channelsOf(batch)];
  const data = new Float64Array(n * d);
  for (let i = 0; i < n; i++) {
    let count = 0;
    for (let t = 0; t < T; t++) {
      if (batch.mask?.[i * T + t] === 0) continue;
      count++;
      for (let c = 0; c < d; c++)
        data[i * d + c] = (data[i * d + c] as number) + (batch.data[(i * T + t) * d + c] as number);
    }
    for (let c = 0; c < d && count > 0; c++) data[i * d + c] = (data[i * d + c] as number) / count;
  }
  return { shape: [n, d], data };
}
