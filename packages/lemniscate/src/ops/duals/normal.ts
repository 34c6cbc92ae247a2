/** @module Probabilities of Gaussians: tails of one, and of two at once. */
import { erf } from "../../core/error-function.js";
import { polynomial } from "../../core/polynomial.js";
import type { Algebra } from "../algebra.js";

/** (2π)^{-1/2}·exp(−x²/2). */
export function density<V>(o: Algebra<V>, x: V): V {
  return o.mul(o.exp(o.mul(o.mul(x, x), o.constant(-0.5))), o.constant(1 / Math.sqrt(2 * Math.PI)));
}

/** Q(x) = P(z > x) of a unit Gaussian z, for x ≥ 0: exp(−x²/2) times a polynomial in (x − 3)/(x + 3). Error: 2u. */
export function tail<V>(o: Algebra<V>, x: V): V {
  const y = o.div(o.sub(x, o.constant(3)), o.add(x, o.constant(3)));
  const curve = scaledTail.map((c) => o.constant(c)).reduceRight((sum, c) => o.fma(sum, y, c));
  return o.mul(o.exp(o.mul(o.mul(x, x), o.constant(-0.5))), curve);
}

/** exp(x²/2)·Q(x). */
function tailRatio(x: number): number {
  const z = x / Math.SQRT2;
  if (z < 1) return (Math.exp(z * z) * (1 - erf(z))) / 2;
  // Abramowitz and Stegun 7.1.14.
  let fraction = z;
  for (let k = 400; k > 0; k--) fraction = z + k / 2 / fraction;
  return 0.5 / Math.sqrt(Math.PI) / fraction;
}

const scaledTail: readonly number[] = polynomial((y) => tailRatio((3 * (1 + y)) / (1 - y)), -1, 1, 26);

/**
 * Owen's T(h, x/h) for h ≥ 0: the probability of a wedge, (1/2π)∫₀^{x/h} exp(−h²(1 + s²)/2)/(1 + s²) ds, given Q(h) and
 * Q(|x|). The integral is taken up to 1 at most; beyond, the other wedge is taken from the quarter that both are.
 */
function wedge<V>(o: Algebra<V>, h: V, x: V, tailH: V, tailX: V): V {
  const [zero, one, half] = [o.constant(0), o.constant(1), o.constant(0.5)];
  const size = o.abs(x);
  const [less, more] = [o.min(h, size), o.max(h, size)];
  const ratio = o.div(less, o.max(more, o.constant(1e-30)));
  const [square, exponent] = [o.mul(ratio, ratio), o.mul(o.mul(more, more), o.constant(-0.5))];
  let sum = zero;
  for (const [s, weight] of halfRule) {
    const width = o.fma(square, o.constant(s * s), one);
    sum = o.fma(o.div(o.exp(o.mul(exponent, width)), width), o.constant(weight / (2 * Math.PI)), sum);
  }
  const inside = o.mul(ratio, sum);
  const outside = o.sub(o.sub(o.mul(o.add(tailH, tailX), half), o.mul(tailH, tailX)), inside);
  const T = o.choose(size, h, inside, outside);
  return o.choose(zero, x, T, o.sub(zero, T));
}

/** P(x > h, y > k) and E[(x − h)₊(y − k)₊] of unit Gaussians with a correlation, h, k ≥ 0. */
export interface Quadrant<V> {
  readonly probability: V;
  readonly moment: V;
}

/** A threshold h ≥ 0 with Q(h) and the density there, which one side alone decides. */
export interface Threshold<V> {
  readonly at: V;
  readonly tail: V;
  readonly density: V;
}

/**
 * With w = √(1 − r²), x = (k − rh)/w, y = (h − rk)/w, and f the density of one:
 *
 *   P = (Q(h) + Q(k))/2 − T(h, x/h) − T(k, y/k)
 *   E = (r + hk)·P − k·f(h)·Q(x) − h·f(k)·Q(y) + w·f(h)·f(x)
 *
 * @param apart - 1 − r, of which small values keep their digits
 * @source Owen 1956, Tables for computing bivariate normal probabilities, eq. 2.1; moments by parts. Not for h = k = 0.
 */
export function quadrant<V>(o: Algebra<V>, h: Threshold<V>, k: Threshold<V>, r: V, apart: V): Quadrant<V> {
  const [zero, one] = [o.constant(0), o.constant(1)];
  const w = o.sqrt(o.max(o.mul(apart, o.sub(o.constant(2), apart)), zero));
  const perW = o.div(one, o.max(w, o.constant(1e-30)));
  const difference = o.sub(k.at, h.at);
  // Thresholds this far out leave nothing, and their squares are still numbers.
  const limited = (z: V): V => o.max(o.min(z, o.constant(1e3)), o.constant(-1e3));
  const x = limited(o.mul(o.fma(apart, h.at, difference), perW));
  const y = limited(o.mul(o.sub(o.mul(apart, k.at), difference), perW));
  const [tailX, tailY] = [tail(o, o.abs(x)), tail(o, o.abs(y))];
  const signed = (z: V, Q: V): V => o.choose(zero, z, Q, o.sub(one, Q));
  const wedges = o.add(wedge(o, h.at, x, h.tail, tailX), wedge(o, k.at, y, k.tail, tailY));
  const probability = o.sub(o.mul(o.add(h.tail, k.tail), o.constant(0.5)), wedges);
  const edges = o.add(o.mul(o.mul(k.at, h.density), signed(x, tailX)), o.mul(o.mul(h.at, k.density), signed(y, tailY)));
  const corner = o.mul(o.mul(w, h.density), density(o, x));
  const moment = o.add(o.sub(o.mul(o.fma(h.at, k.at, r), probability), edges), corner);
  return { probability, moment };
}

/** Positive points and weights of the rule of Gauss and Legendre with 20 points, for even integrands on [0, 1]. */
const halfRule: readonly (readonly [s: number, weight: number])[] = (() => {
  const n = 20;
  return Array.from({ length: n / 2 }, (_, i) => {
    let x = Math.cos((Math.PI * (i + 0.75)) / (n + 0.5));
    let slope = 0;
    for (let iteration = 0; iteration < 8; iteration++) {
      let [p, before] = [1, 0];
      for (let j = 0; j < n; j++) [p, before] = [((2 * j + 1) * x * p - j * before) / (j + 1), p];
      slope = (n * (x * p - before)) / (x * x - 1);
      x -= p / slope;
    }
    return [x, 2 / ((1 - x * x) * slope * slope)] as const;
  });
})();
