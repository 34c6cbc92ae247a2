import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { numbers } from "../../src/ops/algebra.js";
import { coefficients } from "../../src/shaped/coefficients.js";
import { type Activation, driftOf, meanAt, neuronAt, smoothFunctions } from "../../src/shaped/models/activation.js";
import { layerOf } from "../../src/shaped/models/layers.js";
import { type Mask, maskRows } from "../../src/shaped/models/mask.js";
import {
  linearMlp,
  type ShapedModel,
  shapedAttention,
  shapedMlp,
  shapedTransformer,
} from "../../src/shaped/models/model.js";
import { referenceStep } from "../../src/shaped/reference.js";
import { eulerStep } from "../../src/shaped/schemes/euler.js";
import { gramStep } from "../../src/shaped/schemes/gram.js";
import { diffusion, drift } from "../../src/shaped/sde.js";
import type { Covariance } from "../../src/shaped/start.js";
import { attentionMoments, centredRows } from "../../src/shaped/steps/attention.js";
import { attentionWeights } from "../../src/shaped/steps/attention-weights.js";
import { type Hidden, layerStep } from "../../src/shaped/steps/layer.js";
import { type StepProgram, Steps, type Value } from "../../src/shaped/steps/steps.js";
import { residual } from "../../src/shaped/steps/wishart.js";
import { attentionDrift, attentionNoise, attentionSecond, type Mistake } from "./index-form.js";

const v: Covariance = [
  [1.1, 0.3, 0.5, -0.2],
  [0.3, 1.4, -0.3, 0.1],
  [0.5, -0.3, 0.8, 0.25],
  [-0.2, 0.1, 0.25, 0.9],
];
const m = v.length;
const someMask: Mask = [
  [1, 1, 0, 0],
  [1, 1, 1, 0],
  [0, 1, 1, 1],
  [1, 0, 0, 1],
];
const masks: readonly Mask[] = ["full", "causal", someMask];
const relu = { type: "shaped-relu", plus: 0.3, minus: -1.1 } as const;
const key = [1, 2] as const;

/** Results of a step, one row a path, and what it drew from: path p of the stream p. */
function samples(
  program: StepProgram,
  start: Covariance,
  count: number,
  read: (v: Float64Array) => number[],
): number[][] {
  const step = referenceStep(program);
  return Array.from({ length: count }, (_, p) => {
    const state = Float64Array.from({ length: program.states * m * m }, (_, i) => start.flat()[i % (m * m)]!);
    step(state, { phase: "first", sequence: { key, stream: [p, 0] }, first: 0 });
    return read(state);
  });
}

/** (mean − expected) in standard errors, and the same of every product of two entries about `centre`. */
function meanScores(rows: readonly number[][], expected: readonly number[]): number[] {
  return expected.map((value, k) => {
    const mean = rows.reduce((sum, row) => sum + row[k]!, 0) / rows.length;
    const variance = rows.reduce((sum, row) => sum + (row[k]! - mean) ** 2, 0) / (rows.length - 1);
    return Math.abs(mean - value) / Math.sqrt(variance / rows.length);
  });
}
const lower = (of: ArrayLike<number>): number[] =>
  Array.from({ length: m }, (_, a) => Array.from({ length: a + 1 }, (_, b) => of[a * m + b]!)).flat();

/** A neuron at a width, its factor in it. */
function neuronOf(activation: Activation, n: number): (x: number) => number {
  const { formula, factor } = neuronAt(activation, n);
  return (x) => factor * formula(numbers, x);
}

/** Covariances that are not too near the edge. */
const covariance = fc
  .array(fc.double({ min: -1, max: 1, noNaN: true }), { minLength: m * m, maxLength: m * m })
  .map((x) =>
    v.map((row, a) =>
      row.map(
        (value, b) =>
          value / 4 + Array.from({ length: m }, (_, k) => x[a * m + k]! * x[b * m + k]!).reduce((p, q) => p + q),
      ),
    ),
  );

