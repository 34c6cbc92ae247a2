/** @module Covariances drawn from their law against networks with all their weights. */
import { linearMlp, type ShapedModel, shapedAttention, shapedMlp } from "../../../../shaped/models/model.js";
import { simulate } from "../../../../shaped/simulate.js";
import { logDeterminant } from "../../../../shaped/statistics/observables.js";
import type { Row } from "../row.js";
import { block, type CheckRun, distances, lastOf, observables, relu, start } from "./run.js";

const attention = { gamma: 0.5, temperature: 1, keyWidth: 8 };
const models: Readonly<Record<string, ShapedModel>> = {
  linear: linearMlp(),
  MLP: shapedMlp({ activation: relu(0.5, -1) }),
  "residual MLP": shapedMlp({ activation: relu(0.5, -1), gamma: 0.5 }),
  attention: shapedAttention(attention),
  "attention, n_k = 2": shapedAttention({ ...attention, keyWidth: 2 }),
  "causal attention": shapedAttention({ ...attention, mask: "causal" }),
  "attention, γ = 1": shapedAttention({ ...attention, gamma: 1 }),
  transformer: block(attention, 1, -1),
  "3 heads, W_O": block({ ...attention, heads: 3, outputProjection: true }, 1, -1),
};

export async function* weights(check: CheckRun): AsyncGenerator<Row> {
  const { samples, seed, ...options } = check;
  const of = [...observables, logDeterminant];
  const [width, depth, paths] = [12, 12, samples(20_000)];
  const run = (model: ShapedModel, by: "covariance" | "weights", n = width) =>
    lastOf(
      simulate(model, { start, width: n, depth, by, paths, seed: by === "weights" ? seed + 1 : seed, ...options }),
    );
  for (const [name, model] of Object.entries(models)) {
    const checked = await run(model, "weights");
    yield { model: name, n: width, ...distances(await run(model, "covariance"), checked, of) };
    // A width that is one off must be seen.
    if (name === "linear") yield { model: name, n: 13, ...distances(await run(model, "covariance", 13), checked, of) };
  }
}
