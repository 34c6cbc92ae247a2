import { describe, expect, it } from "vitest";
import { normals, randomKey, uniforms } from "../../src/core/random.js";
import type { Plain } from "../../src/finite/plain.js";
import { arraysOf } from "../../src/finite/weights.js";
import {
  linearMlp,
  type ShapedModel,
  shapedAttention,
  shapedMlp,
  shapedTransformer,
  unshapedTransformer,
} from "../../src/shaped/models/model.js";
import { classifier, type LabelledWords } from "../../src/shaped/training/classifier.js";
import { gradientOf, type TextTask, type TrainingReport, trainClassifier } from "../../src/shaped/training/train.js";

const [tokens, classes, words] = [5, 3, 12];

/** Texts of one to five words; a third of the words belong to one class each. */
function texts(count: number, seed: number): LabelledWords {
  const u = uniforms(randomKey(seed), new Float64Array(count * (2 * tokens + 2)));
  let at = 0;
  const upTo = (n: number): number => Math.floor(u[at++]! * n);
  const numbers = new Int32Array(count * tokens).fill(-1);
  const labels = Array.from({ length: count }, (_, i) => {
    const [label, length] = [upTo(classes), 1 + upTo(tokens)];
    for (let t = 0; t < length; t++) numbers[i * tokens + t] = upTo(3) > 0 ? label : classes + upTo(words - classes);
    return label;
  });
  return { words: numbers, tokens, labels };
}
const task: TextTask = { train: texts(200, 1), test: texts(60, 2), classes, words };
const options = { width: 12, depth: 2, steps: 30, every: 15, batchSize: 16, learningRate: 0.03 };
const relu = { type: "shaped-relu", plus: 0.5, minus: -1 } as const;
const block = shapedTransformer({
  attention: { gamma: 0.5, keyWidth: 4, heads: 2, outputProjection: true, mask: "causal" },
  mlp: { gamma: 0.4, activation: relu },
});
const models: [string, ShapedModel][] = [
  ["linear", linearMlp({ gamma: 0.5 })],
  ["MLP of tanh", shapedMlp({ activation: { type: "tanh", scale: 0.5 } })],
  ["MLP of silu", shapedMlp({ activation: { type: "silu", scale: 0.5 }, gamma: 0.5 })],
  ["trainable form", shapedAttention({ gamma: 0.7, keyWidth: 4, heads: 3, alpha: 0.9, beta: 0.8, centre: 0.6 })],
  ["causal transformer, W_O", block],
  ["unshaped", unshapedTransformer({ attention: { strength: 0.5, keyWidth: 4 }, mlp: { strength: 0.5 } })],
  [
    "unshaped, uniform, no residual",
    unshapedTransformer({ attention: { strength: 1, logits: "uniform", heads: 2 }, residual: false }),
  ],
];

async function all(run: AsyncIterable<TrainingReport>): Promise<TrainingReport[]> {
  const reports: TrainingReport[] = [];
  for await (const report of run) reports.push(report);
  return reports;
}

describe("gradients of a classifier", () => {
  const batch = { ...texts(4, 3) };
  const vectors: Plain = { shape: [words, 6], data: normals(randomKey(4), new Float64Array(words * 6)) };

  it.each(models)("are those of differences, in every array: %s", (name, model) => {
    const known = name === "unshaped" ? vectors : words;
    const net = classifier(model, { width: 12, depth: 2, tokens, classes, words: known }, 5);
    const { gradients } = gradientOf(net, batch, classes);
    const arrays = arraysOf(net.weights);
    for (const [k, { data }] of arrays.entries()) {
      const direction = normals(randomKey(100 + k), new Float64Array(data.length));
      const slope = gradients[k]?.data.reduce((sum, g, i) => sum + g * direction[i]!, 0) ?? 0;
      const before = data.slice();
      const h = 1e-5;
      const lossAt = (by: number): number => {
        for (let i = 0; i < data.length; i++) data[i] = before[i]! + by * direction[i]!;
        return gradientOf(net, batch, classes).loss;
      };
      const difference = (lossAt(h) - lossAt(-h)) / (2 * h);
      data.set(before);
      expect(slope, `array ${k}`).toBeCloseTo(difference, 7);
      expect(Math.abs(slope), `array ${k}`).toBeGreaterThan(1e-9);
    }
  });
});

