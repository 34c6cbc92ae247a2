import { batch, type Matrix, networkFromData } from "lemniscate";
import { describe, expect, test } from "vitest";
import { empiricalNtk } from "../../src/finite/empirical.js";
import { apply, init } from "../../src/finite/init.js";
import { type TrainState, train } from "../../src/finite/train.js";
import { arraysOf } from "../../src/finite/weights.js";
import { gradientFlow } from "../../src/inference/gradient-flow.js";
import { difference, randomBatch } from "../conformance/random.js";

const net = (width: number) =>
  networkFromData({
    type: "serial",
    layers: [{ type: "dense", weightStd: 1.3, biasStd: 0.2 }, { type: "erf" }, { type: "dense", width, biasStd: 0.1 }],
  });
const x = randomBatch(1, [6, 3]);
const y: Matrix = { rows: 6, columns: 2, data: randomBatch(2, [6, 2]).data };

async function all(run: AsyncIterable<TrainState>): Promise<TrainState[]> {
  const states: TrainState[] = [];
  for await (const state of run) states.push(state);
  return states;
}

describe("train", () => {
  const network = net(2);
  const weights = init(network, x, { width: 40, seed: 5 });

  test("moves the weights by the gradient of the loss, for both losses", async () => {
    for (const loss of ["meanSquaredError", "crossEntropy"] as const) {
      const labels: Matrix = { ...y, data: Float64Array.from(y.data, (_, i) => (i % 2 === (i >> 1) % 2 ? 1 : 0)) };
      const rate = 1e-6;
      const [before, after] = await all(train(network, weights, x, labels, { steps: 1, learningRate: rate, loss }));
      // dL/dt = −η |gradient|², and the step is −η gradient.
      const steps = arraysOf(after!.weights).flatMap(({ data }, k) =>
        [...data].map((w, i) => w - arraysOf(weights)[k]!.data[i]!),
      );
      const squares = steps.reduce((sum, step) => sum + (step / rate) ** 2, 0);
      expect((before!.loss - after!.loss) / rate / squares).toBeCloseTo(1, 4);
      const f = apply(network, weights, x).data;
      const wanted =
        loss === "meanSquaredError"
          ? f.reduce((sum, value, i) => sum + 0.5 * (value - labels.data[i]!) ** 2, 0) / 12
          : -Array.from({ length: 6 }, (_, i) => {
              const [a, b] = [f[2 * i]!, f[2 * i + 1]!];
              const log = Math.log(Math.exp(a) + Math.exp(b));
              return labels.data[2 * i]! * (a - log) + labels.data[2 * i + 1]! * (b - log);
            }).reduce((p, q) => p + q) / 6;
      expect(before!.loss).toBeCloseTo(wanted, 12);
    }
  });

  test("follows the flow of its own NTK, closer with each width", async () => {
    const errors: number[] = [];
    for (const width of [32, 512]) {
      const one = net(1);
      const w = init(one, x, { width, seed: 3 });
      const ntk = await empiricalNtk(one, w, x, null);
      const k = { rows: 6, columns: 6, data: ntk.data };
      const target = { rows: 6, columns: 1, data: y.data.filter((_, i) => i % 2 === 0) };
      const initial = { rows: 6, columns: 1, data: apply(one, w, x).data };
      const flow = gradientFlow({ trainTrain: { ntk: k }, y: target, initial });
      const [wanted] = flow.train({ times: [20] });
      const states = await all(train(one, w, x, target, { steps: 200, learningRate: 0.1 }));
      const found = apply(one, states.at(-1)!.weights, x).data;
      errors.push(difference(found, wanted!.mean.data));
    }
    expect(errors[1]).toBeLessThan(0.02);
    expect(errors[1]).toBeLessThan(0.4 * errors[0]!);
  });

  test("centred, begins at 0, and every epoch of batches sees every example once", async () => {
    const states = await all(
      train(network, weights, x, y, { steps: 6, learningRate: 0.05, batchSize: 2, centered: true, seed: 9 }),
    );
    // The losses of an epoch's batches at the first weights would sum to the loss of all; the first is that of two.
    const square = (i: number): number => 0.5 * ((y.data[2 * i]! ** 2 + y.data[2 * i + 1]! ** 2) / 2);
    const pairs = [0, 1, 2, 3, 4, 5].flatMap((i) => [0, 1, 2, 3, 4, 5].map((j) => (square(i) + square(j)) / 2));
    expect(Math.min(...pairs.map((value) => Math.abs(value - states[0]!.loss)))).toBeLessThan(1e-12);
    const again = await all(
      train(network, weights, x, y, { steps: 6, learningRate: 0.05, batchSize: 2, centered: true, seed: 9 }),
    );
    expect(again.map(({ loss }) => loss)).toEqual(states.map(({ loss }) => loss));
    const full = await all(train(network, weights, x, y, { steps: 0, learningRate: 1, centered: true }));
    expect(full[0]!.loss).toBeCloseTo([0, 1, 2, 3, 4, 5].reduce((sum, i) => sum + square(i), 0) / 6, 12);
  });

  test("stops on a signal, and says what is wrong with its input", async () => {
    const stop = new AbortController();
    const run = train(network, weights, x, y, { steps: 50, learningRate: 0.1, signal: stop.signal });
    const seen: number[] = [];
    await expect(
      (async () => {
        for await (const { step } of run) {
          seen.push(step);
          if (step === 2) stop.abort(new Error("enough"));
        }
      })(),
    ).rejects.toThrow("enough");
    expect(seen).toEqual([0, 1, 2]);
    const options = { steps: 2, learningRate: 0.1 };
    const message = (of: AsyncIterable<TrainState>): Promise<string> =>
      all(of).then(String, (error: Error) => error.message);
    expect(await message(train(network, weights, x, y, { ...options, learningRate: 0 }))).toMatch(
      "train: learningRate: got 0, allowed is a number > 0.",
    );
    expect(await message(train(network, weights, x, y, { ...options, steps: 1.5 }))).toMatch("train: steps: got 1.5");
    expect(await message(train(network, weights, x, y, { ...options, batchSize: 0 }))).toMatch(
      "train: batchSize: got 0",
    );
    expect(
      await message(train(network, weights, x, { rows: 6, columns: 1, data: new Float64Array(6) }, options)),
    ).toMatch(
      "train: y: got 1 targets for 2 outputs, allowed is as many targets as the network has outputs. End the network with dense({ width: 1 }).",
    );
    expect(await message(train(network, weights, batch([1, 3], [1, 2, 3]), y, options))).toMatch(
      "train: y: got 6 rows of targets for 1 examples",
    );
    expect(await message(train(network, weights, x, y, { steps: 500, learningRate: 1e4 }))).toMatch(
      "Lower the learning rate",
    );
  });
});
