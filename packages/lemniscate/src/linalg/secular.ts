/** @module Eigenvalues of a diagonal matrix plus one of rank one. */

/** An eigenvalue, as its nearest pole and the distance from there: differences with poles then keep all their digits. */
export interface Root {
  readonly pole: number;
  readonly offset: number;
}

/**
 * Root number j of 1 + ρ Σ z_i²/(d_i − λ), for d_0 < d_1 < … and ρ > 0: it lies between d_j and d_{j+1}, the last one
 * within ρ|z|² behind the last pole. Poles on both sides of the root are interpolated by one pole each, with their
 * derivatives; a bracket guards the iteration, which falls back to bisection.
 *
 * @source Li 1993, "Solving secular equations stably and efficiently", §3 (the middle way)
 */
export function secularRoot(d: Float64Array, z2: Float64Array, rho: number, j: number): Root {
  const k = d.length;
  const isLast = j === k - 1;
  const left = d[j] as number;
  let total = 0;
  if (isLast) for (let i = 0; i < k; i++) total += z2[i] as number;
  const gap = isLast ? rho * total : (d[j + 1] as number) - left;
  // The pole that is nearer to the root, by the sign in the middle.
  const pole = !isLast && evaluate(d, z2, rho, j, j, gap / 2).value < 0 ? j + 1 : j;
  const origin = d[pole] as number;
  let [low, high] = pole === j ? [0, isLast ? 2 * gap : gap / 2] : [-gap / 2, 0];
  const [near, far] = [left - origin, isLast ? undefined : (d[j + 1] as number) - origin];
  let offset = (low + high) / 2;
  for (let round = 0; round < 200; round++) {
    const { value, below, above, size } = evaluate(d, z2, rho, pole, j, offset);
    if (Math.abs(value) <= 2 * Number.EPSILON * k * size || !(low < offset && offset < high)) break;
    if (value < 0) low = offset;
    else high = offset;
    const next = offset + step(value, below, above, near - offset, far === undefined ? undefined : far - offset);
    const inside = next > low && next < high;
    const middle = (low + high) / 2;
    if (middle === low || middle === high) break;
    offset = inside ? next : middle;
  }
  return { pole, offset };
}

/** The function at d_pole + offset; slopes of the poles up to j and beyond; and the sum of all magnitudes. */
function evaluate(d: Float64Array, z2: Float64Array, rho: number, pole: number, j: number, offset: number) {
  const origin = d[pole] as number;
  let [below, above, lower, upper] = [0, 0, 0, 0];
  for (let i = 0; i <= j; i++) {
    const apart = (d[i] as number) - origin - offset;
    const term = (z2[i] as number) / apart;
    lower += term;
    below += term / apart;
  }
  for (let i = j + 1; i < d.length; i++) {
    const apart = (d[i] as number) - origin - offset;
    const term = (z2[i] as number) / apart;
    upper += term;
    above += term / apart;
  }
  const value = 1 + rho * (lower + upper);
  return { value, below: rho * below, above: rho * above, size: 1 + rho * (upper - lower) };
}

/** From here to the root of c + a/(x − μ) + b/(y − μ) with the same value and the same slopes of both sides. */
function step(value: number, below: number, above: number, x: number, y: number | undefined): number {
  if (y === undefined) {
    // One pole: value + below·x²·(1/(x − μ) − 1/x) = 0.
    const c = value - below * x;
    return c === 0 ? Number.NaN : (value * x) / c;
  }
  // c + a/(x − μ) + b/(y − μ) = 0 as a quadratic A μ² − B μ + C = 0.
  const c = value - below * x - above * y;
  const B = (x + y) * value - x * y * (below + above);
  const C = x * y * value;
  const root = Math.sqrt(Math.max(0, B * B - 4 * c * C));
  return B > 0 ? (2 * C) / (B + root) : c === 0 ? Number.NaN : (B - root) / (2 * c);
}
