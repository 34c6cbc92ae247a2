/** @module Continuous functions of straight pieces: hard tanh, ReLU6, and whatever has kinks at known places. */
import type { Algebra } from "../algebra.js";
import { type Dual, deviation, scaledDistance } from "./dual.js";
import { density, type Quadrant, quadrant, type Threshold, tail } from "./normal.js";
import { rectifierDual } from "./rectifier.js";

/** Slopes below, between and above increasing knots, and φ(0). */
export type PiecewiseLinearParameters = {
  readonly knots: readonly number[];
  readonly slopes: readonly number[];
  readonly atZero: number;
};

/**
 * φ(x) = a + b·x + Σ_i c_i·R_i(x) with its slope b left of 0, the changes c_i of its slope and the rectifiers R_i(x) = (±x − h_i)₊ that
 * begin outwards of a knot at ±h_i. With m_i = E R_i and the tail probabilities Q_i of both sides, ± of R_i and s = √(pp·qq):
 *
 *   E[φφ]   = a² + a·Σc_i(m_i + m_i') + pq·(b² + b·Σ±c_i(Q_i + Q_i')) + s·Σc_i c_j·E[R_i R_j']/s
 *   E[φ'φ'] = b² + b·Σ±c_i(Q_i + Q_i') + Σ±±c_i c_j·P(R_i, R_j' > 0)
 *
 * The last sums need Owen's T function. Errors: 20u of 1 + a² + (largest slope)²·(1 + s).
 */
export const piecewiseLinearDual: Dual<PiecewiseLinearParameters> = {
  name: "dualPiecewiseLinear",
  source: "Owen 1956, Tables for computing bivariate normal probabilities; derived from truncated moments",
  value: (x, parameters) => {
    const { a, b, kinks } = kinksOf(parameters);
    return kinks.reduce((sum, { h, sign, change }) => sum + change * Math.max(sign * x - h, 0), a + b * x);
  },
  keepsZero: ({ atZero }) => atZero === 0,
  covariance: (o, pp, pq, qq, parameters) => {
    const { a, b, means, tails, pairs, s } = parts(o, pp, pq, qq, parameters);
    const linear = o.fma(tails, o.constant(b), o.constant(b * b));
    const constant = o.fma(means, o.constant(a), o.constant(a * a));
    return o.fma(
      pq,
      linear,
      o.fma(
        s,
        pairs(({ moment }) => moment, false),
        constant,
      ),
    );
  },
  derivative: (o, pp, pq, qq, parameters) => {
    const { b, tails, pairs } = parts(o, pp, pq, qq, parameters);
    return o.add(
      o.fma(tails, o.constant(b), o.constant(b * b)),
      pairs(({ probability }) => probability, true),
    );
  },
};

interface Kink {
  readonly h: number;
  readonly sign: 1 | -1;
  readonly change: number;
}

/** a, b and the kinks with what they change. */
export function kinksOf({ knots, slopes, atZero }: PiecewiseLinearParameters): {
  readonly a: number;
  readonly b: number;
  readonly kinks: readonly Kink[];
} {
  const kinks = knots.map(
    (t, i): Kink => ({ h: Math.abs(t), sign: t < 0 ? -1 : 1, change: slopes[i + 1]! - slopes[i]! }),
  );
  return {
    a: atZero,
    b: slopes[knots.filter((t) => t < 0).length]!,
    kinks: kinks.filter(({ change }) => change !== 0),
  };
}

/** The sums of the formulas; `pairs` takes one of what {@link quadrant} finds, with the signs of the rectifiers or without. */
interface Parts<V> {
  readonly a: number;
  readonly b: number;
  readonly means: V;
  readonly tails: V;
  readonly pairs: (of: (found: Quadrant<V>) => V, signed: boolean) => V;
  readonly s: V;
}

function parts<V>(o: Algebra<V>, pp: V, pq: V, qq: V, parameters: PiecewiseLinearParameters): Parts<V> {
  const { a, b, kinks } = kinksOf(parameters);
  const [zero, one] = [o.constant(0), o.constant(1)];
  const [p, q] = [deviation(o, pp), deviation(o, qq)];
  const d = scaledDistance(o, p, pq, q);
  const rho = o.choose(zero, pq, o.sub(one, d), o.sub(d, one));
  const [toOne, toMinusOne] = [
    o.choose(zero, pq, d, o.sub(o.constant(2), d)),
    o.choose(zero, pq, o.sub(o.constant(2), d), d),
  ];
  // A threshold beyond 40 deviations leaves nothing; without variance it is infinite.
  const threshold = (h: number, root: V): Threshold<V> => {
    const at = h === 0 ? zero : o.div(o.constant(h), o.max(root, o.constant(h / 40)));
    return { at, tail: h === 0 ? o.constant(0.5) : tail(o, at), density: density(o, at) };
  };
  const sum = (terms: readonly V[]): V => terms.reduce((total, term) => o.add(total, term), zero);
  const sides = [p, q].map(({ root }) => kinks.map(({ h }) => threshold(h, root)));
  const [onP, onQ] = sides as [Threshold<V>[], Threshold<V>[]];
  const ofSide = (term: (kink: Kink, at: Threshold<V>, root: V) => V): V =>
    sum([p, q].flatMap(({ root }, k) => kinks.map((kink, i) => term(kink, sides[k]![i]!, root))));
  const means = ofSide(({ change }, { at, tail, density }, root) =>
    o.mul(o.mul(o.sub(density, o.mul(at, tail)), root), o.constant(change)),
  );
  const tails = ofSide(({ change, sign }, { tail }) => o.mul(tail, o.constant(sign * change)));
  const both = (i: number, j: number): Quadrant<V> => {
    const same = kinks[i]!.sign === kinks[j]!.sign;
    const r = same ? rho : o.sub(zero, rho);
    if (kinks[i]!.h > 0 || kinks[j]!.h > 0) return quadrant(o, onP[i]!, onQ[j]!, r, same ? toOne : toMinusOne);
    const relu = { below: 0, above: 1 };
    return {
      probability: rectifierDual.derivative(o, one, r, one, relu),
      moment: rectifierDual.covariance(o, one, r, one, relu),
    };
  };
  const pairs = (of: (found: Quadrant<V>) => V, signed: boolean): V =>
    sum(
      kinks.flatMap((x, i) =>
        kinks.map((y, j) => o.mul(of(both(i, j)), o.constant(x.change * y.change * (signed ? x.sign * y.sign : 1)))),
      ),
    );
  return { a, b, means, tails, pairs, s: o.mul(p.root, q.root) };
}
