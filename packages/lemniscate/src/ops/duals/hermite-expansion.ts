/** @module Hermite coefficients of any function of a Gaussian, as polynomials of its standard deviation, with their error. */
import { chebyshevCoefficients, chebyshevNodes, powers } from "../../core/polynomial.js";

/**
 * What the kernels of φ need to know of it. With a standard deviation σ ≤ τ and a unit Gaussian z, the coefficients of
 * φ(σz) in normalised Hermite polynomials are a_n = φ(0)·[n = 0] + σ·P_n(t), P_n a polynomial in the place t of σ.
 */
export interface HermiteExpansion {
  /** τ². */
  readonly maxVariance: number;
  readonly atZero: number;
  /** Jumps at 0 of φ', φ'' and φ‴. What |x|, x|x| and |x|³ do to the kernel has a closed form. */
  readonly jumps: readonly number[];
  /** The orders n that are not negligible, increasing. */
  readonly orders: readonly number[];
  /** Their P_n, the constant first. */
  readonly polynomials: readonly (readonly number[])[];
  /** Largest error of E[φφ] beside the product of the deviations of φ, and of E[φ'φ'] beside those of φ'. */
  readonly error: number;
}

export interface ExpansionOptions {
  readonly maxVariance: number;
  readonly tolerance: number;
  /** Where φ is not smooth, other than at 0. */
  readonly kinks: readonly number[];
}

/** Orders that are tried at most, standard deviations that P_n goes through, and those at which errors are measured. */
const [mostOrders, nodes, checks] = [256, 36, 24];

/** Where σ is between 0 and τ: t = 2v/v(τ) − 1 with v = σ/(1 + σ). Coefficients of common functions are smooth in it. */
export function scaleOfPlace(maxVariance: number): number {
  const tau = Math.sqrt(maxVariance);
  return (2 * (1 + tau)) / tau;
}

/**
 * Expands φ, with as few orders as the tolerance allows.
 *
 * What is left out behind order N is known exactly, as E[φ²] − Σ_{n<N} a_n² (Parseval), and by Cauchy and Schwarz no
 * correlation and no pair of variances makes more of it. The polynomials' error is measured between their nodes.
 *
 * @returns the expansion, or its error alone where that exceeds the tolerance: infinite where φ jumps or has a kink
 *   that is not among `kinks`, NaN where φ is no number
 */
export function expandInHermite(phi: (x: number) => number, options: ExpansionOptions): HermiteExpansion | number {
  const { maxVariance, tolerance } = options;
  const [right, left] = [oneSided(phi, 1), oneSided(phi, -1)];
  const [step, ...jumps] = right.map((value, k) => apart(value, left[k]!)) as [number, ...number[]];
  if (step !== 0) return Number.isNaN(step) ? step : Number.POSITIVE_INFINITY;
  const atZero = phi(0) + 0;
  const model = { phi, kinks: options.kinks.map(Math.abs), jumps };
  const tau = Math.sqrt(maxVariance);
  const deviation = (t: number): number => {
    const v = (t + 1) / scaleOfPlace(maxVariance);
    return v / (1 - v);
  };

  const places = Array.from({ length: checks }, (_, i) => (2 * (i + 1)) / checks - 1);
  const measured = places.map((t) => ({ t, ...moments(model, deviation(t), 0.5) }));
  // Panels of another width disagree where φ has kinks that nobody named.
  const last = measured.at(-1)!;
  const others = moments(model, tau, 0.37).a;
  const unresolved = Math.max(...last.a.map((value, n) => Math.abs(value - others[n]!))) / last.size;
  if (!(unresolved < tolerance / 10)) return Number.isNaN(unresolved) ? unresolved : Number.POSITIVE_INFINITY;

  let count = 8;
  while (count < mostOrders && truncation(measured, count) > tolerance / 2) count += 8;
  const samples = chebyshevNodes(nodes).map((t) => {
    const sigma = deviation(t);
    return moments(model, sigma, 0.5).a.map((value, n) => (value - (n === 0 ? atZero : 0)) / sigma);
  });
  const little =
    Math.min(...measured.map(({ sigma, size, slope }) => Math.min(size / sigma, slope))) * tolerance * 0.01;
  const orders: number[] = [];
  const polynomials: number[][] = [];
  for (let n = 0; n < count; n++) {
    const sum = chebyshevCoefficients(samples.map((sample) => sample[n]!));
    while (sum.length > 0 && Math.abs(sum.at(-1)!) < little / Math.sqrt(count * (n + 1))) sum.pop();
    if (sum.length === 0 && jumps.every((jump) => jump === 0)) continue;
    orders.push(n);
    // A zero has no sign in JSON.
    polynomials.push(powers(sum).map((c) => c + 0));
  }
  const made = { maxVariance, atZero, jumps, orders, polynomials };
  const error = truncation(measured, count) + interpolation(made, measured, count);
  return error <= tolerance ? { ...made, error } : error;
}

