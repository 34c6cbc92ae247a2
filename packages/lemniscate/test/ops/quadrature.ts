/** @module Integrals against Gaussians, to judge closed forms by. */

/** Nodes and weights, so that Σ w f(x) is E f(z) for z ~ N(0, 1): Newton's method on Hermite functions. */
export function gaussHermite(n: number): readonly (readonly [x: number, w: number])[] {
  const rule: [number, number][] = [];
  const guesses: number[] = [];
  for (let i = 0; i < Math.ceil(n / 2); i++) {
    let z: number;
    if (i === 0) z = Math.sqrt(2 * n + 1) - 1.85575 * (2 * n + 1) ** (-1 / 6);
    else if (i === 1) z = guesses[0]! - (1.14 * n ** 0.426) / guesses[0]!;
    else if (i === 2) z = 1.86 * guesses[1]! - 0.86 * guesses[0]!;
    else if (i === 3) z = 1.91 * guesses[2]! - 0.91 * guesses[1]!;
    else z = 2 * guesses[i - 1]! - guesses[i - 2]!;
    let slope = 0;
    for (let iteration = 0; iteration < 100; iteration++) {
      let [p1, p2] = [Math.PI ** -0.25, 0];
      for (let j = 0; j < n; j++) [p1, p2] = [z * Math.sqrt(2 / (j + 1)) * p1 - Math.sqrt(j / (j + 1)) * p2, p1];
      slope = Math.sqrt(2 * n) * p2;
      const step = p1 / slope;
      z -= step;
      if (Math.abs(step) < 1e-15 * Math.max(1, Math.abs(z))) break;
    }
    guesses.push(z);
    const weight = 2 / (slope * slope) / Math.sqrt(Math.PI);
    const middle = n % 2 === 1 && i === Math.ceil(n / 2) - 1;
    rule.push([middle ? 0 : z * Math.SQRT2, weight]);
    if (!middle) rule.push([-z * Math.SQRT2, weight]);
  }
  return rule;
}

/** ∫ f from a to b by the rule of Gauss and Legendre. */
export function integrate(f: (x: number) => number, a: number, b: number, n = 40): number {
  let sum = 0;
  for (let i = 0; i < n; i++) {
    let x = Math.cos((Math.PI * (i + 0.75)) / (n + 0.5));
    let slope = 0;
    for (let iteration = 0; iteration < 50; iteration++) {
      let [p1, p2] = [1, 0];
      for (let j = 0; j < n; j++) [p1, p2] = [((2 * j + 1) * x * p1 - j * p2) / (j + 1), p1];
      slope = (n * (x * p1 - p2)) / (x * x - 1);
      const step = p1 / slope;
      x -= step;
      if (Math.abs(step) < 1e-16) break;
    }
    sum += (2 / ((1 - x * x) * slope * slope)) * f((a + b) / 2 + ((b - a) / 2) * x);
  }
  return ((b - a) / 2) * sum;
}

export interface Gaussians {
  readonly pp: number;
  readonly pq: number;
  readonly qq: number;
}

const rule = gaussHermite(120);

/** E[f(u) f(v)] for a smooth f. */
export function smooth(f: (x: number) => number, { pp, pq, qq }: Gaussians): number {
  const along = pp === 0 ? 0 : pq / Math.sqrt(pp);
  const across = Math.sqrt(Math.max(0, qq - along * along));
  return rule.reduce(
    (sum, [x, w]) =>
      sum + w * f(Math.sqrt(pp) * x) * rule.reduce((inner, [y, v]) => inner + v * f(along * x + across * y), 0),
    0,
  );
}

/**
 * E[f(u) f(v)] for f(r x) = r^degree f(x), r > 0: in polar coordinates the radius gives E r^(2·degree), and what is left
 * is an integral over the angle, smooth between the directions in which u or v is 0.
 */
export function homogeneous(f: (x: number) => number, degree: 0 | 1, { pp, pq, qq }: Gaussians): number {
  const angle = Math.acos(Math.max(-1, Math.min(1, pq / Math.sqrt(pp * qq))));
  const half = Math.PI / 2;
  const kinks = [half, 3 * half, half + angle, 3 * half + angle, -half + angle]
    .map((t) => (t + 4 * Math.PI) % (2 * Math.PI))
    .sort((x, y) => x - y);
  const ends = [0, ...kinks, 2 * Math.PI];
  let total = 0;
  for (const [i, from] of ends.slice(0, -1).entries())
    total += integrate(
      (t) => f(Math.sqrt(pp) * Math.cos(t)) * f(Math.sqrt(qq) * Math.cos(t - angle)),
      from,
      ends[i + 1]!,
    );
  return (total / (2 * Math.PI)) * (degree === 1 ? 2 : 1);
}
