/** @module Finite networks in training beside their limit at the same times. */
import type { Batch } from "../../core/batch.js";
import { LemniscateError } from "../../core/errors.js";
import type { RunOptions } from "../../core/run.js";
import type { Engine } from "../../engines/engine.js";
import { apply, type InitOptions, init } from "../../finite/init.js";
import { type TrainOptions, train } from "../../finite/train.js";
import { trainingDynamics } from "../../inference/dynamics.js";
import { type DescentState, gradientDescent } from "../../inference/gradient-descent.js";
import { accuracy, predictedClasses } from "../../inference/labels.js";
import { maxLearningRate } from "../../inference/learning-rate.js";
import { type Matrix, zeros } from "../../linalg/matrix.js";
import type { Combinator } from "../../network/combinators.js";
import type { Network } from "../../network/placement.js";
import { kernel } from "../../tiles/kernel.js";

export interface TrainJob extends Pick<TrainOptions, "steps" | "momentum" | "batchSize"> {
  readonly network: Network;
  /** One row of targets for each example; of classes the one-hot one. */
  readonly train: { readonly x: Batch; readonly y: Matrix };
  /** Targets, if they are known, are in the unit of the training targets; of classes there are labels. */
  readonly test: { readonly x: Batch; readonly y: Matrix | undefined; readonly labels: readonly number[] | undefined };
  readonly sizes: InitOptions;
  readonly loss: NonNullable<TrainOptions["loss"]>;
  /** Default: a quarter of the largest that converges, with momentum μ times 1 − μ. */
  readonly learningRate: number | undefined;
}

/** Finite networks and their limit after some steps. */
export interface TrainRow {
  readonly step: number;
  /** On the training set: the mean over networks, and what the limit expects it to be. */
  readonly loss: Both;
  /** Of the mean of the networks' outputs on the test set. */
  readonly rmse?: Both | undefined;
  /** The same, for classes: how many are right. */
  readonly accuracy?: Both | undefined;
  /** ‖mean of the networks − mean of the limit‖ over the norm of the latter, on the test set. */
  readonly distance: number;
  /** What the distance would be by chance, if the networks were of infinite width. */
  readonly chance: number;
}

interface Both {
  readonly finite: number;
  readonly limit: number;
}

/** The limit at some steps, and how networks are to be trained so that it is theirs. */
export interface TrainPlan {
  readonly network: Network;
  readonly learningRate: number;
  /** Whether networks start at 0, as the limit then does: their outputs before training are taken away. */
  readonly centered: boolean;
  readonly times: readonly number[];
  readonly limits: readonly LimitAt[];
}

interface LimitAt {
  readonly loss: number;
  /** On the test set, with the variance over networks of each example's outputs. */
  readonly mean: Matrix;
  readonly variance: Float64Array;
}

/** A trained network: its loss and its outputs on the test set at all times of the plan. */
export interface Trained {
  readonly losses: readonly number[];
  readonly outputs: readonly (readonly number[])[];
}

/** What the limit does, by its closed form where there is one, else from f = 0 by its equation. */
export async function planTraining(job: TrainJob, engine: Engine, { signal }: RunOptions): Promise<TrainPlan> {
  const { x, y } = job.train;
  const network = withOutputs(job.network, y.columns);
  const times = checkpoints(job.steps);
  const k = kernel(network as never);
  const ntk = await k(x, null, { get: "ntk", engine, signal });
  const { momentum, loss } = job;
  // The curvature of cross-entropy is ½ at most, and its mean is one over examples alone. Momentum adds up many steps.
  const largest = loss === "crossEntropy" ? 2 * maxLearningRate(ntk) : maxLearningRate(ntk, { outputs: y.columns });
  const learningRate = job.learningRate ?? (largest / 4) * (1 - (momentum ?? 0));
  if (!(learningRate < Number.POSITIVE_INFINITY)) throw untrainable();
  const centered = momentum !== undefined || loss === "crossEntropy";
  if (centered) {
    const cross = await k(job.test.x, x, { get: "ntk", engine, signal });
    const run = gradientDescent({ ntk, y, loss, learningRate, ...(momentum !== undefined && { momentum }) });
    let state: DescentState | undefined;
    const limits = times.map((time): LimitAt => {
      state = run.advance(time, state);
      const variance = new Float64Array(job.test.x.shape[0]);
      return { loss: lossOf(run.train(state), y, loss), mean: run.predict(state, cross), variance };
    });
    return { network, learningRate, centered, times, limits };
  }
  const flow = await trainingDynamics(k, x, y, { learningRate, engine, signal });
  const onTrain = flow.train({ times, uncertainty: "variance" });
  const onTest = await flow.predict(job.test.x, { times, uncertainty: "variance", engine, signal });
  const limits = times.map((_, at): LimitAt => {
    const { mean, variance } = onTrain[at]!;
    const spread = variance.reduce((sum, v) => sum + v, 0) / variance.length;
    return { loss: lossOf(mean, y, loss) + spread / 2, mean: onTest[at]!.mean, variance: onTest[at]!.variance };
  });
  return { network, learningRate, centered, times, limits };
}

