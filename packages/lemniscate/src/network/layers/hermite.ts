import { z } from "zod";
import { hermiteDual } from "../../ops/duals/power.js";
import { sumOfPowers } from "../composed.js";
import type { LayerDefinition, LayerNetwork } from "../layer.js";
import { makeLayer } from "../make.js";
import { degree } from "../options.js";
import type { NonlinearityPlacement } from "../placement.js";
import { nonlinearity } from "./nonlinearity.js";

export interface HermiteOptions {
  /** n, a whole number ≥ 0. */
  readonly degree: number;
}

/** φ(x) = He_n(x)/√n!. */
export const hermiteDefinition: LayerDefinition<HermiteOptions> = nonlinearity(
  { name: "hermite", summary: "Normalised Hermite polynomial, He_n(x)/√n!.", options: z.strictObject({ degree }) },
  hermiteDual,
  ({ degree }) => ({ degree }),
  (t, x, { degree }) => sumOfPowers(t, x, hermiteCoefficients(degree)),
);

/**
 * The nonlinearity He_n(x)/√n!, the Hermite polynomial whose square has the mean 1 under a unit Gaussian. Behind unit variances, as after
 * {@link layerNorm}, its kernel is Kⁿ; at any other variance it is still the exact one of this φ.
 *
 * @source derived, see `ops/duals/power.ts`
 *
 * @example
 * ```ts
 * import { hermite } from "lemniscate";
 * hermite({ degree: 3 }); // => { type: "hermite", degree: 3 }
 * ```
 */
export function hermite(options: HermiteOptions): LayerNetwork<HermiteOptions, NonlinearityPlacement<"hermite">> {
  return makeLayer(hermiteDefinition, options);
}

/** Of He_n/√n! in powers of x, by √(n + 1)·h_{n+1} = x·h_n − √n·h_{n−1}. */
function hermiteCoefficients(degree: number): readonly number[] {
  let [h, before]: [number[], number[]] = [[1], []];
  for (let n = 0; n < degree; n++) {
    const next = [0, ...h].map((c, i) => (c - Math.sqrt(n) * (before[i] ?? 0)) / Math.sqrt(n + 1));
    [h, before] = [next, h];
  }
  return h;
}
