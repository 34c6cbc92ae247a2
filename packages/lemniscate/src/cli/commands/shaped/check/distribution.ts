/** @module Networks of three widths against the limit, in distribution. */
import { compare } from "../../../../shaped/statistics/compare.js";
import type { Row } from "../row.js";
import { type CheckRun, models, observables, start } from "./run.js";

/** How many networks of widths 16, 64 and 256. */
const counts = {
  mlp: [60_000, 40_000, 12_000],
  attention: [60_000, 60_000, 40_000],
  transformer: [60_000, 40_000, 12_000],
  stable: [60_000, 40_000, 16_000],
} as const;

export async function* distribution(check: CheckRun): AsyncGenerator<Row> {
  const { samples, seed, ...options } = check;
  for (const [name, model] of Object.entries(models))
    for (const [i, width] of [16, 64, 256].entries()) {
      const run = compare(model, {
        observables,
        times: [0.25, 0.5, 1],
        widths: [width],
        // Of paths that explode, correlations are those at which they were stopped, and depend on the form of the scheme.
        sde: { start, paths: samples(120_000), seed, mergeDrift: false, ...options },
        networks: { start, paths: samples(counts[name as keyof typeof counts][i]!), seed: seed + 1, ...options },
      });
      for await (const row of run)
        yield {
          model: name,
          t: row.t,
          n: width,
          observable: row.observable,
          ks: row.ks,
          p: row.p,
          mean: row.mean,
          "of limit": row.meanLimit,
          variance: row.variance,
          "var limit": row.varianceLimit,
          frozen: row.frozenLimit,
        };
    }
}
