import { z } from "zod";
import { sineDual } from "../../ops/duals/sine.js";
import { sine } from "../elementwise.js";
import type { LayerDefinition, LayerNetwork } from "../layer.js";
import { makeLayer } from "../make.js";
import type { NonlinearityPlacement } from "../placement.js";
import { nonlinearity } from "./nonlinearity.js";

export interface RbfOptions {
  /** γ ≥ 0 in exp(−γ·|x − x′|²); default 1. */
  readonly gamma: number;
}

/** φ(x) = √2·sin(√(2·gamma)·x + π/4). */
export const rbfDefinition: LayerDefinition<RbfOptions> = nonlinearity(
  {
    name: "rbf",
    summary: "Random feature of the Gaussian kernel, √2·sin(√(2γ)·x + π/4).",
    options: z.strictObject({ gamma: z.number().nonnegative().default(1) }),
  },
  sineDual,
  ({ gamma }) => ({ scale: Math.SQRT2, slope: Math.sqrt(2 * gamma), phase: Math.PI / 4 }),
  (t, x, { gamma }) => t.multiply(t.map(sine, t.add(t.multiply(x, Math.sqrt(2 * gamma)), Math.PI / 4)), Math.SQRT2),
);

/**
 * The nonlinearity √2·sin(√(2·gamma)·x + π/4), whose kernel is exp(−gamma·(K(x, x) + K(x′, x′) − 2K(x, x′))): behind a
 * dense layer without bias the Gaussian kernel of distances.
 *
 * @source Rahimi and Recht 2007, Random features for large-scale kernel machines; see `ops/duals/sine.ts`
 *
 * @example
 * ```ts
 * import { rbf } from "lemniscate";
 * rbf({ gamma: 0.5 }); // => { type: "rbf", gamma: 0.5 }
 * ```
 */
export function rbf(options: Partial<RbfOptions> = {}): LayerNetwork<RbfOptions, NonlinearityPlacement<"rbf">> {
  return makeLayer(rbfDefinition, options);
}