/** φ and its first three derivatives on one side of 0, by a polynomial through twelve points. */
function oneSided(phi: (x: number) => number, side: 1 | -1): readonly number[] {
  const half = 0.1;
  let at = powers(chebyshevCoefficients(chebyshevNodes(12).map((t) => phi(side * half * (t + 1)))));
  return [0, 1, 2, 3].map((k) => {
    // At t = −1, where x = side·half·(t + 1) is 0.
    const value = at.reduceRight((sum, c) => c - sum, 0) / (side * half) ** k;
    at = at.slice(1).map((c, i) => (i + 1) * c);
    return value;
  });
}

/** x − y, and 0 where that is no more than the error of {@link oneSided}. */
function apart(x: number, y: number): number {
  return Math.abs(x - y) < 1e-5 * (1 + Math.abs(x) + Math.abs(y)) ? 0 : x - y;
}

interface Model {
  readonly phi: (x: number) => number;
  readonly kinks: readonly number[];
  readonly jumps: readonly number[];
}

/** A number for E[φφ] and one for E[φ'φ'], of even and of odd orders: those of |x| and x|x| do not meet. */
type Parts = readonly (readonly [value: number, slope: number])[];

/** Of φ(σz), and of what is left of it without the closed parts of its jumps. */
interface Moments {
  readonly sigma: number;
  readonly a: readonly number[];
  /** √E[φ²] and √E[φ'²]. */
  readonly size: number;
  readonly slope: number;
  /** √Σ a_n² and √Σ n·a_n²/σ² from order N on, of that rest and of the parts taken off. */
  readonly rest: (N: number) => Parts;
  readonly closed: (N: number) => Parts;
}

/** Integrals against the Gaussian in panels between kinks, each by the rule of Gauss and Legendre. */
function moments({ phi, kinks, jumps }: Model, sigma: number, width: number): Moments {
  const reach = 16;
  const ends = [...new Set([0, ...kinks.map((x) => x / sigma).filter((z) => z < reach), reach])].sort((x, y) => x - y);
  const a = new Float64Array(mostOrders);
  const totals = { phi: [0, 0, 0, 0], rest: [0, 0, 0, 0], closed: [0, 0, 0, 0] };
  const add = (to: number[], share: number, parity: number, value: number, slope: number): void => {
    to[2 * parity]! += share * value * value;
    to[2 * parity + 1]! += share * slope * slope;
  };
  for (const [i, from] of ends.slice(0, -1).entries()) {
    const panels = Math.ceil((ends[i + 1]! - from) / width);
    const half = (ends[i + 1]! - from) / panels / 2;
    for (let p = 0; p < panels; p++) {
      const z = rule.points.map((x) => from + (2 * p + 1 + x) * half);
      const [right, left] = [z.map((at) => phi(sigma * at)), z.map((at) => phi(-sigma * at))];
      const both = [1, -1].map((sign) => right.map((value, k) => (value + sign * left[k]!) / 2));
      const slopes = both.map((f) => derivatives(f, half * sigma));
      for (const [k, at] of z.entries()) {
        const root = Math.exp((-at * at) / 4) / (2 * Math.PI) ** 0.25;
        const share = 2 * rule.weights[k]! * half * root;
        for (const parity of [0, 1] as const) {
          const [value, slope] = [both[parity]![k]!, slopes[parity]![k]!];
          const [known, steep] = closedPart(jumps, parity, sigma * at);
          add(totals.phi, share * root, parity, value, slope);
          add(totals.rest, share * root, parity, value - known, slope - steep);
          add(totals.closed, share * root, parity, known, steep);
        }
        addHermite(a, at, root, share * both[0]![k]!, share * both[1]![k]!);
      }
    }
  }
  const known = closedCoefficients(jumps, sigma);
  return {
    sigma,
    a: [...a],
    size: Math.sqrt(totals.phi[0]! + totals.phi[2]!),
    slope: Math.sqrt(totals.phi[1]! + totals.phi[3]!),
    rest: tails(
      [...a].map((value, n) => value - known[n]!),
      totals.rest,
      sigma,
    ),
    closed: tails(known, totals.closed, sigma),
  };
}

