import fc from "fast-check";
import { describe, expect, test } from "vitest";
import { batch } from "../../src/core/batch.js";
import { classification, classify } from "../../src/inference/classify.js";
import { accuracy, logLikelihood, oneHot, predictedClasses } from "../../src/inference/labels.js";
import { logProbabilityOfLargest, probabilitiesOfLargest } from "../../src/inference/largest.js";
import { logNormalCdf, logNormalPdf, normalSlope } from "../../src/inference/normal.js";
import { fromRows, gaussian, normals } from "../linalg/matrices.js";
import { testSource } from "./sources.js";

describe("the normal distribution", () => {
  // From erfc of the C library: log(erfc(−x/√2)/2), and log1p for x > 0.
  test.each([
    [0, Math.log(0.5)],
    [1, -0.17275377902344988],
    [-1, -1.8410216450092634],
    [-2, -3.783184333682031],
    [-2.4, -4.8039216668706715],
    [-3, -6.607726221510348],
    [-5, -15.064998393988724],
    [-10, -53.23128515051246],
    [-20, -203.91715537109724],
  ])("log Φ(%f)", (x, wanted) => {
    expect(Math.abs(logNormalCdf(x) - wanted)).toBeLessThan(1e-13 * Math.max(1, -wanted));
  });

  test("is smooth where formulas meet, and its slope is its derivative", () => {
    for (const x of [-2.5, 2.5, 0])
      expect(Math.abs(logNormalCdf(x + 1e-9) - logNormalCdf(x - 1e-9) - 2e-9 * normalSlope(x))).toBeLessThan(1e-13);
    for (let x = -30; x < 6; x += 0.37) {
      const slope = (logNormalCdf(x + 1e-4) - logNormalCdf(x - 1e-4)) / 2e-4;
      expect(Math.abs(slope - normalSlope(x))).toBeLessThan(1e-6 * Math.max(1, -x));
      expect(normalSlope(x)).toBeCloseTo(Math.exp(logNormalPdf(x) - logNormalCdf(x)), 10);
    }
  });

  test("both sides sum to one", () => {
    for (let x = -8; x <= 8; x += 0.1)
      expect(Math.exp(logNormalCdf(x)) + Math.exp(logNormalCdf(-x))).toBeCloseTo(1, 14);
  });
});

