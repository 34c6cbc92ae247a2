/** @module Euler and Maruyama's scheme, to compare with: it leaves the cone of covariances and is put back. */
import type { Coefficients } from "../coefficients.js";
import { centredRows } from "../steps/attention.js";
import { drift } from "../steps/drift.js";
import { type StepProgram, Steps } from "../steps/steps.js";

/**
 * V + h b(V) + √h noise, negative eigenvalues set to 0. The noise is drawn in O(m³), without Σ: with V = L Lᵀ,
 * √(k/2) L (N + Nᵀ) Lᵀ + √k′ (A₁ V + V A₁ᵀ).
 */
export function eulerStep(tokens: number, of: Coefficients, h: number): StepProgram {
  const steps = new Steps(tokens);
  const v = steps.state();
  const l = steps.cholesky(v);
  const half = noise(steps, v, l, of);
  const turned = steps.productTransposed(steps.identity(), half);
  const b = drift(steps, v, of);
  const moved = steps.symmetric(
    (a, x, slope, one, other) => a.fma(a.constant(Math.sqrt(h)), a.add(one!, other!), a.fma(a.constant(h), slope!, x!)),
    v,
    b,
    half,
    turned,
  );
  return steps.program(steps.clipEigenvalues(moved));
}

/** Half of a draw of N(0, Σ(V)): the other half is its transpose. */
function noise(steps: Steps, v: ReturnType<Steps["state"]>, l: typeof v, of: Coefficients): typeof v {
  const m = steps.tokens;
  const gaussian = (): typeof v => steps.productTransposed(steps.product(l, steps.normals(m, m)), l);
  const linear = steps.entrywise((a, x) => a.mul(a.constant(Math.sqrt(of.linear / 2)), x!), gaussian());
  if (of.attention === undefined || of.attention.noise === 0) return linear;
  const size = Math.sqrt(of.attention.noise);
  const image = steps.product(centredRows(steps, gaussian(), of.attention.mask), v);
  return steps.entrywise((a, x, y) => a.fma(a.constant(size), y!, x!), linear, image);
}