describe("drift in matrix form", () => {
  it.each(masks)("is the sum over all indices, mask %j", (mask) => {
    fc.assert(
      fc.property(covariance, (at) => {
        const model = shapedAttention({ gamma: 0.5, temperature: 0.8, mask });
        const expected = attentionDrift(at, maskRows(mask, m))
          .flat()
          .map((b) => (b * 0.25) / 0.64);
        const found = drift(model, at).data;
        const size = Math.max(...expected.map(Math.abs), 1e-3);
        for (const [i, b] of expected.entries()) expect(Math.abs(found[i]! - b) / size).toBeLessThan(1e-12);
      }),
      { numRuns: 30 },
    );
  });

  it("adds the parts of a block", () => {
    const attention = { gamma: 0.4, temperature: 0.7 };
    const mlp = { gamma: 0.3, activation: relu };
    const parts = [drift(shapedAttention(attention), v).data, drift(shapedMlp(mlp), v).data];
    const whole = drift(shapedTransformer({ attention, mlp }), v).data;
    for (const [i, b] of whole.entries()) expect(b).toBeCloseTo(parts[0]![i]! + parts[1]![i]!, 14);
  });

  it("of attention is zero for tokens that are equal, and a multiple of V for two", () => {
    const equal = drift(shapedAttention({ gamma: 0.5 }), [
      [1, 1, 1],
      [1, 1, 1],
      [1, 1, 1],
    ]);
    for (const b of equal.data) expect(Math.abs(b)).toBeLessThan(1e-15);
    const two = drift(shapedAttention({ gamma: 0.5 }), [
      [1, 0.3],
      [0.3, 2],
    ]).data;
    expect(two[1]! / 0.3).toBeCloseTo(two[0]!, 13);
    expect(two[3]! / 2).toBeCloseTo(two[0]!, 13);
  });
});

describe("one layer of attention, logits and their negatives", () => {
  const [n, keyWidth, temperature, count] = [65536, 64, 0.8, 3000];

  /** n (A V Aᵀ − V), the mean of two A with opposite logits: what is of the order √n is gone. */
  function slopes(mask: Mask): number[][] {
    const [there, back] = [1, -1].map((sign) => {
      const layer = layerOf(shapedAttention({ gamma: 1, temperature, mask, keyWidth }), n, n).attention!;
      const steps = new Steps(m);
      const state = steps.state();
      const weights = attentionWeights(steps, state, { ...layer, temperature: sign * layer.temperature });
      return samples(steps.program(steps.congruence(weights(), state)), v, count, lower);
    });
    const start = lower(v.flat());
    return there!.map((row, p) => row.map((x, k) => n * ((x + back![p]![k]!) / 2 - start[k]!)));
  }

  it.each(["full", "causal"] as const)("has the drift, mask %s, and every mistake is seen", (mask) => {
    const rows = slopes(mask).map((row) => row.filter((_, k) => mask === "full" || k > 0)); // token 0 sees itself alone
    const scores = (mistake?: Mistake): number => {
      const all = lower(attentionDrift(v, maskRows(mask, m), mistake).flat()).map((b) => b / temperature ** 2);
      return Math.max(...meanScores(rows, mask === "full" ? all : all.slice(1)));
    };
    expect(scores()).toBeLessThan(4);
    const mistakes: Mistake[] = ["no S1", "no S2", "S2 twice", "S1 not centred"];
    if (mask === "causal") mistakes.push("full for masked");
    for (const mistake of mistakes) expect(scores(mistake), mistake).toBeGreaterThan(8);
  });
});

describe("a hidden layer", () => {
  /** E f(x) f(y) of a positively homogeneous f, an integral over the angle alone. */
  const homogeneous = (f: (x: number) => number, p: number, c: number, q: number): number => {
    const [angle, steps] = [Math.acos(c / Math.sqrt(p * q)), 20_000];
    let sum = 0;
    for (let k = 0; k < steps; k++) {
      const at = (2 * Math.PI * (k + 0.5)) / steps;
      sum += f(Math.cos(at)) * f(Math.cos(at - angle));
    }
    return (2 * Math.sqrt(p * q) * sum) / steps;
  };

  it.each([16, 1024])("of shaped ReLUs has the mean and the drift, width %i", (n) => {
    const f = neuronOf(relu, n);
    for (const [p, c, q] of [
      [1, 0.3, 2],
      [1.5, -0.9, 0.7],
      [1, 0, 1],
      [0.5, 0.99 * Math.SQRT1_2, 1],
    ] as const) {
      const mean = homogeneous(f, p, c, q);
      expect(meanAt(relu, n)(numbers, c, p, q)).toBeCloseTo(mean, 6);
      const { additive } = driftOf(relu, n);
      expect(additive(numbers, c, p, q)).toBeCloseTo(n * (mean - c), 3);
      // The sign of c₋ counts: with (c₊ + c₋)² the drift would be a third.
      const wrong = driftOf({ ...relu, minus: 1.1 }, n).additive(numbers, c, p, q);
      expect(Math.abs(wrong / (n * (mean - c)) - 1)).toBeGreaterThan(0.5);
    }
    expect(meanAt(relu, n)(numbers, 1.3, 1.3, 1.3)).toBeCloseTo(1.3, 14);
  });

  it.each(["tanh", "silu"] as const)("of shaped %s has the drift", (type) => {
    const n = 1e6;
    const activation = { type, scale: 0.8 };
    const f = neuronOf(activation, n);
    const { additive, rate } = driftOf(activation);
    for (const [p, c, q] of [
      [1, 0.3, 2],
      [1.5, -0.9, 0.7],
      [1, 1, 1],
    ] as const) {
      let mean = 0;
      const [h, root] = [1 / 8, Math.sqrt(Math.max(q - c ** 2 / p, 0))];
      for (let x = -9; x <= 9; x += h)
        for (let y = -9; y <= 9; y += h)
          mean +=
            (Math.exp(-(x ** 2 + y ** 2) / 2) / (2 * Math.PI)) *
            h ** 2 *
            // What the identity gives is c, taken away before it drowns the rest.
            (f(Math.sqrt(p) * x) * f((c / Math.sqrt(p)) * x + root * y) -
              Math.sqrt(p) * x * ((c / Math.sqrt(p)) * x + root * y));
      const b = additive(numbers, c, p, q) + c * (rate!(numbers, p) + rate!(numbers, q));
      expect(n * mean).toBeCloseTo(b, 4);
    }
  });

  it.each(Object.entries(smoothFunctions))("knows the derivatives of %s", (_, { formula, second, third }) => {
    const f = (x: number): number => formula(numbers, x);
    const h = 1e-2;
    expect((f(h) - f(-h)) / (2 * h)).toBeCloseTo(1 + (third * h ** 2) / 6, 7);
    expect((f(h) + f(-h)) / h ** 2).toBeCloseTo(second, 3);
    expect((f(2 * h) - 2 * f(h) + 2 * f(-h) - f(-2 * h)) / (2 * h ** 3)).toBeCloseTo(third, 2);
  });
});

