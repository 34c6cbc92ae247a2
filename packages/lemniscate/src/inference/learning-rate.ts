import { LemniscateError } from "../core/errors.js";
import { largestEigenvalue } from "../linalg/largest-eigenvalue.js";
import type { Matrix } from "../linalg/matrix.js";
import { checkKeys } from "./options.js";

/** Options of {@link maxLearningRate}. */
export interface MaxLearningRateOptions {
  /** Outputs of the network, which share the kernel; default 1. */
  readonly outputs?: number;
  /** Momentum μ of gradient descent, 0 ≤ μ < 1; default 0. */
  readonly momentum?: number;
}

/**
 * The learning rate at which gradient descent on the loss ½·mean (f − y)² stops converging:
 *
 *   2 (1 + μ) · n · outputs / λ_max,   λ_max the largest eigenvalue of the NTK of the training set
 *
 * Steps that large are no longer a flow: {@link gradientFlow} describes rates well below it.
 *
 * @param ntk - (n, n)
 * @returns Infinity if the kernel is 0
 * @throws LemniscateError `ShapeMismatch`, `BadInput`, `OptionOutOfRange`
 * @source Lee et al. 2019, arXiv:1902.06720, §2.1; for momentum the stability of a quadratic, Goh 2017
 *
 * @example
 * ```ts
 * import { maxLearningRate } from "lemniscate";
 * maxLearningRate({ rows: 2, columns: 2, data: new Float64Array([2, 0, 0, 1]) }); // ≈ 2
 * maxLearningRate({ rows: 2, columns: 2, data: new Float64Array([2, 0, 0, 1]) }, { momentum: 0.9 }); // ≈ 3.8
 * ```
 */
export function maxLearningRate(ntk: Matrix, options: MaxLearningRateOptions = {}): number {
  checkKeys("maxLearningRate", options, ["outputs", "momentum"]);
  const { outputs = 1, momentum = 0 } = options;
  if (!(Number.isInteger(outputs) && outputs > 0))
    throw outOfRange("outputs", outputs, "a whole number > 0", "It is the number of columns of the targets.");
  checkMomentum("maxLearningRate", momentum);
  const largest = largestEigenvalue(ntk, "maxLearningRate");
  return largest > 0 ? (2 * (1 + momentum) * ntk.rows * outputs) / largest : Number.POSITIVE_INFINITY;
}

export function checkMomentum(where: string, momentum: number): void {
  if (momentum >= 0 && momentum < 1) return;
  throw outOfRange("momentum", momentum, "0 ≤ momentum < 1", "0.9 is customary.", where);
}

function outOfRange(option: string, given: unknown, allowed: string, mend: string, where = "maxLearningRate") {
  return new LemniscateError({
    code: "OptionOutOfRange",
    where: `${where}: ${option}`,
    given: String(given),
    allowed,
    mend,
  });
}
