/** @module The drift of shaped ReLUs corrected for the width, c (c₊ − c₋)², which takes away an error of the order n^−½. */
import { type ShapedModel, shapedMlp } from "../../../../shaped/models/model.js";
import { simulate } from "../../../../shaped/simulate.js";
import { solveSde } from "../../../../shaped/solve.js";
import type { Row } from "../row.js";
import { type CheckRun, distances, lastOf, models, relu, start } from "./run.js";

export async function* corrected(check: CheckRun): AsyncGenerator<Row> {
  const { samples, seed, ...options } = check;
  const even = shapedMlp({ activation: relu(1, -1) });
  for (const [n, networks] of [
    [16, 60_000],
    [64, 40_000],
    [256, 12_000],
  ] as const) {
    const net = (model: ShapedModel) =>
      lastOf(simulate(model, { start, width: n, paths: samples(networks), seed: seed + 1, ...options }));
    const sde = (model: ShapedModel, width?: number) =>
      lastOf(solveSde(model, { start, width, paths: samples(120_000), seed, ...options }));
    const uneven = await net(models.mlp);
    yield { n, c: "0, −2", drift: "of the limit", ...distances(uneven, await sde(models.mlp)) };
    yield { n, c: "0, −2", drift: "of width n", ...distances(uneven, await sde(models.mlp, n)) };
    yield { n, c: "1, −1", drift: "of the limit", ...distances(await net(even), await sde(even)) };
  }
}
