/**
 * The arithmetic that elementwise covariance operations are written in.
 *
 * An operation's formula is one function of an algebra; every engine supplies an algebra of its own (plain numbers,
 * SIMD instructions, shader text) and derives its code from the same formula.
 */
export interface Algebra<V> {
  constant(x: number): V;
  add(x: V, y: V): V;
  sub(x: V, y: V): V;
  mul(x: V, y: V): V;
  div(x: V, y: V): V;
  /** x·y + z, in one rounding where the engine has that. */
  fma(x: V, y: V, z: V): V;
  min(x: V, y: V): V;
  max(x: V, y: V): V;
  abs(x: V): V;
  sqrt(x: V): V;
  exp(x: V): V;
  /** The angle of the point (x, y), in (−π, π]; 0 at the origin. */
  atan2(y: V, x: V): V;
  /** The angle θ in [0, π/2] with cos θ = 1 − d, for d in [0, 1]; as many digits of a small θ as d has. */
  angle(d: V): V;
  /** sin θ − θ cos θ of that angle: of the order of d^{3/2}, and computed without the cancellation. */
  angleExcess(d: V): V;
  /** `a ≤ b ? yes : no`, entry by entry. Both branches are evaluated. */
  choose(a: V, b: V, yes: V, no: V): V;
}

function angle(d: number): number {
  return 2 * Math.asin(Math.sqrt(d / 2));
}

/** Double-precision numbers: the algebra that defines what a formula means. */
export const numbers: Algebra<number> = {
  constant: (x) => x,
  add: (x, y) => x + y,
  sub: (x, y) => x - y,
  mul: (x, y) => x * y,
  div: (x, y) => x / y,
  fma: (x, y, z) => x * y + z,
  min: Math.min,
  max: Math.max,
  abs: Math.abs,
  sqrt: Math.sqrt,
  exp: Math.exp,
  atan2: Math.atan2,
  angle,
  angleExcess: (d) => {
    if (d > 0.75) return Math.sqrt(d * (2 - d)) - angle(d) * (1 - d);
    // ∫θ dd, as θ = √(2d)·(1 + d·1²/(4·3)·(1 + d·3²/(8·5)·(1 + …))).
    let sum = 1;
    for (let n = 40; n > 0; n--) sum = 1 + (d * (2 * n - 1) ** 2 * sum) / (4 * n * (2 * n + 3));
    return (Math.SQRT2 / 1.5) * d * Math.sqrt(d) * sum;
  },
  choose: (a, b, yes, no) => (a <= b ? yes : no),
};
