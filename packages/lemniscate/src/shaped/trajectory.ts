/** @module The covariance of tokens in a network whose weights are given, layer by layer. */
import { LemniscateError } from "../core/errors.js";
import { child, normals, randomKey } from "../core/random.js";
import { type Plain, plain, zeros } from "../finite/plain.js";
import { layerOf } from "./models/layers.js";
import type { ShapedModel } from "./models/model.js";
import { applyLayer, covarianceOf, drawWeights, type LayerWeights, sightOf } from "./network.js";
import type { Snapshot } from "./paths.js";
import { checkCount, outOfRange } from "./solve.js";

export interface LayersOptions {
  readonly width: number;
  readonly depth: number;
  /** The same seed gives the same weights; default 0. */
  readonly seed?: number | undefined;
}

/**
 * Random weights of all layers of a network, all of variance 1, for layers put the scale 1/√n in front of them.
 *
 * @throws LemniscateError `OptionOutOfRange`
 */
export function initLayers(
  model: ShapedModel,
  { width, depth, seed = 0 }: LayersOptions,
): readonly LayerWeights<Plain>[] {
  checkCount("width", width);
  checkCount("depth", depth);
  const layer = layerOf(model, width, depth);
  const heads = layer.attention?.heads ?? 1;
  if (width % heads !== 0)
    throw outOfRange("width", String(width), `a multiple of the ${heads} heads`, "Each head has as many columns.");
  const key = child(randomKey(seed), "layers");
  return Array.from({ length: depth }, (_, l) => {
    let count = 0;
    return drawWeights(layer, width, (shape) => {
      const drawn = zeros(shape);
      normals(child(child(key, l), count++), drawn.data);
      return drawn;
    });
  });
}

/**
 * Covariances X Xᵀ/n of tokens on their way through a network with these weights, random, trained or made by hand: a
 * snapshot before the first layer and one behind each, whose paths are the examples. What is read from snapshots of the
 * limit (correlations, ranks, determinants) can be read from these.
 *
 * @param x - tokens, (examples, m, n)
 * @throws LemniscateError `ShapeMismatch` if tokens and weights are of different widths
 *
 * @example
 * ```ts
 * import { effectiveRank, initLayers, shapedAttention, trajectory } from "lemniscate/shaped";
 *
 * const model = shapedAttention({ gamma: 0.5, keyWidth: 2 });
 * const x = { shape: [1, 2, 4], data: Float64Array.of(1, 1, 1, 1, 1, -1, 1, -1) };
 * const ranks = [...trajectory(model, initLayers(model, { width: 4, depth: 3 }), x)].map((s) => effectiveRank.of(s)[0]!);
 * [ranks.length, ranks[0], ranks[3]! < 2]; // => [4, 2, true]
 * ```
 */
export function* trajectory(
  model: ShapedModel,
  weights: readonly LayerWeights<Plain>[],
  x: Plain,
): Generator<Snapshot> {
  const [, tokens, width] = checkTokens(x, weights);
  const layer = layerOf(model, width, Math.max(1, weights.length));
  const sight = sightOf(plain, layer.attention?.mask ?? "full", tokens);
  let now = x;
  yield snapshot(now, 0);
  for (const [l, own] of weights.entries()) {
    now = applyLayer(plain, layer, own, now, sight);
    yield snapshot(now, l + 1);
  }
}

function snapshot(x: Plain, steps: number): Snapshot {
  const [paths, tokens, width] = x.shape as [number, number, number];
  const v = covarianceOf(plain, x).data;
  const covariances = new Float64Array(((tokens * (tokens + 1)) / 2) * paths);
  for (let a = 0, at = 0; a < tokens; a++)
    for (let b = 0; b <= a; b++) for (let p = 0; p < paths; p++) covariances[at++] = v[(p * tokens + a) * tokens + b]!;
  const stoppedAt = new Float64Array(paths).fill(Number.POSITIVE_INFINITY);
  return { t: steps / width, steps, tokens, paths, covariances, stoppedAt, frozen: 0 };
}

function checkTokens({ shape, data }: Plain, weights: readonly LayerWeights<Plain>[]): [number, number, number] {
  const [first] = weights;
  const width = (first?.values ?? first?.hidden)?.shape[0] ?? shape[2];
  if (shape.length === 3 && shape[2] === width && data.length === shape.reduce((p, q) => p * q, 1))
    return shape as unknown as [number, number, number];
  throw new LemniscateError({
    code: "ShapeMismatch",
    where: "trajectory: x",
    given: `${data.length} numbers of the shape (${shape.join(", ")})`,
    allowed: `(examples, tokens, ${width ?? "width"}), as wide as the weights`,
    mend: "Draw the weights with initLayers() for the width of the tokens.",
  });
}
