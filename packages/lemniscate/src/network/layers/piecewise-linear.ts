import { z } from "zod";
import { piecewiseLinearDual } from "../../ops/duals/piecewise-linear.js";
import type { Elementwise } from "../arrays.js";
import type { LayerDefinition, LayerNetwork } from "../layer.js";
import { makeLayer } from "../make.js";
import type { NonlinearityPlacement } from "../placement.js";
import { nonlinearity } from "./nonlinearity.js";

export interface PiecewiseLinearOptions {
  /** Where the slope changes, increasing. */
  readonly knots: readonly number[];
  /** Slopes below the first knot, between neighbours, and above the last: one more than knots. */
  readonly slopes: readonly number[];
  /** φ(0); default 0. */
  readonly atZero: number;
}

const numbers = z.array(z.number()).min(1).readonly();

/** A continuous φ of straight pieces. */
export const piecewiseLinearDefinition: LayerDefinition<PiecewiseLinearOptions> = nonlinearity(
  {
    name: "piecewiseLinear",
    summary: "Continuous function of straight pieces, by knots and slopes.",
    options: z
      .strictObject({ knots: numbers, slopes: numbers, atZero: z.number().default(0) })
      .refine(({ knots }) => knots.every((t, i) => i === 0 || t > knots[i - 1]!), {
        path: ["knots"],
        message: "increasing numbers",
      })
      .refine(({ knots, slopes }) => slopes.length === knots.length + 1, {
        path: ["slopes"],
        message: "one more number than knots",
      }),
  },
  piecewiseLinearDual,
  ({ knots, slopes, atZero }) => ({ knots, slopes, atZero }),
  (t, x, options) => t.map(functionOf(options), x),
);

function functionOf(options: PiecewiseLinearOptions): Elementwise {
  const { knots, slopes, atZero } = options;
  const slope: Elementwise = { value: (x) => slopes[knots.filter((t) => t < x).length]!, slope: null };
  return {
    value: (x) => piecewiseLinearDual.value!(x, { knots, slopes, atZero }),
    slope: (t, x) => t.map(slope, x),
  };
}

/**
 * A continuous nonlinearity of straight pieces: ReLU6 is `{ knots: [0, 6], slopes: [0, 1, 0] }`. Its kernels are exact; each pair of
 * knots costs about ten times what ReLU does.
 *
 * @source Owen 1956, Tables for computing bivariate normal probabilities; see `ops/duals/piecewise-linear.ts`
 *
 * @example
 * ```ts
 * import { piecewiseLinear } from "lemniscate";
 * piecewiseLinear({ knots: [0, 6], slopes: [0, 1, 0] }).atZero; // => 0
 * ```
 */
export function piecewiseLinear(
  options: Omit<PiecewiseLinearOptions, "atZero"> & Partial<PiecewiseLinearOptions>,
): LayerNetwork<PiecewiseLinearOptions, NonlinearityPlacement<"piecewiseLinear">> {
  return makeLayer(piecewiseLinearDefinition, options);
}

export type HardTanhOptions = Record<never, never>;

const clip: PiecewiseLinearOptions = { knots: [-1, 1], slopes: [0, 1, 0], atZero: 0 };

/** φ(x) = min(max(x, −1), 1). */
export const hardTanhDefinition: LayerDefinition<HardTanhOptions> = nonlinearity(
  { name: "hardTanh", summary: "Hard tanh, x between −1 and 1 and constant beyond.", options: z.strictObject({}) },
  piecewiseLinearDual,
  () => ({ ...clip }),
  (t, x) => t.map(functionOf(clip), x),
);

/**
 * The nonlinearity min(max(x, −1), 1).
 *
 * @source Owen 1956; see `ops/duals/piecewise-linear.ts`
 *
 * @example
 * ```ts
 * import { hardTanh } from "lemniscate";
 * hardTanh(); // => { type: "hardTanh" }
 * ```
 */
export function hardTanh(): LayerNetwork<HardTanhOptions, NonlinearityPlacement<"hardTanh">> {
  return makeLayer(hardTanhDefinition, {});
}
