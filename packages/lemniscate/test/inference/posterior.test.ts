import fc from "fast-check";
import { describe, expect, test } from "vitest";
import { isLemniscateError } from "../../src/core/errors.js";
import { type PosteriorInput, posterior } from "../../src/inference/posterior.js";
import type { Matrix } from "../../src/linalg/matrix.js";
import { multiply } from "../../src/linalg/product.js";
import { fromRows, gaussian, gram, largestDifference, naiveInverse, naiveTranspose } from "../linalg/matrices.js";

const add = (a: Matrix, b: Matrix, sign = 1): Matrix<Float64Array> => ({
  rows: a.rows,
  columns: a.columns,
  data: Float64Array.from(a.data, (entry, i) => entry + sign * b.data[i]!),
});
const identity = (n: number, scale: number) =>
  fromRows(Array.from({ length: n }, (_, i) => Array.from({ length: n }, (_, j) => (i === j ? scale : 0))));
const part = (a: Matrix, rows: [number, number], columns: [number, number]) =>
  fromRows(
    Array.from({ length: rows[1] - rows[0] }, (_, i) =>
      Array.from({ length: columns[1] - columns[0] }, (_, j) => a.data[(rows[0] + i) * a.columns + columns[0] + j]!),
    ),
  );

/** Joint kernels of n training and m test examples, cut into the blocks that a posterior takes. */
function blocks(n: number, m: number, seed: number) {
  const joint = { nngp: gram(n + m, 2 * (n + m), seed, 0.05), ntk: gram(n + m, 2 * (n + m), seed + 1, 0.1) };
  const cut = (rows: [number, number], columns: [number, number]) => ({
    nngp: part(joint.nngp, rows, columns),
    ntk: part(joint.ntk, rows, columns),
  });
  return {
    trainTrain: cut([0, n], [0, n]),
    testTrain: cut([n, n + m], [0, n]),
    testTest: cut([n, n + m], [n, n + m]),
    y: gaussian(n, 2, seed + 2),
  };
}

/** The formulas, with explicit inverses. */
function formulas(get: "nngp" | "ntk" | "ntkgp", b: ReturnType<typeof blocks>, noise: number) {
  const prior = get === "nngp" ? "nngp" : "ntk";
  const spread = get === "ntkgp" ? "ntk" : "nngp";
  const inverse = naiveInverse(add(b.trainTrain[prior], identity(b.y.rows, noise))).inverse;
  const pull = multiply(b.testTrain[prior], inverse);
  const crossed = multiply(pull, naiveTranspose(b.testTrain[spread]));
  const covariance =
    get === "ntk"
      ? add(
          add(b.testTest.nngp, multiply(multiply(pull, b.trainTrain.nngp), naiveTranspose(pull))),
          add(crossed, naiveTranspose(crossed)),
          -1,
        )
      : add(b.testTest[prior], crossed, -1);
  return { mean: multiply(pull, b.y), covariance };
}

