import { describe, expect, it } from "vitest";
import { coefficients, type LimitOptions } from "../../src/shaped/coefficients.js";
import type { Mask } from "../../src/shaped/models/mask.js";
import {
  linearMlp,
  type ShapedModel,
  shapedAttention,
  shapedMlp,
  shapedTransformer,
  unshapedTransformer,
} from "../../src/shaped/models/model.js";
import { entries, phaseOf, type Snapshot } from "../../src/shaped/paths.js";
import { referenceStep } from "../../src/shaped/reference.js";
import { splitStep } from "../../src/shaped/schemes/split.js";
import { drift } from "../../src/shaped/sde.js";
import { simulate } from "../../src/shaped/simulate.js";
import { solveSde } from "../../src/shaped/solve.js";
import type { Covariance } from "../../src/shaped/start.js";

const v: Covariance = [
  [1, 0.2, 0.5],
  [0.2, 1.3, -0.3],
  [0.5, -0.3, 0.8],
];
const relu = { type: "shaped-relu", plus: 0.5, minus: -1.5 } as const;

async function last(run: AsyncIterable<Snapshot>): Promise<Snapshot> {
  let snapshot: Snapshot | undefined;
  for await (const next of run) snapshot = next;
  return snapshot!;
}

/** That the mean of numbers is `mean`, and their variance `variance`, within 4.5 standard errors. */
function expectMoments(x: ArrayLike<number>, mean: number, variance?: number): void {
  const all = Array.from(x);
  const n = all.length;
  const found = all.reduce((p, q) => p + q) / n;
  const squares = all.map((value) => (value - found) ** 2);
  const spread = squares.reduce((p, q) => p + q) / n;
  expect(Math.abs(found - mean) / Math.sqrt(spread / n)).toBeLessThan(4.5);
  if (variance === undefined) return;
  const error = Math.sqrt(squares.reduce((p, q) => p + (q - spread) ** 2, 0) / n / n);
  expect(Math.abs(spread - variance) / error).toBeLessThan(4.5);
}

const logDet = (s: Snapshot): Float64Array => {
  const [a, b, c, d, e, f] = [
    entries(s, 0, 0),
    entries(s, 1, 0),
    entries(s, 1, 1),
    entries(s, 2, 0),
    entries(s, 2, 1),
    entries(s, 2, 2),
  ];
  return a.map((_, p) => {
    const det =
      a[p]! * (c[p]! * f[p]! - e[p]! ** 2) -
      b[p]! * (b[p]! * f[p]! - e[p]! * d[p]!) +
      d[p]! * (b[p]! * e[p]! - c[p]! * d[p]!);
    return Math.log(det);
  });
};

