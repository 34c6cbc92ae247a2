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
  /** `a ≤ b ? yes : no`, entry by entry. Both branches are evaluated. */
  choose(a: V, b: V, yes: V, no: V): V;
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
  choose: (a, b, yes, no) => (a <= b ? yes : no),
};
