/** @module Models and samples that figures of shaped transformers share. */
import { type ShapedModel, shapedAttention, shapedMlp, shapedTransformer } from "../../../shaped/models/model.js";
import type { Snapshot } from "../../../shaped/paths.js";
import { simulate } from "../../../shaped/simulate.js";
import { solveSde } from "../../../shaped/solve.js";
import { type Covariance, correlated } from "../../../shaped/start.js";
import type { Run } from "../figure.js";

/** Three tokens, each pair at correlation 0.2. */
export const start: Covariance = correlated(0.2, 3);

export const models: Readonly<Record<string, ShapedModel>> = {
  MLP: shapedMlp({ activation: { type: "shaped-relu", plus: 1, minus: -1 } }),
  attention: shapedAttention({ gamma: 0.5, temperature: 1, keyWidth: 16 }),
  transformer: shapedTransformer({
    attention: { gamma: 0.35, temperature: 1, keyWidth: 16 },
    mlp: { gamma: 0.35, activation: { type: "shaped-relu", plus: 2, minus: -2 } },
  }),
};

/** Times 0, 1/n, …, 1. */
export function grid(n: number): number[] {
  return Array.from({ length: n + 1 }, (_, i) => i / n);
}

/** Snapshots of a model in the limit, or in networks of a width. */
export function follow(
  model: ShapedModel,
  width: number | undefined,
  times: readonly number[],
  { paths, seed, threads, signal, onProgress }: Run,
  { radius, step }: { readonly radius?: number; readonly step?: number } = {},
): AsyncIterable<Snapshot> {
  const options = { paths, threads, signal, onProgress, start, times, end: times.at(-1)!, radius };
  // Another seed than the limit's, though the same would do: samples that are compared are independent.
  return width === undefined
    ? solveSde(model, { ...options, seed, step })
    : simulate(model, { ...options, width, seed: seed + 1 });
}
