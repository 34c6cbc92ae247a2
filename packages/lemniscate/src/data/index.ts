/**
 * Files of numbers and texts, as they lie on disk, and the batches that kernels take.
 *
 * ```ts
 * import { oneHot } from "lemniscate";
 * import { embedTexts, labelledTexts, parseGlove, parseTable } from "lemniscate/data";
 *
 * const table = parseTable("review,sentiment\nA fine film.,positive\nDull.,negative\n", "reviews.csv");
 * const { texts, labels, classes, names } = labelledTexts(table);
 * const glove = new Blob(["fine 0.5 1\nfilm 0.25 0\ndull -1 -1\n"]);        // or readGlove("glove.6B.50d.txt")
 * const embeddings = await parseGlove(glove.stream(), "glove.txt");
 *
 * const { x, unknownTokens } = embedTexts(texts, embeddings, { names, unknown: "skip", maxTokens: 300 });
 * const y = oneHot(labels, classes.length);
 * x.shape; // => [2, 2, 2]
 * x.mask; // => Uint8Array.of(1, 1, 1, 0)
 * unknownTokens; // => 3
 * y.data; // => Float64Array.of(0, 1, 1, 0)
 * ```
 *
 * Functions called `parse…` take bytes or text and run anywhere; those called `read…` and `write…` take paths and run
 * in Node. Files with a fault end in a `LemniscateError` that names the file, the line or byte, and the remedy.
 *
 * @module
 */
export {
  type ImdbOptions,
  type ImdbReviews,
  parseReview,
  type Review,
  type ReviewOptions,
  readImdb,
} from "./acl-imdb.js";
export { type LabelledImages, parseCifar10, readCifar10 } from "./cifar10.js";
export { parseTable, readTable, type Table, type TableOptions, type TableRow } from "./csv.js";
export { type EmbeddedTexts, type EmbedOptions, embedTexts, meanEmbeddings } from "./embed.js";
export { type Embeddings, type GloveOptions, parseGlove, readGlove } from "./glove.js";
export { type IdxArray, parseIdx, readIdx, readMnist } from "./idx.js";
export { type LabelledTexts, type LabelledTextsOptions, labelledTexts } from "./labels.js";
export { type LearnOptions, learnEmbeddings } from "./learn-embeddings.js";
export { formatNpy, type NpyArray, type NpyData, type NpyType, numbersOf, parseNpy, readNpy, writeNpy } from "./npy.js";
export { type NumericTable, type NumericTableOptions, numericTable } from "./numeric-table.js";
export { type Standardizer, standardize } from "./standardize.js";
export type { TextOptions } from "./text.js";
export { type TokenizeOptions, tokenize } from "./tokenize.js";
export { parseTrec, readTrec } from "./trec.js";
