/** @module What is known exactly, beside what is found. */
import { child, normals, randomKey } from "../../../../core/random.js";
import { linearMlp, type ShapedModel, shapedAttention, unshapedTransformer } from "../../../../shaped/models/model.js";
import { entries, type Snapshot } from "../../../../shaped/paths.js";
import { simulate } from "../../../../shaped/simulate.js";
import { solveSde } from "../../../../shaped/solve.js";
import { correlated } from "../../../../shaped/start.js";
import { kolmogorovSmirnov } from "../../../../shaped/statistics/distances.js";
import { correlation, logDeterminant } from "../../../../shaped/statistics/observables.js";
import { mean, variance } from "../../../../shaped/statistics/summary.js";
import type { Row } from "../row.js";
import { type CheckRun, distances, lastOf, models, start } from "./run.js";

export async function* facts(check: CheckRun): AsyncGenerator<Row> {
  yield* linearLaw(check);
  yield* ownEquation(check);
  yield* manyHeads(check);
  yield* collapse(check);
}

/** ln V00 ~ N(−t, 2t) and ln det V − ln det V₀ ~ N(−m(m+1)t/2, 2mt) of linear networks. */
async function* linearLaw({ samples, ...check }: CheckRun): AsyncGenerator<Row> {
  const options = { start, width: 2048, times: [0.5, 1], paths: samples(20_000), ...check };
  const first = logDeterminant.of({ ...empty, covariances: lower(start) })[0]!;
  for await (const snapshot of simulate(linearMlp(), options)) {
    const { t } = snapshot;
    const [v, det] = [entries(snapshot, 0, 0).map(Math.log), logDeterminant.of(snapshot).map((x) => x - first)];
    yield { fact: `ln V00, t = ${t}`, found: mean(v), exact: -t, p: "" };
    yield { fact: `its variance`, found: variance(v), exact: 2 * t, p: "" };
    yield { fact: `ln det V, t = ${t}`, found: mean(det), exact: -6 * t, p: "" };
    yield { fact: `its variance`, found: variance(det), exact: 6 * t, p: "" };
  }
}

const empty: Snapshot = {
  t: 0,
  steps: 0,
  tokens: 3,
  paths: 1,
  covariances: new Float64Array(6),
  stoppedAt: new Float64Array(1),
  frozen: 0,
};

function lower(v: readonly (readonly number[])[]): Float64Array {
  return Float64Array.from(v.flatMap((row, i) => row.slice(0, i + 1)));
}

/** The correlation of two tokens in MLPs has an SDE of its own, dρ = [ν − ρ(1 − ρ²)/2] dt + (1 − ρ²) dB. */
async function* ownEquation({ samples, ...check }: CheckRun): AsyncGenerator<Row> {
  const [paths, rho0, steps] = [samples(60_000), 0.3, 256];
  for (const [name, model, strength] of [
    ["linear", linearMlp(), 0],
    ["ReLU", models.mlp, 4],
  ] as const) {
    const sde = await lastOf(solveSde(model as ShapedModel, { start: correlated(rho0, 2), paths, ...check }));
    const z = normals(child(randomKey(check.seed), "correlation"), new Float64Array(paths * steps));
    const nu = (r: number): number => (strength / (2 * Math.PI)) * (Math.sqrt(1 - r * r) - r * Math.acos(r));
    const own = Float64Array.from({ length: paths }, (_, p) => {
      // In x = artanh ρ, where the noise is additive: dx = [(ν − ρ(1 − ρ²)/2)/(1 − ρ²) + ρ] dt + dB by Itô.
      let x = Math.atanh(rho0);
      for (let s = 0; s < steps; s++) {
        const r = Math.tanh(x);
        x += (nu(r) / (1 - r * r) + r / 2) / steps + z[p * steps + s]! / Math.sqrt(steps);
      }
      return Math.tanh(x);
    });
    const { distance, p } = kolmogorovSmirnov(correlation(0, 1).of(sde), own);
    yield { fact: `rho01's own SDE, ${name}`, found: distance, exact: 0, p };
  }
}

/** Networks of one head and of eight against limits of one and of eight. */
async function* manyHeads({ samples, ...check }: CheckRun): AsyncGenerator<Row> {
  const of = (heads: number): ShapedModel =>
    shapedAttention({ gamma: 0.45, temperature: 0.5, keyWidth: 16, heads, outputProjection: true });
  const [width, end] = [256, 0.5];
  for (const net of [1, 8]) {
    const x = await lastOf(simulate(of(net), { start, width, end, paths: samples(20_000), ...check }));
    for (const limit of [1, 8]) {
      const y = await lastOf(solveSde(of(limit), { start, end, paths: samples(60_000), ...check }));
      for (const [name, value] of Object.entries(distances(x, y)))
        if (!name.startsWith("p "))
          yield {
            fact: `${net} heads, limit of ${limit}, ${name}`,
            found: value,
            exact: net === limit ? 0 : "",
            p: distances(x, y)[`p ${name}`]!,
          };
    }
  }
}

/** Sums over all entries of V and over its diagonal in unshaped linear blocks of uniform attention. */
async function* collapse({ samples, ...check }: CheckRun): AsyncGenerator<Row> {
  const [m, L, a1, a2, rho] = [5, 6, 0.85, 0.58, 0.2];
  const model = unshapedTransformer({
    attention: { strength: a1, logits: "uniform" },
    mlp: { strength: a2, activation: "linear" },
  });
  const options = { start: correlated(rho, m), width: 64, depth: L, radius: 1e12, paths: samples(20_000), ...check };
  const s = await lastOf(simulate(model, options));
  const [A, B, first] = [(1 + a1 ** 2) ** L, (1 + a2 ** 2) ** L, m + m * (m - 1) * rho];
  const [trace, all] = [0, 1].map(() => new Float64Array(s.paths)) as [Float64Array, Float64Array];
  for (let a = 0; a < m; a++)
    for (let b = 0; b < m; b++)
      for (const [p, x] of entries(s, a, b).entries()) {
        all[p]! += x;
        if (a === b) trace[p]! += x;
      }
  yield { fact: "tr V, unshaped", found: mean(trace), exact: B * (m + ((A - 1) * first) / m), p: "" };
  yield { fact: "sum of V, unshaped", found: mean(all), exact: A * B * first, p: "" };
}
