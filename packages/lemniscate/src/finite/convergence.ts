import type { Batch } from "../core/batch.js";
import { LemniscateError } from "../core/errors.js";
import { onlyKnown } from "../core/options.js";
import type { Quantity } from "../core/quantity.js";
import type { RunOptions } from "../core/run.js";
import type { Network } from "../network/placement.js";
import { type MonteCarloOptions, monteCarloKernel } from "./monte-carlo.js";

/** A size of networks of all widths, or one that goes with the width. */
export type SizeByWidth = number | ((width: number) => number);

export interface ConvergenceOptions extends RunOptions, Pick<MonteCarloOptions, "seed" | "threads"> {
  readonly widths: readonly number[];
  /** Heads of attention, channels of their queries and keys, and of their values; default: the width. */
  readonly heads?: SizeByWidth | undefined;
  readonly keys?: SizeByWidth | undefined;
  readonly values?: SizeByWidth | undefined;
  /** Networks at the smallest width; at w times that width, 1/w as many, at least 10. */
  readonly samples: number;
  /** The kernels of the limit: what `positionKernel(network)(x, null, { get })` gives. */
  readonly limit: Readonly<Partial<Record<Quantity, ArrayLike<number>>>>;
  /** Rows of an earlier run with these options, which are given back instead of computed again. */
  readonly known?: readonly ConvergenceRow[] | undefined;
}

/** How far networks of one width are from their limit K∞, all relative to ‖K∞‖ (Frobenius). */
export interface ConvergenceRow {
  readonly quantity: Quantity;
  readonly width: number;
  readonly samples: number;
  /** ‖mean of K − K∞‖: falls as 1/width, down to the noise. */
  readonly error: number;
  /** What the error would be by chance alone, if the mean were exact: spread/√samples. */
  readonly noise: number;
  /** √E‖K − mean of K‖²: how one network differs from the mean; falls as 1/√width. */
  readonly spread: number;
}

/** A fitted power of the width, and its standard error. */
export interface Slope {
  readonly slope: number;
  readonly error: number;
}

/**
 * How kernels of random networks approach their limit with the width, row by row as widths are done.
 *
 * @throws LemniscateError `OptionOutOfRange` for widths or samples that are no whole numbers, or a limit that is missing
 *
 * @example
 * ```ts
 * import { batch, dense, positionKernel, relu, serial } from "lemniscate";
 * import { convergence } from "lemniscate/finite";
 * const net = serial(dense(), relu(), dense());
 * const x = batch([2, 3], [1, 0, 0, 0, 1, 0]);
 * const limit = await positionKernel(net)(x, null, { get: ["nngp"] });
 * const rows = [];
 * for await (const row of convergence(net, x, { widths: [8, 32], samples: 200, limit })) rows.push(row);
 * rows[1]!.spread < rows[0]!.spread; // => true
 * ```
 */
export async function* convergence(
  network: Network,
  x: Batch,
  options: ConvergenceOptions,
): AsyncIterable<ConvergenceRow> {
  onlyKnown("convergence", options, [
    ...(["widths", "samples", "limit", "known", "seed", "heads", "keys", "values", "threads"] as const),
    ...(["signal", "onProgress"] as const),
  ]);
  const { widths, samples, limit, known = [], seed, threads, heads, keys, values, signal, onProgress } = options;
  const get = (["nngp", "ntk"] as const).filter((quantity) => limit?.[quantity] !== undefined);
  const noWidths = !Array.isArray(widths) || widths.length === 0;
  if (get.length === 0 || noWidths)
    throw new LemniscateError({
      code: "OptionOutOfRange",
      where: `convergence: ${noWidths ? "widths" : "limit"}`,
      given: "nothing",
      allowed: noWidths ? "one width or more" : "nngp, ntk or both",
      mend: "Compute the limit with positionKernel(), and name the widths to compare with it.",
    });
  for (const quantity of get) checkLimit(quantity, limit[quantity]!);
  const refuse = (name: string, given: number, allowed: string, mend: string): never => {
    throw new LemniscateError({
      code: "OptionOutOfRange",
      where: `convergence: ${name}`,
      given: String(given),
      allowed,
      mend,
    });
  };
  if (!Number.isInteger(samples) || samples < 2)
    refuse("samples", samples, "a whole number ≥ 2", "Errors fall with its root: a few hundred are a beginning.");
  for (const width of widths)
    if (!Number.isInteger(width) || width < 1) refuse("widths", width, "whole numbers ≥ 1", "As in [16, 32, 64].");
  const smallest = Math.min(...widths);
  const counts = widths.map((width) => Math.max(10, Math.round((samples * smallest) / width)));
  // A network costs about the square of its width.
  const costs = widths.map((width, i) => counts[i]! * width ** 2);
  const total = costs.reduce((sum, cost) => sum + cost, 0);
  let before = 0;
  for (const [i, width] of widths.entries()) {
    const found = known.filter((row) => row.width === width && row.samples === counts[i]);
    const missing = get.filter((quantity) => !found.some((row) => row.quantity === quantity));
    yield* found.filter(({ quantity }) => get.includes(quantity));
    if (missing.length === 0) {
      before += costs[i]!;
      continue;
    }
    const at = (size: SizeByWidth | undefined): number | undefined => (typeof size === "function" ? size(width) : size);
    const sizes = { width, heads: at(heads), keys: at(keys), values: at(values), seed, threads };
    const estimate = await monteCarloKernel(network, { ...sizes, samples: counts[i]! })(x, null, {
      get: missing,
      signal,
      onProgress: (done, of) => onProgress?.(before + (costs[i]! * done) / of, total),
    });
    before += costs[i]!;
    for (const quantity of missing) {
      const { mean, error } = estimate[quantity];
      const exact = limit[quantity]!;
      checkSize(quantity, exact, mean);
      const scale = norm(exact);
      const noise = norm(error) / scale;
      yield {
        quantity,
        width,
        samples: counts[i]!,
        error: norm(mean.map((value, k) => value - exact[k]!)) / scale,
        noise,
        spread: noise * Math.sqrt(counts[i]!),
      };
    }
  }
}

