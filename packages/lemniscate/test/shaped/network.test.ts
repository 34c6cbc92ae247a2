import { describe, expect, it } from "vitest";
import {
  linearMlp,
  type ShapedModel,
  shapedAttention,
  shapedMlp,
  shapedTransformer,
  unshapedTransformer,
} from "../../src/shaped/models/model.js";
import { entries, type Snapshot } from "../../src/shaped/paths.js";
import { simulate } from "../../src/shaped/simulate.js";
import type { Covariance } from "../../src/shaped/start.js";
import { kolmogorovSmirnov } from "../../src/shaped/statistics/distances.js";

const start: Covariance = [
  [1, 0.2, 0.5],
  [0.2, 1.3, -0.3],
  [0.5, -0.3, 0.8],
];
const relu = { type: "shaped-relu", plus: 0.5, minus: -1 } as const;

async function statistics(
  model: ShapedModel,
  width: number,
  by: "covariance" | "weights",
  paths: number,
  seed = by === "weights" ? 1 : 2,
): Promise<Float64Array[]> {
  let s: Snapshot | undefined;
  for await (s of simulate(model, { start, width, depth: 6, by, paths, seed }));
  const [a, b, c] = [0, 1, 2].map((i) => entries(s!, i, i)) as [Float64Array, Float64Array, Float64Array];
  return [
    a,
    entries(s!, 0, 1).map((x, p) => x / Math.sqrt(a[p]! * b[p]!)),
    entries(s!, 1, 2).map((x, p) => x / Math.sqrt(b[p]! * c[p]!)),
  ];
}

const attention = { gamma: 0.6, temperature: 0.5, keyWidth: 4 };
const models: [string, ShapedModel, number][] = [
  ["linear", linearMlp(), 8],
  ["residual linear", linearMlp({ gamma: 0.7 }), 8],
  ["MLP", shapedMlp({ activation: relu }), 8],
  ["smooth MLP", shapedMlp({ activation: { type: "silu", scale: 1 }, gamma: 0.8 }), 8],
  ["attention", shapedAttention(attention), 8],
  ["attention with fewer keys than tokens", shapedAttention({ ...attention, keyWidth: 2 }), 8],
  ["causal attention", shapedAttention({ ...attention, mask: "causal" }), 8],
  ["attention without skip", shapedAttention({ ...attention, gamma: 1 }), 8],
  ["trainable form", shapedAttention({ ...attention, alpha: 0.9, beta: 0.8, centre: 0.5 }), 8],
  ["transformer", shapedTransformer({ attention, mlp: { gamma: 0.4, activation: relu } }), 8],
  [
    "transformer, 2 heads, W_O",
    shapedTransformer({
      attention: { ...attention, heads: 2, outputProjection: true },
      mlp: { gamma: 0.4, activation: relu },
    }),
    12,
  ],
  [
    "transformer, 2 heads, no W_O",
    shapedTransformer({ attention: { ...attention, heads: 2 }, mlp: { gamma: 0.4, activation: relu } }),
    12,
  ],
  ["unshaped", unshapedTransformer({ attention: { strength: 0.5, keyWidth: 4 }, mlp: { strength: 0.5 } }), 8],
];

describe("covariances drawn from their law are those of networks with weights", () => {
  it.each(models)("%s", async (_, model, width) => {
    const [drawn, checked] = [
      await statistics(model, width, "covariance", 1500),
      await statistics(model, width, "weights", 600),
    ];
    for (const [k, x] of drawn.entries()) expect(kolmogorovSmirnov(x, checked[k]!).p).toBeGreaterThan(1e-3);
  });

  it("and a width that is one off is seen: 13 for 12", async () => {
    const [drawn, checked] = [
      await statistics(linearMlp(), 12, "covariance", 20_000),
      await statistics(linearMlp(), 13, "covariance", 20_000, 3),
    ];
    expect(Math.min(...drawn.map((x, k) => kolmogorovSmirnov(x, checked[k]!).p))).toBeLessThan(1e-3);
  });
});
