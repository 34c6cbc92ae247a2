/** How a text is cut into words. */
export interface TokenizeOptions {
  /**
   * - `"treebank"` (default): as the text was cut that GloVe vectors were learnt from. `n't 's 're 've 'll 'd 'm` are
   *   split off, punctuation is kept as tokens, and so are hyphens and full stops inside words.
   * - `"keras"`: as the Keras tokenizer does, which the published experiments with attention kernels on IMDb used.
   *   Punctuation is dropped, except apostrophes, so that `don't` is one word, which GloVe does not know.
   */
  readonly style?: "treebank" | "keras" | undefined;
}

const kerasBlanks = /[!"#$%&()*+,\-./:;<=>?@[\\\]^_`{|}~\s]+/;
const word = "[\\p{L}\\p{M}\\p{N}_]+";
const treebankToken = new RegExp(`n't|'(?:s|re|ve|ll|d|m)\\b|${word}(?:[-.]${word})*|\\.\\.\\.|--|\\S`, "gu");

/**
 * The words of a text, in lower case. Line ends are blanks of no importance, and so, for `"treebank"`, are the
 * `<br />` of film reviews; `"keras"` makes the word `br` of each.
 *
 * @example
 * ```ts
 * import { tokenize } from "lemniscate/data";
 * tokenize("It isn't well-made."); // => ["it", "is", "n't", "well-made", "."]
 * tokenize("It isn't well-made.", { style: "keras" }); // => ["it", "isn't", "well", "made"]
 * ```
 */
export function tokenize(text: string, { style = "treebank" }: TokenizeOptions = {}): string[] {
  const lower = text.toLowerCase();
  if (style === "keras") return lower.split(kerasBlanks).filter((token) => token !== "");
  const split = lower
    .replace(/<br\s*\/?>/g, " ")
    .replace(/n't\b/g, " n't")
    .replace(/'(s|re|ve|ll|d|m)\b/g, " '$1");
  return split.match(treebankToken) ?? [];
}
