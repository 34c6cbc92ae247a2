import { describe, expect, test } from "vitest";
import { defaultNoiseGrid } from "../../src/inference/noise.js";
import { posterior } from "../../src/inference/posterior.js";
import { split } from "../../src/inference/split.js";
import { cholesky } from "../../src/linalg/cholesky.js";
import { meanDiagonal, pick } from "../../src/linalg/matrix.js";
import { multiply } from "../../src/linalg/product.js";
import { fromRows, gaussian, gram } from "../linalg/matrices.js";

/** Targets drawn from the Gaussian process itself, with a known noise; half of the directions hold nothing else. */
function drawn(n: number, noise: number, seed: number) {
  const k = gram(n, n / 2, seed);
  const y = multiply(cholesky(k, { shift: noise }).factor, gaussian(n, 20, seed + 1));
  return { trainTrain: { nngp: k, ntk: k }, y };
}

describe("by marginal likelihood", () => {
  test("the whole table is reported, and the best of it is used", () => {
    const data = drawn(60, 0.1, 1);
    const fitted = posterior({ ...data, noise: { choose: "marginalLikelihood" } });
    const { scores, best, atEdge, choose } = fitted.noiseReport!;
    expect(choose).toBe("marginalLikelihood");
    expect(scores.map((score) => score.relative)).toEqual(defaultNoiseGrid);
    const unit = meanDiagonal(data.trainTrain.nngp);
    for (const { relative, noise, score, jitter } of scores) {
      expect(noise).toBe(relative * unit);
      expect(jitter).toBe(0);
      expect(score).toBe(posterior({ ...data, noise }).logMarginalLikelihood);
    }
    expect(best.score).toBe(Math.max(...scores.map((score) => score.score)));
    expect(fitted.noise).toBe(best.noise);
    expect(fitted.logMarginalLikelihood).toBe(best.score);
    expect(atEdge).toBe(false);
  });

  test.each([0.001, 0.1, 1])("finds the noise %f that the targets were drawn with", (noise) => {
    const { best } = posterior({ ...drawn(80, noise, 3), noise: { choose: "marginalLikelihood" } }).noiseReport!;
    expect(Math.abs(Math.log10(best.noise / noise))).toBeLessThan(0.6);
  });

  test("a best value at the end of the grid is told", () => {
    const report = posterior({ ...drawn(60, 0.1, 1), noise: { choose: "marginalLikelihood", grid: [1e-4, 1e-3] } })
      .noiseReport!;
    expect(report.best.relative).toBe(1e-3);
    expect(report.atEdge).toBe(true);
    expect(report.scores.length).toBe(2);
  });

  test("for the ensemble it is the evidence of the Gaussian process with the NTK", () => {
    const data = drawn(30, 0.1, 5);
    const noise = { choose: "marginalLikelihood" } as const;
    expect(posterior({ ...data, get: "ntk", noise }).noiseReport).toEqual(
      posterior({ ...data, get: "ntkgp", noise }).noiseReport,
    );
  });

  test("candidates that cannot be factored, or only with jitter, say so", () => {
    const indefinite = {
      nngp: fromRows([
        [1, 1.5],
        [1.5, 1],
      ]),
    };
    const report = posterior({
      trainTrain: indefinite,
      y: [1, -1],
      noise: { choose: "marginalLikelihood", grid: [0.1, 1] },
    }).noiseReport!;
    expect(report.scores[0]!.score).toBe(Number.NEGATIVE_INFINITY);
    expect(report.best.relative).toBe(1);
    const twins = {
      nngp: fromRows([
        [1, 1],
        [1, 1],
      ]),
    };
    const second = posterior({ trainTrain: twins, y: [1, 1], noise: { choose: "marginalLikelihood", grid: [0, 1] } })
      .noiseReport!;
    expect(second.scores.map((score) => score.jitter)).toEqual([1e-10, 0]);
  });
});

describe("by a held-out part", () => {
  test.each([0, "train"] as const)("scores are minus the mean squared error there, prior mean %s", (priorMean) => {
    const { trainTrain, y } = drawn(50, 0.2, 7);
    const choice = { choose: "heldOut", fraction: 0.3, seed: 4, grid: [0.01, 0.1, 1] } as const;
    const fitted = posterior({ trainTrain, y, noise: choice, priorMean });
    const { kept, held } = split("test", 50, 0.3, 4);
    expect([kept.length, held.length]).toEqual([35, 15]);
    const columns = Array.from({ length: y.columns }, (_, c) => c);
    for (const { noise, score } of fitted.noiseReport!.scores) {
      const inner = posterior({
        trainTrain: { nngp: pick(trainTrain.nngp, kept, kept) },
        y: pick(y, kept, columns),
        noise,
        priorMean,
      });
      const { mean } = inner.predict(
        { testTrain: { nngp: pick(trainTrain.nngp, held, kept) } },
        { uncertainty: "none" },
      );
      const wanted = pick(y, held, columns).data;
      const error = mean.data.reduce((sum, value, i) => sum + (value - wanted[i]!) ** 2, 0) / mean.data.length;
      expect(score).toBeCloseTo(-error, 12);
    }
    expect(fitted.noise).toBe(fitted.noiseReport!.best.noise);
    expect(fitted.weights.rows).toBe(50);
  });

  test("one example cannot be split", () => {
    expect(() => posterior({ trainTrain: { nngp: fromRows([[1]]) }, y: [1], noise: { choose: "heldOut" } })).toThrow(
      "posterior: noise: got 1 training example, allowed is at least 2 for a held-out split.",
    );
  });
});

describe("the split", () => {
  test("parts are disjoint, complete, sorted, and follow the seed", () => {
    const { kept, held } = split("test", 101, 0.2, 1);
    expect(held.length).toBe(20);
    expect([...kept, ...held].sort((a, b) => a - b)).toEqual(Array.from({ length: 101 }, (_, i) => i));
    expect(held).toEqual([...held].sort((a, b) => a - b));
    expect(split("test", 101, 0.2, 1).held).toEqual(held);
    expect(split("test", 101, 0.2, 2).held).not.toEqual(held);
    expect(split("test", 2, 0.01, 0).held.length).toBe(1);
    expect(split("test", 2, 0.99, 0).kept.length).toBe(1);
  });

  test("does not change between versions", () => {
    expect(split("test", 12, 0.25, 0).held).toMatchInlineSnapshot(`
      [
        0,
        3,
        11,
      ]
    `);
  });

  test("every example is held out about equally often", () => {
    const counts = new Float64Array(10);
    for (let seed = 0; seed < 4000; seed++) for (const i of split("test", 10, 0.3, seed).held) counts[i]!++;
    for (const count of counts) expect(Math.abs(count - 1200)).toBeLessThan(5 * Math.sqrt(4000 * 0.3 * 0.7));
  });
});
