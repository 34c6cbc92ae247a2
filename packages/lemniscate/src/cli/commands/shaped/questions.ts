/** @module Questions of TREC as numbers of words. */
import path from "node:path";
import { readGlove } from "../../../data/glove.js";
import type { LabelledTexts } from "../../../data/labels.js";
import { readTrec } from "../../../data/trec.js";
import type { LabelledWords } from "../../../shaped/training/classifier.js";
import type { TextTask } from "../../../shaped/training/train.js";

export interface QuestionFlags {
  /** The folder of both files. */
  readonly data: string;
  readonly embeddings?: string | undefined;
  readonly maxTokens: number;
}

/** The task of telling the six coarse classes apart. Words are in lower case, and those of both files are counted. */
export async function trecTask({ data, embeddings, maxTokens }: QuestionFlags): Promise<TextTask> {
  // One after the other, so that of two files that are missing the same one is named each time.
  const train = await readTrec(path.join(data, "TREC.train"));
  const test = await readTrec(path.join(data, "TREC.test"));
  const numbers = new Map<string, number>();
  const of = ({ texts, labels }: LabelledTexts): LabelledWords => {
    const words = new Int32Array(texts.length * maxTokens).fill(-1);
    for (const [i, text] of texts.entries())
      for (const [t, word] of text.toLowerCase().split(/ +/).slice(0, maxTokens).entries()) {
        if (!numbers.has(word)) numbers.set(word, numbers.size);
        words[i * maxTokens + t] = numbers.get(word)!;
      }
    return { words, tokens: maxTokens, labels };
  };
  const sets = { train: of(train), test: of(test), classes: train.classes.length };
  if (embeddings === undefined) return { ...sets, words: numbers.size };
  const found = await readGlove(embeddings, { words: numbers.keys() });
  const vectors = new Float64Array(numbers.size * found.d);
  for (const [word, number] of numbers) {
    const row = found.words.get(word);
    if (row === undefined) continue;
    const vector = found.data.subarray(row * found.d, (row + 1) * found.d);
    const scale = Math.sqrt(found.d) / Math.hypot(...vector);
    for (const [c, x] of vector.entries()) vectors[number * found.d + c] = x * scale;
  }
  return { ...sets, words: { shape: [numbers.size, found.d], data: vectors } };
}