describe("diffusion", () => {
  const pairs = v.flatMap((_, a) => Array.from({ length: a + 1 }, (_, b) => [a, b] as const));

  // Both sides are polynomials in V: that they agree at random points means that they are the same.
  it.each(masks)("has the sum over all indices, mask %j", (mask) => {
    fc.assert(
      fc.property(covariance, (at) => {
        const model = shapedAttention({ gamma: 0.5, temperature: 0.8, mask, heads: 2, beta: 0.9, centre: 0.9 });
        const found = diffusion(model, at).data;
        const [linear, noise] = [0.25 * 1.75, (0.25 * 0.9) ** 2 / 0.64 / 2];
        const size = Math.max(...found.map(Math.abs));
        for (const [i, [a, b]] of pairs.entries())
          for (const [j, [d, e]] of pairs.entries()) {
            const gaussian = at[a]![d]! * at[b]![e]! + at[a]![e]! * at[b]![d]!;
            const expected = linear * gaussian + noise * attentionNoise(at, maskRows(mask, m), [a, b], [d, e]);
            expect(Math.abs(found[i * pairs.length + j]! - expected) / size).toBeLessThan(1e-12);
          }
      }),
      { numRuns: 3 },
    );
  });

  /** How far the covariance of √scale·(V′ − V) is from Σ, in standard errors, at its worst entry. */
  function worst(rows: readonly number[][], sigma: ArrayLike<number>, size: number): number {
    const D = pairs.length;
    const means = pairs.map((_, k) => rows.reduce((sum, row) => sum + row[k]!, 0) / rows.length);
    let most = 0;
    for (let i = 0; i < D; i++)
      for (let j = 0; j <= i; j++) {
        const found =
          (size * rows.reduce((sum, row) => sum + (row[i]! - means[i]!) * (row[j]! - means[j]!), 0)) / rows.length;
        const [ij, ii, jj] = [sigma[i * D + j]!, sigma[i * D + i]!, sigma[j * D + j]!];
        const error = Math.sqrt((ij ** 2 + ii * jj) / rows.length);
        if (error > 0) most = Math.max(most, Math.abs(found - ij) / error);
      }
    return most;
  }

  const attention = { gamma: 0.6, temperature: 0.3 };
  const mlp = { gamma: 0.6, activation: { type: "shaped-relu", plus: 1, minus: -1 } as const };
  const cases: [string, ShapedModel, Hidden][] = [
    ["linear", linearMlp(), "exact"],
    ["residual linear", linearMlp({ gamma: 0.6 }), "exact"],
    ["residual MLP", shapedMlp(mlp), "surrogate"],
    ["attention", shapedAttention(attention), "exact"],
    ["causal attention", shapedAttention({ ...attention, mask: "causal" }), "exact"],
    ["attention, 4 heads", shapedAttention({ ...attention, heads: 4 }), "exact"],
    ["attention, 4 heads and W_O", shapedAttention({ ...attention, heads: 4, outputProjection: true }), "exact"],
    ["transformer", shapedTransformer({ attention, mlp }), "surrogate"],
  ];
  const [n, count] = [20_000, 3000];

  it.each(cases)("is that of one layer of %s, and of the scheme's noise", (_, model, hidden) => {
    const sigma = diffusion(model, v).data;
    const program = layerStep(m, layerOf(model, n, n), n, hidden);
    const mean = (state: Float64Array): number[] =>
      lower(
        Array.from({ length: m * m }, (_, i) =>
          Array.from({ length: program.states }, (_, s) => state[s * m * m + i]! / program.states).reduce(
            (x, y) => x + y,
          ),
        ),
      );
    const rows = samples(program, v, count, mean);
    expect(worst(rows, sigma, n)).toBeLessThan(4.5);
    const tiny = 1e-8;
    const drawn = samples(eulerStep(m, coefficients(model, m), tiny), v, count, lower);
    expect(worst(drawn, sigma, 1 / tiny)).toBeLessThan(4.5);
    if (model.type === "transformer")
      expect(worst(rows, diffusion(model, v, { manyHeads: true }).data, n)).toBeGreaterThan(7);
    if (model.type !== "attention") return;
    // Mistakes: heads that do not average; of one head no noise of its own, and γ² for γ²(2 − γ²).
    const g = model.gamma ** 2;
    const gaussian = diffusion(linearMlp(), v).data;
    const wrong =
      model.heads > 1
        ? [diffusion({ ...model, heads: 1 }, v).data]
        : [diffusion(model, v, { manyHeads: true }).data, sigma.map((x, i) => x - gaussian[i]! * g * (1 - g))];
    for (const sigma of wrong) expect(worst(rows, sigma, n)).toBeGreaterThan(7);
  });
});

