import { LemniscateError } from "../../core/errors.js";
import { numbers } from "../algebra.js";
import type { Dual } from "./dual.js";
import { errorFunctionDual } from "./error-function.js";
import { exponentialDual } from "./exponential.js";
import { geluDual } from "./gelu.js";
import { rectifierDual } from "./rectifier.js";
import { sineDual } from "./sine.js";

/** Variances and covariance of two centred Gaussians u and v. */
export interface Gaussians {
  readonly pp: number;
  readonly pq: number;
  readonly qq: number;
}

/** What a nonlinearity φ makes of two Gaussians. */
export interface DualValues {
  /** E[φ(u)φ(v)] */
  readonly covariance: number;
  /** E[φ'(u)φ'(v)] */
  readonly derivative: number;
}

export type DualName = "relu" | "abs" | "erf" | "gelu" | "sin" | "exp";

function values<P extends Parameters>(of: Dual<P>, { pp, pq, qq }: Gaussians, parameters: P): DualValues {
  return {
    covariance: of.covariance(numbers, pp, pq, qq, parameters),
    derivative: of.derivative(numbers, pp, pq, qq, parameters),
  };
}

type Parameters = Readonly<Record<string, number>>;

const table: { readonly [Name in DualName]: (of: Gaussians) => DualValues } = {
  relu: (of) => values(rectifierDual, of, { below: 0, above: 1 }),
  abs: (of) => values(rectifierDual, of, { below: -1, above: 1 }),
  erf: (of) => values(errorFunctionDual, of, { scale: 1, slope: 1, shift: 0 }),
  gelu: (of) => values(geluDual, of, {}),
  sin: (of) => values(sineDual, of, { scale: 1, slope: 1, phase: 0 }),
  exp: (of) => values(exponentialDual, of, { scale: 1, slope: 1 }),
};

/**
 * E[φ(u)φ(v)] and E[φ'(u)φ'(v)] for centred Gaussians (u, v).
 *
 * @param name - the nonlinearity φ
 * @param of - variances `pp`, `qq` ≥ 0 and covariance `pq`, |pq| ≤ √(pp·qq)
 * @throws LemniscateError `BadInput` if no Gaussians have these covariances
 * @source each formula's own, see `ops/duals/`
 *
 * @example
 * ```ts
 * import { dual } from "lemniscate/ops";
 * dual("relu", { pp: 1, pq: 1, qq: 1 }); // => { covariance: 0.5, derivative: 0.5 }
 * dual("erf", { pp: 0.5, pq: 0.25, qq: 0.5 }).covariance; // ≈ 0.160861246
 * ```
 */
export function dual(name: DualName, of: Gaussians): DualValues {
  const { pp, pq, qq } = of;
  if (!(pp >= 0 && qq >= 0 && Math.abs(pq) <= Math.sqrt(pp) * Math.sqrt(qq) * (1 + 1e-9)))
    throw new LemniscateError({
      code: "BadInput",
      where: "dual",
      given: `pp ${pp}, pq ${pq}, qq ${qq}`,
      allowed: "variances ≥ 0 and |pq| ≤ √(pp·qq)",
      mend: "Two random variables cannot covary more than they vary.",
    });
  return table[name](of);
}
