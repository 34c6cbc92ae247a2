import { LemniscateError } from "../core/errors.js";
import { need } from "../core/options.js";
import type { Matrix } from "../linalg/matrix.js";

/** Targets of a regression: (n, outputs), or the n numbers of one output. */
export type Targets = Matrix | Float64Array | Float32Array | readonly number[];

/** Mean of every output before data: one number for all, or the mean of the training targets, output by output. */
export type PriorMean = number | "train";

/** Targets as a matrix of finite numbers. */
export function toTargets(where: string, y: Targets): Matrix {
  if (typeof y !== "object" || y === null)
    throw new LemniscateError({
      code: "BadInput",
      where: `${where}: y`,
      given: String(y),
      allowed: "a list of numbers, or a matrix { rows, columns, data }",
      mend: "Give one row of targets for every training example.",
    });
  const matrix: Matrix = "rows" in y ? y : { rows: y.length, columns: 1, data: Float64Array.from(y) };
  const { rows, columns, data } = matrix;
  need(typeof data?.length === "number", `${where}: y`, y, "a matrix { rows, columns, data }", "Give its numbers.");
  if (rows < 1 || columns < 1 || data.length !== rows * columns)
    throw new LemniscateError({
      code: "ShapeMismatch",
      where: `${where}: y`,
      given: `${data.length} numbers for ${rows} × ${columns}`,
      allowed: "(n, outputs) with n · outputs numbers, at least one",
      mend: "Give one row of targets for every training example.",
    });
  const bad = data.findIndex((value) => !Number.isFinite(value));
  if (bad >= 0)
    throw new LemniscateError({
      code: "BadInput",
      where: `${where}: y`,
      given: `${data[bad]} at [${Math.floor(bad / columns)}, ${bad % columns}]`,
      allowed: "finite numbers",
      mend: "Remove examples whose target is missing.",
    });
  return matrix;
}

export function checkPriorMean(where: string, priorMean: unknown): void {
  if (priorMean === "train" || (typeof priorMean === "number" && Number.isFinite(priorMean))) return;
  throw new LemniscateError({
    code: "OptionOutOfRange",
    where: `${where}: priorMean`,
    given: JSON.stringify(priorMean) ?? String(priorMean),
    allowed: 'a finite number, "train"',
    mend: "Zero is the mean of a network's outputs before training.",
  });
}

/** Targets minus their prior mean, and that mean for every output. */
export function center(y: Matrix, priorMean: PriorMean): { residuals: Matrix<Float64Array>; mean: Float64Array } {
  const { rows, columns } = y;
  const mean = new Float64Array(columns);
  if (priorMean === "train")
    y.data.forEach((value, i) => {
      mean[i % columns] = (mean[i % columns] as number) + value / rows;
    });
  else mean.fill(priorMean);
  const data = Float64Array.from(y.data, (value, i) => value - (mean[i % columns] as number));
  return { residuals: { rows, columns, data }, mean };
}
