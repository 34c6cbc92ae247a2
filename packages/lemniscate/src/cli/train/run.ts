/** @module Finite networks in training beside their limit at the same times. */
import type { Batch } from "../../core/batch.js";
import { LemniscateError } from "../../core/errors.js";
import type { RunOptions } from "../../core/run.js";
import type { Engine } from "../../engines/engine.js";
import { apply, type InitOptions, init } from "../../finite/init.js";
import { train } from "../../finite/train.js";
import { trainingDynamics } from "../../inference/dynamics.js";
import { maxLearningRate } from "../../inference/learning-rate.js";
import type { Matrix } from "../../linalg/matrix.js";
import type { Combinator } from "../../network/combinators.js";
import type { Network } from "../../network/placement.js";
import { kernel } from "../../tiles/kernel.js";

export interface TrainJob {
  readonly network: Network;
  readonly train: { readonly x: Batch; readonly y: Matrix };
  /** Targets, if they are known, are in the unit of the training targets. */
  readonly test: { readonly x: Batch; readonly y: Matrix | undefined };
  readonly sizes: InitOptions;
  readonly networks: number;
  readonly steps: number;
  /** Default: a quarter of the largest that converges. */
  readonly learningRate: number | undefined;
  readonly batchSize: number | undefined;
}

/** Finite networks and their limit after some steps. */
export interface TrainRow {
  readonly step: number;
  /** ½·mean (f − y)² on the training set: the mean over networks, and what the limit expects it to be. */
  readonly loss: Both;
  /** Of the mean of the networks' outputs on the test set. */
  readonly rmse: Both | undefined;
  /** ‖mean of the networks − mean of the limit‖ over the norm of the latter, on the test set. */
  readonly distance: number;
  /** What the distance would be by chance, if the networks were of infinite width. */
  readonly chance: number;
}

interface Both {
  readonly finite: number;
  readonly limit: number;
}

/** Trains networks one after another, and puts their limit beside them. */
export async function compareTraining(
  job: TrainJob,
  engine: Engine,
  { signal, onProgress }: RunOptions,
): Promise<{ readonly learningRate: number; readonly rows: readonly TrainRow[] }> {
  const { x, y } = job.train;
  const network = withOutputs(job.network, y.columns);
  const times = checkpoints(job.steps);
  const k = kernel(network as never);
  const ntk = await k(x, null, { get: "ntk", engine, signal });
  const learningRate = job.learningRate ?? maxLearningRate(ntk, { outputs: y.columns }) / 4;
  if (!(learningRate < Number.POSITIVE_INFINITY)) throw untrainable();
  const flow = await trainingDynamics(k, x, y, { learningRate, engine, signal });
  const limits = {
    train: flow.train({ times, uncertainty: "variance" }),
    test: await flow.predict(job.test.x, { times, uncertainty: "variance", engine, signal }),
  };
  const losses = times.map(() => 0);
  const outputs = times.map(() => new Float64Array(job.test.x.shape[0] * y.columns));
  for (let i = 0; i < job.networks; i++) {
    const seed = (job.sizes.seed ?? 0) + i;
    const weights = init(network, x, { ...job.sizes, seed });
    const { steps, batchSize } = job;
    const report = (done: number): void => onProgress?.(i * steps + done, job.networks * steps);
    const run = train(network, weights, x, y, { steps, learningRate, batchSize, seed, signal, onProgress: report });
    for await (const state of run) {
      const at = times.indexOf(state.step);
      if (at < 0) continue;
      losses[at]! += squares(apply(network, state.weights, x).data, y.data) / (2 * y.data.length * job.networks);
      const found = apply(network, state.weights, job.test.x).data;
      for (const [j, value] of found.entries()) outputs[at]![j]! += value / job.networks;
    }
  }
  const rows = times.map((step, at): TrainRow => {
    const [onTrain, onTest] = [limits.train[at]!, limits.test[at]!];
    const spread = onTrain.variance.reduce((sum, v) => sum + v, 0) / onTrain.variance.length;
    const size = Math.sqrt(squares(onTest.mean.data, null)) || 1;
    const target = job.test.y?.data;
    const rmse = (f: ArrayLike<number>): number => Math.sqrt(squares(f, target!) / target!.length);
    return {
      step,
      loss: { finite: losses[at]!, limit: squares(onTrain.mean.data, y.data) / (2 * y.data.length) + spread / 2 },
      rmse: target === undefined ? undefined : { finite: rmse(outputs[at]!), limit: rmse(onTest.mean.data) },
      distance: Math.sqrt(squares(outputs[at]!, onTest.mean.data)) / size,
      chance: Math.sqrt((onTest.variance.reduce((sum, v) => sum + v, 0) * y.columns) / job.networks) / size,
    };
  });
  return { learningRate, rows };
}

/** Step 0 and some ten more, doubled from the last one down. */
function checkpoints(steps: number): readonly number[] {
  const found = new Set([0]);
  for (let step = steps; step >= 1 && found.size < 11; step = Math.floor(step / 2)) found.add(step);
  return [...found].sort((a, b) => a - b);
}

/** The network whose last dense layer has as many channels as there are targets, unless it says how many it has. */
function withOutputs(network: Network, outputs: number): Network {
  const node = network as Combinator;
  if (node.type === "serial" && node.layers.length > 0)
    return { ...node, layers: [...node.layers.slice(0, -1), withOutputs(node.layers.at(-1)!, outputs)] } as Network;
  return network.type === "dense" && !("width" in network) ? ({ ...network, width: outputs } as Network) : network;
}

function squares(f: ArrayLike<number>, y: ArrayLike<number> | null): number {
  let sum = 0;
  for (let i = 0; i < f.length; i++) sum += (f[i]! - (y?.[i] ?? 0)) ** 2;
  return sum;
}

function untrainable(): LemniscateError {
  return new LemniscateError({
    code: "BadNetwork",
    where: "train",
    given: "a network without weights, or inputs that are 0",
    allowed: "a network whose NTK on the training set is not 0",
    mend: "Put a dense() into it.",
  });
}
