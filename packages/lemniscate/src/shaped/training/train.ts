/** @module Training a classifier of a model's layers, to see what depth does to it. */
import { LemniscateError } from "../../core/errors.js";
import { child, permutation, randomKey } from "../../core/random.js";
import { pausing, type RunOptions } from "../../core/run.js";
import { backwards } from "../../finite/backward.js";
import { type Plain, plain } from "../../finite/plain.js";
import { crossEntropy } from "../../finite/train.js";
import { arraysOf, mapWeights } from "../../finite/weights.js";
import type { ShapedModel } from "../models/model.js";
import { checkCount } from "../solve.js";
import { type Classifier, type ClassifierShape, classifier, type LabelledWords } from "./classifier.js";
import { type OptimizerName, optimizers } from "./optimizer.js";

/** Texts to learn from and to be judged by. */
export interface TextTask {
  readonly train: LabelledWords;
  readonly test: LabelledWords;
  readonly classes: number;
  /** How many words there are, for vectors that are learnt; or the vectors of words, (words, d), each of length √d. */
  readonly words: number | Plain;
}

export interface ClassifierOptions extends RunOptions {
  readonly width: number;
  readonly depth: number;
  readonly steps: number;
  /** The greatest: it rises for a twentieth of the steps, and falls to nothing until the last one. */
  readonly learningRate: number;
  /** Default `"adam"`; `"sgd"` has momentum 0.9. */
  readonly optimizer?: OptimizerName | undefined;
  /** Texts of a step; default 32. */
  readonly batchSize?: number | undefined;
  /** Steps from one report to the next; default a tenth of all. */
  readonly every?: number | undefined;
  /** Of the weights and of the order of texts; default 0. */
  readonly seed?: number | undefined;
}

/** How far training is. */
export interface TrainingReport {
  /** Steps that were made: 0 is before training. */
  readonly step: number;
  /** − log p of the right class: the mean over the steps since the last report; +∞ where training has diverged. */
  readonly loss: number;
  readonly testLoss: number;
  /** Share of the test texts whose class has the highest score. */
  readonly accuracy: number;
  /** Mean cosine between the tokens of a test text behind the last layer: 1 where the rank has collapsed. */
  readonly cosine: number;
}

/**
 * Trains a classifier of short texts on cross-entropy: words and places, `depth` layers of the model, and a readout of the
 * mean token. The scalars α, β and γ_c of shaped attention are learnt with the weights, for each head.
 *
 * A run that diverges ends with a report that says so; breaking out of the loop stops the work.
 *
 * @throws LemniscateError `OptionOutOfRange`, `ShapeMismatch`
 *
 * @example
 * ```ts
 * import { shapedAttention, trainClassifier } from "lemniscate/shaped";
 *
 * // Texts of one word: the first of them is of class 1.
 * const texts = { words: Int32Array.of(0, 1, 2, 3), tokens: 1, labels: [1, 0, 0, 0] };
 * const task = { train: texts, test: texts, classes: 2, words: 4 };
 * const options = { width: 8, depth: 2, steps: 40, every: 40, learningRate: 0.05 };
 * const reports = [];
 * for await (const report of trainClassifier(shapedAttention({ gamma: 0.5 }), task, options)) reports.push(report);
 * reports.at(-1)!.accuracy; // => 1
 * ```
 */
export async function* trainClassifier(
  model: ShapedModel,
  task: TextTask,
  options: ClassifierOptions,
): AsyncGenerator<TrainingReport> {
  const { width, depth, steps, learningRate, optimizer = "adam", seed = 0, signal, onProgress } = options;
  const { train, test, classes, words } = task;
  const every = options.every ?? Math.max(1, Math.round(steps / 10));
  const batchSize = Math.min(options.batchSize ?? 32, train.labels.length);
  for (const [name, count] of Object.entries({ width, depth, steps, every, batchSize })) checkCount(name, count);
  checkTask(task);
  checkRate(learningRate);
  const shape: ClassifierShape = { width, depth, classes, words, tokens: train.tokens };
  const net = classifier(model, shape, seed);
  const arrays = arraysOf(net.weights);
  const move = optimizers[optimizer](arrays);
  const order = child(randomKey(seed), "order");
  let [sum, count, epoch, next] = [0, 0, 0, train.labels.length];
  let left: Int32Array = new Int32Array(0);
  const rest = pausing(signal);
  for (let step = 0; ; step++) {
    await rest();
    if (next + batchSize > train.labels.length)
      [left, next] = [permutation(child(order, epoch++), train.labels.length), 0];
    const batch = someOf(train, left.subarray(next, next + batchSize));
    next += batchSize;
    const { loss, gradients } = gradientOf(net, batch, classes);
    sum += loss;
    count++;
    const diverged = !Number.isFinite(loss);
    if (step % every === 0 || step === steps || diverged) {
      const judged = diverged ? lost : judge(net, test, classes, batchSize);
      yield { step, loss: diverged ? Number.POSITIVE_INFINITY : sum / count, ...judged };
      [sum, count] = [0, 0];
    }
    if (step === steps || diverged) return;
    move(gradients, learningRate * Math.min((step + 1) / Math.ceil(steps / 20), (steps - step) / steps));
    onProgress?.(step + 1, steps);
  }
}

