/** @module Any function, by the Hermite coefficients that `hermite-expansion.ts` has found. */
import type { Algebra } from "../algebra.js";
import { type Deviation, type Dual, deviation, scaledDistance } from "./dual.js";
import { jumpCoefficients, scaleOfPlace } from "./hermite-expansion.js";

/** What the formulas read of an expansion. */
export type HermiteSeriesParameters = {
  readonly maxVariance: number;
  readonly atZero: number;
  readonly jumps: readonly number[];
  readonly orders: readonly number[];
  readonly polynomials: readonly (readonly number[])[];
};

/**
 * φ of Hermite coefficients a_n(σ) = φ(0)·[n = 0] + σ·P_n(σ) at √pp and √qq, and a closed part with coefficients α_n that has its jumps:
 *
 *   E[φφ]   = closed + Σ_n (a_n a_n' − α_n α_n')·ρⁿ
 *   E[φ'φ'] = closed + Σ_n n·(a_n a_n' − α_n α_n')·ρⁿ⁻¹/(σσ')
 *
 * Of a smooth φ the closed part is 0. What one side alone decides is computed once for that side; a pair takes two
 * operations an order. NaN where a variance exceeds `maxVariance`. Error: the expansion's, and 20u.
 */
export const hermiteSeriesDual: Dual<HermiteSeriesParameters> = {
  name: "dualHermiteSeries",
  source: "Mehler's formula; Daniely, Frostig and Singer 2016, Toward deeper understanding of neural networks, sec. 4",
  keepsZero: ({ atZero }) => atZero === 0,
  covariance: (o, pp, pq, qq, of) => {
    const [p, q] = [side(o, pp, of), side(o, qq, of)];
    const value = o.fma(
      pq,
      series(o, p, pq, q, of, () => 1),
      o.mul(p.mean, q.mean),
    );
    if (isSmooth(of)) return bounded(o, pp, qq, value, of);
    const means = o.mul(knownMean(o, p, of), knownMean(o, q, of));
    return bounded(o, pp, qq, o.add(o.sub(value, means), closed(o, p, pq, q, of, 0)), of);
  },
  derivative: (o, pp, pq, qq, of) => {
    const [p, q] = [side(o, pp, of), side(o, qq, of)];
    const sum = series(o, p, pq, q, of, (n) => n);
    return bounded(o, pp, qq, isSmooth(of) ? sum : o.add(sum, closed(o, p, pq, q, of, 1)), of);
  },
};

function isSmooth({ jumps }: HermiteSeriesParameters): boolean {
  return jumps.every((jump) => jump === 0);
}

/** α_0. */
function knownMean<V>(o: Algebra<V>, { root, variance }: Side<V>, { jumps: [c1, , c3] }: HermiteSeriesParameters): V {
  const [first, , third] = jumpCoefficients[0]!;
  return o.mul(root, o.fma(variance, o.constant(c3! * third), o.constant(c1! * first)));
}

/** Of one side: a_0, and for the other orders P_n and σ⁻¹ times the coefficient of the closed part. */
interface Side<V> extends Deviation<V> {
  readonly mean: V;
  readonly polynomials: readonly V[];
  readonly known: readonly V[];
}

function side<V>(
  o: Algebra<V>,
  variance: V,
  { maxVariance, atZero, jumps, orders, polynomials }: HermiteSeriesParameters,
): Side<V> {
  const own = deviation(o, variance);
  const { root } = own;
  const one = o.constant(1);
  const place = o.fma(o.div(root, o.add(one, root)), o.constant(scaleOfPlace(maxVariance)), o.constant(-1));
  const values = polynomials.map((c) =>
    c.length === 0
      ? o.constant(0)
      : c.map((value) => o.constant(value)).reduceRight((sum, value) => o.fma(sum, place, value)),
  );
  const mean = orders[0] === 0 ? o.fma(root, values[0]!, o.constant(atZero)) : o.constant(atZero);
  const [c1, c2, c3] = jumps as readonly [number, number, number];
  const known = orders.map((n) => {
    const [first, second, third] = jumpCoefficients[n]!;
    if (n % 2 === 1) return o.mul(root, o.constant(c2 * second));
    return o.fma(variance, o.constant(c3 * third), o.constant(c1 * first));
  });
  return { ...own, mean, polynomials: values, known };
}

