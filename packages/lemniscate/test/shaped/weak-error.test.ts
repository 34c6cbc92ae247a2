import { describe, expect, it } from "vitest";
import { type ShapedModel, shapedMlp, shapedTransformer } from "../../src/shaped/models/model.js";
import type { Snapshot } from "../../src/shaped/paths.js";
import { type Scheme, solveSde } from "../../src/shaped/solve.js";
import type { Covariance } from "../../src/shaped/start.js";
import { correlation } from "../../src/shaped/statistics/observables.js";
import { type Estimate, mean } from "../../src/shaped/statistics/summary.js";

const start: Covariance = [
  [1, 0.2, 0.5],
  [0.2, 1.3, -0.3],
  [0.5, -0.3, 0.8],
];

/** Means of ρ01, its square, and ρ12 at t = 1. */
async function means(model: ShapedModel, scheme: Scheme, steps: number, seed: number): Promise<Estimate[]> {
  let s: Snapshot | undefined;
  for await (s of solveSde(model, { start, step: 1 / steps, scheme, paths: 16_000, seed }));
  const [near, far] = [correlation(0, 1).of(s!), correlation(1, 2).of(s!)];
  return [near, near.map((rho) => rho ** 2), far].map((x) => mean(x));
}

/** How far two sets of means are apart, in standard errors, beyond what a fine scheme may be wrong by. */
function apart(x: readonly Estimate[], y: readonly Estimate[], tolerance: number): number {
  return Math.max(
    ...x.map(({ value, error }, k) =>
      Math.max(0, (Math.abs(value - y[k]!.value) - tolerance) / Math.hypot(error, y[k]!.error)),
    ),
  );
}

const mlp = (minus: number): ShapedModel => shapedMlp({ activation: { type: "shaped-relu", plus: 0, minus } });
const block = (minus: number): ShapedModel =>
  shapedTransformer({
    attention: { gamma: 0.25, temperature: 1 },
    mlp: { gamma: 0.25, activation: { type: "shaped-relu", plus: 2, minus } },
  });

describe("the split scheme in means", () => {
  it.each([
    ["an MLP", mlp],
    ["a transformer", block],
  ])("has with four steps what another one has with 128: %s", async (_, model) => {
    // Gram steps are layers of a network and share nothing with the splitting; of 128 steps the error is about 0.003.
    const fine = await means(model(-2), "gram", 128, 1);
    expect(apart(await means(model(-2), "split", 4, 2), fine, 0.006)).toBeLessThan(4);
    expect(apart(await means(model(-1.5), "split", 4, 3), fine, 0.006)).toBeGreaterThan(6);
  });

  it("is seen to be wrong with one step", async () => {
    const fine = await means(mlp(-2), "split", 16, 4);
    expect(apart(await means(mlp(-2), "split", 1, 5), fine, 0.006)).toBeGreaterThan(6);
  });
});
