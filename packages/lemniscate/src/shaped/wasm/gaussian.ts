/** @module Box and Muller's normal numbers as SIMD formulas. */
import { unitPolynomial } from "../../core/polynomial.js";
import type { Scalar, Vector, VectorAlgebra } from "../../engines/wasm/vector.js";

/** √(−2 ln(2^exponent u)), for 2^exponent u in (0, 1]; of 1 itself the logarithm is an exact 0. */
export function radius(a: VectorAlgebra, u: Vector, exponent = 0): Vector {
  return a.sqrt(a.mul(a.constant(-2), a.log(u, exponent)));
}

/** Box and Muller's two numbers, from an integer below 2³¹ and one from −2³¹ to 2³¹; see `coarseNormals` in core/random.ts. */
export function normalPair(a: VectorAlgebra, scalar: Scalar, share: Vector, turn: Vector): readonly Vector[] {
  const r = radius(a, a.add(share, a.constant(0.5)), -31);
  return arc(a, scalar, a.mul(turn, a.constant(2 ** -32))).map((side) => a.mul(r, side));
}

/** Cosine and sine of 2π turns, for turns in [0, 1]. */
export function circle(a: VectorAlgebra, turns: Vector): readonly [cos: Vector, sin: Vector] {
  const c = (x: number): Vector => a.constant(x);
  const magic = c(1.5 * 2 ** 52);
  const quarters = a.mul(turns, c(4));
  const k = a.sub(a.add(quarters, magic), magic); // 0 … 4, the nearest
  const [x, y] = arc(a, "f64", a.sub(quarters, k));
  // 1 at odd quarters, where the two change places; then the signs.
  const odd = a.abs(a.sub(a.abs(a.sub(k, c(2))), c(1)));
  const cosine = a.choose(odd, c(0.5), y, x);
  const sine = a.choose(odd, c(0.5), x, y);
  const negative = (value: Vector, middle: number): Vector =>
    a.choose(a.abs(a.sub(k, c(middle))), c(0.75), a.sub(c(0), value), value);
  return [negative(cosine, 1.5), negative(sine, 2.5)];
}

/** Cosine and sine of r quarters of a turn, for r from −½ to ½. */
export function arc(a: VectorAlgebra, scalar: Scalar, r: Vector): readonly [cos: Vector, sin: Vector] {
  const z = a.mul(a.mul(a.constant(4), r), r); // up to 1
  const horner = (coefficients: readonly number[]): Vector =>
    coefficients.map((x) => a.constant(x)).reduceRight((sum, next) => a.fma(sum, z, next));
  const { cos, sin } = polynomials(scalar);
  return [horner(cos), a.mul(r, horner(sin))];
}

/** Coefficients of cos(π r/2) and sin(π r/2)/r in powers of z = 4r² ≤ 1, as many as a precision has digits. */
function polynomials(scalar: Scalar): { readonly cos: readonly number[]; readonly sin: readonly number[] } {
  const degree = scalar === "f32" ? 4 : 6;
  const known = coefficients.get(degree);
  if (known !== undefined) return known;
  const made = {
    cos: unitPolynomial((z) => Math.cos((Math.PI / 4) * Math.sqrt(z)), degree),
    sin: unitPolynomial((z) => (2 * Math.sin((Math.PI / 4) * Math.sqrt(z))) / Math.sqrt(z), degree),
  };
  coefficients.set(degree, made);
  return made;
}

const coefficients = new Map<number, ReturnType<typeof polynomials>>();
