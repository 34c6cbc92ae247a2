import { LemniscateError } from "../core/errors.js";
import { type Matrix, toDouble, zeros } from "../linalg/matrix.js";
import { multiply } from "../linalg/product.js";
import { checkSymmetric } from "../linalg/symmetric.js";
import { checkLearningRate } from "./gradient-flow.js";
import { checkMomentum } from "./learning-rate.js";
import { checkKeys, checkWord, needMatrix } from "./options.js";
import { integrate } from "./runge-kutta.js";
import { type Targets, toTargets } from "./targets.js";

/** The derivative of a loss by every output, (n, outputs) row by row, given outputs and targets of that size. */
export type LossGradient = (outputs: Matrix<Float64Array>, y: Matrix) => ArrayLike<number>;

/**
 * | value | loss |
 * | --- | --- |
 * | `"meanSquaredError"` | ½ · mean of (f − y)² over examples and outputs |
 * | `"crossEntropy"` | − mean over examples of Σ_c y_c log softmax(f)_c |
 * | a function | whatever its gradient says |
 */
export type Loss = "meanSquaredError" | "crossEntropy" | LossGradient;

/** Training kernel, targets and options of {@link gradientDescent}. */
export interface GradientDescentInput {
  /** (n, n): the NTK of the training set. */
  readonly ntk: Matrix;
  readonly y: Targets;
  readonly loss: Loss;
  /** Default 1. */
  readonly learningRate?: number;
  /** μ of heavy-ball momentum, 0 ≤ μ < 1; default 0, without. */
  readonly momentum?: number;
  /** Training outputs before training, (n, outputs) or one number; default 0. */
  readonly initial?: number | Matrix;
  /** Error of a step relative to the largest weight; default 1e-9. */
  readonly tolerance?: number;
}

/** A training run at some time: plain data, from which it goes on. */
export interface DescentState {
  readonly time: number;
  /** α with f = f_0 + K α: (n, outputs). */
  readonly weights: Matrix<Float64Array>;
  /** dα/dt; there only with momentum. */
  readonly velocity?: Matrix<Float64Array>;
  /** Step of the solver to begin with. */
  readonly step?: number;
}

/** A training run. */
export interface GradientDescent {
  /** The state at a later time, from a state; without one from the start, at rest. */
  advance(time: number, from?: DescentState): DescentState;
  /** Outputs on the training set: (n, outputs). */
  train(state: DescentState): Matrix<Float64Array>;
  /**
   * Outputs at test examples, whose outputs before training are `initial`, default that of the training set if it is one
   * number: (m, outputs).
   */
  predict(state: DescentState, testTrain: Matrix, initial?: number | Matrix): Matrix<Float64Array>;
}

/**
 * An infinitely wide network under gradient descent on any loss, in the limit of small steps. Its outputs are
 * f_0 + K α with the NTK K, on test examples f*_0 + k* α, where
 *
 *   dα/dt = −η ∇L(f),   with momentum   d²α/dt² = −(1 − μ) dα/dt − η ∇L(f)
 *
 * and times count steps. Kernels of test examples are not needed until predictions are asked for. The squared loss
 * without momentum has a closed form, {@link gradientFlow}.
 *
 * The equation is solved by an explicit Runge–Kutta method of fifth order with error control, so that the number of steps
 * grows with time · learningRate/maxLearningRate, as that of gradient descent would.
 *
 * @throws LemniscateError `ShapeMismatch`, `BadInput`, `OptionOutOfRange`
 * @source Lee et al. 2019, arXiv:1902.06720, §2.2; momentum as in their §2.4; solver: see `runge-kutta.ts`
 * @accuracy public outputs of Neural Tangents to 1e-6; the closed form to 1e-8
 *
 * @example
 * ```ts
 * import { gradientDescent } from "lemniscate";
 *
 * const ntk = { rows: 2, columns: 2, data: new Float64Array([2, 0, 0, 1]) };
 * const run = gradientDescent({ ntk, y: [1, -1], loss: "meanSquaredError" });
 * const early = run.advance(1);
 * run.train(early).data[0]; // ≈ 1 - Math.exp(-1)
 * run.train(run.advance(4, early)).data[0]; // ≈ 1 - Math.exp(-4)
 * ```
 */