/**
 * Powers of the width fitted to rows of one quantity, by least squares of logarithms: of the error, without what chance
 * adds to it and where it is larger than that, and of the spread. `null` where fewer than two widths say something.
 */
export function convergenceSlopes(rows: readonly ConvergenceRow[]): {
  readonly error: Slope | null;
  readonly spread: Slope | null;
} {
  const biases = rows.flatMap(({ width, error, noise }) => {
    const bias = Math.sqrt(Math.max(0, error ** 2 - noise ** 2));
    return bias > noise ? [{ x: Math.log(width), y: Math.log(bias), sigma: noise / bias }] : [];
  });
  const spreads = rows.map(({ width, spread, samples }) => ({
    x: Math.log(width),
    y: Math.log(spread),
    sigma: 1 / Math.sqrt(2 * (samples - 1)),
  }));
  return { error: fit(biases), spread: fit(spreads) };
}

/** The slope of a line through points with known errors. */
function fit(points: readonly { readonly x: number; readonly y: number; readonly sigma: number }[]): Slope | null {
  if (new Set(points.map(({ x }) => x)).size < 2) return null;
  const weights = points.map(({ sigma }) => 1 / Math.max(sigma, 1e-9) ** 2);
  const mean = (of: (i: number) => number): number =>
    points.reduce((sum, _, i) => sum + weights[i]! * of(i), 0) / weights.reduce((sum, weight) => sum + weight, 0);
  const [x, y] = [mean((i) => points[i]!.x), mean((i) => points[i]!.y)];
  const information = points.reduce((sum, point, i) => sum + weights[i]! * (point.x - x) ** 2, 0);
  const slope = points.reduce((sum, point, i) => sum + weights[i]! * (point.x - x) * (point.y - y), 0) / information;
  return { slope, error: 1 / Math.sqrt(information) };
}

function norm(values: ArrayLike<number>): number {
  let sum = 0;
  for (let i = 0; i < values.length; i++) sum += values[i]! ** 2;
  return Math.sqrt(sum);
}

/** Errors are relative to the limit, so it must be something. */
function checkLimit(quantity: Quantity, exact: ArrayLike<number>): void {
  const size = norm(exact);
  if (size > 0 && size < Number.POSITIVE_INFINITY) return;
  throw new LemniscateError({
    code: "BadInput",
    where: `convergence: limit.${quantity}`,
    given: size === 0 ? "zeros" : "numbers that are not finite",
    allowed: "a kernel that is not 0",
    mend: "Errors are relative to it: take other inputs, or a network with weights.",
  });
}

function checkSize(quantity: Quantity, exact: ArrayLike<number>, mean: ArrayLike<number>): void {
  if (exact.length === mean.length) return;
  throw new LemniscateError({
    code: "ShapeMismatch",
    where: `convergence: limit.${quantity}`,
    given: `${exact.length} numbers`,
    allowed: `${mean.length}, as the finite kernels have`,
    mend: "Compute it on the same inputs, with positionKernel() if the network ends with positions.",
  });
}
