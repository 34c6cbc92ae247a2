/** @module Texts as sequences of word vectors. */
import { readImdb } from "../../data/acl-imdb.js";
import { embedTexts } from "../../data/embed.js";
import { readGlove } from "../../data/glove.js";
import { type LabelledTexts, labelledTexts } from "../../data/labels.js";
import { tokenize } from "../../data/tokenize.js";
import { readCsv } from "../inputs.js";
import type { EmbeddingBlock, ImdbBlock, TextsBlock } from "./blocks.js";
import type { Examples } from "./examples.js";

type Found = (key: string, file: string) => string;

/** Film reviews, 0 = negative and 1 = positive. */
export async function imdbExamples(block: ImdbBlock, found: Found): Promise<Examples> {
  const { count, seed } = block;
  const vectors = found("embeddings.file", block.embeddings.file);
  return embedded(await readImdb(found("folder", block.folder), { count, seed }), block, vectors);
}

/** Texts and their classes from two columns of a table. */
export async function textExamples(block: TextsBlock, found: Found): Promise<Examples> {
  const vectors = found("embeddings.file", block.embeddings.file);
  const table = await readCsv(found("file", block.file));
  const rows = block.count === undefined ? table.rows : table.rows.slice(0, block.count);
  return embedded(labelledTexts({ ...table, rows }, { text: block.text, label: block.label }), block, vectors);
}

interface EmbeddingOptions {
  readonly embeddings: EmbeddingBlock;
  readonly maxTokens?: number | undefined;
  readonly unknown?: "zero" | "skip" | undefined;
}

/** Of the vectors only those are read that some text needs. */
async function embedded(of: LabelledTexts, options: EmbeddingOptions, vectors: string): Promise<Examples> {
  const { maxTokens = 300, unknown } = options;
  const { tokenizer: style } = options.embeddings;
  const tokens = of.texts.map((text) => tokenize(text, { style }));
  const embeddings = await readGlove(vectors, { words: new Set(tokens.flat()) });
  const result = embedTexts(tokens, embeddings, { maxTokens, unknown, names: of.names });
  const share = ((100 * result.unknownTokens) / Math.max(1, result.tokens)).toFixed(1);
  return {
    x: result.x,
    targets: { rows: of.labels.length, columns: 1, data: Float64Array.from(of.labels) },
    labels: of.labels.map((label) => of.classes[label]!),
    note: `${share} % of ${result.tokens} tokens without a vector, ${result.cutTexts} texts cut to ${maxTokens}`,
  };
}