describe("training", () => {
  it.each([
    ["adam", 0.03],
    ["sgd", 0.5],
  ] as const)("learns a task by %s", async (optimizer, learningRate) => {
    const reports = await all(trainClassifier(block, task, { ...options, optimizer, learningRate, seed: 6 }));
    expect(reports.map(({ step }) => step)).toEqual([0, 15, 30]);
    expect(reports[2]!.loss).toBeLessThan(0.7 * reports[0]!.loss);
    expect(reports[2]!.accuracy).toBeGreaterThan(0.7);
  });

  it("gives the same bits for the same seed, and other ones for another", async () => {
    const run = (seed: number): Promise<TrainingReport[]> =>
      all(trainClassifier(block, task, { ...options, steps: 3, every: 1, depth: 1, seed }));
    expect(await run(6)).toEqual(await run(6));
    expect(await run(7)).not.toEqual(await run(6));
  });

  it("moves the scalars of shaped attention, and none of an unshaped one", async () => {
    const net = classifier(block, { width: 12, depth: 1, tokens, classes, words }, 5);
    const { gradients } = gradientOf(net, task.train, classes);
    const scalars = arraysOf(net.weights).flatMap(({ shape }, k) => (shape.join() === "2" ? [gradients[k]!.data] : []));
    expect(scalars).toHaveLength(3);
    for (const g of scalars) expect(g.every((value) => value !== 0)).toBe(true);
    const unshaped = classifier(models[5]![1], { width: 12, depth: 1, tokens, classes, words }, 5);
    expect(arraysOf(unshaped.weights).every(({ shape }) => shape.length > 1)).toBe(true);
  });

  // Of a causal mask only the readout could see padding, which is behind all words.
  it.each(models.filter(([name]) => /trainable|unshaped|W_O/.test(name)))("does not see padding: %s", (_, model) => {
    const net = classifier(model, { width: 12, depth: 2, tokens, classes, words }, 5);
    const short = classifier(model, { width: 12, depth: 2, tokens: 2, classes, words }, 5);
    // The same places and weights: the first two rows of the longer table.
    const [places, longer] = [arraysOf(short.weights)[1]!, arraysOf(net.weights)[1]!];
    places.data.set(longer.data.subarray(0, places.data.length));
    const long = { words: Int32Array.of(3, 1, -1, -1, -1), tokens, labels: [1] };
    const cut = { words: Int32Array.of(3, 1), tokens: 2, labels: [1] };
    expect(gradientOf(short, cut, classes).loss).toBeCloseTo(gradientOf(net, long, classes).loss, 12);
  });

  it("says that tokens have become one where the rank has collapsed", async () => {
    const collapsed = unshapedTransformer({ attention: { strength: 1 }, residual: false });
    const [shaped] = await all(trainClassifier(block, task, { ...options, depth: 8, steps: 1 }));
    const [unshaped] = await all(trainClassifier(collapsed, task, { ...options, depth: 8, steps: 1 }));
    expect(unshaped!.cosine).toBeGreaterThan(0.99);
    expect(shaped!.cosine).toBeLessThan(0.6);
  });

  it("ends with a report where it diverges", async () => {
    const wild = unshapedTransformer({ attention: { strength: 1 }, mlp: { strength: 1 } });
    const reports = await all(trainClassifier(wild, task, { ...options, optimizer: "sgd", learningRate: 1e6 }));
    expect(reports.at(-1)!.loss).toBe(Number.POSITIVE_INFINITY);
    expect(reports.at(-1)!.step).toBeLessThan(30);
  });

  it("stops on a signal, and says what is wrong with its input", async () => {
    const controller = new AbortController();
    const run = trainClassifier(block, task, {
      ...options,
      signal: controller.signal,
      onProgress: (done) => done === 3 && controller.abort(),
    });
    await expect(all(run)).rejects.toThrow("abort");
    const refused = (more: object, of: TextTask = task): Promise<TrainingReport[]> =>
      all(trainClassifier(block, of, { ...options, ...more }));
    await expect(refused({ learningRate: 0 })).rejects.toThrow("learningRate: got 0, allowed is a number > 0.");
    await expect(refused({ width: 13 })).rejects.toThrow("width: got 13, allowed is a multiple of the 2 heads.");
    await expect(refused({ depth: 0 })).rejects.toThrow("depth: got 0, allowed is a whole number from 1.");
    await expect(refused({}, { ...task, words: 5 })).rejects.toThrow(
      /^trainClassifier: train: got the word \d+, allowed is words from 0 to 4, and −1\./,
    );
    await expect(refused({}, { ...task, classes: 2 })).rejects.toThrow(
      "got the class 2, allowed is classes from 0 to 1",
    );
    await expect(refused({}, { ...task, test: { ...task.test, labels: [] } })).rejects.toThrow(
      "trainClassifier: test: got 300 words for 0 texts of 5 tokens",
    );
  });
});