describe.each(["nngp", "ntk", "ntkgp"] as const)("get: %s", (get) => {
  test("mean, variance and covariance are those of the formulas with explicit inverses", () => {
    fc.assert(
      fc.property(
        fc.integer({ min: 1, max: 40 }),
        fc.integer({ min: 1, max: 9 }),
        fc.integer(),
        fc.double({ min: 0, max: 1, noNaN: true }),
        (n, m, seed, noise) => {
          const b = blocks(n, m, seed);
          const wanted = formulas(get, b, noise);
          const fitted = posterior({ get, trainTrain: b.trainTrain, y: b.y, noise });
          const full = fitted.predict(b, { uncertainty: "covariance" });
          expect(largestDifference(full.mean.data, wanted.mean.data)).toBeLessThan(1e-10);
          expect(largestDifference(full.covariance.data, wanted.covariance.data)).toBeLessThan(1e-10);
          expect(full.covariance.data).toEqual(naiveTranspose(full.covariance).data);
          const quick = fitted.predict({ testTrain: b.testTrain, testDiagonal: diagonals(b.testTest) });
          expect(quick.variance).toEqual(full.variance);
          expect(fitted.predict({ testTrain: b.testTrain }, { uncertainty: "none" })).toEqual({ mean: full.mean });
        },
      ),
      { numRuns: 25 },
    );
  });

  test("without noise, training targets are met without doubt", () => {
    const b = blocks(12, 3, 1);
    const { mean, variance } = posterior({ get, trainTrain: b.trainTrain, y: b.y, noise: 0 }).predict({
      testTrain: b.trainTrain,
      testTest: b.trainTrain,
    });
    expect(largestDifference(mean.data, b.y.data)).toBeLessThan(1e-12);
    expect(Math.max(...variance)).toBeLessThan(1e-12);
    expect(Math.min(...variance)).toBeGreaterThanOrEqual(0);
  });

  test("kernels in single precision", () => {
    const b = blocks(30, 4, 5);
    const single = (k: { nngp: Matrix; ntk: Matrix }) => ({
      nngp: { ...k.nngp, data: Float32Array.from(k.nngp.data) },
      ntk: { ...k.ntk, data: Float32Array.from(k.ntk.data) },
    });
    const found = posterior({ get, trainTrain: single(b.trainTrain), y: b.y, noise: 0.1 }).predict(
      { testTrain: single(b.testTrain), testTest: single(b.testTest) },
      { uncertainty: "covariance" },
    );
    const wanted = formulas(get, b, 0.1);
    expect(found.mean.data).toBeInstanceOf(Float64Array);
    expect(largestDifference(found.mean.data, wanted.mean.data)).toBeLessThan(1e-5);
    expect(largestDifference(found.covariance.data, wanted.covariance.data)).toBeLessThan(1e-5);
  });
});

function diagonals(k: { nngp: Matrix; ntk: Matrix }) {
  const of = (a: Matrix) => Float64Array.from({ length: a.rows }, (_, i) => a.data[i * a.rows + i]!);
  return { nngp: of(k.nngp), ntk: of(k.ntk) };
}

describe("evidence", () => {
  /** log of the normal density of each column, with inverse and determinant by elimination. */
  function logDensities(k: Matrix, y: Matrix, noise: number, mean = 0): number[] {
    const { inverse, logDeterminant } = naiveInverse(add(k, identity(k.rows, noise)));
    return Array.from({ length: y.columns }, (_, c) => {
      let square = 0;
      for (let i = 0; i < k.rows; i++)
        for (let j = 0; j < k.rows; j++)
          square +=
            (y.data[i * y.columns + c]! - mean) * inverse.data[i * k.rows + j]! * (y.data[j * y.columns + c]! - mean);
      return -0.5 * square - 0.5 * logDeterminant - 0.5 * k.rows * Math.log(2 * Math.PI);
    });
  }

  test.each([
    ["nngp", "nngp"],
    ["ntk", "ntk"],
    ["ntkgp", "ntk"],
  ] as const)("get: %s has the normal density with covariance %s, summed over outputs", (get, quantity) => {
    const b = blocks(15, 1, 3);
    const fitted = posterior({ get, trainTrain: b.trainTrain, y: b.y, noise: 0.2 });
    const wanted = logDensities(b.trainTrain[quantity], b.y, 0.2);
    expect(largestDifference(fitted.logMarginalLikelihoods, wanted)).toBeLessThan(1e-10);
    expect(fitted.logMarginalLikelihood).toBeCloseTo(wanted[0]! + wanted[1]!, 10);
  });

  test("a single target has the normal density of one variable", () => {
    const trainTrain = { nngp: fromRows([[2]]) };
    const fitted = posterior({ trainTrain, y: [3], noise: 1 });
    expect(fitted.logMarginalLikelihood).toBeCloseTo(Math.log(Math.exp(-9 / 6) / Math.sqrt(2 * Math.PI * 3)), 14);
  });

  test("a prior mean is taken off before and added back", () => {
    const b = blocks(10, 4, 8);
    const lifted = { ...b.y, data: b.y.data.map((value) => value + 5) };
    const plain = posterior({ trainTrain: b.trainTrain, y: b.y, noise: 0.1 });
    const moved = posterior({ trainTrain: b.trainTrain, y: lifted, noise: 0.1, priorMean: 5 });
    expect(moved.logMarginalLikelihood).toBeCloseTo(plain.logMarginalLikelihood, 10);
    expect(
      largestDifference(logDensities(b.trainTrain.nngp, lifted, 0.1, 5), moved.logMarginalLikelihoods),
    ).toBeLessThan(1e-10);
    const five = plain.predict(b).mean.data.map((value) => value + 5);
    expect(largestDifference(moved.predict(b).mean.data, five)).toBeLessThan(1e-12);
    const constant = posterior({
      trainTrain: b.trainTrain,
      y: new Float64Array(10).fill(7),
      noise: 0.1,
      priorMean: "train",
    });
    expect(largestDifference(constant.predict(b).mean.data, [7, 7, 7, 7])).toBeLessThan(1e-14);
  });
});