const lost = { testLoss: Number.POSITIVE_INFINITY, accuracy: 0, cosine: Number.NaN };

/** The loss on some texts, and its gradient in every array of weights. */
export function gradientOf(
  net: Classifier,
  { words, labels }: LabelledWords,
  classes: number,
): { readonly loss: number; readonly gradients: readonly (Plain | null)[] } {
  const t = backwards(plain);
  const leaves = mapWeights(net.weights, t.leaf);
  const { scores } = net.apply(t, leaves, words);
  const { loss, gradient } = crossEntropy(scores.value.data, oneHot(labels, classes), classes);
  const gradients = t.pull(scores, { shape: scores.value.shape, data: gradient }, arraysOf(leaves));
  return { loss, gradients };
}

/** On all texts of a set, a batch at a time. */
function judge(net: Classifier, texts: LabelledWords, classes: number, batchSize: number): typeof lost {
  const n = texts.labels.length;
  let [loss, right, cosine, pairs] = [0, 0, 0, 0];
  for (let from = 0; from < n; from += batchSize) {
    const rows = Int32Array.from({ length: Math.min(batchSize, n - from) }, (_, i) => from + i);
    const { words, labels } = someOf(texts, rows);
    const { scores, tokens } = net.apply(plain, net.weights, words);
    loss += (crossEntropy(scores.data, oneHot(labels, classes), classes).loss * rows.length) / n;
    for (const [i, label] of labels.entries()) {
      const row = scores.data.subarray(i * classes, (i + 1) * classes);
      if (row.every((score, c) => c === label || score < row[label]!)) right++;
    }
    const last = tokens.at(-1)!;
    const [, m, width] = last.shape as [number, number, number];
    const at = (i: number, a: number): Float64Array => last.data.subarray((i * m + a) * width, (i * m + a + 1) * width);
    for (let i = 0; i < rows.length; i++)
      for (let a = 0; a < m; a++)
        for (let b = 0; b < a; b++) {
          if (words[i * m + a]! < 0 || words[i * m + b]! < 0) continue;
          cosine += cosineOf(at(i, a), at(i, b));
          pairs++;
        }
  }
  return { testLoss: loss, accuracy: right / n, cosine: cosine / Math.max(pairs, 1) };
}

function cosineOf(x: Float64Array, y: Float64Array): number {
  let [xx, xy, yy] = [0, 0, 0];
  for (let k = 0; k < x.length; k++) {
    xx += x[k]! ** 2;
    xy += x[k]! * y[k]!;
    yy += y[k]! ** 2;
  }
  return xx === 0 || yy === 0 ? 0 : xy / Math.sqrt(xx * yy);
}

function someOf({ words, labels, tokens }: LabelledWords, rows: Int32Array): LabelledWords {
  const some = new Int32Array(rows.length * tokens);
  for (const [i, row] of rows.entries()) some.set(words.subarray(row * tokens, (row + 1) * tokens), i * tokens);
  return { words: some, tokens, labels: Array.from(rows, (row) => labels[row]!) };
}

function oneHot(labels: readonly number[], classes: number): Float64Array {
  const y = new Float64Array(labels.length * classes);
  for (const [i, label] of labels.entries()) y[i * classes + label] = 1;
  return y;
}

function checkTask({ train, test, classes, words }: TextTask): void {
  const known = typeof words === "number" ? words : words.shape[0]!;
  const bad = (where: string, given: string, allowed: string, mend: string): LemniscateError =>
    new LemniscateError({ code: "ShapeMismatch", where: `trainClassifier: ${where}`, given, allowed, mend });
  for (const [name, { words, tokens, labels }] of Object.entries({ train, test })) {
    if (labels.length === 0 || tokens !== train.tokens || words.length !== labels.length * tokens)
      throw bad(
        name,
        `${words.length} words for ${labels.length} texts of ${tokens} tokens`,
        `one text or more, each of ${train.tokens} tokens`,
        "Fill shorter texts up with −1, and cut longer ones.",
      );
    const word = words.find((word) => word >= known || word < -1);
    if (word !== undefined)
      throw bad(name, `the word ${word}`, `words from 0 to ${known - 1}, and −1`, "Count the words that there are.");
    const label = labels.find((label) => !(Number.isInteger(label) && label >= 0 && label < classes));
    if (label !== undefined)
      throw bad(name, `the class ${label}`, `classes from 0 to ${classes - 1}`, "Count the classes that there are.");
  }
}

function checkRate(learningRate: number): void {
  if (Number.isFinite(learningRate) && learningRate > 0) return;
  throw new LemniscateError({
    code: "OptionOutOfRange",
    where: "learningRate",
    given: String(learningRate),
    allowed: "a number > 0",
    mend: "For Adam 0.01 is a beginning, for gradient descent 1.",
  });
}
