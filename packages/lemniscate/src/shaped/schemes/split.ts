/** @module The scheme to use unless there is a reason: it splits a step into parts that each keep V positive semi-definite. */
import type { Coefficients } from "../coefficients.js";
import { centredRows } from "../steps/attention.js";
import { positiveDrift } from "../steps/drift.js";
import { linearFactor } from "../steps/linear-factor.js";
import { type StepProgram, Steps } from "../steps/steps.js";

/**
 * Half the drift, attention's random congruence F V Fᵀ, the linear part L T Tᵀ Lᵀ, and the other half of the drift. The
 * linear part is of second weak order and exact on diagonals; attention's is of first order.
 */
export function splitStep(tokens: number, of: Coefficients, h: number): StepProgram {
  const steps = new Steps(tokens);
  const supplied = of.attention?.noise ?? 0;
  const driftless = of.attention === undefined && of.mlp === undefined;
  let v = steps.state();
  if (!driftless) v = positiveDrift(steps, v, of, h / 2, supplied);
  if (of.attention !== undefined && of.attention.noise > 0) {
    const l = steps.cholesky(v);
    const logits = steps.productTransposed(steps.product(l, steps.normals(tokens, tokens)), l);
    const size = Math.sqrt(of.attention.noise * h);
    const noise = centredRows(steps, logits, of.attention.mask);
    const f = steps.entrywise((a, x, i) => a.fma(a.constant(size), x!, i!), noise, steps.identity());
    v = steps.gram(steps.product(f, l));
  }
  if (of.linear > 0) v = steps.gram(steps.product(steps.cholesky(v), linearFactor(steps, of.linear * h)));
  if (!driftless) v = positiveDrift(steps, v, of, h / 2, supplied);
  return steps.program(v);
}
