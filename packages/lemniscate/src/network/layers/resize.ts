import { z } from "zod";
import { LemniscateError } from "../../core/errors.js";
import { describeShape } from "../../core/shape.js";
import { alongAxes, type Reading } from "../../ops/position-map.js";
import type { LayerDefinition, LayerNetwork } from "../layer.js";
import { makeLayer } from "../make.js";
import type { WindowPlacement } from "../placement.js";
import { positional } from "./positional.js";

export interface ResizeOptions {
  /** The size of each axis of positions; `null` keeps it. */
  readonly to: readonly (number | null)[];
  /** `"linear"` (default) or the `"nearest"` position. */
  readonly method: "linear" | "nearest";
  /** Whether what is made smaller is averaged over all positions that it stands for; default true. Nearest ones never are. */
  readonly antialias: boolean;
}

/**
 * A grid of another size. With n positions on an axis that gets m, position s lies at x = (s + ½)·n/m − ½, and
 *
 *   nearest   f'_s = f at ⌊(s + ½)·n/m⌋
 *   linear    f'_s = Σ_t w(|x − t|) f_t / Σ_t w(|x − t|),   w(r) = max(0, 1 − r/c)
 *
 * with c = 1, or c = max(1, n/m) with antialiasing.
 */
export const resizeDefinition: LayerDefinition<ResizeOptions> = positional<ResizeOptions>(
  {
    name: "resize",
    summary: "A grid of another size, by interpolation.",
    sources: ["derived: a linear map on positions, with the weights of jax.image.resize"],
    options: z.strictObject({
      to: z.array(z.int().positive().nullable()).min(1),
      method: z.enum(["linear", "nearest"]).default("linear"),
      antialias: z.boolean().default(true),
    }),
  },
  ({ to, method, antialias }, input) => {
    if (to.length !== input.grid.length)
      throw new LemniscateError({
        code: "Misplaced",
        where: "resize",
        given: `to [${to.map(String).join(", ")}] on ${describeShape(input)}`,
        allowed: `${input.grid.length} sizes, one for each axis of positions`,
        mend: "Write a size for each axis; null keeps it.",
      });
    const axes = input.grid.map((n, axis) => {
      const m = to[axis] ?? n;
      return Array.from({ length: m }, (_, s): readonly Reading[] => {
        if (m === n) return [[s, 1]];
        return method === "nearest" ? [[nearest(s, n, m), 1]] : between(s, n, m, antialias);
      });
    });
    return alongAxes(input.grid, axes);
  },
);

// In single precision, as everybody has it who resizes images with JAX: it decides ties.
function nearest(s: number, n: number, m: number): number {
  return Math.floor(Math.fround(Math.fround(Math.fround(s + 0.5) * n) / m));
}

function between(s: number, n: number, m: number, antialias: boolean): Reading[] {
  const width = antialias ? Math.max(1, n / m) : 1;
  const x = (s + 0.5) * (n / m) - 0.5;
  const weights = Array.from({ length: n }, (_, t) => Math.max(0, 1 - Math.abs(x - t) / width));
  const total = weights.reduce((sum, weight) => sum + weight, 0);
  return weights.map((weight, t): Reading => [t, weight / total]);
}

/**
 * A grid of another size, by interpolation.
 *
 * @throws LemniscateError `OptionOutOfRange` for sizes that are no whole numbers ≥ 1 or an unknown method, `Misplaced` on
 *   features and for another number of sizes than axes
 * @source derived: a linear map on positions, with the weights of jax.image.resize
 *
 * @example
 * ```ts
 * import { resize } from "lemniscate";
 * resize({ to: [16, null] }); // => { type: "resize", to: [16, null], method: "linear", antialias: true }
 * ```
 */
export function resize(
  options: Pick<ResizeOptions, "to"> & Partial<ResizeOptions>,
): LayerNetwork<ResizeOptions, WindowPlacement<"resize">> {
  return makeLayer(resizeDefinition, options);
}