test("what it took is reported", () => {
  const twins = fromRows([
    [2, 2],
    [2, 2],
  ]);
  const singular = posterior({ trainTrain: { nngp: twins }, y: [1, 1], noise: 0 });
  expect(singular).toMatchObject({ get: "nngp", noise: 0, jitter: 1e-10, jitterAdded: 2e-10, noiseReport: undefined });
  const noisy = posterior({ trainTrain: { nngp: twins }, y: [1, 1], noise: { relative: 0.25 } });
  expect(noisy).toMatchObject({ noise: 0.5, relativeNoise: 0.25, jitter: 0, jitterAdded: 0 });
  expect(noisy.condition()).toBeCloseTo(4.5 / 0.5, 12);
  expect(noisy.weights.rows).toBe(2);
});

test("observed targets add the noise to the variance", () => {
  const b = blocks(8, 3, 2);
  const fitted = posterior({ trainTrain: b.trainTrain, y: b.y, noise: 0.25 });
  const latent = fitted.predict(b, { uncertainty: "covariance" });
  const observed = fitted.predict(b, { uncertainty: "covariance", of: "observed" });
  expect(observed.variance).toEqual(latent.variance.map((value) => value + 0.25));
  expect(largestDifference(observed.covariance.data, add(latent.covariance, identity(3, 0.25)).data)).toBeLessThan(
    1e-15,
  );
});

