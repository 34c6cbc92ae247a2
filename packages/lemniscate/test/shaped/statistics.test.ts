import { describe, expect, it } from "vitest";
import { normals, randomKey } from "../../src/core/random.js";
import { guidedStep, richardson } from "../../src/shaped/accuracy.js";
import { shapedAttention, shapedMlp } from "../../src/shaped/models/model.js";
import type { Snapshot } from "../../src/shaped/paths.js";
import { correlated } from "../../src/shaped/start.js";
import { compare } from "../../src/shaped/statistics/compare.js";
import { energyDistance, kolmogorovSmirnov } from "../../src/shaped/statistics/distances.js";
import {
  correlation,
  covariance,
  effectiveRank,
  logDeterminant,
  norm,
} from "../../src/shaped/statistics/observables.js";
import { density, mean, quantiles, rate, variance } from "../../src/shaped/statistics/summary.js";

const gaussian = (n: number, seed: number): Float64Array => normals(randomKey(seed), new Float64Array(n));

describe("distances", () => {
  it("of samples of one law have the p they should", () => {
    let below = 0;
    for (let k = 0; k < 400; k++)
      if (kolmogorovSmirnov(gaussian(300, 2 * k), gaussian(200, 2 * k + 1)).p < 0.1) below++;
    expect(Math.abs(below - 40)).toBeLessThan(4 * Math.sqrt(36));
    const shifted = gaussian(2000, 1).map((x) => x + 0.2);
    expect(kolmogorovSmirnov(gaussian(2000, 2), shifted).p).toBeLessThan(1e-4);
  });

  it("are what their definitions say", () => {
    const [x, y] = [
      [1, 2, 2, 5],
      [2, 3, 4],
    ];
    const pairs = (a: number[], b: number[]): number =>
      a.flatMap((p) => b.map((q) => Math.abs(p - q))).reduce((p, q) => p + q) / a.length / b.length;
    expect(energyDistance(x, y)).toBeCloseTo(2 * pairs(x, y) - pairs(x, x) - pairs(y, y), 14);
    expect(kolmogorovSmirnov(x, y).distance).toBeCloseTo(0.75 - 1 / 3, 14);
    expect(kolmogorovSmirnov(x, x)).toEqual({ distance: 0, p: 1 });
  });
});

describe("summaries", () => {
  it("have errors that are those of many samples", () => {
    const many = Array.from({ length: 300 }, (_, k) => gaussian(400, k));
    for (const estimate of [mean, variance, (x: Float64Array) => quantiles(x, [0.25])[0]!]) {
      const values = many.map((x) => estimate(x).value);
      const spread = Math.sqrt(variance(values).value);
      expect(mean(many.map((x) => estimate(x).error)).value / spread).toBeGreaterThan(0.85);
      expect(mean(many.map((x) => estimate(x).error)).value / spread).toBeLessThan(1.15);
    }
    expect(density([0, 0.1, 0.6, 1, 7], [0, 1], 2).map((row) => row.density)).toEqual([0.8, 0.8]);
  });

  it("find the exponent of a gap", () => {
    const fit = rate([16, 64, 256].map((width) => ({ width, value: 3 / width, error: 0.01 / width })));
    expect(fit.value).toBeCloseTo(1, 12);
  });
});

describe("observables", () => {
  const snapshot: Snapshot = {
    t: 0,
    steps: 0,
    tokens: 2,
    paths: 2,
    frozen: 0,
    stoppedAt: new Float64Array(2),
    covariances: Float64Array.of(4, 1, 1, 2, 1, 4),
  };
  it("are those of each path", () => {
    expect([...covariance(0, 1).of(snapshot)]).toEqual([1, 2]);
    expect([...correlation(0, 1).of(snapshot)]).toEqual([0.5, 1]);
    const large = { ...snapshot, covariances: snapshot.covariances.map((v) => v * 1e200) };
    expect([...correlation(0, 1).of(large)]).toEqual([0.5, 1]);
    expect([...norm(0).of(snapshot)]).toEqual([2, 1]);
    expect([...logDeterminant.of(snapshot)]).toEqual([Math.log(3), Number.NEGATIVE_INFINITY]);
    expect(effectiveRank.of(snapshot)[0]).toBeCloseTo(25 / 19, 14);
    expect(effectiveRank.of(snapshot)[1]).toBeCloseTo(1, 14);
  });
});

describe("the limit and networks", () => {
  it("come together as the width grows, at a rate of about 1/n", async () => {
    const start = [
      [1, 0.2, 0.5],
      [0.2, 1.3, -0.3],
      [0.5, -0.3, 0.8],
    ];
    const model = shapedMlp({ activation: { type: "shaped-relu", plus: 1, minus: -1 } });
    const gaps = [];
    const options = { observables: [correlation(1, 2)], times: [1], widths: [8, 16, 32] };
    const run = compare(model, {
      ...options,
      sde: { start, paths: 60_000, seed: 1 },
      networks: { start, paths: 20_000, seed: 2 },
    });
    for await (const { width, mean, meanLimit } of run)
      gaps.push({ width, value: mean.value - meanLimit.value, error: Math.hypot(mean.error, meanLimit.error) });
    const { value, error } = rate(gaps);
    expect(Math.abs(gaps[0]!.value / gaps[0]!.error)).toBeGreaterThan(8);
    expect(Math.abs(value - 1)).toBeLessThan(3 * error + 0.2);
  });

  it("means at a step of zero are nearer to what is known", async () => {
    const model = shapedMlp({ activation: { type: "shaped-relu", plus: 0, minus: -2 } });
    const options = { start: correlated(0.2, 3), paths: 40_000, step: 1 };
    const [rough] = await richardson(model, [correlation(0, 1)], options);
    const [fine] = await richardson(model, [correlation(0, 1)], { ...options, step: 1 / 16, seed: 5 });
    const off = (x: number): number => Math.abs(x - fine!.value) / Math.hypot(rough!.error, fine!.error);
    expect(off(rough!.value)).toBeLessThan(4);
    expect(off(rough!.coarse.value)).toBeGreaterThan(4);
  });

  it("steps are finer where paths explode", async () => {
    const start = correlated(0.2, 3);
    expect((await guidedStep(shapedAttention({ gamma: 0.25 }), { start })).step).toBe(1 / 32);
    const wild = await guidedStep(shapedAttention({ gamma: 0.7, temperature: 0.5 }), { start });
    expect(wild.step).toBeLessThan(1 / 32);
    expect(wild.frozen).toBeGreaterThan(0.05);
  });
});
