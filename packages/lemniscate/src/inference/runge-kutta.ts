import { LemniscateError } from "../core/errors.js";

/** dy/dt at y, written into `slope`. */
export type Slope = (y: Float64Array, slope: Float64Array) => void;

/** How carefully to integrate. */
export interface Tolerances {
  /** Relative to the largest entry of y so far. */
  readonly relative: number;
  readonly absolute: number;
}

/** Rows of the tableau: what slopes each stage is made of. The last row is the solution of fifth order. */
const stages: readonly (readonly number[])[] = [
  [1 / 5],
  [3 / 40, 9 / 40],
  [44 / 45, -56 / 15, 32 / 9],
  [19372 / 6561, -25360 / 2187, 64448 / 6561, -212 / 729],
  [9017 / 3168, -355 / 33, 46732 / 5247, 49 / 176, -5103 / 18656],
  [35 / 384, 0, 500 / 1113, 125 / 192, -2187 / 6784, 11 / 84],
];

/** The solution of fifth order less that of fourth. */
const errorWeights: readonly number[] = [71 / 57600, 0, -71 / 16695, 71 / 1920, -17253 / 339200, 22 / 525, -1 / 40];

/**
 * Integrates dy/dt = slope(y) over a duration, in steps as long as the tolerances allow, and answers with the last step
 * length that was chosen, for the next call to begin with. y is changed in place.
 *
 * The error is measured as the largest of all entries, because the components of a training run are of one unit. The
 * method is explicit: where the equation is stiff, the step is as long as stability allows, 3.3 over the largest rate.
 *
 * @throws LemniscateError `BadInput` if no step is short enough, as where a slope is not a number
 * @source Dormand and Prince 1980, RK5(4)7M; step control by Hairer, Nørsett and Wanner 1993, §II.4
 */
export function integrate(
  where: string,
  slope: Slope,
  y: Float64Array,
  duration: number,
  tolerances: Tolerances,
  firstStep?: number,
): number {
  const n = y.length;
  const slopes = Array.from({ length: 7 }, () => new Float64Array(n));
  const [first, last] = [slopes[0] as Float64Array, slopes[6] as Float64Array];
  const trial = new Float64Array(n);
  slope(y, first);
  let step = firstStep ?? startStep(y, first, tolerances);
  for (let gone = 0; gone < duration; ) {
    const left = duration - gone;
    const reaches = step >= left * (1 - 1e-12);
    const h = reaches ? left : step;
    for (const [s, row] of stages.entries()) {
      trial.set(y);
      for (const [k, weight] of row.entries()) if (weight !== 0) add(trial, slopes[k] as Float64Array, h * weight);
      slope(trial, slopes[s + 1] as Float64Array);
    }
    const error = errorOf(slopes, h) / (tolerances.absolute + tolerances.relative * Math.max(size(y), size(trial)));
    if (error <= 1) {
      y.set(trial);
      first.set(last); // the last slope of a step is the first of the next one
      gone = reaches ? duration : gone + h;
    } else if (!(h > 1e-14 * duration)) throw noStep(where, gone, error);
    const factor = error > 0 ? Math.min(5, Math.max(0.2, 0.9 * error ** -0.2)) : error === 0 ? 5 : 0.2;
    if (!reaches || error > 1 || factor < 1) step = h * factor;
  }
  return step;
}

/** A step in which y changes by about a hundredth of its unit. */
function startStep(y: Float64Array, slope: Float64Array, { relative, absolute }: Tolerances): number {
  const unit = Math.max(size(y), absolute / relative);
  const rate = size(slope);
  return rate > 0 ? (0.01 * unit) / rate : 1e-3;
}

function errorOf(slopes: readonly Float64Array[], h: number): number {
  const error = new Float64Array((slopes[0] as Float64Array).length);
  for (const [k, weight] of errorWeights.entries()) if (weight !== 0) add(error, slopes[k] as Float64Array, h * weight);
  return size(error);
}

function add(to: Float64Array, what: Float64Array, times: number): void {
  for (let i = 0; i < to.length; i++) to[i] = (to[i] as number) + times * (what[i] as number);
}

/** The largest magnitude; NaN if there is one. */
function size(y: Float64Array): number {
  let largest = 0;
  for (const entry of y) {
    const magnitude = Math.abs(entry);
    if (!(magnitude <= largest)) largest = magnitude;
    if (Number.isNaN(magnitude)) return Number.NaN;
  }
  return largest;
}

function noStep(where: string, gone: number, error: number): LemniscateError {
  return new LemniscateError({
    code: "BadInput",
    where,
    given: `an error of ${error} times the tolerance ${gone} after the start, however short the step`,
    allowed: "a loss with finite, continuous gradients",
    mend: "Look at the gradient of the loss there, or raise the tolerance.",
  });
}
