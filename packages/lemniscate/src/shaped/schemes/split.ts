/** @module The scheme to use unless there is a reason: it splits a step into parts that each keep V positive semi-definite. */
import type { Coefficients } from "../coefficients.js";
import { centredRows } from "../steps/attention.js";
import { positiveDrift } from "../steps/drift.js";
import { linearFactor } from "../steps/linear-factor.js";
import { type StepProgram, Steps, type Time } from "../steps/steps.js";

/** Whether drift is merged where nobody says: where no difference is seen. */
export function mergesDrift(h: number): boolean {
  return h <= 1 / 32;
}

/**
 * Half the drift, attention's random congruence F V Fᵀ, the linear part L T Tᵀ Lᵀ, and the other half of the drift. The
 * linear part is of second weak order and exact on diagonals; attention's is of first order.
 *
 * @param merged - makes one drift of the second half of a step and the first half of the next: to the same order, in half the
 *   time, and with an error of drift that is up to four times as large. A state lacks half a step of drift then, which it is
 *   given where it is shown.
 * @param radius - the trace above which drift has made a path explode: where drift is merged, noise leaves it as it is
 */
export function splitStep(
  tokens: number,
  of: Coefficients,
  h: number,
  merged: boolean = mergesDrift(h),
  radius: number = Number.POSITIVE_INFINITY,
): StepProgram {
  const steps = new Steps(tokens);
  const supplied = of.attention?.noise ?? 0;
  const driftless = of.attention === undefined && of.mlp === undefined;
  const during =
    (first: number, later: number, shown: number): Time =>
    (f) =>
      merged && !driftless
        ? steps.phased({ first: f(first), later: f(later), shown: f(shown) })
        : steps.constant([[f(first)]]);
  let v = steps.state();
  if (!driftless) v = positiveDrift(steps, v, of, during(h / 2, h, h / 2), supplied);
  const whole = during(h, h, 0);
  const trace = steps.sum(steps.diagonal(v));
  const noise: Time = (f) =>
    merged && !driftless
      ? steps.entrywise((a, t, size) => a.choose(size!, a.constant(radius), t!, a.constant(f(0))), whole(f), trace)
      : whole(f);
  if (of.attention !== undefined && of.attention.noise > 0) {
    const l = steps.cholesky(v);
    const logits = steps.productTransposed(steps.product(l, steps.normals(tokens, tokens)), l);
    const f = steps.entrywise(
      (a, x, i, size) => a.fma(size!, x!, i!),
      centredRows(steps, logits, of.attention.mask),
      steps.identity(),
      noise((t) => Math.sqrt(supplied * t)),
    );
    v = steps.gram(steps.product(f, l));
  }
  if (of.linear > 0) {
    const factor = linearFactor(steps, (f) => noise((t) => f(of.linear * t)));
    v = steps.gram(steps.product(steps.cholesky(v), factor));
  }
  if (!driftless && !merged) v = positiveDrift(steps, v, of, during(h / 2, h / 2, h / 2), supplied);
  return steps.program(v);
}
