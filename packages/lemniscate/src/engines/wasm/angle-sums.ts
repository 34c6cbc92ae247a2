/**
 * @module Sums over many angles of a function of two. Behind a piecewise linear function of random logits there stands,
 * for every pair of queries, Σ_ij v_ij F(d + d_ij − d d_ij), a function of the distance d = 1 − cos θ alone. Its singularities
 * are at θ = ±iθ_ij, so that Chebyshev polynomials of asinh(θ/θ₀) converge at a rate that is known, if θ₀ is below all
 * angles but those that are 0.
 */
import { numbers } from "../../ops/algebra.js";

/** F(θ, θ') = Σ_mn C_mn T_m(t) T_n(t') for angles from θ₀ to π/2, of which t is a place in [−1, 1]. */
export interface AngleCurve {
  readonly terms: number;
  /** C, row by row. */
  readonly C: Float64Array;
  /** The function itself, of a distance. */
  readonly at: (distance: number) => number;
  /** Distances below it count as 0. */
  readonly least: number;
  /** t of a distance. */
  readonly place: (distance: number) => number;
}

/** F: E|uv| of unit Gaussians with |ρ| = 1 − d, and E[sgn u sgn v]. */
const functions = {
  moduli: (d: number): number => 1 - d + (2 / Math.PI) * numbers.angleExcess(d),
  signs: (d: number): number => 1 - (2 / Math.PI) * numbers.angle(d),
} as const;

export type AngleFunction = keyof typeof functions;

/** Error that is allowed for, relative to the sum of all |v_ij|. */
const allowed = 1e-16;

/** θ₀ is π/2 over a power of 4. Below the last one angles are rounding errors of distances. */
const finest = { f64: 13, f32: 6 } as const;

const known = new Map<string, AngleCurve>();

/** The curve for distances none of which is smaller than `least`, unless it is 0 or nearly so. */
export function curveDownTo(least: number, of: AngleFunction, scalar: "f64" | "f32"): AngleCurve {
  const wanted = Math.ceil(Math.log(Math.PI / 2 / numbers.angle(least)) / Math.log(4));
  const level = Math.min(Math.max(wanted, 1), finest[scalar]);
  const key = `${of}${level}`;
  const found = known.get(key) ?? curveOf(of, Math.PI / 2 / 4 ** level);
  known.set(key, found);
  return found;
}

function curveOf(of: AngleFunction, smallest: number): AngleCurve {
  const [from, to] = [Math.asinh(1), Math.asinh(Math.PI / 2 / smallest)];
  const half = (to - from) / 2;
  // asinh has its branch points at ±iπ/2, which are ±iπ/2·half on [−1, 1]: the ellipse of convergence goes through them.
  const terms = 4 + Math.ceil(-Math.log(allowed) / Math.asinh(Math.PI / 2 / half));
  const nodes = Array.from({ length: terms }, (_, k) => {
    const angle = smallest * Math.sinh(from + half * (1 + Math.cos((Math.PI * (k + 0.5)) / terms)));
    return Math.min(2 * Math.sin(angle / 2) ** 2, 1);
  });
  const at = functions[of];
  return {
    terms,
    C: chebyshev(terms, (m, n) => at(nodes[m]! + nodes[n]! - nodes[m]! * nodes[n]!)),
    at,
    least: 2 * Math.sin(smallest / 2) ** 2,
    place: (distance) => (Math.asinh(numbers.angle(Math.min(distance, 1)) / smallest) - from) / half - 1,
  };
}

/** Coefficients of a function of two Chebyshev points, by its values. */
function chebyshev(P: number, value: (m: number, n: number) => number): Float64Array {
  const cosines = Array.from({ length: P }, (_, m) =>
    Float64Array.from({ length: P }, (_, k) => ((m === 0 ? 1 : 2) / P) * Math.cos((Math.PI * m * (k + 0.5)) / P)),
  );
  const values = Array.from({ length: P }, (_, k) => Float64Array.from({ length: P }, (_, l) => value(k, l)));
  const half = values.map((row) => cosines.map((cosine) => dot(row, cosine)));
  const out = new Float64Array(P * P);
  for (let m = 0; m < P; m++)
    for (let n = 0; n < P; n++) {
      let sum = 0;
      for (let k = 0; k < P; k++) sum += cosines[m]![k]! * half[k]![n]!;
      out[m * P + n] = sum;
    }
  return out;
}

function dot(x: Float64Array, y: Float64Array): number {
  return x.reduce((sum, value, k) => sum + value * y[k]!, 0);
}

/** Σ_e v_e F(θ, θ_e) as a function of the distance of θ. */
export function sumOver(
  curve: AngleCurve,
  distances: Float64Array,
  weights: Float64Array,
): (distance: number) => number {
  const { terms, C, at, least, place } = curve;
  const moments = new Float64Array(terms);
  let [copies, self] = [0, 0];
  // What stands at angle 0 is a sum of the function itself.
  if (distances.some((distance) => distance < least))
    for (let e = 0; e < distances.length; e++) self += weights[e]! * at(distances[e]!);
  for (let e = 0; e < distances.length; e++) {
    const [distance, v] = [distances[e]!, weights[e]!];
    if (distance < least) {
      copies += v;
      continue;
    }
    const t = place(distance);
    let [before, now] = [v, v * t];
    moments[0]! += before;
    for (let n = 1; n < terms; n++) {
      moments[n]! += now;
      const next = 2 * t * now - before;
      before = now;
      now = next;
    }
  }
  const c = Float64Array.from({ length: terms }, (_, m) => dot(C.subarray(m * terms, (m + 1) * terms), moments));
  return (distance) => {
    if (distance < least) return self;
    return (copies === 0 ? 0 : copies * at(distance)) + valueAt(c, place(distance));
  };
}

/** Σ_m c_m T_m(t), by Clenshaw's recurrence. */
function valueAt(c: Float64Array, t: number): number {
  let [now, before] = [0, 0];
  for (let m = c.length - 1; m > 0; m--) {
    const next = c[m]! + 2 * t * now - before;
    before = now;
    now = next;
  }
  return c[0]! + t * now - before;
}
