/** @module Networks of finite width: the covariances of their tokens, layer by layer, over many random networks. */

import { onlyKnown } from "../core/options.js";
import { child, randomKey } from "../core/random.js";
import type { RunOptions } from "../core/run.js";
import { type EngineOptions, moverOf } from "./engine.js";
import { layerOf } from "./models/layers.js";
import type { ShapedModel } from "./models/model.js";
import { type ResumeOptions, run, type Snapshot } from "./paths.js";
import { checkChoice, checkCount, checkMarks, checkRadius, outOfRange } from "./solve.js";
import { type Covariance, checkStart } from "./start.js";
import { type Hidden, layerStep } from "./steps/layer.js";
import { weightsMover } from "./weights-mover.js";

export interface NetworkOptions extends RunOptions, EngineOptions, ResumeOptions {
  /** V₀, m × m. */
  readonly start: Covariance;
  /** n. */
  readonly width: number;
  /** The last time, in depth over width; default 1. */
  readonly end?: number | undefined;
  /** Number of layers, instead of `end`. */
  readonly depth?: number | undefined;
  /** Times of snapshots, each that of the nearest layer; default the end alone. */
  readonly times?: readonly number[] | undefined;
  /** How many random networks; default 1024. */
  readonly paths?: number | undefined;
  /** The same seed gives the same networks, whatever their number; default 0. */
  readonly seed?: number | undefined;
  /**
   * `"covariance"` draws each layer's covariance from its law given the last one, exactly and without weights;
   * `"weights"` draws all weights, as a check. Default `"covariance"`.
   */
  readonly by?: "covariance" | "weights" | undefined;
  /** `"surrogate"` draws hidden layers of ReLUs from a Wishart law of the same mean, in O(m³). Default `"exact"`. */
  readonly hidden?: Hidden | undefined;
  /** The trace above which a network is stopped; default 1e4. */
  readonly radius?: number | undefined;
}

const networkOptions: readonly (keyof NetworkOptions)[] = [
  ...(["start", "width", "end", "depth", "times", "paths", "seed", "by", "hidden", "radius"] as const),
  ...(["engine", "threads", "onState", "resume", "signal", "onProgress"] as const),
];

/**
 * Random networks of width n: one path is one network, one step one layer, t = layer/width.
 *
 * @returns snapshots as they are ready; leaving the loop ends the work
 * @throws LemniscateError `OptionOutOfRange`, `BadInput` for a start that is no covariance
 * @source derived: exact in law, see `steps/layer.ts`
 *
 * @example
 * ```ts
 * import { correlated, entries, shapedAttention, simulate } from "lemniscate/shaped";
 *
 * const model = shapedAttention({ gamma: 0.5 });
 * for await (const snapshot of simulate(model, { start: correlated(0.2, 2), width: 64, paths: 10, seed: 1 })) {
 *   snapshot.steps; // => 64
 *   entries(snapshot, 0, 0).length; // => 10
 * }
 * ```
 */
export async function* simulate(model: ShapedModel, options: NetworkOptions): AsyncGenerator<Snapshot> {
  onlyKnown("simulate", options, networkOptions);
  const { start, width, depth, end = 1, paths = 1024, seed = 0, hidden = "exact", by = "covariance" } = options;
  checkChoice("hidden", hidden, ["exact", "surrogate"]);
  checkChoice("by", by, ["covariance", "weights"]);
  const tokens = checkStart(start);
  checkCount("width", width);
  checkCount("paths", paths);
  if (depth !== undefined) checkCount("depth", depth);
  if (!(end >= 0)) throw outOfRange("end", String(end), "a number from 0", "It is depth over width.");
  const layers = depth ?? Math.round(end * width);
  const layer = layerOf(model, width, layers);
  checkWidth(tokens, width, layer.attention?.heads ?? 1, by, layer.attention?.outputProjection ?? true);
  checkMarks(options.times ?? [layers / width], width);
  const marks = options.times?.map((t) => Math.round(t * width)) ?? [layers];
  for (const [i, mark] of marks.entries())
    if (!(mark >= 0 && mark <= layers && (i === 0 || mark > marks[i - 1]!)))
      throw outOfRange(
        "times",
        `${options.times![i]}, which is layer ${mark}`,
        `times of different layers in ascending order, up to ${layers / width}`,
        "Take fewer times, or a greater width.",
      );
  const program = by === "weights" ? undefined : layerStep(tokens, layer, width, hidden);
  yield* run({
    mover: program === undefined ? weightsMover(layer, start, width) : moverOf(program, paths, options),
    process: program ?? { states: 1, phased: false },
    start,
    paths,
    key: child(randomKey(seed), "network").key,
    radius: checkRadius(options.radius ?? 1e4, start),
    marks,
    unit: 1 / width,
    signal: options.signal,
    onProgress: options.onProgress,
    onState: program && options.onState, // tokens of networks with weights are in no state
    resume: program && options.resume,
  });
}

function checkWidth(tokens: number, width: number, heads: number, by: string, projected: boolean): void {
  if (width % heads !== 0)
    throw outOfRange(
      "width",
      String(width),
      `a multiple of the ${heads} heads`,
      "Each head has the same number of columns.",
    );
  const least = by === "weights" ? tokens : 2 * tokens;
  const columns = projected ? width : width / heads;
  if (columns < least)
    throw outOfRange(
      "width",
      `${width}${projected || heads === 1 ? "" : `, ${columns} for each head,`} with ${tokens} tokens`,
      `at least ${projected ? least : least * heads}`,
      by === "weights"
        ? "Tokens must be able to have any covariance: take a greater width or fewer tokens."
        : 'Take a greater width or fewer tokens, or by: "weights", which draws every weight.',
    );
}
