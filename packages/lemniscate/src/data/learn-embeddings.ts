import { LemniscateError } from "../core/errors.js";
import { positivePmi, vocabulary } from "./co-occurrence.js";
import type { Embeddings } from "./glove.js";
import { topEigenvectors } from "./top-eigenvectors.js";

/** How word vectors are learnt from texts. */
export interface LearnOptions {
  /** Length of each vector. Default 50. */
  readonly d?: number | undefined;
  /** How many positions apart two words may stand to count as neighbours. Default 5. */
  readonly window?: number | undefined;
  /** Words that occur less often get no vector. Default 2. */
  readonly minCount?: number | undefined;
  /** Equal seeds give equal vectors. Default 0. */
  readonly seed?: number | undefined;
  readonly signal?: AbortSignal | undefined;
}

/**
 * Word vectors learnt from the texts themselves, for a language or a field that has none: M ≈ U Λ Uᵀ for the positive
 * pointwise mutual information M of neighbouring words, cut to the d eigenvalues of largest size, and vectors
 * U |Λ|^½, scaled together so that the mean square of their entries is 1.
 *
 * Some thousand texts teach which words are about the same things, not much more: expect less of these vectors than
 * of GloVe's, which saw six billion words.
 *
 * @param texts - lists of tokens, as {@link tokenize} gives
 * @returns the words most frequent first, and their vectors
 * @throws LemniscateError `BadInput` if fewer than `d` words occur `minCount` times or no two of them are neighbours;
 *   `OptionOutOfRange` for options that are no positive integers.
 * @source Levy and Goldberg 2014, "Neural word embedding as implicit matrix factorization", section 5; the exponent ½
 *   is that of Levy, Goldberg and Dagan 2015, "Improving distributional similarity", section 3.3
 *
 * @example
 * ```ts
 * import { learnEmbeddings, tokenize } from "lemniscate/data";
 * const texts = ["a red rose", "a red tulip", "a fast car", "a fast bike"].map((text) => tokenize(text));
 * const { d, words } = learnEmbeddings(texts, { d: 2, minCount: 1 });
 * [d, words.size]; // => [2, 7]
 * ```
 */
export function learnEmbeddings(texts: readonly (readonly string[])[], options: LearnOptions = {}): Embeddings {
  const { d = 50, window = 5, minCount = 2, seed = 0, signal } = options;
  for (const [name, value] of Object.entries({ d, window, minCount }))
    if (!Number.isInteger(value) || value < 1)
      throw new LemniscateError({
        code: "OptionOutOfRange",
        where: `learnEmbeddings: ${name}`,
        given: String(value),
        allowed: "an integer ≥ 1",
        mend: "The defaults are d: 50, window: 5, minCount: 2.",
      });
  const words = new Map(vocabulary(texts, minCount).map((word, row) => [word, row]));
  const matrix = positivePmi(texts, words, window);
  if (words.size < d || matrix.values.length === 0)
    throw new LemniscateError({
      code: "BadInput",
      where: "learnEmbeddings: texts",
      given: `${words.size} words that occur at least ${minCount} times, ${matrix.values.length} pairs of neighbours`,
      allowed: `at least ${d} words, and a pair`,
      mend: "Pass more texts, or lower d or minCount.",
    });
  // On 2,000 film reviews, 8,275 words and d = 50, the squares of the eigenvalues add up to 0.2 % less than with 8 d.
  const { values, vectors } = topEigenvectors(matrix, d, { seed, steps: 6 * d, signal });
  const raw = vectors.map((entry, i) => entry * Math.sqrt(Math.abs(values[i % d] as number)));
  const meanSquare = raw.reduce((sum, entry) => sum + entry * entry, 0) / raw.length;
  return { d, words, data: Float32Array.from(raw, (entry) => entry / Math.sqrt(meanSquare || 1)) };
}
