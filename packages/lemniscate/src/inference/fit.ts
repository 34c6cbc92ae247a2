import { type Cholesky, cholesky } from "../linalg/cholesky.js";
import type { Matrix } from "../linalg/matrix.js";
import { logDeterminant, solve } from "../linalg/solve.js";

/** A Gaussian process after the training targets were seen. */
export interface Fit {
  /** Factor of K + noise I (plus jitter). */
  readonly factored: Cholesky;
  /** α = (K + noise I)⁻¹ (y − prior mean): (n, outputs). */
  readonly weights: Matrix<Float64Array>;
  /** log p(y) of every output, each with n targets. */
  readonly logMarginalLikelihoods: Float64Array;
}

/**
 * Weights and evidence of a Gaussian process with covariance K and independent noise, for all outputs at once:
 *
 *   α = (K + σ² I)⁻¹ r,   log p(y_c) = −½ r_cᵀ α_c − ½ log det(K + σ² I) − ½ n log 2π,   r = y − prior mean
 *
 * @source Rasmussen and Williams 2006, alg. 2.1 and eq. 2.30
 */
export function fit(
  where: string,
  prior: Matrix,
  residuals: Matrix<Float64Array>,
  noise: number,
  jitter: readonly number[] | undefined,
): Fit {
  const options = jitter === undefined ? {} : { jitter };
  const factored = cholesky(prior, { ...options, shift: noise, where });
  const weights = solve(factored, residuals);
  const { rows: n, columns: outputs } = residuals;
  const constant = -0.5 * logDeterminant(factored) - 0.5 * n * Math.log(2 * Math.PI);
  const logMarginalLikelihoods = new Float64Array(outputs).fill(constant);
  for (let i = 0; i < residuals.data.length; i++) {
    const share = 0.5 * (residuals.data[i] as number) * (weights.data[i] as number);
    logMarginalLikelihoods[i % outputs] = (logMarginalLikelihoods[i % outputs] as number) - share;
  }
  return { factored, weights, logMarginalLikelihoods };
}
