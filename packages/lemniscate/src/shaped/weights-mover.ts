/** @module Networks with all their weights, to check the law of covariances against. */
import { normals } from "../core/random.js";
import { type Matrix, zeros } from "../linalg/matrix.js";
import type { Layer } from "./models/layers.js";
import { applyLayer, covarianceOf, drawWeights } from "./network.js";
import { oneByOne } from "./one-by-one.js";
import type { Mover } from "./paths.js";
import { type Covariance, tokensOf } from "./start.js";

/** Moves networks by drawing the weights of each layer: it keeps the tokens of each, n numbers a token, between calls. */
export function weightsMover(layer: Layer, start: Covariance, width: number): Mover {
  const first = tokensOf(start, width, layer.attention?.heads ?? 1);
  const tokens: Matrix<Float64Array>[] = [];
  return oneByOne(start.length, 1, (state, draws, path) => {
    let from = 2 * draws.first;
    const weights = drawWeights(layer, width, (rows, columns) => {
      const drawn = zeros(rows, columns);
      normals(draws.sequence, drawn.data, from);
      from += drawn.data.length;
      return drawn;
    });
    const now = applyLayer(layer, weights, tokens[path] ?? first);
    tokens[path] = now;
    state.set(covarianceOf(now));
  });
}
