import { isLemniscateError, LemniscateError } from "../core/errors.js";
import { type Matrix, meanDiagonal, pick } from "../linalg/matrix.js";
import { multiply } from "../linalg/product.js";
import { fit } from "./fit.js";
import { checkKeys, checkWord } from "./options.js";
import { split } from "./split.js";
import { center, type PriorMean } from "./targets.js";

/**
 * The variance that is added to the diagonal of the training kernel.
 *
 * | value | meaning |
 * | --- | --- |
 * | `0.1` | absolute: 0.1, in the unit of the kernel |
 * | `{ relative: 0.1 }` | 0.1 times the mean diagonal of the training kernel: `diag_reg` of Neural Tangents |
 * | `{ choose: "marginalLikelihood" }` | the best of a grid, see {@link NoiseChoice} |
 */
export type Noise = number | { readonly relative: number } | NoiseChoice;

/** A search for the noise. Every candidate costs one Cholesky factorisation. */
export interface NoiseChoice {
  /**
   * `"marginalLikelihood"`: largest log p(y), summed over outputs. With `get: "ntk"` this is the evidence of the
   * Gaussian process with the NTK as covariance, because the trained ensemble itself has none.
   * It believes in the scale of the kernel: where the weights of the readout are far too small for the targets, it
   * explains them as noise.
   * `"heldOut"`: least mean squared error on a part of the training set that the fit did not see.
   */
  readonly choose: "marginalLikelihood" | "heldOut";
  /** Candidates relative to the mean diagonal. Default 1e-6, 1e-5, …, 10. */
  readonly grid?: readonly number[];
  /** Part of the examples that is held out, by default 0.2. */
  readonly fraction?: number;
  /** Seed of the split, by default 0. The same seed gives the same split everywhere. */
  readonly seed?: number;
}

/** One candidate of a search, as it did. */
export interface NoiseScore {
  /** Relative to the mean diagonal of the whole training kernel. */
  readonly relative: number;
  /** The same in the unit of the kernel. */
  readonly noise: number;
  /** Larger is better: log evidence, or minus the mean squared error; −∞ if the kernel could not be factored. */
  readonly score: number;
  /** Relative jitter that had to be added; a candidate with jitter is not quite what it says. */
  readonly jitter: number;
}

/** The search for the noise, all of it. */
export interface NoiseReport {
  readonly choose: "marginalLikelihood" | "heldOut";
  readonly best: NoiseScore;
  /** Whether the best is the first or the last of the grid: then a wider grid may hold a better one. */
  readonly atEdge: boolean;
  /** In the order of the grid. */
  readonly scores: readonly NoiseScore[];
}

/** Candidates unless others are given. */
export const defaultNoiseGrid: readonly number[] = [1e-6, 1e-5, 1e-4, 1e-3, 1e-2, 1e-1, 1, 10];

/** Refuses a noise that makes no sense before anything expensive is computed. */
export function checkNoise(where: string, noise: Noise | undefined): void {
  const refuse = (option: string, given: unknown, allowed: string, mend: string) =>
    new LemniscateError({ code: "OptionOutOfRange", where: `${where}: ${option}`, given: show(given), allowed, mend });
  const isVariance = (value: unknown) => typeof value === "number" && value >= 0 && value < Number.POSITIVE_INFINITY;
  if (isVariance(noise)) return;
  if (typeof noise !== "object" || noise === null || !("relative" in noise || "choose" in noise))
    throw refuse(
      "noise",
      noise,
      'a number ≥ 0, { relative: number ≥ 0 }, { choose: "marginalLikelihood" | "heldOut" }',
      "It is a variance; 0 interpolates the training targets.",
    );
  if ("relative" in noise) {
    checkKeys(`${where}: noise`, noise, ["relative"]);
    if (!isVariance(noise.relative))
      throw refuse("noise.relative", noise.relative, "a number ≥ 0", "It is multiplied by the mean diagonal.");
    return;
  }
  checkKeys(`${where}: noise`, noise, ["choose", "grid", "fraction", "seed"]);
  checkWord(`${where}: noise.choose`, noise.choose, ["marginalLikelihood", "heldOut"]);
  const { grid = defaultNoiseGrid, fraction = 0.2, seed = 0 } = noise;
  if (!Array.isArray(grid) || grid.length === 0 || !grid.every(isVariance))
    throw refuse("noise.grid", grid, "a list of numbers ≥ 0", "They are relative to the mean diagonal.");
  if (!(fraction > 0 && fraction < 1))
    throw refuse("noise.fraction", fraction, "a number between 0 and 1", "It is the part that is held out.");
  if (!Number.isInteger(seed)) throw refuse("noise.seed", seed, "an integer", "Equal seeds give equal splits.");
}

