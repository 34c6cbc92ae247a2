/** @module A layer of width n with the weights written out. */
import { type Matrix, zeros } from "../linalg/matrix.js";
import { addProduct } from "../linalg/product.js";
import { numbers } from "../ops/algebra.js";
import type { Branch, Layer } from "./models/layers.js";
import { maskRows } from "./models/mask.js";

/** Weights of a layer, all of variance 1: layers put the scale 1/√n in front. */
export interface LayerWeights {
  readonly attention?:
    | {
        /** W_Q and W_K of each head, n × n_k, and W_V, n × n/heads. */
        readonly heads: readonly {
          readonly queries: Matrix<Float64Array>;
          readonly keys: Matrix<Float64Array>;
          readonly values: Matrix<Float64Array>;
        }[];
        /** W_O, n × n. */
        readonly output?: Matrix<Float64Array> | undefined;
      }
    | undefined;
  readonly mlp?:
    | {
        /** W_pre, n × n. */
        readonly hidden: Matrix<Float64Array>;
        /** W_post, n × n. */
        readonly output?: Matrix<Float64Array> | undefined;
      }
    | undefined;
}

/** Draws the weights of a layer, matrix by matrix. */
export function drawWeights(
  layer: Layer,
  width: number,
  draw: (rows: number, columns: number) => Matrix<Float64Array>,
): LayerWeights {
  const { attention, mlp } = layer;
  return {
    attention: attention && {
      heads: Array.from({ length: attention.heads }, () => ({
        queries: draw(width, attention.beta === 0 ? 0 : attention.keyWidth),
        keys: draw(width, attention.beta === 0 ? 0 : attention.keyWidth),
        values: draw(width, width / attention.heads),
      })),
      output: attention.outputProjection ? draw(width, width) : undefined,
    },
    mlp: mlp && { hidden: draw(width, width), output: mlp.added && draw(width, width) },
  };
}

/** What a layer makes of tokens, m × n. */
export function applyLayer(layer: Layer, weights: LayerWeights, x: Matrix<Float64Array>): Matrix<Float64Array> {
  let now = x;
  if (layer.attention !== undefined) now = add(layer.attention, now, attend(layer.attention, weights.attention!, now));
  if (layer.mlp !== undefined) {
    const { neuron, added } = layer.mlp;
    const { hidden, output } = weights.mlp!;
    const before = times(now, hidden);
    const neurons = { ...before, data: before.data.map((z) => neuron(numbers, z)) };
    now = added === undefined ? neurons : add(added, now, times(neurons, output!));
  }
  return now;
}

/** X Xᵀ/n. */
export function covarianceOf({ rows, columns, data }: Matrix): Float64Array {
  const v = new Float64Array(rows * rows);
  for (let i = 0; i < rows; i++)
    for (let j = 0; j <= i; j++) {
      let sum = 0;
      for (let k = 0; k < columns; k++) sum += data[i * columns + k]! * data[j * columns + k]!;
      v[i * rows + j] = v[j * rows + i] = sum / columns;
    }
  return v;
}

function attend(
  part: NonNullable<Layer["attention"]>,
  weights: NonNullable<LayerWeights["attention"]>,
  x: Matrix<Float64Array>,
): Matrix<Float64Array> {
  const m = x.rows;
  const mask = maskRows(part.mask, m);
  const outputs = weights.heads.map(({ queries, keys, values }) => {
    const [q, k] = [times(x, queries), times(x, keys)];
    const a = new Float64Array(m * m);
    for (const [i, row] of mask.entries()) {
      const logits = row.map((seen, j) => {
        let y = 0;
        for (let c = 0; c < q.columns; c++) y += q.data[i * q.columns + c]! * k.data[j * k.columns + c]!;
        return seen === 1 ? y / part.temperature : Number.NEGATIVE_INFINITY;
      });
      const largest = Math.max(...logits);
      const exponentials = logits.map((y) => Math.exp(y - largest));
      const sum = exponentials.reduce((p, q) => p + q);
      const even = 1 / row.filter((seen) => seen === 1).length;
      for (const [j, seen] of row.entries())
        a[i * m + j] =
          (i === j ? part.alpha : 0) + (part.beta * exponentials[j]!) / sum - (seen === 1 ? part.centre * even : 0);
    }
    return multiply({ rows: m, columns: m, data: a }, times(x, values));
  });
  const columns = outputs.reduce((sum, head) => sum + head.columns, 0);
  const joined = { rows: m, columns, data: new Float64Array(m * columns) };
  for (let i = 0, at = 0; i < m; i++)
    for (const { columns: own, data } of outputs) {
      joined.data.set(data.subarray(i * own, (i + 1) * own), at);
      at += own;
    }
  return weights.output === undefined ? joined : times(joined, weights.output);
}

function add({ skip, branch }: Branch, x: Matrix<Float64Array>, y: Matrix<Float64Array>): Matrix<Float64Array> {
  return { ...x, data: x.data.map((value, i) => skip * value + branch * y.data[i]!) };
}

/** X W/√n. */
function times(x: Matrix<Float64Array>, w: Matrix<Float64Array>): Matrix<Float64Array> {
  const product = multiply(x, w);
  const scale = 1 / Math.sqrt(w.rows);
  for (let i = 0; i < product.data.length; i++) product.data[i]! *= scale;
  return product;
}

function multiply(x: Matrix<Float64Array>, y: Matrix<Float64Array>): Matrix<Float64Array> {
  const out = zeros(x.rows, y.columns);
  const left = { data: x.data, offset: 0, step: x.columns, stride: 1 };
  const right = { data: y.data, offset: 0, step: 1, stride: y.columns };
  addProduct(
    { data: out.data, offset: 0, step: out.columns },
    left,
    right,
    { rows: x.rows, columns: y.columns, depth: x.columns },
    1,
  );
  return out;
}
