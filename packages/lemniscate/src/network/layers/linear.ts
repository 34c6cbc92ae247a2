import { z } from "zod";
import { LemniscateError } from "../../core/errors.js";
import { describeShape } from "../../core/shape.js";
import { alongAxes, type Reading } from "../../ops/position-map.js";
import type { LayerDefinition, LayerNetwork } from "../layer.js";
import { makeLayer } from "../make.js";
import type { ResizePlacement } from "../placement.js";
import { positional } from "./positional.js";

export interface LinearOptions {
  /** Rows of a matrix, with an entry for each position of the axis; one list of numbers sums the axis away. */
  readonly matrix: readonly (readonly number[])[] | readonly number[];
  /** The axis of positions that it acts on, 0 (default) being the first. */
  readonly axis: number;
}

/** A constant matrix along an axis of positions: f'_s = Σ_t M_st f_t, so K ← M K Mᵀ and Θ ← M Θ Mᵀ. */
export const linearDefinition: LayerDefinition<LinearOptions> = positional<LinearOptions>(
  {
    name: "linear",
    summary: "A constant matrix along an axis of positions.",
    sources: ["derived: covariances of linear combinations"],
    options: z.strictObject({
      matrix: z.union(
        [z.array(z.number()).min(1), z.array(z.array(z.number()).min(1)).min(1)],
        "rows of numbers, or one list of numbers",
      ),
      axis: z.int().nonnegative().default(0),
    }),
  },
  ({ matrix, axis }, input) => {
    const size = input.grid[axis];
    const alone = typeof matrix[0] === "number";
    const rows = (alone ? [matrix] : matrix) as readonly (readonly number[])[];
    const wrong = rows.find((row) => row.length !== size);
    if (size === undefined || wrong !== undefined)
      throw new LemniscateError({
        code: "Misplaced",
        where: "linear",
        given: `${size === undefined ? `axis ${axis}` : `a row of ${wrong!.length} along axis ${axis}`} of ${describeShape(input)}`,
        allowed: size === undefined ? `axes 0 to ${input.grid.length - 1}` : `rows of ${size} numbers`,
        mend: "A row has a number for each position of the axis; channels are mixed by dense().",
      });
    const readings = rows.map((row) => row.map((weight, t): Reading => [t, weight]));
    const axes = input.grid.map((length, k) =>
      k === axis ? readings : Array.from({ length }, (_, s): readonly Reading[] => [[s, 1]]),
    );
    return alongAxes(input.grid, axes, (k) => k === axis && alone);
  },
);

/**
 * A constant matrix along an axis of positions, every channel alike.
 *
 * @throws LemniscateError `OptionOutOfRange` for a matrix that is none, `Misplaced` on features, for an axis that is not
 *   there and for rows of another length than the axis
 * @source derived: covariances of linear combinations
 *
 * @example
 * ```ts
 * import { kernel, linear, sequences, serial } from "lemniscate";
 * const difference = kernel(serial(linear({ matrix: [1, -1] })));
 * (await difference(sequences([[[5], [3]]]), null, { get: "nngp" })).data[0]; // ≈ 4
 * ```
 */
export function linear(
  options: Pick<LinearOptions, "matrix"> & Partial<LinearOptions>,
): LayerNetwork<LinearOptions, ResizePlacement<"linear">> {
  return makeLayer(linearDefinition, options);
}
