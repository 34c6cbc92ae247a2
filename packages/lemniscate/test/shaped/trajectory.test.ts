import { describe, expect, it } from "vitest";
import { normals, randomKey } from "../../src/core/random.js";
import type { Plain } from "../../src/finite/plain.js";
import { numbers } from "../../src/ops/algebra.js";
import { neuronAt } from "../../src/shaped/models/activation.js";
import { maskRows } from "../../src/shaped/models/mask.js";
import {
  linearMlp,
  type ShapedModel,
  shapedAttention,
  shapedMlp,
  shapedTransformer,
  unshapedTransformer,
} from "../../src/shaped/models/model.js";
import type { LayerWeights } from "../../src/shaped/network.js";
import { entries, type Snapshot } from "../../src/shaped/paths.js";
import { simulate } from "../../src/shaped/simulate.js";
import { correlated, tokensOf } from "../../src/shaped/start.js";
import { kolmogorovSmirnov } from "../../src/shaped/statistics/distances.js";
import { correlation, covariance, effectiveRank, logDeterminant } from "../../src/shaped/statistics/observables.js";
import { initLayers, trajectory } from "../../src/shaped/trajectory.js";

type Rows = number[][];
const [m, n, depth] = [3, 12, 2];
const relu = { type: "shaped-relu", plus: 0.5, minus: -1 } as const;
const part = { gamma: 0.6, temperature: 0.5, keyWidth: 5 };
const mlp = { gamma: 0.4, activation: relu };
const someMask = [
  [1, 1, 0],
  [0, 1, 1],
  [1, 0, 1],
] as const;

/** A layer number by number, as the model says it: X W/√n, softmax by its definition. */
const product = (x: Rows, w: (i: number, j: number) => number, columns: number): Rows =>
  x.map((row) =>
    Array.from({ length: columns }, (_, j) => row.reduce((sum, value, i) => sum + value * w(i, j), 0) / Math.sqrt(n)),
  );
const square =
  ({ data }: Plain) =>
  (i: number, j: number) =>
    data[i * n + j]!;
const sum = (x: Rows, a: number, y: Rows, b: number): Rows =>
  x.map((row, i) => row.map((v, j) => a * v + b * y[i]![j]!));

function attended(
  x: Rows,
  w: LayerWeights<Plain>,
  o: { heads: number; keyWidth: number; temperature: number; mask: Parameters<typeof maskRows>[0] },
  form: (own: number, soft: number, even: number, head: number) => number,
): Rows {
  const mask = maskRows(o.mask, m);
  const out: Rows = x.map(() => []);
  const { heads, keyWidth: k } = o;
  for (let h = 0; h < heads; h++) {
    const of = (array: Plain | null, width: number): Rows =>
      product(x, (i, j) => array!.data[(i * heads + h) * width + j]!, width);
    const [q, keys] = w.queries === null ? [x, x] : [of(w.queries, k), of(w.keys, k)];
    const values = of(w.values, n / heads);
    for (const [a, row] of mask.entries()) {
      const powers = row.map((seen, b) =>
        seen === 0 ? 0 : Math.exp(q[a]!.reduce((y, value, c) => y + value * keys[b]![c]!, 0) / o.temperature),
      );
      const [total, seen] = [powers.reduce((y, z) => y + z), row.reduce((y: number, z) => y + z, 0)];
      const weights = row.map((one, b) => form(a === b ? 1 : 0, powers[b]! / total, one / seen, h));
      for (let j = 0; j < n / heads; j++)
        out[a]!.push(weights.reduce((y, weight, b) => y + weight * values[b]![j]!, 0));
    }
  }
  return w.output === null ? out : product(out, square(w.output), n);
}

function byHand(model: ShapedModel, w: LayerWeights<Plain>, x: Rows): Rows {
  const neurons = (z: Rows, f: (x: number) => number): Rows => z.map((row) => row.map(f));
  const hidden = (z: Rows, activation: typeof relu | { type: "silu"; scale: number }): Rows => {
    const { formula, factor } = neuronAt(activation, n);
    return neurons(product(z, square(w.hidden!), n), (y) => factor * formula(numbers, y));
  };
  const shaped = (p: typeof part & { heads?: number; mask?: never }): Rows => {
    const g = p.gamma;
    const full = { heads: 1, mask: "full" as const, ...p };
    const tau = p.temperature * Math.sqrt(n * p.keyWidth);
    const [alpha, beta, centre] = [w.alpha!.data, w.beta!.data, w.centre!.data];
    const y = attended(
      x,
      w,
      // Y/τ with Y = X W_Q W_Kᵀ Xᵀ/n, whose 1/n the two products have.
      { ...full, temperature: tau },
      (own, soft, even, h) => alpha[h]! * own + beta[h]! * soft - centre[h]! * even,
    );
    return sum(x, Math.sqrt(1 - g ** 2), y, g);
  };
  const residual = (z: Rows, p: typeof mlp): Rows =>
    sum(z, Math.sqrt(1 - p.gamma ** 2), product(hidden(z, p.activation), square(w.after!), n), p.gamma);
  switch (model.type) {
    case "linear":
      return sum(
        x,
        Math.sqrt(1 - model.gamma! ** 2),
        product(x, (i, j) => w.values!.data[i * n + j]!, n),
        model.gamma!,
      );
    case "mlp":
      return model.gamma === undefined
        ? hidden(x, model.activation as typeof relu)
        : residual(x, model as unknown as typeof mlp);
    case "attention":
      return shaped(model as never);
    case "transformer": {
      const middle = shaped(model.attention as never);
      return residual(middle, model.mlp as typeof mlp);
    }
    case "unshaped": {
      const shrink = model.scaling === "depth" ? Math.sqrt(depth) : 1;
      const [skip, a1] = [model.residual ? 1 : 0, model.attention.strength / shrink];
      const y = attended(
        x,
        w,
        { ...model.attention, temperature: Math.sqrt(model.attention.keyWidth) },
        (_, soft, even) => (model.attention.logits === "uniform" ? even : soft),
      );
      const middle = sum(x, skip, y, a1);
      if (model.mlp === undefined) return middle;
      const f = model.mlp.activation === "relu" ? (z: number) => Math.SQRT2 * Math.max(z, 0) : (z: number) => z;
      const inner = neurons(product(middle, square(w.hidden!), n), f);
      return sum(middle, skip, product(inner, square(w.after!), n), model.mlp.strength / shrink);
    }
  }
}

