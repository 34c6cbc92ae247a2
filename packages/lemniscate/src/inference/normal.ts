const logRoot2Pi = 0.5 * Math.log(2 * Math.PI);

/** log of the standard normal density. */
export function logNormalPdf(x: number): number {
  return -0.5 * x * x - logRoot2Pi;
}

/**
 * log Φ(x), the log of the standard normal distribution function, without loss in the lower tail.
 *
 * @source Abramowitz and Stegun 1964, 26.2.11 (series, |x| < 2.5) and 26.2.14 (continued fraction, beyond)
 * @accuracy 1e-13 relative to max(1, |log Φ|)
 */
export function logNormalCdf(x: number): number {
  if (x <= -2.5) return logNormalPdf(x) + Math.log(tailRatio(-x));
  if (x >= 2.5) return Math.log1p(-Math.exp(logNormalPdf(x)) * tailRatio(x));
  const half = Math.exp(logNormalPdf(x)) * centralSeries(Math.abs(x));
  return Math.log(x < 0 ? 0.5 - half : 0.5 + half);
}

/** φ(x)/Φ(x), the slope of log Φ. */
export function normalSlope(x: number): number {
  return x <= -2.5 ? 1 / tailRatio(-x) : Math.exp(logNormalPdf(x) - logNormalCdf(x));
}

/** (Φ(x) − ½)/φ(x) for 0 ≤ x < 2.5: x + x³/3 + x⁵/(3·5) + …, all terms positive. */
function centralSeries(x: number): number {
  let term = x;
  let sum = x;
  for (let k = 3; term > sum * 1e-17; k += 2) {
    term *= (x * x) / k;
    sum += term;
  }
  return sum;
}

/** (1 − Φ(x))/φ(x) for x ≥ 2.5: 1/(x + 1/(x + 2/(x + 3/(x + …)))), from the inside. */
function tailRatio(x: number): number {
  let inner = x;
  for (let k = Math.ceil(400 / (x * x)) + 8; k >= 1; k--) inner = x + k / inner;
  return 1 / inner;
}
