/** @module Drift and diffusion of a model's covariance SDE, at one covariance. */
import { type Matrix, zeros } from "../linalg/matrix.js";
import { coefficients, type LimitOptions } from "./coefficients.js";
import { type MaskRows, maskRows } from "./models/mask.js";
import type { ShapedModel } from "./models/model.js";
import { referenceStep } from "./reference.js";
import { type Covariance, checkStart } from "./start.js";
import { drift as driftIn } from "./steps/drift.js";
import { Steps } from "./steps/steps.js";

/**
 * The drift b(V), m × m.
 *
 * @source Noci et al. 2023 (arXiv:2306.17759), in matrix form; smooth activations and masks derived
 *
 * @example
 * ```ts
 * import { correlated, drift, shapedMlp } from "lemniscate/shaped";
 *
 * const model = shapedMlp({ activation: { type: "shaped-relu", plus: 0, minus: -1 } });
 * drift(model, correlated(0, 2)).data[1]; // ≈ 0.15915494309189535
 * ```
 */
export function drift(model: ShapedModel, v: Covariance, options: LimitOptions = {}): Matrix<Float64Array> {
  const m = checkStart(v);
  const steps = new Steps(m);
  const step = referenceStep(steps.program(driftIn(steps, steps.state(), coefficients(model, m, options))));
  const state = Float64Array.from(v.flat());
  step(state, { phase: "first", sequence: { key: [0, 0], stream: [0, 0] }, first: 0 });
  return { rows: m, columns: m, data: state };
}

/**
 * The covariance Σ(V) of the noise, D × D with D = m(m+1)/2: rows and columns are the entries (a, b), a ≥ b, of the lower
 * triangle, row by row.
 *
 *   Σ^{ab,de} = k (V^ad V^be + V^ae V^bd) + k′ (V^be Q_be^ad + V^bd Q_bd^ae + V^ae Q_ae^bd + V^ad Q_ad^be),
 *
 * with Q_be = V C_b V C_e V/(m_b m_e), C_b the centring over the m_b tokens that token b sees.
 *
 * @source Noci et al. 2023 (arXiv:2306.17759), 𝒜 in matrix form; heads and masks derived
 */
export function diffusion(model: ShapedModel, v: Covariance, options: LimitOptions = {}): Matrix<Float64Array> {
  const m = checkStart(v);
  const { linear, attention } = coefficients(model, m, options);
  const pairs = v.flatMap((_, a) => Array.from({ length: a + 1 }, (_, b) => [a, b] as const));
  const sigma = zeros(pairs.length, pairs.length);
  const q = attention === undefined ? undefined : images(v, attention.mask ?? maskRows("full", m));
  for (const [i, [a, b]] of pairs.entries())
    for (const [j, [d, e]] of pairs.entries()) {
      let entry = linear * (v[a]![d]! * v[b]![e]! + v[a]![e]! * v[b]![d]!);
      if (q !== undefined)
        entry +=
          attention!.noise *
          (v[b]![e]! * q(b, e, a, d) +
            v[b]![d]! * q(b, d, a, e) +
            v[a]![e]! * q(a, e, b, d) +
            v[a]![d]! * q(a, d, b, e));
      sigma.data[i * pairs.length + j] = entry;
    }
  return sigma;
}

/** (V C_x V C_y V)^{ad}/(m_x m_y). */
function images(v: Covariance, mask: MaskRows): (x: number, y: number, a: number, d: number) => number {
  // Row a of V C_x/m_x for each x; then Q = (V C_x) V (V C_y)ᵀ.
  const centred = mask.map((row) => {
    const seen = row.reduce((sum: number, one) => sum + one, 0);
    return v.map((of) => {
      const mean = of.reduce((sum, value, k) => sum + value * row[k]!, 0) / seen;
      return of.map((value, k) => (row[k]! * (value - mean)) / seen);
    });
  });
  return (x, y, a, d) => {
    let sum = 0;
    for (const [k, left] of centred[x]![a]!.entries())
      for (const [l, right] of centred[y]![d]!.entries()) sum += left * v[k]![l]! * right;
    return sum;
  };
}
