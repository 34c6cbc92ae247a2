import { type Batch, checkBatch, examples } from "../core/batch.js";
import { LemniscateError } from "../core/errors.js";
import { onlyKnown } from "../core/options.js";
import { child, permutation, randomKey } from "../core/random.js";
import { pausing, type RunOptions } from "../core/run.js";
import { positionCount } from "../core/shape.js";
import type { Matrix } from "../linalg/matrix.js";
import type { ArrayOperations } from "../network/arrays.js";
import type { Network } from "../network/placement.js";
import { backwards } from "./backward.js";
import { unitsOf } from "./init.js";
import { type Activations, activationsOf, checkWeights, forward } from "./network.js";
import { type Plain, plain } from "./plain.js";
import { arraysOf, mapWeights, type Weights } from "./weights.js";

export interface TrainOptions extends RunOptions {
  readonly steps: number;
  /** What gradients are multiplied by; `maxLearningRate` of the training NTK says beyond which it diverges. */
  readonly learningRate: number;
  /** `"meanSquaredError"` (default), ½ · mean of (f − y)²; `"crossEntropy"`, − mean over examples of Σ y log softmax(f). */
  readonly loss?: "meanSquaredError" | "crossEntropy" | undefined;
  /** μ of heavy-ball momentum, 0 ≤ μ < 1: a step is μ times the one before, less the gradient's share; default 0. */
  readonly momentum?: number | undefined;
  /** Examples of a step, drawn without return until all were there; default: all of them, in each step. */
  readonly batchSize?: number | undefined;
  /** Outputs before training are taken away, so that training starts at f = 0 as the mean over networks does; default false. */
  readonly centered?: boolean | undefined;
  /** Of the order of examples, and of layers that are random beyond their weights; default 0. */
  readonly seed?: number | undefined;
  /**
   * A state of an earlier run with these weights, data and options, to go on from: what follows is what would have
   * followed there, to the bit.
   */
  readonly from?: TrainState | undefined;
}

/** A network in training: plain data, from which training goes on. */
export interface TrainState {
  /** Steps that were made: 0 is before training. */
  readonly step: number;
  readonly weights: Weights<Plain>;
  /** How the weights moved in the last step; there only with momentum, and not before it. */
  readonly velocity?: Weights<Plain> | undefined;
  /** On the examples of the step to come: all, without `batchSize`. */
  readonly loss: number;
}

/**
 * Gradient descent on the weights of a finite network, step by step. With the squared loss and small steps, wide
 * networks follow `trainingDynamics` of their limit at the same learning rate, and times count steps.
 *
 * Breaking out of the loop stops the work; each state can be kept, and `from` it training goes on.
 *
 * @param weights - before training, also where it goes on
 * @param y - (n, outputs)
 * @throws LemniscateError `OptionOutOfRange`, `ShapeMismatch`; `BadInput` when the loss is no longer finite
 *
 * @example
 * ```ts
 * import { batch, dense, relu, serial } from "lemniscate";
 * import { init, train } from "lemniscate/finite";
 * const x = batch([2, 2], [1, 0, 0, 1]);
 * const y = { rows: 2, columns: 1, data: new Float64Array([1, -1]) };
 * const net = serial(dense(), relu(), dense({ width: 1 }));
 * const losses: number[] = [];
 * for await (const { loss } of train(net, init(net, x, { width: 64 }), x, y, { steps: 100, learningRate: 1 })) losses.push(loss);
 * losses[100]! < 1e-3 * losses[0]!; // => true
 * ```
 */
