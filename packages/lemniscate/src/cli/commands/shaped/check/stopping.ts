/** @module Which paths explode before t = 1, and the mean time until which they go on. */
import { type ShapedModel, shapedAttention } from "../../../../shaped/models/model.js";
import { solveSde } from "../../../../shaped/solve.js";
import { correlated } from "../../../../shaped/start.js";
import { mean } from "../../../../shaped/statistics/summary.js";
import type { Row } from "../row.js";
import { block, type CheckRun, lastOf } from "./run.js";

const gammas = [0.25, 0.354, 0.5, Math.SQRT1_2, 1];
const kinds: readonly (readonly [
  model: string,
  tokens: number,
  gammas: readonly number[],
  temperatures: readonly number[],
  make: (gamma: number, temperature: number) => ShapedModel,
])[] = [
  ["attention", 3, gammas, [0.5, 0.7, 1, 2], (gamma, temperature) => shapedAttention({ gamma, temperature })],
  ["attention", 8, gammas.slice(0, 4), [0.5, 1, 2], (gamma, temperature) => shapedAttention({ gamma, temperature })],
  [
    "transformer",
    3,
    gammas.slice(0, 4),
    [0.5, 0.7, 1, 2],
    (gamma, temperature) => block({ gamma, temperature }, 0, -1),
  ],
];

export async function* stopping(check: CheckRun): AsyncGenerator<Row> {
  const { samples, ...options } = check;
  const paths = samples(4000);
  for (const [name, tokens, gammas, temperatures, make] of kinds)
    for (const gamma of gammas)
      for (const temperature of temperatures) {
        const start = correlated(0.2, tokens);
        const run = solveSde(make(gamma, temperature), { start, step: 1 / 50, paths, ...options });
        const { frozen, stoppedAt } = await lastOf(run);
        const exploded = { value: frozen, error: Math.sqrt((frozen * (1 - frozen)) / paths) };
        yield {
          model: name,
          tokens,
          gamma,
          temperature,
          exploded,
          stopping: mean(stoppedAt.map((t) => Math.min(t, 1))),
        };
      }
}
