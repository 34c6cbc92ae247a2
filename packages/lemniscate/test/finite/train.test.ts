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

/** A state that was written and read again: JSON turns arrays of numbers into objects. */
function revived(text: string): TrainState {
  const isArray = (value: object): value is { shape: number[]; data: object } => "shape" in value && "data" in value;
  return JSON.parse(text, (_, value) =>
    typeof value === "object" && value !== null && isArray(value)
      ? { ...value, data: Float64Array.from(Object.values(value.data)) }
      : value,
  );
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

  test("with momentum is the heavy ball of its gradients", async () => {
    const rate = 0.05;
    const states = await all(train(network, weights, x, y, { steps: 3, learningRate: rate, momentum: 0.8 }));
    const at = (k: number): number[] => arraysOf(states[k]!.weights).flatMap(({ data }) => [...data]);
    const alone = await all(train(network, states[2]!.weights, x, y, { steps: 1, learningRate: rate }));
    const pull = arraysOf(alone[1]!.weights)
      .flatMap(({ data }) => [...data])
      .map((w, i) => w - at(2)[i]!);
    const wanted = at(2).map((w, i) => w + 0.8 * (w - at(1)[i]!) + pull[i]!);
    expect(difference(at(3), wanted)).toBeLessThan(1e-13);
    expect(states.map(({ velocity }) => velocity !== undefined)).toEqual([false, true, true, true]);
  });

  test("goes on from any state, through JSON too, as if it had not been interrupted", async () => {
    const dropped = networkFromData({ type: "serial", layers: [network, { type: "dropout", drop: 0.3 }] } as never);
    const first = init(dropped, x, { width: 8, seed: 5 });
    const options = { learningRate: 0.05, momentum: 0.5, batchSize: 4, centered: true, seed: 3 };
    const whole = await all(train(dropped, first, x, y, { ...options, steps: 7 }));
    for (const k of [0, 2, 5]) {
      const from = revived(JSON.stringify(whole[k]));
      const rest = await all(train(dropped, first, x, y, { ...options, steps: 7, from }));
      expect(rest.map(({ step, loss }) => [step, loss])).toEqual(whole.slice(k).map(({ step, loss }) => [step, loss]));
      expect(arraysOf(rest.at(-1)!.weights)).toEqual(arraysOf(whole[7]!.weights));
    }
    const restless = train(dropped, first, x, y, { ...options, steps: 7, from: whole[2]!, momentum: 0 });
    await expect(all(restless)).rejects.toThrow(
      "train: from: got a state with velocity, allowed is one of a run without momentum.",
    );
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
    expect(await message(train(network, weights, x, y, { ...options, momentum: 1 }))).toMatch(
      "momentum: got 1, allowed",
    );
    expect(await message(train(network, weights, x, y, { ...options, loss: "hinge" as never }))).toMatch(
      'train: loss: got "hinge", allowed is "meanSquaredError" or "crossEntropy".',
    );
    expect(await message(train(network, weights, x, y, { ...options, step: 3 } as never))).toMatch(
      'train: got the unknown option "step"',
    );
    for (const [given, said] of [
      [null, "no matrix"],
      [[1, 2], "no matrix"],
      [{ ...y, data: new Float64Array(3) }, "3 numbers for 6 × 2"],
    ] as const)
      expect(await message(train(network, weights, x, given as never, options))).toMatch(`train: y: got ${said}`);
    const loss = "crossEntropy";
    const [one, negative] = [1, 2].map((columns) => ({
      rows: 6,
      columns,
      data: new Float64Array(6 * columns).fill(-1),
    }));
    expect(await message(train(network, weights, x, one!, { ...options, loss }))).toMatch(
      'crossEntropy": got one column',
    );
    expect(await message(train(network, weights, x, negative!, { ...options, loss }))).toMatch("got negative targets");
    for (const [from, said] of [
      [{}, "step undefined"],
      [{ step: -1, weights, loss: 0 }, "step -1"],
      [{ step: 3, weights, loss: 0 }, "step 3, allowed is a state with a step from 0 to 2"],
    ] as const)
      expect(await message(train(network, weights, x, y, { ...options, from: from as never }))).toMatch(
        `from: got ${said}`,
      );
    expect(await message(train(network, null as never, x, y, options))).toMatch("train: weights: got nothing");
    const holes: Matrix = { ...y, data: Float64Array.from(y.data, (value, i) => (i === 3 ? Number.NaN : value)) };
    expect(await message(train(network, weights, x, holes, options))).toMatch(
      "train: y: got NaN at (1, 1), allowed is finite numbers.",
    );
    expect(await message(train(network, weights, randomBatch(1, [6, 4]), y, options))).toMatch(
      "finite network: got arrays of (1, 1, 4) and (3, 40), as nsd and dk, allowed is equal sizes along equal letters.",
    );
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
