/** @module The limit beside networks of finite width: how far apart their laws are. */
import type { ShapedModel } from "../models/model.js";
import type { Snapshot } from "../paths.js";
import { type NetworkOptions, simulate } from "../simulate.js";
import { type SdeOptions, solveSde } from "../solve.js";
import { energyDistance, kolmogorovSmirnov } from "./distances.js";
import type { Observable } from "./observables.js";
import { type Estimate, mean, variance } from "./summary.js";

/** One observable at one time, in networks of one width and in the limit. */
export interface Comparison {
  readonly t: number;
  readonly width: number;
  readonly observable: string;
  /** Kolmogorov and Smirnov's distance, and how often one law gives as much. */
  readonly ks: number;
  readonly p: number;
  readonly energy: number;
  readonly mean: Estimate;
  readonly meanLimit: Estimate;
  readonly variance: Estimate;
  readonly varianceLimit: Estimate;
  /** Shares of paths that were stopped. */
  readonly frozen: number;
  readonly frozenLimit: number;
}

export interface CompareOptions {
  readonly observables: readonly Observable[];
  readonly times: readonly number[];
  readonly widths: readonly number[];
  /** Options of the limit. */
  readonly sde: Omit<SdeOptions, "times" | "end">;
  /** Options of the networks. */
  readonly networks: Omit<NetworkOptions, "times" | "end" | "depth" | "width">;
  /** Values are clipped to this interval for moments, which a tail of exploding paths would drown. */
  readonly clip?: readonly [number, number] | undefined;
}

/**
 * Compares widths with the limit, one after another, as they are ready.
 *
 * @example
 * ```ts
 * import { compare, correlated, correlation, linearMlp } from "lemniscate/shaped";
 *
 * const start = correlated(0.2, 2);
 * const options = { observables: [correlation(0, 1)], times: [0.5], widths: [32], sde: { start }, networks: { start } };
 * for await (const { width, ks } of compare(linearMlp(), options))
 *   [width, ks < 0.2]; // => [32, true]
 * ```
 */
export async function* compare(model: ShapedModel, options: CompareOptions): AsyncGenerator<Comparison> {
  const { observables, times, widths, clip = [-10, 10] } = options;
  const end = times.at(-1) ?? 1;
  const limits: Snapshot[] = [];
  for await (const snapshot of solveSde(model, { ...options.sde, times, end })) limits.push(snapshot);
  const clipped = (x: Float64Array): Float64Array => x.map((value) => Math.max(clip[0], Math.min(clip[1], value)));
  for (const width of widths) {
    let at = 0;
    for await (const snapshot of simulate(model, { ...options.networks, width, times, end })) {
      const limit = limits[at++]!;
      for (const observable of observables) {
        const [x, y] = [observable.of(snapshot), observable.of(limit)];
        const { distance, p } = kolmogorovSmirnov(x, y);
        yield {
          t: limit.t,
          width,
          observable: observable.name,
          ks: distance,
          p,
          energy: energyDistance(clipped(x), clipped(y)),
          mean: mean(clipped(x)),
          meanLimit: mean(clipped(y)),
          variance: variance(clipped(x)),
          varianceLimit: variance(clipped(y)),
          frozen: snapshot.frozen,
          frozenLimit: limit.frozen,
        };
      }
    }
  }
}
