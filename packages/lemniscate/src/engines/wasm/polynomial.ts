/**
 * Coefficients c of a polynomial Σ c_n u^n, u = (2x − a − b)/(b − a) ∈ [−1, 1], close to `f` on [a, b]: interpolation
 * at Chebyshev points, whose error is within a small factor of the best polynomial's. Computed when an engine
 * opens, so that no table of magic numbers has to be believed.
 */
export function polynomial(f: (x: number) => number, a: number, b: number, degree: number): number[] {
  const n = degree + 1;
  const angles = Array.from({ length: n }, (_, k) => (Math.PI * (k + 0.5)) / n);
  const values = angles.map((angle) => f((a + b) / 2 + ((b - a) / 2) * Math.cos(angle)));
  const chebyshev = Array.from({ length: n }, (_, j) => {
    const sum = values.reduce((total, value, k) => total + value * Math.cos(j * angles[k]!), 0);
    return (sum * (j === 0 ? 1 : 2)) / n;
  });
  // T_{j+1} = 2u T_j − T_{j−1} turns the sum of Chebyshev polynomials into powers of u.
  const powers = new Array<number>(n).fill(0);
  let before: number[] = [];
  let current = [1];
  for (const c of chebyshev) {
    for (const [i, t] of current.entries()) powers[i]! += c * t;
    const next = [0, ...current.map((t) => 2 * t)];
    for (const [i, t] of before.entries()) next[i]! -= t;
    if (before.length === 0) next[1] = 1;
    before = current;
    current = next;
  }
  return powers;
}
