/** @module Attention's weights A in a network of width n, given the covariance of its tokens alone. */
import type { AttentionLayer } from "../models/layers.js";
import { maskRows } from "../models/mask.js";
import type { Steps, Value } from "./steps.js";

/** A function that draws the weights A of one head after another. */
export function attentionWeights(steps: Steps, v: Value, part: AttentionLayer): () => Value {
  const { alpha, beta, centre, keyWidth, temperature } = part;
  const m = steps.tokens;
  const mask = maskRows(part.mask, m);
  // The softmax of zero logits.
  const even = steps.constant(
    mask.map((row) => {
      const seen = row.filter((one) => one === 1).length;
      return row.map((one) => one / seen);
    }),
  );
  if (beta === 0)
    return () =>
      steps.entrywise(
        (a, i, c) => a.fma(a.constant(-centre), c!, a.mul(a.constant(alpha), i!)),
        steps.identity(),
        even,
      );
  const l = steps.cholesky(v);
  return () => {
    // P Pᵀ′ of two m × n_k Gaussian matrices: the triangular factor of the first times a square Gaussian, in law.
    const inner =
      keyWidth >= m
        ? steps.product(steps.bartlett(keyWidth), steps.normals(m, m))
        : steps.productTransposed(steps.normals(m, keyWidth), steps.normals(m, keyWidth));
    const scores = steps.productTransposed(steps.product(l, inner), l);
    const logits = steps.entrywise((a, y) => a.mul(a.constant(1 / temperature), y!), scores);
    return steps.entrywise(
      (a, p, i, c) => a.add(a.mul(a.constant(beta), p!), a.fma(a.constant(-centre), c!, a.mul(a.constant(alpha), i!))),
      steps.softmaxRows(logits, mask),
      steps.identity(),
      even,
    );
  };
}
