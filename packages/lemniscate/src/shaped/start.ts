/** @module Where processes start: covariances of tokens, and the checks of them. */
import { EigenvalueDecomposition, Matrix as Entries } from "ml-matrix";
import { LemniscateError } from "../core/errors.js";
import { type Matrix, zeros } from "../linalg/matrix.js";
import { semidefiniteFactor } from "./reference.js";

/** A covariance of tokens, row by row. */
export type Covariance = readonly (readonly number[])[];

/**
 * Tokens of variance 1 that are all correlated by `rho`.
 *
 * @throws LemniscateError `OptionOutOfRange` where there are no such tokens
 */
export function correlated(rho: number, tokens: number): Covariance {
  if (!(Number.isSafeInteger(tokens) && tokens >= 1 && rho <= 1 && rho * (tokens - 1) >= -1))
    throw new LemniscateError({
      code: "OptionOutOfRange",
      where: "correlated",
      given: `rho ${rho} of ${tokens} tokens`,
      allowed: "tokens from 1, and rho from −1/(tokens − 1) to 1",
      mend: "So many tokens cannot all be correlated like that: take another rho.",
    });
  return Array.from({ length: tokens }, (_, i) => Array.from({ length: tokens }, (_, j) => (i === j ? 1 : rho)));
}

/** @throws LemniscateError `BadInput` for what is no covariance: not square, not symmetric, or not positive semi-definite */
export function checkStart(start: Covariance): number {
  const bad = (given: string, allowed: string, mend: string): LemniscateError =>
    new LemniscateError({ code: "BadInput", where: "start", given, allowed, mend });
  if (!Array.isArray(start) || !start.every(Array.isArray))
    throw bad(
      JSON.stringify(start)?.slice(0, 40) ?? "nothing",
      "a square matrix, row by row",
      "Write [[1, 0.2], [0.2, 1]] for two tokens at correlation 0.2.",
    );
  const m = start.length;
  if (m === 0 || start.some((row) => row.length !== m))
    throw bad(
      `${m} rows of ${[...new Set(start.map((row) => row.length))].join(" or ") || "nothing"}`,
      "a square matrix",
      "Write a row and a column for each token.",
    );
  for (const [i, row] of start.entries())
    for (const [j, value] of row.entries()) {
      if (!Number.isFinite(value)) throw bad(`${value} at (${i}, ${j})`, "finite numbers", "Look where it came from.");
      if (Math.abs(value - start[j]![i]!) > 1e-12 * Math.abs(value))
        throw bad(
          `${value} at (${i}, ${j}) and ${start[j]![i]} at (${j}, ${i})`,
          "a symmetric matrix",
          "A covariance is the same from either side: take the mean of the two.",
        );
    }
  const { realEigenvalues } = new EigenvalueDecomposition(new Entries(start.map((row) => [...row])), {
    assumeSymmetric: true,
  });
  const least = Math.min(...realEigenvalues);
  if (least < -1e-12 * Math.max(...realEigenvalues, 0) || !(Math.max(...realEigenvalues) > 0))
    throw bad(
      `a matrix with the eigenvalue ${least.toPrecision(3)}`,
      "a positive semi-definite matrix that is not zero",
      "No tokens have these covariances: correlations may be too negative for so many of them.",
    );
  return m;
}

/** Tokens of dimension n that have this covariance, in every one of `blocks` equal parts of their columns. */
export function tokensOf(start: Covariance, width: number, blocks: number): Matrix<Float64Array> {
  const m = start.length;
  const factor = new Float64Array(m * m);
  semidefiniteFactor(Float64Array.from(start.flat()), factor, m);
  const x = zeros(m, width);
  const columns = width / blocks;
  for (let i = 0; i < m; i++)
    for (let block = 0; block < blocks; block++)
      for (let k = 0; k < m; k++) x.data[i * width + block * columns + k] = Math.sqrt(columns) * factor[i * m + k]!;
  return x;
}