/** Trains the network of a seed. */
export async function trainOne(job: TrainJob, plan: TrainPlan, seed: number, run: RunOptions): Promise<Trained> {
  const { x, y } = job.train;
  const { network, learningRate, centered, times } = plan;
  const weights = init(network, x, { ...job.sizes, seed });
  const { steps, batchSize, momentum, loss } = job;
  const outputs = (of: typeof weights, at: Batch): Float64Array => {
    const { data } = apply(network, of, at);
    if (!centered) return data;
    const before = apply(network, weights, at).data;
    return data.map((value, i) => value - before[i]!);
  };
  const losses: number[] = [];
  const found: number[][] = [];
  const options = { steps, learningRate, batchSize, momentum, loss, centered, seed, ...run };
  for await (const state of train(network, weights, x, y, options)) {
    if (!times.includes(state.step)) continue;
    const data = outputs(state.weights, x) as Float64Array<ArrayBuffer>;
    losses.push(lossOf({ rows: y.rows, columns: y.columns, data }, y, loss));
    found.push([...outputs(state.weights, job.test.x)]);
  }
  return { losses, outputs: found };
}

/** Networks that were trained beside their limit. */
export function compared(job: TrainJob, { times, limits }: TrainPlan, networks: readonly Trained[]): TrainRow[] {
  const { y, labels } = job.test;
  const mean = (of: (one: Trained) => number): number =>
    networks.reduce((sum, one) => sum + of(one), 0) / networks.length;
  return times.map((step, at): TrainRow => {
    const limit = limits[at]!;
    const { rows, columns } = limit.mean;
    const finite = zeros(rows, columns);
    for (const i of finite.data.keys()) finite.data[i] = mean(({ outputs }) => outputs[at]![i]!);
    const size = Math.sqrt(squares(limit.mean.data, null)) || 1;
    const both = (of: (f: Matrix) => number): Both => ({ finite: of(finite), limit: of(limit.mean) });
    return {
      step,
      loss: { finite: mean(({ losses }) => losses[at]!), limit: limit.loss },
      rmse: y && both((f) => Math.sqrt(squares(f.data, y.data) / y.data.length)),
      accuracy: labels && both((f) => accuracy(predictedClasses(f), labels)),
      distance: Math.sqrt(squares(finite.data, limit.mean.data)) / size,
      chance: Math.sqrt((limit.variance.reduce((sum, v) => sum + v, 0) * columns) / networks.length) / size,
    };
  });
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

/** ½ · mean of (f − y)², or − mean over examples of Σ y log softmax(f). */
function lossOf(f: Matrix, y: Matrix, loss: TrainJob["loss"]): number {
  if (loss === "meanSquaredError") return squares(f.data, y.data) / (2 * y.data.length);
  const { rows, columns } = f;
  let sum = 0;
  for (let i = 0; i < rows; i++) {
    const row = f.data.subarray(i * columns, (i + 1) * columns);
    const top = Math.max(...row);
    const log = top + Math.log([...row].reduce((all, value) => all + Math.exp(value - top), 0));
    for (let c = 0; c < columns; c++) sum -= y.data[i * columns + c]! * (row[c]! - log);
  }
  return sum / rows;
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
