/** @module A transformer that tells short texts apart: words and places, layers of a model, and a readout of their mean. */
import { child, normals, randomKey } from "../../core/random.js";
import { type Plain, zeros } from "../../finite/plain.js";
import type { Weights } from "../../finite/weights.js";
import type { ArrayOperations } from "../../network/arrays.js";
import { layerOf } from "../models/layers.js";
import type { ShapedModel } from "../models/model.js";
import { applyLayer, type LayerWeights, sightOf } from "../network.js";
import { initLayers } from "../trajectory.js";

/** Texts of at most so many words, and what each is. */
export interface LabelledWords {
  /** The number of each word, text by text: (texts, tokens), −1 where a text has ended. */
  readonly words: Int32Array;
  readonly tokens: number;
  /** The class of each text. */
  readonly labels: readonly number[];
}

/** A classifier's form. */
export interface ClassifierShape {
  readonly width: number;
  readonly depth: number;
  readonly tokens: number;
  readonly classes: number;
  /** How many words there are, for vectors that are learnt; or the vectors of words, (words, d), each of length √d. */
  readonly words: number | Plain;
}

/** A classifier as a function of its weights. */
export interface Classifier {
  readonly weights: Weights<Plain>;
  /** Class scores, (texts, classes), and the tokens behind each layer from the first on, (texts, tokens, n). */
  apply<A>(t: ArrayOperations<A>, weights: Weights<A>, words: Int32Array): { scores: A; tokens: readonly A[] };
}

/**
 * A classifier with random weights: x = (word + place)/√2, of variance 1; then `depth` layers of the model; then the mean
 * over tokens times a matrix of scores over √n.
 */
export function classifier(model: ShapedModel, shape: ClassifierShape, seed: number): Classifier {
  const { width, depth, tokens, classes, words } = shape;
  const layer = layerOf(model, width, depth);
  const key = child(randomKey(seed), "ends");
  const draw = (shape: readonly number[], name: string): Plain => {
    const drawn = zeros(shape);
    normals(child(key, name), drawn.data);
    return drawn;
  };
  const weights: Weights<Plain>[] = [
    {
      words: draw([typeof words === "number" ? words : words.shape[1]!, width], "words"),
      places: draw([tokens, width], "places"),
      readout: draw([width, classes], "readout"),
    },
    ...initLayers(model, { width, depth, seed }),
  ];
  return {
    weights,
    apply(t, weights, numbers) {
      type A = Parameters<typeof t.shape>[0];
      const [ends, ...layers] = weights as readonly [{ words: A; places: A; readout: A }, ...LayerWeights<A>[]];
      const texts = numbers.length / tokens;
      const present = Uint8Array.from(numbers, (word) => (word < 0 ? 0 : 1));
      const sight = sightOf(t, layer.attention?.mask ?? "full", tokens, present.includes(0) ? present : undefined);
      const looked =
        typeof words === "number"
          ? t.take(ends.words, 0, Array.from(numbers))
          : t.multiply(
              t.einsum("nd,di->ni", t.examples([words.shape[1]!], rowsOf(words, numbers)), ends.words),
              1 / Math.sqrt(words.shape[1]!),
            );
      const first = t.multiply(t.add(t.reshape(looked, [texts, tokens, width]), ends.places), Math.SQRT1_2);
      const behind = [first];
      for (const own of layers) behind.push(applyLayer(t, layer, own, behind.at(-1)!, sight));
      const share = Float64Array.from(present);
      for (let i = 0; i < texts; i++) {
        const row = share.subarray(i * tokens, (i + 1) * tokens);
        const sum = row.reduce((x, y) => x + y, 0);
        for (let j = 0; j < tokens; j++) row[j]! /= Math.max(sum, 1);
      }
      const pooled = t.einsum("nt,nti->ni", t.examples([tokens], share), behind.at(-1)!);
      const scores = t.multiply(t.einsum("ni,ic->nc", pooled, ends.readout), 1 / Math.sqrt(width));
      return { scores, tokens: behind };
    },
  };
}

/** Rows of a table by number; zeros for −1. */
function rowsOf({ shape, data }: Plain, rows: Int32Array): Float64Array {
  const d = shape[1]!;
  const found = new Float64Array(rows.length * d);
  for (const [i, row] of rows.entries()) if (row >= 0) found.set(data.subarray(row * d, (row + 1) * d), i * d);
  return found;
}
