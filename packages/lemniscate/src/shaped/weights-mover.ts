/** @module Networks with all their weights, to check the law of covariances against. */
import { normals } from "../core/random.js";
import { type Plain, plain, zeros } from "../finite/plain.js";
import type { Layer } from "./models/layers.js";
import { applyLayer, covarianceOf, drawWeights, sightOf } from "./network.js";
import { oneByOne } from "./one-by-one.js";
import type { Mover } from "./paths.js";
import { type Covariance, tokensOf } from "./start.js";

/** Moves networks by drawing the weights of each layer: it keeps the tokens of each, n numbers a token, between calls. */
export function weightsMover(layer: Layer, start: Covariance, width: number): Mover {
  const first = tokensOf(start, width, layer.attention?.heads ?? 1);
  const sight = sightOf(plain, layer.attention?.mask ?? "full", start.length);
  const tokens: Plain[] = [];
  return oneByOne(start.length, 1, (state, draws, path) => {
    let from = 2 * draws.first;
    const draw = (shape: readonly number[]): Plain => {
      const drawn = zeros(shape);
      normals(draws.sequence, drawn.data, from);
      from += drawn.data.length;
      return drawn;
    };
    const weights = drawWeights(layer, width, draw);
    const x = tokens[path] ?? { shape: [1, first.rows, width], data: first.data };
    const now = applyLayer(plain, layer, weights, x, sight);
    tokens[path] = now;
    state.set(covarianceOf(plain, now).data);
  });
}