/** Adds even and odd times the Hermite functions h_n(z)·root: a factor e^{−z²/4} keeps them of the order of 1. */
function addHermite(to: Float64Array, z: number, root: number, even: number, odd: number): void {
  let before = 0;
  let current = root;
  for (let n = 0; n < mostOrders; n += 2) {
    to[n]! += even * current;
    before = z * up[n]! * current - back[n]! * before;
    to[n + 1]! += odd * before;
    current = z * up[n + 1]! * before - back[n + 1]! * current;
  }
}

/** h_{n+1} = up_n·z·h_n − back_n·h_{n−1}. */
const up = Float64Array.from({ length: mostOrders }, (_, n) => 1 / Math.sqrt(n + 1));
const back = Float64Array.from({ length: mostOrders }, (_, n) => Math.sqrt(n / (n + 1)));

/** What is left of the totals without the orders before N, summed from the far end, where it is small. */
function tails(a: readonly number[], totals: readonly number[], sigma: number): (N: number) => Parts {
  const left = [0, 1].map((parity): [number, number][] => {
    const orders = a.map((x, n) => [x * x, (n * x * x) / sigma ** 2] as const);
    const own = (n: number, part: 0 | 1): number => (n % 2 === parity ? orders[n]![part] : 0);
    const behind = ([0, 1] as const).map((part) =>
      Math.max(0, totals[2 * parity + part]! - orders.reduce((sum, _, n) => sum + own(n, part), 0)),
    );
    const found: [number, number][] = [];
    for (let n = a.length; n >= 0; n--) {
      if (n < a.length) for (const part of [0, 1] as const) behind[part]! += own(n, part);
      found[n] = [Math.sqrt(behind[0]!), Math.sqrt(behind[1]!)];
    }
    return found;
  });
  return (N) => left.map((of) => of[N]!);
}

type Measured = Moments & { readonly t: number };

/** Error of leaving out orders from N on: with r = a − α and the closed α, a·a' − α·α' = r·r' + r·α' + α·r'. */
function truncation(measured: readonly Measured[], N: number): number {
  const largest = (of: "rest" | "closed", parity: 0 | 1, part: 0 | 1): number =>
    Math.max(...measured.map((at) => at[of](N)[parity]![part] / (part === 0 ? at.size : at.slope)));
  const of = (parity: 0 | 1, part: 0 | 1): number => {
    const rest = largest("rest", parity, part);
    return rest * (rest + 2 * largest("closed", parity, part));
  };
  return Math.max(of(0, 0) + of(1, 0), of(0, 1) + of(1, 1));
}