export async function* train(
  network: Network,
  weights: Weights<Plain>,
  x: Batch,
  y: Matrix,
  options: TrainOptions,
): AsyncIterable<TrainState> {
  checkOptions(options, x, y);
  checkWeights("train", network, options.from?.weights ?? weights);
  const { steps, learningRate, momentum = 0, loss: kind = "meanSquaredError", centered = false, seed = 0 } = options;
  const n = x.shape[0];
  const size = Math.min(n, options.batchSize ?? n);
  const start = centered ? outputsOf(network, weights, x, seed, 0).data : new Float64Array(y.data.length);
  checkOutputs(outputsOf(network, weights, examples(x, 0, 1), seed, 0), y);
  // Those that are left when the last whole batch of an epoch is done are drawn again in the next.
  const batches = Math.floor(n / size);
  const first: Omit<TrainState, "loss"> = options.from ?? { step: 0, weights };
  let { step, weights: now, velocity } = first;
  const rest = pausing(options.signal);
  let order: ArrayLike<number> = [];
  for (let epoch = -1; ; step++) {
    await rest();
    if (epoch !== Math.floor(step / batches)) {
      epoch = Math.floor(step / batches);
      const whole = Array.from({ length: n }, (_, i) => i);
      order = size === n ? whole : permutation(child(child(randomKey(seed), "order"), epoch), n);
    }
    const rows = Array.from({ length: size }, (_, i) => order[(step % batches) * size + i]!);
    const t = backwards(plain);
    const leaves = mapWeights(now, t.leaf);
    const { x: f } = forward(t, network, leaves, someOf(t, activationsOf(t, x), rows), child(unitsOf(seed), step));
    const C = y.columns;
    const of = (all: ArrayLike<number>): Float64Array =>
      Float64Array.from({ length: size * C }, (_, i) => all[rows[Math.floor(i / C)]! * C + (i % C)]!);
    const moved = of(start).map((value, i) => f.value.data[i]! - value);
    const { loss, gradient } = (kind === "crossEntropy" ? crossEntropy : squaredError)(moved, of(y.data), C);
    if (!Number.isFinite(loss)) throw diverged(step, loss, learningRate);
    options.onProgress?.(step, steps);
    yield { step, weights: now, loss, ...(velocity && { velocity }) };
    if (step >= steps) return;
    const gradients = t.pull(f, { shape: f.value.shape, data: gradient }, arraysOf(leaves));
    const before = velocity && arraysOf(velocity);
    const moves = mapWeights(now, (w, i) => {
      const pull = plain.multiply(gradients[i] ?? plain.multiply(w, 0), -learningRate);
      return before === undefined ? pull : plain.add(plain.multiply(before[i]!, momentum), pull);
    });
    const each = arraysOf(moves);
    now = mapWeights(now, (w, i) => plain.add(w, each[i]!));
    velocity = momentum === 0 ? undefined : moves;
  }
}

function outputsOf(network: Network, weights: Weights<Plain>, x: Batch, seed: number, step: number): Plain {
  return forward(plain, network, weights, activationsOf(plain, x), child(unitsOf(seed), step)).x;
}

/** A loss, and its gradient in the outputs. */
export interface Loss {
  readonly loss: number;
  readonly gradient: Float64Array;
}

function squaredError(f: Float64Array, y: Float64Array): Loss {
  const gradient = f.map((value, i) => (value - y[i]!) / f.length);
  return { loss: gradient.reduce((sum, g) => sum + 0.5 * g * g * f.length, 0), gradient };
}

/** − mean over examples of Σ y log softmax(f), and its gradient in f; both (n, C). */
export function crossEntropy(f: Float64Array, y: Float64Array, C: number): Loss {
  const n = f.length / C;
  const gradient = new Float64Array(f.length);
  let loss = 0;
  for (let i = 0; i < n; i++) {
    const [row, target] = [f.subarray(i * C, (i + 1) * C), y.subarray(i * C, (i + 1) * C)];
    const largest = row.reduce((a, b) => Math.max(a, b));
    const log = largest + Math.log(row.reduce((sum, value) => sum + Math.exp(value - largest), 0));
    const mass = target.reduce((sum, value) => sum + value);
    for (let c = 0; c < C; c++) {
      loss -= (target[c]! * (row[c]! - log)) / n;
      gradient[i * C + c] = (mass * Math.exp(row[c]! - log) - target[c]!) / n;
    }
  }
  return { loss, gradient };
}

/** Some examples' activations. */
function someOf<A>(
  t: ArrayOperations<A>,
  { x, shape, mask, graph }: Activations<A>,
  rows: readonly number[],
): Activations<A> {
  const S = positionCount(shape);
  return {
    x: t.take(x, 0, rows),
    shape,
    mask: mask && Uint8Array.from({ length: rows.length * S }, (_, i) => mask[rows[Math.floor(i / S)]! * S + (i % S)]!),
    graph: graph && t.take(graph, 0, rows),
  };
}

const known = [
  ...(["steps", "learningRate", "momentum", "loss", "batchSize", "centered", "seed", "from"] as const),
  ...(["signal", "onProgress"] as const),
];

