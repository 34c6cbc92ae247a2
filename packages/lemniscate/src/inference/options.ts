import { LemniscateError } from "../core/errors.js";
import { need } from "../core/options.js";
import { checkMatrix, type Matrix, sizeOf } from "../linalg/matrix.js";

/** Throws if an object has a key that is not allowed: a mistyped option must not pass in silence. */
export function checkKeys(where: string, options: object, allowed: readonly string[]): void {
  const isObject = typeof options === "object" && options !== null;
  need(isObject, where, options, `an object with ${allowed.join(", ")}`, "See the types for those without defaults.");
  const unknown = Object.keys(options).find((key) => !allowed.includes(key));
  if (unknown !== undefined)
    throw new LemniscateError({
      code: "OptionOutOfRange",
      where,
      given: `the option ${JSON.stringify(unknown)}`,
      allowed: allowed.join(", "),
      mend: "Look for a typing error.",
    });
}

/** Throws unless `value` is one of a few words. */
export function checkWord(where: string, value: unknown, allowed: readonly string[]): void {
  if (!allowed.includes(value as string))
    throw new LemniscateError({
      code: "OptionOutOfRange",
      where,
      given: JSON.stringify(value) ?? String(value),
      allowed: allowed.map((word) => JSON.stringify(word)).join(", "),
      mend: "Use one of these words.",
    });
}

/** The matrix of that name and size; the size is checked as far as it is given. */
export function needMatrix(
  where: string,
  matrix: Matrix | undefined,
  rows: number | undefined,
  columns: number,
): Matrix {
  if (matrix === undefined)
    throw new LemniscateError({
      code: "BadInput",
      where,
      given: "nothing",
      allowed: `a matrix of ${rows ?? "n"} × ${columns}`,
      mend: "This method needs it: compute it with the same network and data.",
    });
  checkMatrix(where, matrix);
  const fits = matrix.columns === columns && (rows === undefined || matrix.rows === rows);
  if (!fits || matrix.data.length !== matrix.rows * matrix.columns)
    throw new LemniscateError({
      code: "ShapeMismatch",
      where,
      given: `a matrix of ${sizeOf(matrix)} with ${matrix.data.length} entries`,
      allowed: `${rows ?? "n"} × ${columns}`,
      mend: "Test examples run along rows and training examples along columns.",
    });
  return matrix;
}