describe("facts that are known exactly", () => {
  it.each([
    ["the SDE", (paths: number) => solveSde(linearMlp(), { start: v, end: 0.5, step: 1 / 8, paths, seed: 3 })],
    [
      "a network of width 512",
      (paths: number) => simulate(linearMlp(), { start: v, end: 0.5, width: 512, paths: paths / 4, seed: 3 }),
    ],
  ])("log V and log det V of %s, linear", async (name, runs) => {
    const t = 0.5;
    const s = await last(runs(4000));
    expectMoments(entries(s, 0, 0).map(Math.log), -t, 2 * t);
    expectMoments(entries(s, 0, 2), 0.5);
    expectMoments(entries(s, 1, 2), -0.3);
    const det = logDet({
      ...s,
      covariances: Float64Array.from(v.flatMap((row, i) => row.slice(0, i + 1))),
      paths: 1,
    })[0]!;
    // Products of triangular factors: −Σ i t/2·2 = −6 t.
    expectMoments(logDet(s), det - 6 * t - (name === "the SDE" ? 0 : 0.02), 6 * t);
  });

  it("means and variances of the diagonal, for every MLP", async () => {
    for (const [model, k] of [
      [shapedMlp({ activation: relu }), 1],
      [shapedMlp({ activation: relu, gamma: 0.6 }), 0.72],
      [linearMlp({ gamma: 0.6 }), 0.36 * 1.64],
    ] as const) {
      const s = await last(solveSde(model, { start: v, end: 0.25, step: 1 / 16, paths: 3000, seed: 5 }));
      expectMoments(entries(s, 1, 1), 1.3, 1.3 ** 2 * Math.expm1(2 * k * 0.25));
    }
  });

  it("the correlation of two tokens follows an SDE of its own", async () => {
    const [count, h] = [3000, 1 / 128];
    const options = {
      start: [
        [1, 0.3],
        [0.3, 2],
      ],
      end: 0.5,
      step: 1 / 16,
      paths: count,
      seed: 6,
    };
    const s = await last(solveSde(shapedMlp({ activation: relu, gamma: 0.8 }), options));
    const rho = entries(s, 0, 1).map((x, p) => x / Math.sqrt(entries(s, 0, 0)[p]! * entries(s, 1, 1)[p]!));
    // dρ = [γ² ν(ρ) − k ρ (1 − ρ²)/2] dt + √k (1 − ρ²) dB with k = 2γ², by small steps of Euler's; ρ = tanh x stays inside.
    const [g, k] = [0.64, 1.28];
    const nu = (r: number): number => (4 / (2 * Math.PI)) * (Math.sqrt(1 - r * r) - r * Math.acos(r));
    let state = 12345;
    const uniform = (): number => {
      state = (Math.imul(state, 1664525) + 1013904223) >>> 0;
      return (state + 0.5) / 2 ** 32;
    };
    const gaussian = (): number => Math.sqrt(-2 * Math.log(uniform())) * Math.cos(2 * Math.PI * uniform());
    const other = Array.from({ length: count }, () => {
      let x = Math.atanh(0.3 / Math.SQRT2);
      for (let t = 0; t < 0.5 - h / 2; t += h) {
        const r = Math.tanh(x);
        // Itô: dx = dρ/(1 − ρ²) + ρ k dt.
        x += ((g * nu(r)) / (1 - r * r)) * h + (k * r * h) / 2 + Math.sqrt(k * h) * gaussian();
      }
      return Math.tanh(x);
    });
    for (const power of [1, 2])
      expectMoments(
        rho.map((x, p) => x ** power - other[p]! ** power),
        0,
      );
  });

  it("attention leaves a token alone, and tokens that are equal", async () => {
    const attention = shapedAttention({ gamma: 0.5 });
    const linear = linearMlp({ gamma: 0.5 });
    const options = { start: [[1.2]], paths: 50, seed: 7, step: 1 / 8 };
    // The same random numbers are drawn for other purposes: laws are equal, not paths.
    const s = await last(solveSde(attention, { ...options, paths: 3000 }));
    expectMoments(entries(s, 0, 0), 1.2, 1.2 ** 2 * Math.expm1(2 * 0.25 * 1.75));
    const equal = await last(
      solveSde(attention, {
        ...options,
        start: [
          [1, 1],
          [1, 1],
        ],
      }),
    );
    expect(Math.max(...entries(equal, 0, 0).map((x, p) => Math.abs(x - entries(equal, 0, 1)[p]!)))).toBeLessThan(1e-12);
    expect((await last(solveSde(linear, options))).frozen).toBe(0);
  });

  it("sums of unshaped linear blocks, which collapse unless strengths shrink with depth", async () => {
    const [m, L, n, a1, a2, rho] = [3, 6, 64, 0.7, 0.5, 0.2];
    const start = Array.from({ length: m }, (_, i) => Array.from({ length: m }, (_, j) => (i === j ? 1 : rho)));
    for (const scaling of ["none", "depth"] as const) {
      const model = unshapedTransformer({
        attention: { strength: a1, logits: "uniform" },
        mlp: { strength: a2, activation: "linear" },
        scaling,
      });
      const s = await last(simulate(model, { start, width: n, depth: L, paths: 1500, seed: 8 }));
      const shrunk = scaling === "depth" ? L : 1;
      const [A, B] = [(1 + a1 ** 2 / shrunk) ** L, (1 + a2 ** 2 / shrunk) ** L];
      const total = m + m * (m - 1) * rho;
      const trace = entries(s, 0, 0).map((x, p) => x + entries(s, 1, 1)[p]! + entries(s, 2, 2)[p]!);
      const all = trace.map((x, p) => x + 2 * (entries(s, 0, 1)[p]! + entries(s, 0, 2)[p]! + entries(s, 1, 2)[p]!));
      expectMoments(trace, B * (m + ((A - 1) * total) / m));
      expectMoments(all, B * A * total);
    }
  });
});

