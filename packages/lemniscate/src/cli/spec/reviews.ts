import type { ImdbBlock } from "./blocks.js";
import type { Examples } from "./examples.js";

/** Film reviews as sequences of word vectors. */
export async function imdbExamples(block: ImdbBlock, _found: (key: string, file: string) => string): Promise<Examples> {
  throw new Error(`data of type ${block.type} cannot be read yet`);
}
