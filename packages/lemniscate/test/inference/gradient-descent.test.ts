import { describe, expect, test } from "vitest";
import { type DescentState, gradientDescent } from "../../src/inference/gradient-descent.js";
import { gradientFlow } from "../../src/inference/gradient-flow.js";
import { maxLearningRate } from "../../src/inference/learning-rate.js";
import { integrate } from "../../src/inference/runge-kutta.js";
import type { Matrix } from "../../src/linalg/matrix.js";
import { gaussian, gram, largestDifference, naiveProduct } from "../linalg/matrices.js";

const ntk = gram(6, 9, 1);
const cross = gaussian(3, 6, 2);
const y = gaussian(6, 2, 3);
const [f, g] = [gaussian(6, 2, 4), gaussian(3, 2, 5)];

/** Gradient descent itself, in many small steps. */
function descend(force: (outputs: Float64Array) => Float64Array, time: number, momentum: number, steps: number) {
  const h = time / steps;
  const [outputs, velocity] = [Float64Array.from(f.data), new Float64Array(12)];
  for (let step = 0; step < steps; step++) {
    // Leapfrog: half a step for the outputs on both sides of the velocity's.
    for (let i = 0; i < 12; i++) outputs[i]! += (h / 2) * velocity[i]!;
    const push = naiveProduct(ntk, { rows: 6, columns: 2, data: force(outputs) }).data;
    const drag = (h / 2) * (1 - momentum);
    for (let i = 0; i < 12; i++) velocity[i] = ((1 - drag) * velocity[i]! - h * push[i]!) / (1 + drag);
    for (let i = 0; i < 12; i++) outputs[i]! += (h / 2) * velocity[i]!;
  }
  return outputs;
}

describe("the squared loss", () => {
  const run = gradientDescent({ ntk, y, loss: "meanSquaredError", learningRate: 2, initial: f });
  const flow = gradientFlow({ trainTrain: { ntk }, y, learningRate: 2, initial: f });

  test.each([0, 0.01, 1, 50, 2000])("has the closed form at time %d", (time) => {
    const state = run.advance(time);
    expect(largestDifference(run.train(state).data, flow.train({ times: [time] })[0]!.mean.data)).toBeLessThan(1e-8);
    const [there] = flow.predict({ testTrain: { ntk: cross }, initial: g }, { times: [time] });
    expect(largestDifference(run.predict(state, cross, g).data, there!.mean.data)).toBeLessThan(1e-8);
  });

  test("in one go or in pieces, through JSON", () => {
    let state = run.advance(1);
    const plain = JSON.parse(
      JSON.stringify({ ...state, weights: { ...state.weights, data: [...state.weights.data] } }),
    );
    state = run.advance(7, { ...plain, weights: { ...plain.weights, data: Float64Array.from(plain.weights.data) } });
    expect(largestDifference(run.train(state).data, run.train(run.advance(7)).data)).toBeLessThan(1e-8);
    expect(run.advance(7, state)).toEqual({ ...state, step: expect.any(Number) });
  });

  test("with momentum follows the heavy ball", () => {
    const ball = gradientDescent({ ntk, y, loss: "meanSquaredError", learningRate: 0.5, momentum: 0.8, initial: f });
    const force = (outputs: Float64Array) => outputs.map((x, i) => (0.5 * (x - y.data[i]!)) / 12);
    const state = ball.advance(12, ball.advance(5));
    expect(state.velocity!.data.some((v) => v !== 0)).toBe(true);
    expect(largestDifference(ball.train(state).data, descend(force, 12, 0.8, 4000))).toBeLessThan(1e-5);
  });
});

describe("other losses", () => {
  const labels: Matrix = {
    rows: 6,
    columns: 2,
    data: Float64Array.from({ length: 12 }, (_, i) => (i % 3 === 0 ? 1 : 0)),
  };
  const byHand = (outputs: { data: Float64Array }, t: Matrix): Float64Array =>
    outputs.data.map((x, i) => {
      const other = outputs.data[i % 2 === 0 ? i + 1 : i - 1]!;
      const mass = t.data[i]! + t.data[i % 2 === 0 ? i + 1 : i - 1]!;
      return (mass / (1 + Math.exp(other - x)) - t.data[i]!) / 6;
    });

  test("cross-entropy is its gradient, given as a function", () => {
    const named = gradientDescent({ ntk, y: labels, loss: "crossEntropy" });
    const own = gradientDescent({ ntk, y: labels, loss: byHand });
    const [a, b] = [named.advance(30), own.advance(30)];
    expect(largestDifference(named.train(a).data, own.train(b).data)).toBeLessThan(1e-8);
    expect(largestDifference(named.predict(a, cross).data, naiveProduct(cross, a.weights).data)).toBeLessThan(1e-13);
  });

  test("large logits do not overflow", () => {
    const far = gradientDescent({ ntk, y: labels, loss: "crossEntropy", initial: 1e4 });
    expect(far.train(far.advance(10)).data.every(Number.isFinite)).toBe(true);
  });
});

