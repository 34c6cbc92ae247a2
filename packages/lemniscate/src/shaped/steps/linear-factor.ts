/** @module What a long product of Gaussian matrices does to a covariance, in one triangular factor. */
import { across, type Steps, type Time, type Value } from "./steps.js";

/**
 * Lower triangular T such that V → L T Tᵀ Lᵀ, with V = L Lᵀ, moves dV = Σ_lin(V)^{1/2} dB on by time t.
 *
 * The exact T obeys dT = T dM. Its diagonal is exact here, exp(−i t/2 + ξ_ii/√2); entries below have the trapezoidal rule for
 * the geometric factors and the mean part of the iterated integrals ½ Σ ξ_ik ξ_kj, with what they lack in variance as an
 * independent number: second weak order.
 */
export function linearFactor(steps: Steps, t: Time): Value {
  const m = steps.tokens;
  const lower = steps.constant(table(m, (i, j) => (i > j ? 1 : 0)));
  const x = steps.entrywise(
    (a, z, root) => a.mul(root!, z!),
    steps.normals(m, m, (i, j) => i >= j),
    t(Math.sqrt),
  );
  const decay = steps.constant(Array.from({ length: m }, (_, i) => [-(i + 1) / 2]));
  const d = steps.entrywise(
    (a, xi, rate, time) => a.exp(a.fma(rate!, time!, a.mul(a.constant(Math.SQRT1_2), xi!))),
    steps.diagonal(x),
    decay,
    t((time) => time),
  );
  const below = steps.entrywise((a, xi, one) => a.mul(xi!, one!), x, lower);
  const trapezoid = steps.entrywise(
    (a, xi, i, j, diagonal, one) => {
      const mean = a.sqrt(a.mul(a.constant(0.5), a.fma(i!, i!, a.mul(j!, j!))));
      return a.fma(diagonal!, i!, a.mul(a.mul(xi!, mean), one!));
    },
    x,
    d,
    across(d),
    steps.identity(),
    lower,
  );
  if (m < 3) return trapezoid;
  const iterated = steps.product(below, below);
  const missing = steps.constant(table(m, (i, j) => (i - j > 1 ? Math.sqrt(i - j - 1) / 2 : 0)));
  return steps.entrywise(
    (a, first, second, zeta, size, time) =>
      a.add(first!, a.fma(a.constant(0.5), second!, a.mul(zeta!, a.mul(size!, time!)))),
    trapezoid,
    iterated,
    steps.normals(m, m, (i, j) => i - j > 1),
    missing,
    t((time) => time),
  );
}

function table(m: number, entry: (i: number, j: number) => number): number[][] {
  return Array.from({ length: m }, (_, i) => Array.from({ length: m }, (_, j) => entry(i, j)));
}