describe("the probability of being the largest", () => {
  test("of two is a normal distribution function of the difference", () => {
    fc.assert(
      fc.property(
        fc.double({ min: -20, max: 20, noNaN: true }),
        fc.double({ min: 0.01, max: 9, noNaN: true }),
        (gap, v) => {
          const mean = fromRows([[gap, 0]]);
          const wanted = logNormalCdf(gap / Math.sqrt(2 * v));
          expect(Math.abs(probabilitiesOfLargest(mean, [v]).data[0]! - Math.exp(wanted))).toBeLessThan(1e-12);
          expect(Math.abs(logProbabilityOfLargest(mean, [v], 0, 0) - wanted)).toBeLessThan(
            1e-11 * Math.max(1, -wanted),
          );
        },
      ),
      { numRuns: 200 },
    );
  });

  test("rows sum to one, and both quadratures agree", () => {
    fc.assert(
      fc.property(
        fc.integer({ min: 2, max: 30 }),
        fc.integer(),
        fc.double({ min: 0.05, max: 20, noNaN: true }),
        (classes, seed, v) => {
          const mean = gaussian(1, classes, seed);
          const row = probabilitiesOfLargest(mean, [v]).data;
          let sum = 0;
          row.forEach((probability, c) => {
            const log = logProbabilityOfLargest(mean, [v], 0, c);
            expect(Math.abs(Math.exp(log) - probability)).toBeLessThan(1e-12);
            sum += Math.exp(log);
          });
          expect(sum).toBeCloseTo(1, 11);
        },
      ),
      { numRuns: 60 },
    );
  });

  test("equals Monte Carlo", () => {
    const mean = fromRows([[0.3, -0.2, 0.5, 0]]);
    const [draws, deviation] = [400_000, 0.7];
    const next = normals(11);
    const counts = new Float64Array(4);
    for (let k = 0; k < draws; k++) {
      const row = Array.from(mean.data, (m) => m + deviation * next());
      counts[row.indexOf(Math.max(...row))]!++;
    }
    probabilitiesOfLargest(mean, [deviation ** 2]).data.forEach((p, c) => {
      expect(Math.abs(counts[c]! / draws - p)).toBeLessThan(4 * Math.sqrt((p * (1 - p)) / draws));
    });
  });

  test("equal means share it, however many", () => {
    for (const classes of [2, 3, 10, 1000]) {
      const mean = { rows: 1, columns: classes, data: new Float64Array(classes).fill(0.1) };
      expect(probabilitiesOfLargest(mean, [0.5]).data[0]).toBeCloseTo(1 / classes, 13);
      expect(logProbabilityOfLargest(mean, [0.5], 0, classes - 1)).toBeCloseTo(-Math.log(classes), 12);
    }
  });

  test("hopeless classes keep a finite log", () => {
    const mean = fromRows([[0, 1, 1]]);
    for (const v of [1e-2, 1e-4, 1e-8, 1e-16, 1e-30]) {
      const log = logProbabilityOfLargest(mean, [v], 0, 0);
      expect(log * v).toBeGreaterThan(-0.5);
      expect(log).toBeLessThan(logProbabilityOfLargest(fromRows([[0, 1]]), [v], 0, 0));
      expect(Number.isFinite(log)).toBe(true);
      expect(probabilitiesOfLargest(mean, [v]).data[1]).toBeCloseTo(0.5, 12);
    }
    // Two rivals at distance d: the optimum of t²/2 + 2 (t − d)²/2 is d²/3.
    expect(logProbabilityOfLargest(mean, [1e-12], 0, 0) * 1e-12).toBeCloseTo(-1 / 3, 9);
  });

  test("without variance the largest mean takes all, equal ones share", () => {
    const mean = fromRows([[1, 2, 2]]);
    expect(Array.from(probabilitiesOfLargest(mean, [0]).data)).toEqual([0, 0.5, 0.5]);
    expect([0, 1].map((c) => logProbabilityOfLargest(mean, [0], 0, c))).toEqual([
      Number.NEGATIVE_INFINITY,
      -Math.log(2),
    ]);
  });
});

describe("labels", () => {
  test("one-hot rows, classes and accuracy", () => {
    expect(oneHot([2, 0])).toEqual(
      fromRows([
        [0, 0, 1],
        [1, 0, 0],
      ]),
    );
    expect(oneHot([0], 4).columns).toBe(4);
    const scores = fromRows([
      [0.1, 0.7, 0.7],
      [0.5, 0.2, 0.3],
    ]);
    expect(predictedClasses(scores)).toEqual(new Int32Array([1, 0]));
    expect(accuracy(scores, [1, 1])).toBe(0.5);
    expect(accuracy(scores, oneHot([1, 0], 3))).toBe(1);
  });

  test("the log-likelihood is the mean log probability of the true class", () => {
    const scores = fromRows([
      [0.1, 0.7],
      [0.5, 0.2],
    ]);
    const variance = [0.02, 0.5];
    const p = probabilitiesOfLargest(scores, variance).data;
    expect(logLikelihood({ scores, variance }, [1, 1])).toBeCloseTo((Math.log(p[1]!) + Math.log(p[3]!)) / 2, 12);
    expect(logLikelihood({ scores, variance }, oneHot([1, 1], 2))).toBeCloseTo(
      (Math.log(p[1]!) + Math.log(p[3]!)) / 2,
      12,
    );
  });

  test("mistakes", () => {
    const scores = fromRows([[0.1, 0.9]]);
    expect(() => oneHot([0, 3], 3)).toThrow("oneHot: labels: got 3 at 1, allowed is integers from 0 to 2.");
    expect(() => oneHot([0, 0.5])).toThrow("oneHot: labels: got 0.5 at 1");
    expect(() => oneHot([0, -1])).toThrow("oneHot: labels: got -1 at 1");
    expect(() => oneHot([0, Number.NaN])).toThrow("oneHot: labels: got NaN at 1");
    expect(() => accuracy([1, 2], [1])).toThrow(
      "accuracy: got 2 predictions, allowed is one for each of 1 examples, at least one.",
    );
    expect(() => accuracy([], [])).toThrow("accuracy: got 0 predictions");
    expect(() => predictedClasses(fromRows([[1], [2]]))).toThrow("predictedClasses: got scores with 1 column");
    expect(() => logLikelihood({ scores, variance: [1] }, [2])).toThrow("logLikelihood: labels: got 2 at 0");
    expect(() => logLikelihood({ scores, variance: [1] }, [0, 1])).toThrow("logLikelihood: got 2 labels");
    expect(() => logLikelihood({ scores, variance: [] }, [1])).toThrow("logLikelihood: got 0 variances");
  });
});

