/** @module How far two samples are from having one distribution. */
import { LemniscateError } from "../../core/errors.js";

/** The greatest distance of two empirical distribution functions, and how often one law gives as much. */
export interface KolmogorovSmirnov {
  readonly distance: number;
  /** By the limit law of many samples. */
  readonly p: number;
}

/**
 * How far two samples are apart by Kolmogorov and Smirnov.
 *
 * @throws LemniscateError `BadInput` for a sample of nothing, or with NaN
 * @source the limit law: Kolmogorov 1933; the correction √n + 0.12 + 0.11/√n for finite samples: Stephens 1970
 *
 * @example
 * ```ts
 * import { kolmogorovSmirnov } from "lemniscate/shaped";
 * kolmogorovSmirnov([1, 2, 3, 4], [3, 4, 5, 6]).distance; // => 0.5
 * ```
 */
export function kolmogorovSmirnov(x: ArrayLike<number>, y: ArrayLike<number>): KolmogorovSmirnov {
  const [a, b] = [sorted("kolmogorovSmirnov", x), sorted("kolmogorovSmirnov", y)];
  let [i, j, distance] = [0, 0, 0];
  while (i < a.length && j < b.length) {
    const at = Math.min(a[i]!, b[j]!);
    while (i < a.length && a[i]! <= at) i++;
    while (j < b.length && b[j]! <= at) j++;
    distance = Math.max(distance, Math.abs(i / a.length - j / b.length));
  }
  const n = (a.length * b.length) / (a.length + b.length);
  return { distance, p: exceeds((Math.sqrt(n) + 0.12 + 0.11 / Math.sqrt(n)) * distance) };
}

/** The chance that the limit of √n times the distance is above x, by the series that converges there. */
function exceeds(x: number): number {
  if (x < 1e-3) return 1;
  let sum = 0;
  if (x < 1.18) {
    for (let k = 1; k < 40; k += 2) sum += Math.exp(-((k * Math.PI) ** 2) / (8 * x * x));
    return 1 - (Math.sqrt(2 * Math.PI) / x) * sum;
  }
  for (let k = 1; k < 20; k++) sum += (k % 2 === 1 ? 2 : -2) * Math.exp(-2 * (k * x) ** 2);
  return sum;
}

/**
 * The energy distance 2 E|X − Y| − E|X − X′| − E|Y − Y′| of two laws on the line, twice the integral of the squared
 * difference of their distribution functions; in the units of the samples.
 *
 * @throws LemniscateError `BadInput` for a sample of nothing, or with NaN
 * @source Székely and Rizzo 2013
 *
 * @example
 * ```ts
 * import { energyDistance } from "lemniscate/shaped";
 * energyDistance([0], [1]); // => 2
 * ```
 */
export function energyDistance(x: ArrayLike<number>, y: ArrayLike<number>): number {
  const [a, b] = [sorted("energyDistance", x), sorted("energyDistance", y)];
  let [i, j, integral] = [0, 0, 0];
  let before = Math.min(a[0]!, b[0]!);
  while (i < a.length || j < b.length) {
    const at = Math.min(a[i] ?? Number.POSITIVE_INFINITY, b[j] ?? Number.POSITIVE_INFINITY);
    integral += (i / a.length - j / b.length) ** 2 * (at - before);
    before = at;
    while (i < a.length && a[i] === at) i++;
    while (j < b.length && b[j] === at) j++;
  }
  return 2 * integral;
}

function sorted(where: string, sample: ArrayLike<number>): Float64Array {
  const numbers = Float64Array.from(sample ?? []).sort();
  // NaN comes last.
  if (numbers.length > 0 && !Number.isNaN(numbers.at(-1))) return numbers;
  throw new LemniscateError({
    code: "BadInput",
    where,
    given: numbers.length === 0 ? "no numbers" : "NaN among the numbers",
    allowed: "two samples of numbers",
    mend: "Look where they came from.",
  });
}