function checkOptions(options: TrainOptions, x: Batch, y: Matrix): void {
  onlyKnown("train", options, known);
  const { steps, learningRate, momentum = 0, batchSize, loss, from } = options;
  const refuse = (name: string, given: unknown, allowed: string, mend: string): never => {
    throw new LemniscateError({
      code: "OptionOutOfRange",
      where: `train: ${name}`,
      given: String(given),
      allowed,
      mend,
    });
  };
  if (!Number.isInteger(steps) || steps < 0) refuse("steps", steps, "a whole number ≥ 0", "Say how long to train.");
  if (!Number.isFinite(learningRate) || learningRate <= 0)
    refuse(
      "learningRate",
      learningRate,
      "a number > 0",
      "maxLearningRate() of the training NTK is the largest that converges.",
    );
  if (!(momentum >= 0 && momentum < 1))
    refuse("momentum", momentum, "0 ≤ momentum < 1", "0.9 is customary; leave it out for none.");
  if (loss !== undefined && loss !== "meanSquaredError" && loss !== "crossEntropy")
    refuse("loss", JSON.stringify(loss), '"meanSquaredError" or "crossEntropy"', "Leave it out for the squared loss.");
  if (from !== undefined && !(Number.isInteger(from?.step) && from.step >= 0 && from.step <= steps))
    refuse("from", `step ${from?.step}`, `a state with a step from 0 to ${steps}`, "Take one of an earlier run.");
  if (from !== undefined && from.step > 0 && (from.velocity !== undefined) !== momentum > 0)
    refuse(
      "from",
      `a state ${from.velocity === undefined ? "without" : "with"} velocity`,
      `one of a run ${momentum > 0 ? "with" : "without"} momentum`,
      "Go on with the options that the state was made with.",
    );
  if (batchSize !== undefined && (!Number.isInteger(batchSize) || batchSize < 1))
    refuse("batchSize", batchSize, "a whole number ≥ 1", "Leave it out to take all examples in each step.");
  checkBatch(x, "train: x", Number.MAX_VALUE);
  const size = (y?.rows ?? 0) * (y?.columns ?? 0);
  if (size === 0 || y.data?.length !== size)
    throw new LemniscateError({
      code: "BadInput",
      where: "train: y",
      given: y?.data === undefined ? "no matrix" : `${y.data.length} numbers for ${y.rows} × ${y.columns}`,
      allowed: "{ rows, columns, data }, with one row for each example",
      mend: "As in { rows: 2, columns: 1, data: new Float64Array([1, -1]) }.",
    });
  const odd = y.data.findIndex((value) => !Number.isFinite(value));
  if (odd >= 0)
    throw new LemniscateError({
      code: "BadInput",
      where: "train: y",
      given: `${y.data[odd]} at (${Math.floor(odd / y.columns)}, ${odd % y.columns})`,
      allowed: "finite numbers",
      mend: "Leave such examples out.",
    });
  if (loss === "crossEntropy" && (y.columns < 2 || y.data.some((value) => value < 0)))
    throw new LemniscateError({
      code: "BadInput",
      where: 'train: y with loss "crossEntropy"',
      given: y.columns < 2 ? "one column" : "negative targets",
      allowed: "a column for each of two classes or more, with shares from 0 in each row",
      mend: "Make them by oneHot() of the labels.",
    });
  if (y.rows !== x.shape[0] || x.shape[0] === 0)
    throw new LemniscateError({
      code: "ShapeMismatch",
      where: "train: y",
      given: `${y.rows} rows of targets for ${x.shape[0]} examples`,
      allowed: "one row for each of one example or more",
      mend: "Give the targets of the training examples.",
    });
}

function checkOutputs({ data }: Plain, y: Matrix): void {
  if (data.length === y.columns) return;
  throw new LemniscateError({
    code: "ShapeMismatch",
    where: "train: y",
    given: `${y.columns} targets for ${data.length} outputs`,
    allowed: "as many targets as the network has outputs",
    mend: `End the network with dense({ width: ${y.columns} }).`,
  });
}

function diverged(step: number, loss: number, learningRate: number): LemniscateError {
  return new LemniscateError({
    code: "BadInput",
    where: `train: step ${step}`,
    given: `a loss of ${loss}`,
    allowed: "a finite loss",
    mend: `Lower the learning rate, now ${learningRate}: maxLearningRate() of the training NTK is the largest that converges.`,
  });
}
