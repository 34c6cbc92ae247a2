import type { Matrix } from "../linalg/matrix.js";
import { zeros } from "../linalg/matrix.js";
import { logNormalCdf, logNormalPdf, normalSlope } from "./normal.js";

/**
 * Probability that each of several independent Gaussians is the largest one, row by row:
 *
 *   P_c = ∫ φ(t − z_c) Π_{j≠c} Φ(t − z_j) dt,   z = mean / √variance
 *
 * by the trapezoid rule, which converges faster than any power for such integrands. Rows sum to 1.
 * Where the variance is 0 the largest mean has probability 1, shared by those that are equal.
 *
 * @param mean - (n, classes)
 * @param variance - (n), one for all Gaussians of a row
 * @source the multinomial probit model, Girolami and Rogers 2006, §2
 * @accuracy 1e-12, absolute
 */
export function probabilitiesOfLargest(mean: Matrix, variance: ArrayLike<number>): Matrix<Float64Array> {
  const { rows, columns: classes } = mean;
  const found = zeros(rows, classes);
  const logs = new Float64Array(classes);
  for (let i = 0; i < rows; i++) {
    const z = standardised(mean, variance, i);
    const row = found.data.subarray(i * classes, (i + 1) * classes);
    const top = z.reduce((most, one) => Math.max(most, one), Number.NEGATIVE_INFINITY);
    if (variance[i] === 0) row.set(z.map((one) => (one === top ? 1 : 0)));
    else
      for (let t = top - 9; t <= top + 9; t += 0.125) {
        let all = 0;
        for (let c = 0; c < classes; c++) all += logs[c] = logNormalCdf(t - (z[c] as number));
        for (let c = 0; c < classes; c++)
          row[c] = (row[c] as number) + Math.exp(logNormalPdf(t - (z[c] as number)) + all - (logs[c] as number));
      }
    const sum = row.reduce((total, one) => total + one, 0);
    for (let c = 0; c < classes; c++) row[c] = (row[c] as number) / sum;
  }
  return found;
}

/**
 * log of the probability that the Gaussian in column `c` of row `i` is the largest one, accurate for
 * improbable ones also: the trapezoid rule around the peak of the integrand, which is log-concave. The integral is as
 * for {@link probabilitiesOfLargest}.
 */
export function logProbabilityOfLargest(mean: Matrix, variance: ArrayLike<number>, i: number, c: number): number {
  const z = standardised(mean, variance, i);
  const own = z[c] as number;
  if (variance[i] === 0) {
    const top = z.reduce((most, one) => Math.max(most, one), Number.NEGATIVE_INFINITY);
    return own < top ? Number.NEGATIVE_INFINITY : -Math.log(z.filter((one) => one === top).length);
  }
  const others = z.filter((_, j) => j !== c);
  const peak = findPeak(own, others);
  const log = (t: number) => others.reduce((sum, one) => sum + logNormalCdf(t - one), logNormalPdf(t - own));
  const top = log(peak.at);
  const width = 1 / Math.sqrt(peak.curvature);
  if (Math.abs(top) > 1e8) return top + 0.5 * Math.log(2 * Math.PI) + Math.log(width); // differences would be rounding
  const step = width / 4;
  let sum = 1;
  for (const direction of [step, -step])
    for (let k = 1, value = 0; value > -40; k++) {
      value = log(peak.at + k * direction) - top;
      sum += Math.exp(value);
    }
  return top + Math.log(step * sum);
}

function standardised(mean: Matrix, variance: ArrayLike<number>, i: number): Float64Array {
  const deviation = Math.sqrt(variance[i] as number);
  const row = mean.data.subarray(i * mean.columns, (i + 1) * mean.columns);
  return Float64Array.from(row, (one) => (deviation === 0 ? one : one / deviation));
}

/** Where φ(t − own) Π Φ(t − others) is largest, by Newton steps kept inside a bracket, and its curvature there. */
function findPeak(own: number, others: Float64Array): { at: number; curvature: number } {
  let low = own;
  let high = others.reduce((most, one) => Math.max(most, one), own + others.length + 1);
  let at = (low + high) / 2;
  let curvature = 1;
  for (let round = 0; round < 100; round++) {
    let slope = own - at;
    curvature = 1;
    for (const one of others) {
      const ratio = normalSlope(at - one);
      slope += ratio;
      curvature += ratio * (ratio + at - one);
    }
    if (slope > 0) low = at;
    else high = at;
    const next = at + slope / curvature;
    if (Math.abs(next - at) < 1e-3) break; // only a place to start from
    at = next > low && next < high ? next : (low + high) / 2;
  }
  return { at, curvature };
}
