/** @module What tables have in common: models, samples, and how far apart two of them are. */

import { child, randomKey } from "../../../../core/random.js";
import type { RunOptions } from "../../../../core/run.js";
import type { Coefficients } from "../../../../shaped/coefficients.js";
import { type EngineOptions, moverOf } from "../../../../shaped/engine.js";
import type { ShapedRelu } from "../../../../shaped/models/activation.js";
import {
  type AttentionOptions,
  type ShapedModel,
  shapedAttention,
  shapedMlp,
  shapedTransformer,
} from "../../../../shaped/models/model.js";
import { run, type Snapshot } from "../../../../shaped/paths.js";
import { splitStep } from "../../../../shaped/schemes/split.js";
import type { Covariance } from "../../../../shaped/start.js";
import { kolmogorovSmirnov } from "../../../../shaped/statistics/distances.js";
import { correlation, covariance, type Observable } from "../../../../shaped/statistics/observables.js";
import type { StepProgram } from "../../../../shaped/steps/steps.js";
import type { Row } from "../row.js";

/** How a table is to be made. */
export interface CheckRun extends RunOptions, Pick<EngineOptions, "engine"> {
  readonly seed: number;
  /** How many samples to take where the full table takes so many. */
  readonly samples: (full: number) => number;
}

export type Table = (check: CheckRun) => AsyncGenerator<Row>;

export const start: Covariance = [
  [1, 0.2, 0.5],
  [0.2, 1.3, -0.3],
  [0.5, -0.3, 0.8],
];

/** One variance, and two correlations. */
export const observables: readonly Observable[] = [covariance(0, 0), correlation(0, 1), correlation(1, 2)];

export const relu = (plus: number, minus: number): ShapedRelu => ({ type: "shaped-relu", plus, minus });

/** A transformer whose parts have one γ. */
export function block(attention: AttentionOptions, plus: number, minus: number): ShapedModel {
  return shapedTransformer({ attention, mlp: { gamma: attention.gamma, activation: relu(plus, minus) } });
}

/** The models of the tables, from an MLP to a transformer in a regime where hardly a path explodes. */
export const models: Readonly<Record<"mlp" | "attention" | "transformer" | "stable", ShapedModel>> = {
  mlp: shapedMlp({ activation: relu(0, -2) }),
  attention: shapedAttention({ gamma: 0.45, temperature: 0.9, keyWidth: 16 }),
  transformer: block({ gamma: 0.35, temperature: 0.7, keyWidth: 16 }, 1, -1),
  stable: block({ gamma: 0.25, temperature: 1, keyWidth: 16 }, 2, -2),
};

/** Many samples of one step of a program. */
export async function oneStep(
  program: StepProgram,
  from: Covariance,
  paths: number,
  check: CheckRun,
): Promise<Snapshot> {
  const { seed, signal, onProgress } = check;
  const course = { start: from, paths, radius: 1e300, marks: [1], unit: 1, signal, onProgress };
  const key = child(randomKey(seed), "check").key;
  return lastOf(run({ mover: moverOf(program, paths, check), process: program, key, ...course }));
}

/** Paths of an SDE with coefficients of its own, right or wrong, at t = 1. */
export async function solveWith(of: Coefficients, paths: number, check: CheckRun): Promise<Snapshot> {
  const { seed, signal, onProgress } = check;
  const program = splitStep(start.length, of, 1 / 32, false);
  const course = { start, paths, radius: 1e4, marks: [32], unit: 1 / 32, signal, onProgress };
  const key = child(randomKey(seed), "sde").key;
  return lastOf(run({ mover: moverOf(program, paths, check), process: program, key, ...course }));
}

export async function lastOf(snapshots: AsyncIterable<Snapshot>): Promise<Snapshot> {
  let last: Snapshot | undefined;
  for await (last of snapshots);
  return last!;
}

/** A column for the distance of each observable in two snapshots, and one for its p. */
export function distances(x: Snapshot, y: Snapshot, of: readonly Observable[] = observables): Row {
  return Object.fromEntries(
    of.flatMap((observable) => {
      const { distance, p } = kolmogorovSmirnov(observable.of(x), observable.of(y));
      return [
        [observable.name, distance],
        [`p ${observable.name}`, p],
      ];
    }),
  );
}