describe("a gram step of attention", () => {
  const [h, gamma, temperature] = [1 / 16, 0.8, 0.5];

  /** A V Aᵀ with the mean of A's second order in A, as layers of a network have it. */
  function within(steps: Steps, _: Value, l: Value, noise: Value, mask: Mask): Value {
    const second = steps.constant(
      attentionSecond(v, maskRows(mask, m)).map((row) => row.map((x) => x / temperature ** 2)),
    );
    const a = steps.entrywise(
      (a, x, one, two) => a.fma(a.constant(h), two!, a.add(x!, one!)),
      noise,
      steps.identity(),
      second,
    );
    return steps.gram(steps.product(a, l));
  }

  /** The same to first order, but as a congruence behind that of the noise: what was here before. */
  function behind(steps: Steps, at: Value, l: Value, noise: Value, mask: Mask): Value {
    const moments = attentionMoments(steps, at, mask === "full" ? undefined : maskRows(mask, m));
    const a = steps.entrywise((a, x, one) => a.add(x!, one!), noise, steps.identity());
    return moments.bent(steps.gram(steps.product(a, l)), steps.constant([[h / temperature ** 2]]));
  }

  it.each([
    ["full", 1],
    ["full", 4],
    ["causal", 1],
  ] as const)("has the second order's mean in A, mask %s, %i heads", (mask, heads) => {
    const model = shapedAttention({ gamma, temperature, mask, heads });
    const found = samples(gramStep(m, coefficients(model, m), h, model), v, 20, lower);
    const apart = (attended: typeof within): number => {
      const steps = new Steps(m);
      const at = steps.state();
      const l = steps.cholesky(at);
      const logits = steps.productTransposed(steps.product(l, steps.normals(m, m)), l);
      const size = Math.sqrt(h / heads) / temperature;
      const noise = steps.entrywise(
        (a, x) => a.mul(a.constant(size), x!),
        centredRows(steps, logits, mask === "full" ? undefined : maskRows(mask, m)),
      );
      // What the noise of one head supplies by itself, and that of several in part.
      const first = attentionDrift(v, maskRows(mask, m), "no S2").map((row) =>
        row.map((x) => (h * (1 - 1 / heads) * x) / temperature ** 2),
      );
      const k = steps.symmetric((a, x, y) => a.add(x!, y!), attended(steps, at, l, noise, mask), steps.constant(first));
      const lambda = Math.sqrt(1 - gamma ** 2);
      const expected = samples(steps.program(residual(steps, at, k, lambda, gamma, 1 / h)), v, 20, lower);
      return Math.max(...found.flatMap((row, p) => row.map((x, i) => Math.abs(x - expected[p]![i]!))));
    };
    expect(apart(within)).toBeLessThan(1e-12);
    expect(apart(behind)).toBeGreaterThan(1e-3);
  });
});