/** The noise in the unit of the kernel, with the search that found it if there was one. */
export function resolveNoise(
  where: string,
  prior: Matrix,
  y: Matrix,
  options: { readonly noise: Noise; readonly priorMean: PriorMean; readonly jitter: readonly number[] | undefined },
): { noise: number; report?: NoiseReport } {
  const { noise } = options;
  if (typeof noise === "number") return { noise };
  const unit = meanDiagonal(prior);
  if ("relative" in noise) return { noise: noise.relative * unit };
  const score =
    noise.choose === "heldOut" ? heldOut(where, prior, y, noise, options) : evidence(where, prior, y, options);
  const scores = (noise.grid ?? defaultNoiseGrid).map((relative): NoiseScore => {
    try {
      return { relative, noise: relative * unit, ...score(relative * unit) };
    } catch (error) {
      if (!isLemniscateError(error, "NotPositiveDefinite")) throw error;
      return { relative, noise: relative * unit, score: Number.NEGATIVE_INFINITY, jitter: 0 };
    }
  });
  const best = scores.reduce((leader, other) => (other.score > leader.score ? other : leader));
  const atEdge = scores.length > 1 && isExtreme(best.relative, scores);
  return { noise: best.noise, report: { choose: noise.choose, best, atEdge, scores } };
}

type Score = (noise: number) => { readonly score: number; readonly jitter: number };
type ScoreOptions = { readonly priorMean: PriorMean; readonly jitter: readonly number[] | undefined };

function evidence(where: string, prior: Matrix, y: Matrix, { priorMean, jitter }: ScoreOptions): Score {
  const { residuals } = center(y, priorMean);
  return (noise) => {
    const { factored, logMarginalLikelihoods } = fit(where, prior, residuals, noise, jitter);
    return { score: logMarginalLikelihoods.reduce((sum, one) => sum + one, 0), jitter: factored.jitter };
  };
}

function heldOut(where: string, prior: Matrix, y: Matrix, choice: NoiseChoice, options: ScoreOptions): Score {
  const { kept, held } = split(where, y.rows, choice.fraction ?? 0.2, choice.seed ?? 0);
  const outputs = Array.from({ length: y.columns }, (_, c) => c);
  const { residuals, mean } = center(pick(y, kept, outputs), options.priorMean);
  const [within, across] = [pick(prior, kept, kept), pick(prior, held, kept)];
  const wanted = pick(y, held, outputs).data;
  return (noise) => {
    const { factored, weights } = fit(where, within, residuals, noise, options.jitter);
    const found = multiply(across, weights).data;
    const square = (at: number) =>
      ((found[at] as number) + (mean[at % y.columns] as number) - (wanted[at] as number)) ** 2;
    const error = found.reduce((sum, _, at) => sum + square(at), 0) / found.length;
    return { score: -error, jitter: factored.jitter };
  };
}

function isExtreme(relative: number, scores: readonly NoiseScore[]): boolean {
  const others = scores.map((one) => one.relative);
  return relative === Math.min(...others) || relative === Math.max(...others);
}

function show(value: unknown): string {
  return typeof value === "number" ? `${value}` : (JSON.stringify(value) ?? String(value));
}