describe("refusals", () => {
  const b = blocks(6, 2, 4);
  const good: PosteriorInput = { trainTrain: b.trainTrain, y: b.y, noise: 0.1 };
  const message = (action: () => unknown) => {
    try {
      action();
    } catch (error) {
      if (isLemniscateError(error)) return `${error.code}: ${error.message}`;
      throw error;
    }
    return "nothing";
  };
  const fit = (change: object) => message(() => posterior({ ...good, ...change }));

  test("options and targets", () => {
    expect(fit({})).toBe("nothing");
    expect(fit({ noise: -1 })).toBe(
      'OptionOutOfRange: posterior: noise: got -1, allowed is a number ≥ 0, { relative: number ≥ 0 }, { choose: "marginalLikelihood" | "heldOut" }. ' +
        "It is a variance; 0 interpolates the training targets.",
    );
    expect(fit({ noise: undefined })).toMatch(/^OptionOutOfRange: posterior: noise: got undefined/);
    expect(fit({ noise: { relative: Number.NaN } })).toMatch(/posterior: noise.relative: got NaN/);
    expect(fit({ noise: { choose: "crossValidation" } })).toMatch(
      /noise.choose: got "crossValidation", allowed is "marginalLikelihood", "heldOut"/,
    );
    expect(fit({ noise: { choose: "heldOut", grids: [1] } })).toMatch(
      /got the option "grids", allowed is choose, grid, fraction, seed/,
    );
    expect(fit({ noise: { choose: "heldOut", grid: [] } })).toMatch(/noise.grid: got \[\]/);
    expect(fit({ noise: { choose: "heldOut", fraction: 1 } })).toMatch(/noise.fraction: got 1/);
    expect(fit({ noise: { choose: "heldOut", seed: 0.5 } })).toMatch(/noise.seed: got 0.5/);
    expect(fit({ get: "both" })).toMatch(/posterior: get: got "both", allowed is "nngp", "ntk", "ntkgp"/);
    expect(fit({ priorMean: "test" })).toMatch(/priorMean: got "test", allowed is a finite number, "train"/);
    expect(fit({ nosie: 1 })).toMatch(
      /posterior: got the option "nosie", allowed is trainTrain, y, get, noise, priorMean, jitter/,
    );
    expect(fit({ y: [1, 2, Number.NaN, 4, 5, 6] })).toMatch(/BadInput: posterior: y: got NaN at \[2, 0\]/);
    expect(fit({ y: { rows: 6, columns: 2, data: new Float64Array(6) } })).toMatch(
      /ShapeMismatch: posterior: y: got 6 numbers for 6 × 2/,
    );
    expect(fit({ y: [] })).toMatch(/ShapeMismatch: posterior: y/);
  });

  test("kernels", () => {
    expect(fit({ trainTrain: { ntk: b.trainTrain.ntk } })).toMatch(
      /BadInput: posterior: trainTrain.nngp: got nothing, allowed is a matrix of 6 × 6/,
    );
    expect(fit({ trainTrain: b.testTrain })).toMatch(
      /ShapeMismatch: posterior: trainTrain.nngp: got a matrix of 2 × 6 with 12 entries, allowed is 6 × 6/,
    );
    const fitted = posterior(good);
    const predict = (test: object, options = {}) => message(() => fitted.predict(test as never, options));
    expect(predict(b)).toBe("nothing");
    expect(predict(b, { off: "latent" })).toMatch(/predict: got the option "off", allowed is uncertainty, of/);
    const { testTrain, testTest } = b;
    expect(predict({ testTrain })).toMatch(/predict: testDiagonal.nngp or testTest.nngp: got nothing/);
    expect(predict({ testTrain: testTest, testTest })).toMatch(
      /predict: testTrain.nngp: got a matrix of 2 × 2 with 4 entries, allowed is n × 6/,
    );
    expect(predict({ testTrain, testDiagonal: { nngp: [1] } })).toMatch(/predict: testDiagonal.nngp: got 1 numbers/);
    expect(predict({ testTrain, testDiagonal: { nngp: [1, 1] } }, { uncertainty: "covariance" })).toMatch(
      /predict: testTest.nngp: got nothing/,
    );
    expect(predict({ testTrain, testTest }, { uncertainty: "all" })).toMatch(/predict: uncertainty: got "all"/);
    expect(predict({ testTrain, testDiagonal: { nngp: [0.01, 0.01] } })).toMatch(
      /NotPositiveDefinite: predict: variance: got -\S+ at test example/,
    );
    const ensemble = posterior({ ...good, get: "ntk" });
    expect(message(() => ensemble.predict({ testTrain, testTest }, { of: "observed" }))).toMatch(
      /predict: of with get: "ntk": got "observed", allowed is "latent"/,
    );
    const meanOnly = posterior({ ...good, get: "ntk", trainTrain: { ntk: b.trainTrain.ntk } });
    expect(message(() => meanOnly.predict({ testTrain, testTest }))).toMatch(/trainTrain.nngp: got nothing/);
    expect(message(() => meanOnly.predict({ testTrain: { ntk: testTrain.ntk } }, { uncertainty: "none" }))).toBe(
      "nothing",
    );
  });

  test("a kernel that is not positive definite names the noise", () => {
    const trainTrain = {
      nngp: fromRows([
        [1, 2],
        [2, 1],
      ]),
    };
    expect(message(() => posterior({ trainTrain, y: [1, 2], noise: 0.5 }))).toMatch(
      /NotPositiveDefinite: posterior: got pivot 1 = \S+ after relative jitter up to 0.0001.*now 0.5/,
    );
  });
});