describe("classify", () => {
  const next = normals(5);
  const centers = [
    [0, 2],
    [2, -1],
    [-2, -1],
  ];
  const draw = (n: number) => {
    const labels = Array.from({ length: n }, (_, i) => i % 3);
    return {
      x: batch(
        [n, 2],
        labels.flatMap((c) => centers[c]!.map((value) => value + 0.5 * next())),
      ),
      labels,
    };
  };
  const [train, test_] = [draw(60), draw(90)];

  test.each(["nngp", "ntk", "ntkgp"] as const)("three clouds, get: %s", async (get) => {
    const classifier = await classify(testSource(), train.x, train.labels, { get, noise: { choose: "heldOut" } });
    expect(classifier.classes).toBe(3);
    const found = await classifier.predict(test_.x);
    expect(accuracy(found.predicted, test_.labels)).toBeGreaterThan(0.97);
    expect(accuracy(found.scores, test_.labels)).toBe(accuracy(found.probabilities, test_.labels));
    expect(logLikelihood(found, test_.labels)).toBeGreaterThan(0.5 * Math.log(1 / 3));
    for (let i = 0; i < 90; i++) {
      const row = (m: { data: Float64Array }) => m.data.subarray(3 * i, 3 * i + 3).reduce((a, b) => a + b, 0);
      expect(row(found.scores)).toBeCloseTo(1, 10);
      expect(row(found.probabilities)).toBeCloseTo(1, 12);
    }
  });

  test("far from all data every class is equally probable", async () => {
    const classifier = await classify(testSource(), train.x, train.labels, { noise: 0.01 });
    const { scores, probabilities } = await classifier.predict(batch([1, 2], [50, 50]));
    for (let c = 0; c < 3; c++) {
      expect(scores.data[c]).toBeCloseTo(1 / 3, 12);
      expect(probabilities.data[c]).toBeCloseTo(1 / 3, 12);
    }
  });

  test("the noise is part of the variance unless latent scores are asked for", async () => {
    const classifier = await classify(testSource(), train.x, train.labels, { noise: 0.3 });
    const observed = await classifier.predict(test_.x);
    const latent = await classifier.predict(test_.x, { of: "latent" });
    expect(observed.variance).toEqual(latent.variance.map((value) => value + 0.3));
    const { mean, variance } = await classifier.posterior.predict(test_.x, { of: "observed" });
    expect(classification({ mean, variance })).toEqual(observed);
  });

  test("run options arrive", async () => {
    const source = testSource();
    const engine = { name: "mine" };
    const classifier = await classify(source, train.x, train.labels, { noise: 0.3, engine, classes: 5 });
    expect(classifier.classes).toBe(5);
    await classifier.predict(test_.x, { engine });
    for (const call of source.calls) expect(call.options).toEqual({ get: ["nngp"], engine });
  });

  test("mistakes", async () => {
    const source = testSource();
    const options = { noise: 0.1 };
    await expect(classify(source, train.x, [0, 1], options)).rejects.toThrow(
      "classify: got 2 labels, allowed is one for each of 60 examples, at least one.",
    );
    await expect(classify(source, train.x, train.labels, { ...options, classes: 2 })).rejects.toThrow(
      "classify: labels: got 2 at 2, allowed is integers from 0 to 1.",
    );
    await expect(classify(source, train.x, train.labels, { ...options, classes: 1 })).rejects.toThrow(
      "classify: classes: got 1, allowed is an integer ≥ 2.",
    );
    await expect(classify(source, train.x, train.labels, { noise: -1 })).rejects.toThrow("gp: noise: got -1");
    expect(source.calls).toEqual([]);
  });
});