test("integrate: the exponential and the harmonic oscillator, to the tolerance that was asked for", () => {
  for (const relative of [1e-6, 1e-9, 1e-12]) {
    const decay = Float64Array.of(1);
    integrate("test", (at, slope) => slope.set([-3 * at[0]!]), decay, 2, { relative, absolute: 1e-3 * relative });
    expect(Math.abs(decay[0]! - Math.exp(-6))).toBeLessThan(10 * relative);
    const swing = Float64Array.of(1, 0);
    integrate("test", (at, slope) => slope.set([at[1]!, -at[0]!]), swing, 20, { relative, absolute: relative });
    expect(Math.abs(swing[0]! - Math.cos(20))).toBeLessThan(100 * relative);
  }
});

describe("maxLearningRate", () => {
  const rate = maxLearningRate(ntk, { outputs: 2 });

  /** Whether plain gradient descent diverges. */
  const diverges = (learningRate: number): boolean => {
    let outputs = Float64Array.from(f.data);
    for (let step = 0; step < 3000; step++) {
      const push = naiveProduct(ntk, { rows: 6, columns: 2, data: outputs.map((x, i) => (x - y.data[i]!) / 12) }).data;
      outputs = outputs.map((x, i) => x - learningRate * push[i]!);
    }
    return !(outputs.reduce((sum, x) => sum + x * x, 0) < 1e3);
  };

  test("is where gradient descent begins to diverge", () => {
    expect([diverges(0.98 * rate), diverges(1.02 * rate)]).toEqual([false, true]);
  });

  test("grows with momentum and the number of outputs; is infinite without a kernel", () => {
    expect(maxLearningRate(ntk, { outputs: 4, momentum: 0.5 })).toBeCloseTo(3 * rate, 9);
    expect(maxLearningRate({ rows: 2, columns: 2, data: new Float64Array(4) })).toBe(Number.POSITIVE_INFINITY);
  });

  test.each([{ outputs: 0 }, { outputs: 1.5 }, { momentum: 1 }, { momentum: -0.1 }, { momentum: Number.NaN }])(
    "refuses %o",
    (options) => {
      expect(() => maxLearningRate(ntk, options)).toThrow(`${Object.values(options)[0]}, allowed is`);
    },
  );
});

describe("errors", () => {
  const base = { ntk, y, loss: "meanSquaredError" } as const;
  const state: DescentState = gradientDescent(base).advance(1);
  test.each([
    [() => gradientDescent({ ...base, loss: "mse" as never }), 'loss: got "mse"'],
    [() => gradientDescent({ ...base, momentum: 1 }), "momentum: got 1"],
    [() => gradientDescent({ ...base, tolerance: 0 }), "tolerance: got 0"],
    [() => gradientDescent({ ...base, learningRate: Number.NaN }), "learningRate: got NaN"],
    [() => gradientDescent({ ...base, ntk: gaussian(6, 6, 1) }), "a symmetric matrix"],
    [() => gradientDescent({ ...base, initial: gaussian(5, 2, 1) }), "initial: got a matrix of 5 × 2"],
    [() => gradientDescent({ ...base, loss: () => [1] }).advance(1), "a gradient of 1 numbers"],
    [() => gradientDescent({ ...base, loss: () => Array(12).fill(Number.NaN) }).advance(1), "however short the step"],
    [() => gradientDescent(base).advance(Number.POSITIVE_INFINITY), "time: got Infinity"],
    [() => gradientDescent(base).advance(0.5, state), "allowed is a finite time ≥ 1"],
    [() => gradientDescent({ ...base, momentum: 0.9 }).advance(2, state), "a state without velocity"],
    [() => gradientDescent(base).advance(2, { ...state, velocity: state.weights }), "a state with velocity"],
  ])("%s", (run, words) => {
    expect(run).toThrow(words);
  });
});
