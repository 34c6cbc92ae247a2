import { LemniscateError } from "../core/errors.js";
import { need } from "../core/options.js";
import { checkMatrix, type Matrix, zeros } from "../linalg/matrix.js";
import { logProbabilityOfLargest } from "./largest.js";

/** Classes as integers from 0, or as the rows of a one-hot matrix. */
export type Labels = ArrayLike<number> | Matrix;

/**
 * One row per label, with a 1 in the column of its class and 0 elsewhere: (n, classes).
 *
 * @throws LemniscateError `BadInput` for labels that are no class
 *
 * @example
 * ```ts
 * import { oneHot } from "lemniscate";
 * oneHot([1, 0], 2).data; // => new Float64Array([0, 1, 1, 0])
 * ```
 */
export function oneHot(labels: ArrayLike<number>, classes?: number): Matrix<Float64Array> {
  const columns = classCount("oneHot", labels, classes);
  checkLabels("oneHot", labels, labels.length, columns);
  const rows = zeros(labels.length, columns);
  for (let i = 0; i < labels.length; i++) rows.data[i * columns + (labels[i] as number)] = 1;
  return rows;
}

/**
 * The column with the largest score in every row, the first one of equals.
 *
 * @throws LemniscateError `ShapeMismatch` if there is only one column
 */
export function predictedClasses(scores: Matrix): Int32Array {
  checkMatrix("predictedClasses", scores);
  const { rows, columns, data } = scores;
  if (columns < 2)
    throw new LemniscateError({
      code: "ShapeMismatch",
      where: "predictedClasses",
      given: `scores with ${columns} column`,
      allowed: "one column per class, at least 2",
      mend: "Two classes with targets ±1 in one column: compare the sign of the mean.",
    });
  return Int32Array.from({ length: rows }, (_, i) => {
    let best = 0;
    for (let c = 1; c < columns; c++)
      if ((data[i * columns + c] as number) > (data[i * columns + best] as number)) best = c;
    return best;
  });
}

/**
 * Share of examples whose predicted class is the true one. Either side may be a list of classes, or a matrix
 * (n, classes) whose largest entry in a row marks the class.
 *
 * @throws LemniscateError `ShapeMismatch` if the numbers of examples differ or there are none
 *
 * @example
 * ```ts
 * import { accuracy } from "lemniscate";
 * accuracy([0, 1, 1], [0, 1, 0]); // ≈ 2 / 3
 * accuracy({ rows: 1, columns: 3, data: new Float64Array([0.2, 0.5, 0.3]) }, [1]); // => 1
 * ```
 */
export function accuracy(predicted: Labels, truth: Labels): number {
  const [found, wanted] = [toClasses(predicted), toClasses(truth)];
  if (found.length !== wanted.length || found.length === 0)
    throw countMismatch("accuracy", `${found.length} predictions`, wanted.length);
  let right = 0;
  for (let i = 0; i < found.length; i++) if (found[i] === wanted[i]) right++;
  return right / found.length;
}

/**
 * Mean over examples of the log probability of the true class, in nats; 0 is perfect, −log(classes) is guessing.
 * Probabilities are those of `classification`, accurate however small. It is −∞ if a variance is 0 and the class wrong.
 *
 * @param found - a classification, or scores and variances like those in it
 * @throws LemniscateError `ShapeMismatch`, `BadInput` for labels that are no class
 *
 * @example
 * ```ts
 * import { logLikelihood } from "lemniscate";
 * const scores = { rows: 1, columns: 2, data: new Float64Array([0.75, 0.25]) };
 * logLikelihood({ scores, variance: new Float64Array([0.125]) }, [0]); // ≈ Math.log(0.841344746)
 * ```
 */
export function logLikelihood(
  found: { readonly scores: Matrix; readonly variance: ArrayLike<number> },
  labels: Labels,
): number {
  checkMatrix("logLikelihood: scores", found?.scores);
  const { scores, variance } = found;
  const isList = typeof variance?.length === "number";
  need(isList, "logLikelihood: variance", variance, "a number for each example", "Predict with uncertainty.");
  const truth = toClasses(labels);
  checkLabels("logLikelihood", truth, scores.rows, scores.columns);
  if (variance.length !== scores.rows || scores.rows === 0)
    throw countMismatch("logLikelihood", `${variance.length} variances`, scores.rows);
  let sum = 0;
  for (let i = 0; i < scores.rows; i++) sum += logProbabilityOfLargest(scores, variance, i, truth[i] as number);
  return sum / scores.rows;
}

/** The number of classes: as asked for, or one more than the largest label. */
export function classCount(where: string, labels: ArrayLike<number>, asked?: number): number {
  if (typeof labels?.length !== "number" || typeof labels === "string")
    throw new LemniscateError({
      code: "BadInput",
      where: `${where}: labels`,
      given: JSON.stringify(labels) ?? "nothing",
      allowed: "a list of integers from 0",
      mend: "Number the classes from 0, and give the number of each example's class.",
    });
  let count = 2;
  for (let i = 0; i < labels.length; i++) count = Math.max(count, Math.floor(labels[i] as number) + 1);
  if (asked === undefined) return Number.isFinite(count) ? count : 2;
  if (Number.isInteger(asked) && asked >= 2) return asked;
  throw new LemniscateError({
    code: "OptionOutOfRange",
    where: `${where}: classes`,
    given: `${asked}`,
    allowed: "an integer ≥ 2",
    mend: "Leave it out to count the labels.",
  });
}

/** Throws unless there are n labels, all integers from 0 and below `classes`. */
export function checkLabels(where: string, labels: ArrayLike<number>, n: number, classes: number): void {
  if (labels.length !== n) throw countMismatch(where, `${labels.length} labels`, n);
  for (let i = 0; i < n; i++) {
    const label = labels[i] as number;
    if (Number.isInteger(label) && label >= 0 && label < classes) continue;
    throw new LemniscateError({
      code: "BadInput",
      where: `${where}: labels`,
      given: `${label} at ${i}`,
      allowed: `integers from 0 to ${classes - 1}`,
      mend: "Number the classes from 0, and give their number if some do not occur.",
    });
  }
}

function toClasses(labels: Labels): ArrayLike<number> {
  const isList = typeof labels === "object" && labels !== null;
  const mend = "Number the classes from 0, or give a score for each class.";
  need(isList, "labels", labels, "a list of classes, or a matrix with a column for each", mend);
  return "rows" in labels ? predictedClasses(labels) : labels;
}

function countMismatch(where: string, given: string, n: number): LemniscateError {
  return new LemniscateError({
    code: "ShapeMismatch",
    where,
    given,
    allowed: `one for each of ${n} examples, at least one`,
    mend: "Compare predictions with the labels of the same examples.",
  });
}