describe("without noise", () => {
  const masks: Mask[] = [
    "full",
    "causal",
    [
      [1, 1, 0],
      [0, 1, 1],
      [1, 0, 1],
    ],
  ];
  const attention = (mask: Mask): ShapedModel => shapedAttention({ gamma: 0.9, temperature: 0.7, mask });
  const models: [string, ShapedModel][] = [
    ...masks.map((mask): [string, ShapedModel] => [`attention, mask ${mask}`, attention(mask)]),
    ["shaped ReLUs", shapedMlp({ activation: relu })],
    ["tanh", shapedMlp({ activation: { type: "tanh", scale: 0.9 } })],
    ["silu", shapedMlp({ activation: { type: "silu", scale: 1.5 }, gamma: 0.5 })],
    [
      "a transformer",
      shapedTransformer({ attention: { gamma: 0.8, temperature: 0.9 }, mlp: { gamma: 0.5, activation: relu } }),
    ],
  ];
  const silent: LimitOptions = { limit: "width-first", manyHeads: true };

  /** V(1/2) of dV/dt = b(V) by the classical method of Runge and Kutta. */
  function rungeKutta(model: ShapedModel): number[] {
    const steps = 64;
    const h = 0.5 / steps;
    const slope = (x: readonly number[]): Float64Array =>
      drift(
        model,
        v.map((_, i) => Array.from({ length: 3 }, (_, j) => x[Math.max(i, j) * 3 + Math.min(i, j)]!)),
      ).data;
    let x = v.flat();
    const moved = (by: Float64Array, h: number): number[] => x.map((value, i) => value + h * by[i]!);
    for (let s = 0; s < steps; s++) {
      const k1 = slope(x);
      const k2 = slope(moved(k1, h / 2));
      const k3 = slope(moved(k2, h / 2));
      const k4 = slope(moved(k3, h));
      x = x.map((value, i) => value + (h / 6) * (k1[i]! + 2 * k2[i]! + 2 * k3[i]! + k4[i]!));
    }
    return x;
  }

  it.each(models)("the split scheme solves the drift's equation to second order: %s", (_, model) => {
    const exact = rungeKutta(model);
    const errorOf = (steps: number, merged: boolean): number => {
      const step = referenceStep(splitStep(3, coefficients(model, 3, silent), 0.5 / steps, merged));
      const state = Float64Array.from(v.flat());
      for (let s = 0; s < steps + (merged ? 1 : 0); s++) {
        const sequence = { key: [0, 0], stream: [0, 0] } as const;
        step(state, { phase: phaseOf(s, s === steps), sequence, first: s * 2 ** 32 });
      }
      return Math.max(...exact.map((x, i) => Math.abs(x - state[i]!)));
    };
    for (const merged of [true, false]) {
      const [coarse, fine] = [errorOf(8, merged), errorOf(16, merged)];
      expect(coarse).toBeLessThan(merged ? 6e-3 : 2e-3);
      expect(coarse / fine).toBeGreaterThan(3.3); // 4 for the second order, 2 for the first
    }
  });
});

describe("a run", () => {
  const model = shapedTransformer({
    attention: { gamma: 0.5, temperature: 0.6 },
    mlp: { gamma: 0.5, activation: relu },
  });

  it("gives a path the same bits, whatever the number of paths and of snapshots", async () => {
    const options = { start: v, step: 1 / 8, seed: 9 };
    const many = await last(solveSde(model, { ...options, paths: 20, times: [0.25, 0.5, 1] }));
    const few = await last(solveSde(model, { ...options, paths: 7 }));
    for (let a = 0; a < 3; a++)
      for (let b = 0; b <= a; b++) expect(entries(many, a, b).subarray(0, 7)).toEqual(entries(few, a, b));
  });

  it("stops paths that explode, says when, and keeps them as they are", async () => {
    const wild = shapedAttention({ gamma: 1, temperature: 0.4 });
    const snapshots: Snapshot[] = [];
    for await (const s of solveSde(wild, { start: v, step: 1 / 16, paths: 200, seed: 1, times: [0.5, 1] }))
      snapshots.push(s);
    const [half, whole] = snapshots as [Snapshot, Snapshot];
    expect(half.frozen).toBeGreaterThan(0.05);
    expect(whole.frozen).toBeGreaterThanOrEqual(half.frozen);
    for (const [p, t] of half.stoppedAt.entries()) {
      const trace = (s: Snapshot): number => [0, 1, 2].reduce((sum, i) => sum + entries(s, i, i)[p]!, 0);
      if (t <= 0.5) {
        expect(trace(half)).toBeGreaterThan(1e4);
        expect(trace(whole)).toBe(trace(half));
        expect(whole.stoppedAt[p]).toBe(t);
      } else expect(trace(half)).toBeLessThanOrEqual(1e4);
    }
    expect(whole.covariances.every(Number.isFinite)).toBe(true);
  });

  it("reports progress and ends with its signal", async () => {
    const controller = new AbortController();
    const seen: number[] = [];
    const run = solveSde(model, {
      start: v,
      step: 1 / 32,
      paths: 100_000,
      signal: controller.signal,
      onProgress: (done, total) => {
        seen.push(done / total);
        if (seen.length === 3) controller.abort();
      },
    });
    await expect(last(run)).rejects.toThrow("abort");
    expect(seen.length).toBe(3);
    expect(seen.at(-1)).toBeLessThan(0.9);
  });
});
