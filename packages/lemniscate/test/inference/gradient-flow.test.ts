import { describe, expect, test } from "vitest";
import { batch } from "../../src/core/batch.js";
import { isLemniscateError } from "../../src/core/errors.js";
import { trainingDynamics } from "../../src/inference/dynamics.js";
import { gradientFlow } from "../../src/inference/gradient-flow.js";
import { posterior } from "../../src/inference/posterior.js";
import type { Matrix } from "../../src/linalg/matrix.js";
import {
  fromRows,
  gaussian,
  largestDifference,
  naiveInverse,
  naiveProduct,
  naiveTranspose,
} from "../linalg/matrices.js";
import { matrixOf, testSource } from "./sources.js";

const x = batch([7, 2], gaussian(7, 2, 1).data);
const xTest = batch([3, 2], gaussian(3, 2, 2).data);
const y = gaussian(7, 2, 3);
const both = (a = x, b = x) => ({ nngp: matrixOf("nngp", a, b), ntk: matrixOf("ntk", a, b) });
const tests = { testTrain: both(xTest, x), testTest: both(xTest, xTest) };

const plus = (a: Matrix, b: Matrix, times = 1): Matrix<Float64Array> => ({
  ...a,
  data: Float64Array.from(a.data, (value, i) => value + times * b.data[i]!),
});
const scaled = (a: Matrix, by: number): Matrix<Float64Array> => ({
  ...a,
  data: Float64Array.from(a.data, (v) => v * by),
});
const identity = (n: number): Matrix<Float64Array> => ({
  rows: n,
  columns: n,
  data: Float64Array.from({ length: n * n }, (_, i) => (i % (n + 1) === 0 ? 1 : 0)),
});

/** e^A by its series for A/2^20, squared twenty times: shares nothing with the library. */
function exponential(a: Matrix): Matrix<Float64Array> {
  const small = scaled(a, 2 ** -20);
  let sum = plus(identity(a.rows), small);
  sum = plus(sum, naiveProduct(small, small), 0.5);
  for (let k = 0; k < 20; k++) sum = naiveProduct(sum, sum);
  return sum;
}

/** How test outputs answer to residuals, θ* Θ⁻¹ (1 − e^(−Θs)), and what training leaves of them. */
function answers(theta: Matrix, cross: Matrix, s: number) {
  const left = exponential(scaled(theta, -s));
  const come = plus(identity(theta.rows), left, -1);
  return { left, pull: naiveProduct(naiveProduct(cross, naiveInverse(theta).inverse), come) };
}

