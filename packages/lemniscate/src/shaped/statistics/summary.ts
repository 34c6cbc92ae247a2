/** @module What a sample says of its law, with standard errors. */

/** A number with the standard deviation that its estimate has. */
export interface Estimate {
  readonly value: number;
  readonly error: number;
}

/**
 * The mean.
 *
 * @example
 * ```ts
 * import { mean } from "lemniscate/shaped";
 * mean([1, 2, 3, 4]); // => { value: 2.5, error: Math.sqrt(5 / 12) }
 * ```
 */
export function mean(x: ArrayLike<number>): Estimate {
  const { average, second } = moments(x);
  return { value: average, error: Math.sqrt(second / (x.length - 1)) };
}

/** The variance; its error from the fourth moment. */
export function variance(x: ArrayLike<number>): Estimate {
  const { average, second } = moments(x);
  let fourth = 0;
  for (let i = 0; i < x.length; i++) fourth += (x[i]! - average) ** 4;
  const n = x.length;
  return { value: (second * n) / (n - 1), error: Math.sqrt(Math.max(fourth / n - second ** 2, 0) / n) };
}

/**
 * Quantiles at probabilities, interpolated between order statistics; errors from the quantiles one binomial standard
 * deviation to either side.
 *
 * @example
 * ```ts
 * import { quantiles } from "lemniscate/shaped";
 * quantiles([3, 1, 2], [0.5])[0].value; // => 2
 * ```
 */
export function quantiles(x: ArrayLike<number>, probabilities: readonly number[]): Estimate[] {
  const sorted = Float64Array.from(x).sort();
  const at = (p: number): number => {
    const place = Math.max(0, Math.min(1, p)) * (sorted.length - 1);
    const [below, above] = [sorted[Math.floor(place)]!, sorted[Math.ceil(place)]!];
    return below === above ? below : below + (place - Math.floor(place)) * (above - below);
  };
  return probabilities.map((p) => {
    const spread = Math.sqrt((p * (1 - p)) / sorted.length);
    return { value: at(p), error: (at(p + spread) - at(p - spread)) / 2 };
  });
}

/** Share of a sample in an interval, over its length. */
export interface DensityRow {
  readonly from: number;
  readonly to: number;
  readonly density: number;
  readonly error: number;
}

/** The density in equal intervals between two limits; what lies outside counts in the sample's size. */
export function density(x: ArrayLike<number>, limits: readonly [number, number], intervals: number): DensityRow[] {
  const [low, high] = limits;
  const width = (high - low) / intervals;
  const counts = new Float64Array(intervals);
  for (let i = 0; i < x.length; i++) {
    const place = x[i] === high ? intervals - 1 : Math.floor((x[i]! - low) / width);
    if (place >= 0 && place < intervals) counts[place]!++;
  }
  return Array.from(counts, (count, k) => {
    const share = count / x.length;
    return {
      from: low + k * width,
      to: low + (k + 1) * width,
      density: share / width,
      error: Math.sqrt((share * (1 - share)) / x.length) / width,
    };
  });
}

/**
 * The density at equally spaced points between two limits, smoothed by a Gaussian kernel.
 *
 * @source the width of the kernel: Silverman 1986, eq. 3.31
 */
export function smoothDensity(
  x: ArrayLike<number>,
  limits: readonly [number, number],
  points: number,
): { readonly x: number; readonly density: number }[] {
  const [low, high] = limits;
  const [q25, q75] = quantiles(x, [0.25, 0.75]) as [Estimate, Estimate];
  const spread = Math.min(Math.sqrt(variance(x).value), (q75.value - q25.value) / 1.34);
  const width = 0.9 * spread * x.length ** -0.2;
  return Array.from({ length: points }, (_, k) => {
    const at = low + (k * (high - low)) / (points - 1);
    let sum = 0;
    for (let i = 0; i < x.length; i++) sum += Math.exp(-(((x[i]! - at) / width) ** 2) / 2);
    return { x: at, density: sum / (x.length * width * Math.sqrt(2 * Math.PI)) };
  });
}

/** Exponent r of gaps C·n^−r at widths n, by least squares of logarithms weighted by their errors. */
export function rate(gaps: readonly (Estimate & { readonly width: number })[]): Estimate {
  const rows = gaps.map(({ width, value, error }) => ({
    x: -Math.log(width),
    y: Math.log(Math.abs(value)),
    weight: (value / error) ** 2,
  }));
  const all = rows.reduce((sum, { weight }) => sum + weight, 0);
  const [x, y] = [
    rows.reduce((sum, { x, weight }) => sum + weight * x, 0) / all,
    rows.reduce((sum, { y, weight }) => sum + weight * y, 0) / all,
  ];
  const spread = rows.reduce((sum, row) => sum + row.weight * (row.x - x) ** 2, 0);
  const slope = rows.reduce((sum, row) => sum + row.weight * (row.x - x) * (row.y - y), 0) / spread;
  return { value: slope, error: 1 / Math.sqrt(spread) };
}

function moments(x: ArrayLike<number>): { average: number; second: number } {
  let [average, second] = [0, 0];
  for (let i = 0; i < x.length; i++) average += x[i]! / x.length;
  for (let i = 0; i < x.length; i++) second += (x[i]! - average) ** 2 / x.length;
  return { average, second };
}
