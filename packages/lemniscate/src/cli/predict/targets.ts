import type { Matrix } from "../../linalg/matrix.js";

/** Targets in a unit of their own, and the way back. */
export interface ScaledTargets {
  readonly y: Matrix;
  /** Mean of each output that was subtracted. */
  readonly shift: readonly number[];
  /** Deviation that all outputs were divided by: one for all, because they share one variance. */
  readonly scale: number;
}

/** Training targets with mean 0 for each output, and deviation 1 for all of them together. */
export function standardizeTargets({ rows, columns, data }: Matrix): ScaledTargets {
  const shift = new Array<number>(columns).fill(0);
  data.forEach((value, i) => {
    shift[i % columns]! += value / rows;
  });
  let squares = 0;
  data.forEach((value, i) => {
    squares += (value - shift[i % columns]!) ** 2;
  });
  const scale = Math.sqrt(squares / data.length) || 1; // targets that are all alike stay where they are, at 0
  const y = { rows, columns, data: Float64Array.from(data, (value, i) => (value - shift[i % columns]!) / scale) };
  return { y, shift, scale };
}

/** Targets as they are. */
export function plainTargets(y: Matrix): ScaledTargets {
  return { y, shift: new Array<number>(y.columns).fill(0), scale: 1 };
}

/** Targets counted from a mean, in the unit that they have. */
export function shiftTargets({ y, shift, scale }: ScaledTargets, by: number | readonly number[]): ScaledTargets {
  const own = shift.map((_, c) => (typeof by === "number" ? by : by[c]!));
  const data = Float64Array.from(y.data, (value, i) => value - own[i % y.columns]!);
  return { y: { ...y, data }, shift: shift.map((value, c) => value + own[c]! * scale), scale };
}

/** Targets counted from the mean of each output. */
export function centerTargets(targets: ScaledTargets): ScaledTargets {
  return shiftTargets(targets, standardizeTargets(targets.y).shift);
}