describe.each(["nngp", "ntk", "ntkgp"] as const)("get: %s", (get) => {
  const times = [0, 0.3, 2, 20];
  const learningRate = 1.5;
  const noise = 0.05;
  const [prior, spread] =
    get === "nngp" ? (["nngp", "nngp"] as const) : (["ntk", get === "ntk" ? "nngp" : "ntk"] as const);
  const theta = plus(both()[prior], scaled(identity(7), noise));
  // What initial outputs spread by: observed targets of a Gaussian process have the noise, networks have not.
  const start = get === "ntk" ? both().nngp : theta;
  const flow = gradientFlow({ get, trainTrain: both(), y, learningRate, noise });

  test.each(times.map((time, i) => [time, i] as const))("test outputs at time %d", (time, i) => {
    const { pull } = answers(theta, tests.testTrain[prior], (learningRate * time) / 14);
    const { mean, variance, covariance } = flow.predict(tests, { times, uncertainty: "covariance" })[i]!;
    expect(largestDifference(mean.data, naiveProduct(pull, y).data)).toBeLessThan(1e-9);
    const crossed = naiveProduct(pull, naiveTranspose(tests.testTrain[spread]));
    let wanted: Matrix = plus(tests.testTest[spread], naiveProduct(naiveProduct(pull, start), naiveTranspose(pull)));
    wanted = plus(plus(wanted, crossed, -1), naiveTranspose(crossed), -1);
    expect(largestDifference(covariance.data, wanted.data)).toBeLessThan(1e-9);
    expect(Array.from(variance)).toEqual([0, 1, 2].map((k) => covariance.data[4 * k]));
    const quick = flow.predict(
      {
        testTrain: tests.testTrain,
        testDiagonal: { [spread]: [0, 1, 2].map((k) => tests.testTest[spread].data[4 * k]!) },
      },
      { times, uncertainty: "variance" },
    )[i]!;
    expect(quick.variance).toEqual(variance);
    expect(Object.keys(quick)).toEqual(["time", "mean", "variance"]);
  });

  test.each(times.map((time, i) => [time, i] as const))("training outputs at time %d", (time, i) => {
    const { left } = answers(theta, tests.testTrain[prior], (learningRate * time) / 14);
    const { mean, covariance, variance } = flow.train({ times, uncertainty: "covariance" })[i]!;
    expect(largestDifference(mean.data, plus(y, naiveProduct(left, y), -1).data)).toBeLessThan(1e-9);
    const wanted = naiveProduct(naiveProduct(left, start), left);
    expect(largestDifference(covariance.data, wanted.data)).toBeLessThan(1e-9);
    const quick = flow.train({ times, uncertainty: "variance" })[i]!;
    expect(largestDifference(quick.variance, variance)).toBeLessThan(1e-12);
  });

  test("ends where the posterior is", () => {
    const [end] = flow.predict(tests, { times: [Number.POSITIVE_INFINITY], uncertainty: "covariance" });
    const wanted = posterior({ get, trainTrain: both(), y, noise }).predict(tests, { uncertainty: "covariance" });
    expect(largestDifference(end!.mean.data, wanted.mean.data)).toBeLessThan(1e-9);
    expect(largestDifference(end!.covariance.data, wanted.covariance.data)).toBeLessThan(1e-9);
  });

  test("trainingDynamics computes the kernels that it needs", async () => {
    const source = testSource();
    const run = await trainingDynamics(source, x, y, { get, learningRate, noise });
    expect(run.eigenvalues).toEqual(flow.eigenvalues);
    const found = await run.predict(xTest, { times, uncertainty: "covariance" });
    expect(found).toEqual(flow.predict(tests, { times, uncertainty: "covariance" }));
    expect((await run.predict(xTest, { times }))[1]!.mean).toEqual(found[1]!.mean);
    expect(source.calls.at(-1)!.options).toEqual({ get: [prior] });
  });
});

test("one network: its initial outputs on both sets", () => {
  const [f, g] = [gaussian(7, 2, 8), gaussian(3, 2, 9)];
  const flow = gradientFlow({ trainTrain: both(), y, initial: f });
  const { pull } = answers(both().ntk, tests.testTrain.ntk, 5 / 14);
  const [begin, later] = flow.predict({ ...tests, initial: g }, { times: [0, 5] });
  expect(begin!.mean.data).toEqual(g.data);
  expect(largestDifference(later!.mean.data, plus(g, naiveProduct(pull, plus(y, f, -1))).data)).toBeLessThan(1e-9);
  expect(largestDifference(flow.train({ times: [0] })[0]!.mean.data, f.data)).toBeLessThan(1e-13);
  expect(() => flow.predict(tests, { times: [1] })).toThrow("test.initial: got nothing");
  expect(() => flow.train({ times: [1], uncertainty: "variance" })).toThrow('allowed is "none"');
});

test("a constant start moves both sets", () => {
  const flow = gradientFlow({ trainTrain: both(), y, initial: 2 });
  const [begin] = flow.predict(tests, { times: [0], uncertainty: "variance" });
  expect(Array.from(begin!.mean.data)).toEqual(Array(6).fill(2));
});

