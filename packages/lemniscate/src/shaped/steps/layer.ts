/** @module A layer of width n as it acts on the covariance alone: exact in law, and without n × n weights. */
import { LemniscateError } from "../../core/errors.js";
import type { HiddenLayer, Layer } from "../models/layers.js";
import { attentionWeights } from "./attention-weights.js";
import { across, type StepProgram, Steps, type Value } from "./steps.js";
import { residual, wishart } from "./wishart.js";

/** How a hidden layer's Gram matrix is drawn: neuron by neuron, or from a Wishart law of the same mean, in O(m³). */
export type Hidden = "exact" | "surrogate";

/**
 * One layer, from the law of V′ given V: Gaussian weights look the same from any side, so that the covariance of a
 * network's tokens is a Markov chain by itself. Only where heads keep their columns apart (several of them without W_O)
 * each head's own covariance is needed; then these are the state, V their mean.
 *
 * @source derived; the surrogate has the mean of the hidden layer's covariance, and its fluctuations up to O(1/n)
 */
export function layerStep(tokens: number, { attention, mlp }: Layer, width: number, hidden: Hidden): StepProgram {
  const steps = new Steps(tokens);
  const blocks = attention === undefined || attention.outputProjection ? 1 : attention.heads;
  let states = Array.from({ length: blocks }, () => steps.state());
  if (attention !== undefined) {
    const v = mean(steps, states);
    const { skip, branch, outputProjection, heads } = attention;
    const weights = attentionWeights(steps, v, attention);
    if (outputProjection) {
      const k = concatenated(steps, v, Array.from({ length: heads }, weights), width);
      states = [residual(steps, v, k, skip, branch, width)];
    } else
      states = states.map((own) => residual(steps, own, steps.congruence(weights(), v), skip, branch, width / heads));
  }
  if (mlp !== undefined) {
    const k = hiddenGram(steps, mean(steps, states), mlp, width, hidden);
    const { added } = mlp;
    if (added === undefined) states = [k];
    else states = states.map((own) => residual(steps, own, k, added.skip, added.branch, width / blocks));
  }
  return steps.program(...states);
}

function mean(steps: Steps, [first, ...others]: readonly Value[]): Value {
  const sum = others.reduce((x, y) => steps.symmetric((a, p, q) => a.add(p!, q!), x, y), first!);
  if (others.length === 0) return sum;
  return steps.symmetric((a, x) => a.mul(a.constant(1 / (others.length + 1)), x!), sum);
}

/** The Gram matrix over n of heads side by side: each has n/heads columns, independent of the others' given V. */
function concatenated(steps: Steps, v: Value, weights: readonly Value[], width: number): Value {
  const l = steps.cholesky(v);
  const grams = weights.map((a) =>
    steps.gram(steps.product(steps.product(a, l), steps.bartlett(width / weights.length))),
  );
  const sum = grams.reduce((x, y) => steps.symmetric((a, p, q) => a.add(p!, q!), x, y));
  return steps.symmetric((a, x) => a.mul(a.constant(1 / width), x!), sum);
}

function hiddenGram(steps: Steps, v: Value, { neuron, mean }: HiddenLayer, width: number, hidden: Hidden): Value {
  if (hidden === "exact") {
    const sum = steps.hiddenGram(steps.cholesky(v), width, neuron);
    return steps.symmetric((a, x) => a.mul(a.constant(neuron.factor ** 2 / width), x!), sum);
  }
  if (mean === undefined)
    throw new LemniscateError({
      code: "NotSupported",
      where: "simulate: hidden",
      given: '"surrogate" for an activation whose mean covariance has no closed form here',
      allowed: '"surrogate" for shaped ReLUs and linear layers',
      mend: 'Take "exact".',
    });
  const d = steps.diagonal(v);
  return wishart(steps, steps.symmetric(mean, v, d, across(d)), width);
}