/** Error of the polynomials, at the measured deviations. */
function interpolation(
  { atZero, orders, polynomials }: Omit<HermiteExpansion, "error">,
  measured: readonly Measured[],
  count: number,
): number {
  let worst = 0;
  for (const { t, sigma, a, size, slope } of measured) {
    const found = new Array<number>(count).fill(0);
    found[0] = atZero;
    for (const [i, n] of orders.entries()) found[n]! += sigma * polynomials[i]!.reduceRight((sum, c) => sum * t + c, 0);
    const off = (weight: (n: number) => number): number =>
      Math.sqrt(found.reduce((sum, value, n) => sum + weight(n) * (value - a[n]!) ** 2, 0));
    worst = Math.max(worst, (2 * off(() => 1)) / size, (2 * off((n) => n)) / sigma / slope);
  }
  return worst;
}

/** jumps[0]·|x|/2 + jumps[2]·|x|³/12, or jumps[1]·x|x|/4, and its slope, at x > 0. */
function closedPart([c1, c2, c3]: readonly number[], parity: 0 | 1, x: number): readonly [number, number] {
  return parity === 0
    ? [(c1! / 2) * x + (c3! / 12) * x ** 3, c1! / 2 + (c3! / 4) * x * x]
    : [(c2! / 4) * x * x, (c2! / 2) * x];
}

function closedCoefficients([c1, c2, c3]: readonly number[], sigma: number): number[] {
  return jumpCoefficients.map(
    ([first, second, third]) => c1! * sigma * first + c2! * sigma ** 2 * second + c3! * sigma ** 3 * third,
  );
}

/**
 * Hermite coefficients of |z|/2, z|z|/4 and |z|³/12, whose second, third and fourth derivatives are δ: with h_m(0)/√2π those
 * of δ itself, √((m + 1)⋯(m + k)) times the coefficient n = m + k is what k derivatives leave of it.
 */
export const jumpCoefficients: readonly (readonly [number, number, number])[] = (() => {
  const density = 1 / Math.sqrt(2 * Math.PI);
  const delta: number[] = [density, 0];
  for (let n = 2; n < mostOrders; n++) delta.push(-delta[n - 2]! * Math.sqrt((n - 1) / n));
  const first = { 0: density } as Record<number, number>;
  const second = { 1: density } as Record<number, number>;
  const third = { 0: density / 3, 2: density / Math.SQRT2 } as Record<number, number>;
  return delta.map((_, n) => [
    first[n] ?? (n < 2 ? 0 : delta[n - 2]! / Math.sqrt(n * (n - 1))),
    second[n] ?? (n < 3 ? 0 : delta[n - 3]! / Math.sqrt(n * (n - 1) * (n - 2))),
    third[n] ?? (n < 4 ? 0 : delta[n - 4]! / Math.sqrt(n * (n - 1) * (n - 2) * (n - 3))),
  ]);
})();

/** Points and weights of Gauss and Legendre on [−1, 1], and what takes values there to derivatives. */
const rule: {
  readonly points: readonly number[];
  readonly weights: readonly number[];
  readonly slopes: readonly (readonly number[])[];
} = (() => {
  const n = 16;
  const legendre = Array.from({ length: n }, (_, i) => {
    let x = Math.cos((Math.PI * (i + 0.75)) / (n + 0.5));
    let slope = 0;
    for (let iteration = 0; iteration < 8; iteration++) {
      let [p, before] = [1, 0];
      for (let j = 0; j < n; j++) [p, before] = [((2 * j + 1) * x * p - j * before) / (j + 1), p];
      slope = (n * (x * p - before)) / (x * x - 1);
      x -= p / slope;
    }
    return { x, slope };
  });
  return {
    points: legendre.map(({ x }) => x),
    weights: legendre.map(({ x, slope }) => 2 / ((1 - x * x) * slope * slope)),
    slopes: legendre.map((at, i) =>
      legendre.map((of, j) => (i === j ? at.x / (1 - at.x * at.x) : at.slope / (of.slope * (at.x - of.x)))),
    ),
  };
})();

/** Derivatives of the polynomial through values at the rule's points, which are `half` apart instead of 1. */
function derivatives(values: readonly number[], half: number): number[] {
  return rule.slopes.map((row) => row.reduce((sum, c, j) => sum + c * values[j]!, 0) / half);
}