const models: [string, ShapedModel][] = [
  ["linear", linearMlp({ gamma: 0.7 })],
  ["MLP", shapedMlp({ activation: relu })],
  ["residual MLP of silu", shapedMlp({ activation: { type: "silu", scale: 1 }, gamma: 0.5 })],
  ["attention", shapedAttention(part)],
  ["causal attention, 2 heads, W_O", shapedAttention({ ...part, heads: 2, outputProjection: true, mask: "causal" })],
  [
    "trainable form, 3 heads, a mask",
    shapedAttention({ ...part, heads: 3, mask: someMask, alpha: 0.9, beta: 0.7, centre: 0.4 }),
  ],
  ["transformer", shapedTransformer({ attention: part, mlp })],
  [
    "unshaped",
    unshapedTransformer({ attention: { strength: 0.8, keyWidth: 5 }, mlp: { strength: 0.6 }, scaling: "depth" }),
  ],
  [
    "unshaped, uniform, causal",
    unshapedTransformer({
      attention: { strength: 1, logits: "uniform", heads: 2, mask: "causal" },
      mlp: { strength: 1, activation: "linear" },
      residual: false,
    }),
  ],
];

describe("the trajectory of given weights", () => {
  it.each(models)("is that of each layer by hand: %s", (_, model) => {
    const weights = initLayers(model, { width: n, depth, seed: 3 });
    // Two examples, so that they are kept apart; heads unlike each other.
    for (const layer of weights)
      for (const one of [layer.alpha, layer.beta, layer.centre]) if (one) one.data[0]! += 0.3;
    const x: Plain = { shape: [2, m, n], data: normals(randomKey(4), new Float64Array(2 * m * n)) };
    const snapshots = [...trajectory(model, weights, x)];
    expect(snapshots.map(({ t, steps }) => [t, steps])).toEqual([0, 1, 2].map((l) => [l / n, l]));
    for (const example of [0, 1]) {
      let rows: Rows = Array.from({ length: m }, (_, a) => [
        ...x.data.slice((example * m + a) * n, (example * m + a + 1) * n),
      ]);
      for (const [l, snapshot] of snapshots.entries()) {
        if (l > 0) rows = byHand(model, weights[l - 1]!, rows);
        for (let a = 0; a < m; a++)
          for (let b = 0; b <= a; b++) {
            const v = rows[a]!.reduce((y, value, i) => y + value * rows[b]![i]!, 0) / n;
            expect(entries(snapshot, a, b)[example]).toBeCloseTo(v, 12);
          }
      }
    }
  });

  it("has, over weights, the law of simulate, in every layer", async () => {
    const model = shapedTransformer({ attention: { ...part, keyWidth: 4 }, mlp });
    const [start, width, count, layers] = [correlated(0.3, 3), 8, 300, 4];
    const { data } = tokensOf(start, width, 1);
    const x: Plain = { shape: [1, 3, width], data };
    const runs = Array.from({ length: count }, (_, seed) => [
      ...trajectory(model, initLayers(model, { width, depth: layers, seed }), x),
    ]);
    const times = [1, 2, 4].map((l) => l / width);
    for await (const drawn of simulate(model, { start, width, depth: layers, times, paths: 2000, seed: 5 })) {
      const given = runs.map((run) => run[drawn.steps]!);
      for (const observable of [covariance(0, 0), correlation(0, 1), effectiveRank, logDeterminant]) {
        const found = given.map((snapshot: Snapshot) => observable.of(snapshot)[0]!);
        expect(kolmogorovSmirnov(found, observable.of(drawn)).p).toBeGreaterThan(1e-3);
      }
    }
  });

  it("says what does not fit", () => {
    const model = shapedAttention(part);
    const weights = initLayers(model, { width: n, depth });
    const x: Plain = { shape: [1, 2, 5], data: new Float64Array(10) };
    expect(() => [...trajectory(model, weights, x)]).toThrow(
      "trajectory: x: got 10 numbers of the shape (1, 2, 5), allowed is (examples, tokens, 12), as wide as the weights.",
    );
    expect(() => initLayers(shapedAttention({ ...part, heads: 5 }), { width: n, depth })).toThrow(
      "width: got 12, allowed is a multiple of the 5 heads.",
    );
  });
});
