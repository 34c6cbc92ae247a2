/** @module What layers with windows have in common: their options, and the window they put on a grid. */
import { z } from "zod";
import { LemniscateError } from "../core/errors.js";
import { describeShape, type Shape } from "../core/shape.js";
import { mapOf, type PositionMap, type Reading } from "../ops/position-map.js";
import { type Padding, type WindowParameters, windowCenters, windowOn, windowTaps } from "../ops/window.js";
import type { ArrayOperations } from "./arrays.js";
import { needPositions } from "./checks.js";
import type { Checks } from "./options.js";

export interface WindowOptions {
  /** Positions under a window: one number for all axes, or one for each. */
  readonly filter: number | readonly number[];
  /** Steps from window to window, likewise; default 1. */
  readonly strides: number | readonly number[];
  /**
   * `"valid"` (default): windows inside the grid only. `"same"`: zeros around it, so that stride 1 leaves every
   * position; the odd zero comes last. `"circular"`: as many, but the other end instead of zeros.
   */
  readonly padding: Padding;
}

const count = z.int().positive();
const counts = z.union([count, z.array(count).min(1)], "a whole number ≥ 1, or a list of them with one for each axis");

/** The options of {@link WindowOptions}, for the schema of a layer. */
export const windowOptions: Checks<WindowOptions> = {
  filter: counts,
  strides: counts.default(1),
  padding: z.enum(["valid", "same", "circular"]).default("valid"),
};

/** A number for each axis of positions. */
export function eachAxis(
  layer: string,
  name: string,
  value: number | readonly number[],
  input: Shape,
): readonly number[] {
  needPositions(layer, input);
  if (typeof value === "number") return input.grid.map(() => value);
  if (value.length === input.grid.length) return value;
  throw new LemniscateError({
    code: "Misplaced",
    where: layer,
    given: `${name} [${value.join(", ")}] on ${describeShape(input)}`,
    allowed: `${input.grid.length} numbers, one for each axis of positions`,
    mend: "Write a number for each axis, or one number for all.",
  });
}

/** The window of a layer on its input's grid, or why there is none. */
export function windowOf(layer: string, { filter, strides, padding }: WindowOptions, input: Shape): WindowParameters {
  const window = {
    filter: eachAxis(layer, "filter", filter, input),
    strides: eachAxis(layer, "strides", strides, input),
    padding,
  };
  if (padding === "valid" && window.filter.some((size, axis) => size > input.grid[axis]!))
    throw new LemniscateError({
      code: "Misplaced",
      where: layer,
      given: `filter [${window.filter.join(", ")}] on ${describeShape(input)}`,
      allowed: `at most [${input.grid.join(", ")}] without padding`,
      mend: 'Use a smaller filter, or padding: "same".',
    });
  return windowOn(input.grid, window);
}

export function sizeOfFilter({ filter }: WindowParameters): number {
  return filter.reduce((product, size) => product * size, 1);
}

/** The activations (n, S, d) under each tap of each window, (n, P, F, d); 0 outside the grid. */
export function underWindows<A>(t: ArrayOperations<A>, x: A, window: WindowParameters): A {
  const taps = windowTaps(window);
  const [n, , d] = t.shape(x) as [number, number, number];
  return t.reshape(t.take(x, 1, taps.flat()), [n, taps.length, sizeOfFilter(window), d]);
}

/** The mask of an example at the middle of each window. */
export function centersOf(mask: Uint8Array, window: WindowParameters): Uint8Array {
  return Uint8Array.from(windowCenters(window), (at) => mask[at] ?? 0);
}

/** Sums under windows as a map on positions, each position with the weight that its taps have. */
export function tapsAsMap(window: WindowParameters, weight: (taps: readonly number[]) => number): PositionMap {
  const rows = windowTaps(window).map((taps) => taps.flatMap((at): Reading[] => (at < 0 ? [] : [[at, weight(taps)]])));
  return mapOf(window.grid, window.to, rows);
}
