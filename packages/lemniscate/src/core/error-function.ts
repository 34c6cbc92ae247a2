/**
 * The error function.
 *
 * @source Abramowitz and Stegun 1964, 7.1.6 (series, |x| < 2.5) and 7.1.14 (continued fraction, beyond)
 * @accuracy 1e-15
 */
export function erf(x: number): number {
  const z = Math.abs(x);
  if (z < 2.5) {
    // 2/√π e^{−z²} Σ 2ᵏ z^{2k+1}/(2k+1)!!, all terms positive.
    let [term, sum] = [z, z];
    for (let k = 1; term > sum * 1e-17; k++) {
      term *= (2 * z * z) / (2 * k + 1);
      sum += term;
    }
    return Math.sign(x) * (2 / Math.sqrt(Math.PI)) * Math.exp(-z * z) * sum;
  }
  if (z > 6) return Math.sign(x);
  let fraction = z;
  for (let k = 40; k > 0; k--) fraction = z + k / 2 / fraction;
  return Math.sign(x) * (1 - Math.exp(-z * z) / (Math.sqrt(Math.PI) * fraction));
}
