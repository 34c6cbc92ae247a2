/** @module Hidden layers drawn from a Wishart law of the same mean against hidden layers drawn neuron by neuron. */
import { simulate } from "../../../../shaped/simulate.js";
import type { Row } from "../row.js";
import { type CheckRun, distances, lastOf, models, start } from "./run.js";

export async function* surrogate(check: CheckRun): AsyncGenerator<Row> {
  const { samples, seed, ...options } = check;
  const model = models.transformer;
  for (const width of [16, 64]) {
    const run = (hidden: "exact" | "surrogate", seed: number) =>
      lastOf(simulate(model, { start, width, hidden, paths: samples(40_000), seed, ...options }));
    yield { n: width, ...distances(await run("exact", seed), await run("surrogate", seed + 1)) };
  }
}