export function gradientDescent(input: GradientDescentInput): GradientDescent {
  const where = "gradientDescent";
  checkKeys(where, input, ["ntk", "y", "loss", "learningRate", "momentum", "initial", "tolerance"]);
  const { loss, learningRate = 1, momentum, initial = 0, tolerance = 1e-9 } = input;
  if (typeof loss !== "function") checkWord(`${where}: loss`, loss, Object.keys(losses));
  checkLearningRate(where, learningRate);
  if (momentum !== undefined) checkMomentum(where, momentum);
  if (!(tolerance > 0 && tolerance < 1))
    throw outOfRange(`${where}: tolerance`, tolerance, "0 < tolerance < 1", "The default is 1e-9.");
  const y = toTargets(where, input.y);
  const ntk = needMatrix(`${where}: ntk`, input.ntk, y.rows, y.rows);
  checkSymmetric(where, ntk);
  const start = outputsOf(`${where}: initial`, initial, y.rows, y.columns);
  const gradient = typeof loss === "function" ? loss : losses[loss];
  const size = y.data.length;

  const outputs = (weights: Matrix, kernel: Matrix, before: Matrix): Matrix<Float64Array> => {
    const moved = multiply(kernel, weights);
    for (let i = 0; i < moved.data.length; i++) moved.data[i] = (moved.data[i] as number) + (before.data[i] as number);
    return moved;
  };
  const pull = (weights: Float64Array): ArrayLike<number> => {
    const found = gradient(outputs({ rows: y.rows, columns: y.columns, data: weights }, ntk, start), y);
    if (found.length === size) return found;
    const allowed = `${size}, one for each output of each example`;
    throw outOfRange(`${where}: loss`, `a gradient of ${found.length} numbers`, allowed, "Order them as the targets.");
  };
  const slope = (at: Float64Array, into: Float64Array): void => {
    const force = pull(at.subarray(0, size));
    if (momentum === undefined) for (let i = 0; i < size; i++) into[i] = -learningRate * (force[i] as number);
    else
      for (let i = 0; i < size; i++) {
        const velocity = at[size + i] as number;
        into[i] = velocity;
        into[size + i] = (momentum - 1) * velocity - learningRate * (force[i] as number);
      }
  };

  return {
    advance: (time, from = { time: 0, weights: zeros(y.rows, y.columns) }) => {
      checkState(where, from, y, momentum !== undefined);
      if (!(time >= from.time && time < Number.POSITIVE_INFINITY))
        throw outOfRange(
          `${where}: time`,
          time,
          `a finite time ≥ ${from.time}`,
          "Training goes forward; whether it ends is up to the loss. gradientFlow() knows the end for the squared loss.",
        );
      const state = new Float64Array(momentum === undefined ? size : 2 * size);
      state.set(from.weights.data);
      if (from.velocity !== undefined) state.set(from.velocity.data, size);
      const tolerances = { relative: tolerance, absolute: 1e-6 * tolerance };
      const step = integrate(where, slope, state, time - from.time, tolerances, from.step);
      const part = (offset: number): Matrix<Float64Array> => ({
        rows: y.rows,
        columns: y.columns,
        data: state.slice(offset, offset + size),
      });
      return { time, weights: part(0), step, ...(momentum !== undefined && { velocity: part(size) }) };
    },
    train: (state) => outputs(needState(where, state, y), ntk, start),
    predict: (state, testTrain, before = initial) => {
      const weights = needState(where, state, y);
      const cross = needMatrix(`${where}: testTrain`, testTrain, undefined, y.rows);
      return outputs(weights, cross, outputsOf(`${where}: initial of test examples`, before, cross.rows, y.columns));
    },
  };
}

/** The weights of a state, checked. */
function needState(where: string, state: DescentState, y: Matrix): Matrix {
  return needMatrix(`${where}: state.weights`, state?.weights, y.rows, y.columns);
}

const losses: { readonly [Name in Exclude<Loss, LossGradient>]: LossGradient } = {
  meanSquaredError: (f, y) => f.data.map((x, i) => (x - (y.data[i] as number)) / f.data.length),

  crossEntropy: (f, y) => {
    const { rows, columns } = f;
    const gradient = new Float64Array(rows * columns);
    for (let i = 0; i < rows; i++) {
      const row = f.data.subarray(i * columns, (i + 1) * columns);
      const wanted = y.data.subarray(i * columns, (i + 1) * columns);
      const top = row.reduce((most: number, x: number) => Math.max(most, x), Number.NEGATIVE_INFINITY);
      const powers = row.map((x) => Math.exp(x - top));
      const [sum, mass] = [total(powers), total(wanted)];
      for (let c = 0; c < columns; c++)
        gradient[i * columns + c] = ((mass * (powers[c] as number)) / sum - (wanted[c] as number)) / rows;
    }
    return gradient;
  },
};

function total(numbers: Float32Array | Float64Array): number {
  let sum = 0;
  for (const x of numbers) sum += x;
  return sum;
}

function outputsOf(where: string, given: number | Matrix, rows: number, columns: number): Matrix<Float64Array> {
  if (typeof given !== "number") return toDouble(needMatrix(where, given, rows, columns));
  const matrix = zeros(rows, columns);
  matrix.data.fill(given);
  return matrix;
}

function checkState(where: string, state: DescentState, y: Matrix, moving: boolean): void {
  needMatrix(`${where}: weights of the state`, state.weights, y.rows, y.columns);
  if (state.velocity !== undefined) needMatrix(`${where}: velocity of the state`, state.velocity, y.rows, y.columns);
  if (state.time === 0 || (state.velocity !== undefined) === moving) return;
  throw new LemniscateError({
    code: "BadInput",
    where: `${where}: state`,
    given: moving ? "a state without velocity" : "a state with velocity",
    allowed: moving ? "one of a run with momentum" : "one of a run without momentum",
    mend: "Go on with the options that the state was made with.",
  });
}

function outOfRange(where: string, given: unknown, allowed: string, mend: string): LemniscateError {
  return new LemniscateError({ code: "OptionOutOfRange", where, given: String(given), allowed, mend });
}
