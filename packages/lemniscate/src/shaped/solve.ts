/** @module Solving a model's covariance SDE: many paths, snapshot by snapshot. */
import { LemniscateError } from "../core/errors.js";
import { onlyKnown, shown } from "../core/options.js";
import { child, randomKey } from "../core/random.js";
import type { RunOptions } from "../core/run.js";
import { type Coefficients, coefficients, type LimitOptions } from "./coefficients.js";
import { type EngineOptions, moverOf } from "./engine.js";
import type { ShapedModel } from "./models/model.js";
import { type ResumeOptions, run, type Snapshot } from "./paths.js";
import { eulerStep } from "./schemes/euler.js";
import { gramStep } from "./schemes/gram.js";
import { splitStep } from "./schemes/split.js";
import { type Covariance, checkStart } from "./start.js";
import type { StepProgram } from "./steps/steps.js";

const defaultRadius = 1e4;

const sdeOptions: readonly (keyof SdeOptions)[] = [
  ...(["start", "end", "step", "times", "paths", "seed", "scheme", "mergeDrift", "radius"] as const),
  ...(["limit", "manyHeads", "width", "engine", "threads", "onState", "resume", "signal", "onProgress"] as const),
];

/** The schemes by name, each with what it does in a step of size h. */
export const schemes: Readonly<
  Record<Scheme, (tokens: number, of: Coefficients, h: number, model: ShapedModel, options: SdeOptions) => StepProgram>
> = {
  split: (tokens, of, h, _, { mergeDrift, radius = defaultRadius }) => splitStep(tokens, of, h, mergeDrift, radius),
  gram: gramStep,
  euler: eulerStep,
};
export type Scheme = "split" | "gram" | "euler";

export interface SdeOptions extends RunOptions, LimitOptions, EngineOptions, ResumeOptions {
  /** V₀, m × m. */
  readonly start: Covariance;
  /** The last time, in depth over width; default 1. */
  readonly end?: number | undefined;
  /** Step of the scheme; default 1/32. */
  readonly step?: number | undefined;
  /** Times of snapshots, each a multiple of the step; default the end alone. */
  readonly times?: readonly number[] | undefined;
  /** Default 4096. */
  readonly paths?: number | undefined;
  /** The same seed gives the same paths, whatever their number; default 0. */
  readonly seed?: number | undefined;
  /** Default `"split"`. */
  readonly scheme?: Scheme | undefined;
  /**
   * Of the split scheme: whether the halves of drift that two steps have next to each other are made as one, in half the
   * time; default for steps up to 1/32, where no difference is seen.
   */
  readonly mergeDrift?: boolean | undefined;
  /** The trace above which a path is stopped; default 1e4. */
  readonly radius?: number | undefined;
}

/**
 * Paths of the covariance SDE dV = b(V) dt + Σ(V)^{1/2} dB, the limit of depth and width together, t = depth/width.
 *
 * @returns snapshots as they are ready; leaving the loop ends the work
 * @throws LemniscateError `OptionOutOfRange`, `BadInput` for a start that is no covariance, `NotSupported` for models
 *   without this limit
 * @source Noci et al. 2023 (arXiv:2306.17759); scheme derived
 *
 * @example
 * ```ts
 * import { correlated, entries, linearMlp, solveSde } from "lemniscate/shaped";
 *
 * for await (const snapshot of solveSde(linearMlp(), { start: correlated(0.2, 2), end: 0.5, paths: 100, seed: 1 })) {
 *   snapshot.t; // => 0.5
 *   entries(snapshot, 0, 1).length; // => 100
 * }
 * ```
 */
export async function* solveSde(model: ShapedModel, options: SdeOptions): AsyncGenerator<Snapshot> {
  onlyKnown("solveSde", options, sdeOptions);
  const { start, end = 1, step = 1 / 32, paths = 4096, seed = 0, scheme = "split", radius = defaultRadius } = options;
  checkChoice("scheme", scheme, Object.keys(schemes));
  const tokens = checkStart(start);
  const times = options.times ?? [end];
  checkTimes(times, step);
  checkCount("paths", paths);
  if (scheme === "gram" && options.limit === "width-first")
    throw new LemniscateError({
      code: "NotSupported",
      where: "scheme",
      given: '"gram" where the width goes to infinity first',
      allowed: '"split" or "euler"',
      mend: "A gram step is a layer of a finite network, whose weights have the noise that this limit lacks.",
    });
  const program = schemes[scheme](tokens, coefficients(model, tokens, options), step, model, options);
  yield* run({
    mover: moverOf(program, paths, options),
    process: program,
    start,
    paths,
    key: child(randomKey(seed), "sde").key,
    radius: checkRadius(radius, start),
    marks: times.map((t) => Math.round(t / step)),
    unit: step,
    signal: options.signal,
    onProgress: options.onProgress,
    onState: options.onState,
    resume: options.resume,
  });
}

function checkTimes(times: readonly number[], step: number): void {
  if (!(Number.isFinite(step) && step > 0 && step <= 1))
    throw outOfRange(
      "step",
      String(step),
      "a number above 0 and up to 1",
      "A smaller step is more accurate: 1/32 does in most cases.",
    );
  checkMarks(times, 1 / step);
  for (const [i, t] of times.entries()) {
    if (!(t >= 0 && Math.abs(t / step - Math.round(t / step)) < 1e-6))
      throw outOfRange(
        "times",
        String(t),
        `multiples of the step ${step}, from 0`,
        "Choose a step that divides all times, such as 1/32 for quarters.",
      );
    if (i > 0 && t <= times[i - 1]!)
      throw outOfRange("times", `${times[i - 1]} before ${t}`, "ascending times", "Sort them, each once.");
  }
}

/** How many steps, or layers, a path may make: each has counters of its own. */
const mostSteps = 2 ** 32 - 1;

export function checkMarks(times: readonly number[], perTime: number): void {
  const list: readonly number[] = Array.isArray(times) ? times : [];
  const at = list.findIndex((t) => !(t * perTime <= mostSteps));
  if (list.length > 0 && at < 0) return;
  throw outOfRange(
    "times",
    at < 0 ? shown(times) : `${list[at]}, ${list[at]! * perTime} steps`,
    `a list of one or more, of up to ${mostSteps} steps`,
    "Say when there are to be snapshots, as in [0.5, 1].",
  );
}

export function checkChoice(where: string, given: unknown, allowed: readonly string[]): void {
  if (!allowed.includes(given as string))
    throw outOfRange(
      where,
      JSON.stringify(given) ?? "nothing",
      allowed.map((name) => `"${name}"`).join(", "),
      "Check the spelling, or leave it out.",
    );
}

export function checkCount(where: string, count: number): void {
  if (!Number.isSafeInteger(count) || count < 1)
    throw outOfRange(where, String(count), "a whole number from 1", "Take as many as your error bars need.");
}

export function checkRadius(radius: number, start: Covariance): number {
  const trace = start.reduce((sum, row, i) => sum + row[i]!, 0);
  if (!(radius > trace && Number.isFinite(radius)))
    throw outOfRange(
      "radius",
      String(radius),
      `a finite number above ${trace}, the trace of the start`,
      "Paths stop beyond it: leave it at 1e4, or scale the start down.",
    );
  return radius;
}

export function outOfRange(where: string, given: string, allowed: string, mend: string): LemniscateError {
  return new LemniscateError({ code: "OptionOutOfRange", where, given, allowed, mend });
}
