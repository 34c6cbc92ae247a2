/** @module An algebra of vectors that leaves out what constants make superfluous: zeros of triangles, ones of identities. */
import type { Vector, VectorAlgebra } from "../../engines/wasm/vector.js";
import type { Algebra } from "../../ops/algebra.js";

const is = (x: Vector, value: number): boolean => x.kind === "constant" && x.value === value;

/** As the algebra it is made of; but 0·x is 0 even for an x that is not finite. */
export function folding(inner: VectorAlgebra): Algebra<Vector> {
  const two = (x: Vector, y: Vector, f: (x: number, y: number) => number): Vector | undefined =>
    x.kind === "constant" && y.kind === "constant" ? inner.constant(f(x.value, y.value)) : undefined;
  const add = (x: Vector, y: Vector): Vector =>
    is(x, 0) ? y : is(y, 0) ? x : (two(x, y, (p, q) => p + q) ?? inner.add(x, y));
  const mul = (x: Vector, y: Vector): Vector => {
    if (is(x, 0) || is(y, 0)) return inner.constant(0);
    if (is(x, 1)) return y;
    return is(y, 1) ? x : (two(x, y, (p, q) => p * q) ?? inner.mul(x, y));
  };
  return {
    constant: (x) => inner.constant(x),
    add,
    mul,
    sub: (x, y) => (is(y, 0) ? x : (two(x, y, (p, q) => p - q) ?? inner.sub(x, y))),
    div: (x, y) => inner.div(x, y),
    fma: (x, y, z) => {
      if (is(z, 0)) return mul(x, y);
      const simple = is(x, 0) || is(y, 0) || is(x, 1) || is(y, 1);
      return simple ? add(mul(x, y), z) : inner.fma(x, y, z);
    },
    min: (x, y) => inner.min(x, y),
    max: (x, y) => inner.max(x, y),
    abs: (x) => inner.abs(x),
    sqrt: (x) => inner.sqrt(x),
    exp: (x) => inner.exp(x),
    atan2: (y, x) => inner.atan2(y, x),
    angle: (d) => inner.angle(d),
    angleExcess: (d) => inner.angleExcess(d),
    choose: (p, q, yes, no) => (yes === no ? yes : inner.choose(p, q, yes, no)),
  };
}
