/**
 * Coefficients c of a polynomial Σ c_n u^n, u = (2x − a − b)/(b − a) ∈ [−1, 1], close to `f` on [a, b]: interpolation
 * at Chebyshev points, whose error is within a small factor of the best polynomial's. Computed when an engine
 * opens, so that no table of magic numbers has to be believed.
 */
export function polynomial(f: (x: number) => number, a: number, b: number, degree: number): number[] {
  return powers(
    interpolation((u) => f((a + b) / 2 + ((b - a) / 2) * u), degree),
    [0, 1],
  );
}

/** Coefficients of the same polynomial on [0, 1], in powers of x itself. */
export function unitPolynomial(f: (x: number) => number, degree: number): number[] {
  return powers(
    interpolation((u) => f((1 + u) / 2), degree),
    [-1, 2],
  );
}

function interpolation(f: (u: number) => number, degree: number): number[] {
  return chebyshevCoefficients(chebyshevNodes(degree + 1).map(f));
}

/** The n Chebyshev points of [−1, 1], from 1 down. */
export function chebyshevNodes(n: number): number[] {
  return Array.from({ length: n }, (_, k) => Math.cos((Math.PI * (k + 0.5)) / n));
}

/** Coefficients of Chebyshev polynomials T_j(u), so that their sum has the given values at the Chebyshev points. */
export function chebyshevCoefficients(values: readonly number[]): number[] {
  const n = values.length;
  const turns = Array.from({ length: 4 * n }, (_, i) => Math.cos((Math.PI * i) / (2 * n)));
  return values.map((_, j) => {
    const sum = values.reduce((total, value, k) => total + value * turns[(j * (2 * k + 1)) % (4 * n)]!, 0);
    return (sum * (j === 0 ? 1 : 2)) / n;
  });
}

/** A sum of Chebyshev polynomials of u = shift + scale·x, in powers of x, by T_{j+1} = 2u T_j − T_{j−1}. */
export function powers(chebyshev: readonly number[], [shift, scale]: readonly [number, number] = [0, 1]): number[] {
  const sum = chebyshev.map(() => 0);
  let before: number[] = [];
  let current = [1];
  for (const c of chebyshev) {
    for (const [i, t] of current.entries()) sum[i]! += c * t;
    const times = before.length === 0 ? 1 : 2;
    const next = [...current.map((t) => times * shift * t), 0];
    for (const [i, t] of current.entries()) next[i + 1]! += times * scale * t;
    for (const [i, t] of before.entries()) next[i]! -= t;
    before = current;
    current = next;
  }
  return sum;
}