/** Σ_{n ≥ 1} weight(n)·(P_n P_n' − κ_n κ_n')·ρⁿ⁻¹. */
function series<V>(
  o: Algebra<V>,
  p: Side<V>,
  pq: V,
  q: Side<V>,
  { orders, jumps }: HermiteSeriesParameters,
  weight: (n: number) => number,
): V {
  const zero = o.constant(0);
  const none = o.min(p.variance, q.variance);
  const rho = o.choose(none, zero, zero, o.mul(o.mul(pq, p.perRoot), q.perRoot));
  const square = o.mul(rho, rho);
  let sum: V | undefined;
  let above = 0;
  for (let i = orders.length - 1; i >= 0; i--) {
    const n = orders[i]!;
    if (n === 0) break;
    let term = o.mul(p.polynomials[i]!, q.polynomials[i]!);
    if (jumps[n % 2 === 1 ? 1 : 0] !== 0 || (n % 2 === 0 && jumps[2] !== 0))
      term = o.sub(term, o.mul(p.known[i]!, q.known[i]!));
    if (weight(n) !== 1) term = o.mul(term, o.constant(weight(n)));
    for (; sum !== undefined && above - n > 2; above -= 2) sum = o.mul(sum, square);
    sum = sum === undefined ? term : o.fma(sum, above - n === 2 ? square : rho, term);
    above = n;
  }
  for (; sum !== undefined && above > 2; above -= 2) sum = o.mul(sum, square);
  return sum === undefined ? zero : above === 2 ? o.mul(sum, rho) : sum;
}

/**
 * What |x|/2, x|x|/4 and |x|³/12 times the jumps of φ', φ'' and φ‴ contribute; of E[φφ], or of E[φ'φ'] (k = 1). With
 * A = asin ρ, r = √(1 − ρ²) and unit Gaussians, π/2 times
 *
 *   E|u||v| = r + ρA,   E u|u|v|v| = 3ρr + (1 + 2ρ²)A,   E|u||v|³ = (2 + ρ²)r + 3ρA,   E|u|³|v|³ = (4 + 11ρ²)r + (9 + 6ρ²)ρA
 *
 * and E sign u sign v = A, E sign u·v|v| = ρr + A. |x| and x|x| are orthogonal.
 */
function closed<V>(o: Algebra<V>, p: Side<V>, pq: V, q: Side<V>, { jumps }: HermiteSeriesParameters, k: 0 | 1): V {
  const [zero, one] = [o.constant(0), o.constant(1)];
  const d = scaledDistance(o, p, pq, q);
  const near = o.sub(one, d);
  const turn = (x: V): V => o.choose(zero, pq, x, o.sub(zero, x));
  const rho = turn(near);
  const r = o.sqrt(o.mul(d, o.add(one, near)));
  const A = o.choose(o.min(p.variance, q.variance), zero, zero, turn(o.sub(o.constant(Math.PI / 2), o.angle(d))));
  const [s, both, square] = [o.mul(p.root, q.root), o.add(p.variance, q.variance), o.mul(rho, rho)];
  const linear = (x: number, y: number): V => o.fma(square, o.constant(y), o.constant(x));
  const [rhoR, rhoA] = [o.mul(rho, r), o.mul(rho, A)];
  const even = o.add(r, rhoA);
  const odd = o.fma(rhoR, o.constant(3), o.mul(linear(1, 2), A));
  const [c1, c2, c3] = jumps.map((jump) => jump * Math.sqrt(2 / Math.PI)) as [number, number, number];
  const terms: readonly (readonly [scale: number, power: number, of: () => V])[] =
    k === 0
      ? [
          [c1 ** 2 / 4, 1, () => even],
          [c2 ** 2 / 16, 2, () => odd],
          [(c1 * c3) / 24, 1, () => o.mul(both, o.fma(linear(2, 1), r, o.mul(rhoA, o.constant(3))))],
          [c3 ** 2 / 144, 3, () => o.fma(linear(4, 11), r, o.mul(linear(9, 6), rhoA))],
        ]
      : [
          [c1 ** 2 / 4, 0, () => A],
          [c2 ** 2 / 4, 1, () => even],
          [(c1 * c3) / 8, 0, () => o.mul(both, o.add(rhoR, A))],
          [c3 ** 2 / 16, 2, () => odd],
        ];
  return terms
    .filter(([scale]) => scale !== 0)
    .map(([scale, power, of]) => {
      let term = o.mul(of(), o.constant(scale));
      for (let i = 0; i < power; i++) term = o.mul(term, s);
      return term;
    })
    .reduce((sum, term) => o.add(sum, term));
}

/** The value, and no number where a variance is beyond what was expanded; single precision may round it up. */
function bounded<V>(o: Algebra<V>, pp: V, qq: V, value: V, { maxVariance }: HermiteSeriesParameters): V {
  return o.choose(o.max(pp, qq), o.constant(maxVariance * (1 + 1e-6)), value, o.constant(Number.NaN));
}
