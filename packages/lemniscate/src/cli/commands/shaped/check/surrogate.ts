/** @module Hidden layers drawn from a Wishart law of the same mean against hidden layers drawn neuron by neuron. */
import { simulate } from "../../../../shaped/simulate.js";
import type { Row } from "../row.js";
import { block, type CheckRun, distances, lastOf, models, start } from "./run.js";

export async function* surrogate(check: CheckRun): AsyncGenerator<Row> {
  const { samples, seed, ...options } = check;
  // The second is so strong that the difference is seen.
  for (const [gamma, model] of [
    [0.35, models.transformer],
    [0.7, block({ gamma: 0.7, temperature: 1, keyWidth: 16 }, 1, -1)],
  ] as const)
    for (const width of [16, 64]) {
      const run = (hidden: "exact" | "surrogate", seed: number) =>
        lastOf(simulate(model, { start, width, hidden, paths: samples(40_000), seed, ...options }));
      yield { gamma, n: width, ...distances(await run("exact", seed), await run("surrogate", seed + 1)) };
    }
}
