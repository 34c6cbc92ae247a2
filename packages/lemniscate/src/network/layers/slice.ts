import { z } from "zod";
import { LemniscateError } from "../../core/errors.js";
import { describeShape, type Shape } from "../../core/shape.js";
import { alongAxes, type PositionMap } from "../../ops/position-map.js";
import type { LayerDefinition, LayerNetwork } from "../layer.js";
import { makeLayer } from "../make.js";
import type { ResizePlacement } from "../placement.js";
import { positional } from "./positional.js";

/** Positions from `start` to `stop` (excluded), every `step`-th. Negative ones count from the end, as in Python. */
export interface SliceRange {
  readonly start?: number | undefined;
  readonly stop?: number | undefined;
  readonly step?: number | undefined;
}

export interface SliceOptions {
  /**
   * For each axis of positions a range, or the one position that stays of it: then the axis is gone, and a network whose
   * last axis went has features. Axes that are not named stay as they are.
   */
  readonly axes: readonly (number | SliceRange)[];
}

const range = z.strictObject({
  start: z.int().optional(),
  stop: z.int().optional(),
  step: z
    .int()
    .refine((step) => step !== 0, "a whole number that is not 0")
    .optional(),
});

/** Some of the positions: K_ab = κ_{i(a), i(b)}, Θ likewise. */
export const sliceDefinition: LayerDefinition<SliceOptions> = positional<SliceOptions>(
  {
    name: "slice",
    summary: "Some of the positions.",
    sources: ["derived: covariances of some of the positions"],
    options: z.strictObject({ axes: z.array(z.union([z.int(), range])).min(1) }),
  },
  ({ axes }, input) => {
    if (axes.length > input.grid.length)
      throw refused(`${axes.length} axes of ${describeShape(input)}`, `at most ${input.grid.length} of them`);
    return sliceOf(axes, input);
  },
);

function sliceOf(axes: SliceOptions["axes"], input: Shape): PositionMap {
  const chosen = input.grid.map((size, axis) => {
    const spec = axes[axis] ?? {};
    if (typeof spec === "object") return placesIn(spec, size, axis);
    if (spec < -size || spec >= size)
      throw refused(`position ${spec} of axis ${axis}, which has ${size}`, `from ${-size} to ${size - 1}`);
    return [spec < 0 ? spec + size : spec];
  });
  const rows = chosen.map((places) => places.map((place) => [[place, 1] as const]));
  return alongAxes(input.grid, rows, (axis) => typeof axes[axis] === "number");
}

/** The positions of a range, as Python's `slice.indices` has them. */
export function placesIn({ start, stop, step = 1 }: SliceRange, size: number, axis: number): readonly number[] {
  const [low, high] = step > 0 ? [0, size] : [-1, size - 1];
  const bound = (at: number | undefined, otherwise: number): number =>
    at === undefined ? otherwise : Math.max(low, Math.min(high, at < 0 ? at + size : at));
  const [from, to] = [bound(start, step > 0 ? low : high), bound(stop, step > 0 ? high : low)];
  const places: number[] = [];
  for (let place = from; step > 0 ? place < to : place > to; place += step) places.push(place);
  if (places.length > 0) return places;
  throw refused(
    `start ${start ?? "none"}, stop ${stop ?? "none"}, step ${step} of axis ${axis}, which has ${size}`,
    "a range with a position in it",
  );
}

function refused(given: string, allowed: string): LemniscateError {
  const mend = "Positions count from 0, or from the end if they are negative.";
  return new LemniscateError({ code: "Misplaced", where: "slice", given, allowed, mend });
}

/**
 * Some of the positions: of each axis a range, or one position, which drops the axis.
 *
 * @throws LemniscateError `OptionOutOfRange` for a step of 0, `Misplaced` on features, for more axes than there are, for
 *   a position that is not there and for an empty range
 * @source derived: covariances of some of the positions
 *
 * @example
 * ```ts
 * import { dense, kernel, sequences, serial, slice } from "lemniscate";
 * const first = serial(dense(), slice({ axes: [0] }), dense());
 * const x = sequences([[[1], [5]], [[2], [7]]]);
 * (await kernel(first)(x, null, { get: "nngp" })).data; // => new Float64Array([1, 2, 2, 4])
 * ```
 */
export function slice(options: SliceOptions): LayerNetwork<SliceOptions, ResizePlacement<"slice">> {
  return makeLayer(sliceDefinition, options);
}