describe("singular kernels", () => {
  const twice = fromRows([
    [1, 1, 0.5],
    [1, 1, 0.5],
    [0.5, 0.5, 1],
  ]);
  const flow = gradientFlow({ trainTrain: { ntk: twice, nngp: twice }, y: [1, -1, 2] });
  const there = {
    testTrain: { ntk: fromRows([[0.5, 0.5, 0.5]]), nngp: fromRows([[0.5, 0.5, 0.5]]) },
    testDiagonal: { nngp: [1] },
  };

  test.each([0, 1, 1e3, 1e8, 1e16, 1e30, Number.POSITIVE_INFINITY])("a repeated example at time %d: no NaN", (time) => {
    const [at] = flow.predict(there, { times: [time], uncertainty: "variance" });
    expect(Math.abs(at!.mean.data[0]!)).toBeLessThan(2);
    expect(at!.variance[0]).toBeGreaterThanOrEqual(0);
    expect(at!.variance[0]).toBeLessThanOrEqual(1);
  });

  test("contradicting targets end at their mean, as in the pseudo-inverse", () => {
    const [end] = flow.train({ times: [Number.POSITIVE_INFINITY] });
    expect(largestDifference(end!.mean.data, [0, 0, 2])).toBeLessThan(1e-12);
    const [beside] = flow.predict(there, { times: [Number.POSITIVE_INFINITY] });
    const apart = gradientFlow({
      trainTrain: {
        ntk: fromRows([
          [1, 0.5],
          [0.5, 1],
        ]),
      },
      y: [0, 2],
    });
    const [wanted] = apart.predict(
      { testTrain: { ntk: fromRows([[0.5, 0.5]]) } },
      { times: [Number.POSITIVE_INFINITY] },
    );
    expect(beside!.mean.data[0]).toBeCloseTo(wanted!.mean.data[0]!, 12);
  });

  test("a kernel of zeros learns nothing", () => {
    const zero = { rows: 2, columns: 2, data: new Float64Array(4) };
    const still = gradientFlow({ trainTrain: { ntk: zero }, y: [1, 2] });
    for (const { mean } of still.train({ times: [0, 1, Number.POSITIVE_INFINITY] }))
      expect(Array.from(mean.data)).toEqual([0, 0]);
  });
});

test("kernels in single precision give finite numbers", () => {
  const single = (m: Matrix): Matrix => ({ ...m, data: Float32Array.from(m.data) });
  const of = (a = x, b = x) => ({ nngp: single(both(a, b).nngp), ntk: single(both(a, b).ntk) });
  const rough = gradientFlow({ trainTrain: of(), y }).predict(
    { testTrain: of(xTest, x), testTest: of(xTest, xTest) },
    { times: [0, 10, Number.POSITIVE_INFINITY], uncertainty: "variance" },
  );
  const exact = gradientFlow({ trainTrain: both(), y }).predict(tests, { times: [0, 10, Number.POSITIVE_INFINITY] });
  for (const [i, { mean, variance }] of rough.entries()) {
    expect(largestDifference(mean.data, exact[i]!.mean.data)).toBeLessThan(1e-3);
    for (const one of variance) expect(one).toBeGreaterThanOrEqual(0);
  }
});

describe("errors", () => {
  const flow = gradientFlow({ trainTrain: both(), y });
  const failure = (run: () => unknown): string => {
    try {
      run();
    } catch (error) {
      if (isLemniscateError(error)) return error.message;
      throw error;
    }
    throw new Error("nothing was thrown");
  };
  const base = { trainTrain: both(), y };
  test.each([
    [() => gradientFlow({ ...base, trainTrain: both().ntk as never }), "gradientFlow: trainTrain.ntk: got nothing"],
    [() => gradientFlow({ ...base, learningRate: 0 }), "learningRate: got 0"],
    [() => gradientFlow({ ...base, noise: -1 }), "noise: got -1"],
    [() => gradientFlow({ ...base, get: "nkt" as never }), 'get: got "nkt"'],
    [() => gradientFlow({ ...base, y: [1, 2] }), "got a matrix of 7 × 7"],
    [() => gradientFlow({ ...base, rate: 1 } as never), 'the option "rate"'],
    [() => flow.train({ times: [1, -1] }), "times: got -1"],
    [() => flow.train({ times: [Number.NaN] }), "times: got NaN"],
    [() => flow.train({ times: 3 as never }), "times: got 3"],
    [() => flow.train({ times: [1], uncertainty: "cov" as never }), 'got "cov"'],
    [() => flow.predict({ testTrain: {} }, { times: [1] }), "testTrain.ntk: got nothing"],
    [
      () => flow.predict({ testTrain: { ntk: tests.testTrain.ntk } }, { times: [1], uncertainty: "variance" }),
      "testTrain.nngp",
    ],
  ])("%s", (run, words) => {
    expect(failure(run)).toContain(words);
  });

  test("one row of targets per input", async () => {
    await expect(trainingDynamics(testSource(), x, [1, 2])).rejects.toThrow("2 rows of targets for 7 inputs");
  });
});
