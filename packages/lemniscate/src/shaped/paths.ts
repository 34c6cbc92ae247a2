/** @module Many paths of one process: their states, when each stopped, and what is handed out at a time. */
import { LemniscateError } from "../core/errors.js";
import type { RandomKey } from "../core/random.js";
import type { RunOptions } from "../core/run.js";
import type { Phase, StepProgram } from "./steps/steps.js";

/** States of all paths, entry by entry: matrix s, entry (i, j) of path p is `data[((s·m + i)·m + j)·count + p]`. */
export interface Paths {
  readonly tokens: number;
  readonly states: number;
  readonly count: number;
  readonly data: Float64Array;
  /** The step after which a path was stopped, +∞ while it moves. */
  readonly stoppedAfter: Float64Array;
}

/**
 * Moves paths. Path p draws from the sequence with stream p under the run's key, and step s from counters s·2³² on, so
 * that its numbers do not depend on which other paths there are, nor on who moves them.
 *
 * A path whose trace is above `radius` after a step, or whose covariance is not finite any more, stops there for good; in
 * the second case it is left at its last covariance, scaled to twice the radius.
 */
export interface Mover {
  /** Whether paths must lie in shared memory. */
  readonly shared: boolean;
  advance(paths: Paths, first: number, steps: number, options: Moving): Promise<void>;
  /** Ends what may still move; nobody has to wait for it. */
  close(): void;
}

export interface Moving {
  /** Whether there is no step to be made but the last phase, by which states are brought to the time they stand for. */
  readonly shown: boolean;
  readonly key: RandomKey["key"];
  readonly radius: number;
  readonly signal: AbortSignal | undefined;
  /** Called with how many steps of paths were made since it was called last. */
  readonly moved: (pathSteps: number) => void;
}

export function phaseOf(step: number, shown: boolean): Phase {
  if (shown) return "shown";
  return step === 0 ? "first" : "later";
}

/** Covariances of all paths at one time. */
export interface Snapshot {
  /** Depth over width. */
  readonly t: number;
  /** Steps of the scheme, or layers of the network, that lead there. */
  readonly steps: number;
  readonly tokens: number;
  readonly paths: number;
  /** Lower triangles: V^ab of path p, a ≥ b, is at `(a(a+1)/2 + b)·paths + p`. */
  readonly covariances: Float64Array;
  /** When each path was stopped, in units of t; +∞ if it was not. */
  readonly stoppedAt: Float64Array;
  /** Share of the paths that were stopped by now. */
  readonly frozen: number;
}

/**
 * V^ab of all paths of a snapshot, as a view.
 *
 * @throws LemniscateError `OptionOutOfRange` for tokens that are not there
 */
export function entries({ covariances, paths, tokens }: Snapshot, a: number, b: number): Float64Array {
  const [i, j] = a < b ? [b, a] : [a, b];
  if (!(Number.isSafeInteger(i) && Number.isSafeInteger(j) && j >= 0 && i < tokens))
    throw new LemniscateError({
      code: "OptionOutOfRange",
      where: "entries",
      given: `tokens ${a} and ${b}`,
      allowed: `whole numbers from 0 to ${tokens - 1}`,
      mend: "Tokens are counted from 0.",
    });
  const at = ((i * (i + 1)) / 2 + j) * paths;
  return covariances.subarray(at, at + paths);
}

/** The numbers of those paths that have not been stopped. */
export function moving(x: ArrayLike<number>, { stoppedAt }: Snapshot): Float64Array {
  return Float64Array.from(x).filter((_, p) => stoppedAt[p] === Number.POSITIVE_INFINITY);
}

/** All that a run needs to go on behind a number of steps: keep it, and give it to a run of the same options. */
export interface PathState {
  readonly steps: number;
  /** In the order of {@link Paths}. */
  readonly data: Float64Array;
  readonly stoppedAfter: Float64Array;
}

/** How a run goes on where an earlier one was interrupted; networks with all their weights cannot. */
export interface ResumeOptions {
  /** Called before each snapshot with what to keep. Arrays are the run's own, and change when the next one is asked for. */
  readonly onState?: ((state: PathState) => void) | undefined;
  /** Where to begin: snapshots until there are left out. */
  readonly resume?: PathState | undefined;
}

export interface Course extends RunOptions, ResumeOptions {
  readonly mover: Mover;
  /** What a step does. */
  readonly process: Pick<StepProgram, "states" | "phased">;
  /** V₀. */
  readonly start: readonly (readonly number[])[];
  readonly paths: number;
  readonly key: RandomKey["key"];
  readonly radius: number;
  /** Numbers of steps after which there is a snapshot, ascending. */
  readonly marks: readonly number[];
  /** What a step is in units of t. */
  readonly unit: number;
}

/** Runs a course, snapshot by snapshot; leaving the loop, or the signal, ends the work. */
export async function* run({ mover, process, start, paths: count, ...course }: Course): AsyncGenerator<Snapshot> {
  const { key, radius, marks, unit, signal, onProgress, onState, resume } = course;
  const tokens = start.length;
  const { states, phased } = process;
  const paths: Paths = {
    tokens,
    states,
    count,
    data: numbers(states * tokens ** 2 * count, mover.shared),
    stoppedAfter: numbers(count, mover.shared).fill(Number.POSITIVE_INFINITY),
  };
  for (let entry = 0; entry < states * tokens ** 2; entry++) {
    const [i, j] = [Math.floor(entry / tokens) % tokens, entry % tokens];
    paths.data.fill(start[i]![j]!, entry * count, (entry + 1) * count);
  }
  if (resume !== undefined) {
    checkState(resume, paths);
    paths.data.set(resume.data);
    paths.stoppedAfter.set(resume.stoppedAfter);
  }
  const total = (marks.at(-1) ?? 0) * count;
  let done = (resume?.steps ?? 0) * count;
  const moved = (pathSteps: number): void => {
    done += pathSteps;
    onProgress?.(done, total);
  };
  let at = resume?.steps ?? 0;
  try {
    for (const mark of marks) {
      if (resume !== undefined && mark <= resume.steps) continue;
      signal?.throwIfAborted();
      await mover.advance(paths, at, mark - at, { key, radius, signal, moved, shown: false });
      at = mark;
      onState?.({ steps: at, data: paths.data, stoppedAfter: paths.stoppedAfter });
      if (!phased || at === 0) yield snapshot(paths, at, unit);
      else yield snapshot(await shown(paths, at, mover, { key, radius, signal }), at, unit);
    }
  } finally {
    mover.close();
  }
}

/**
 * Paths as they are to be seen. They themselves go on from where they are, so that they do not depend on when somebody looks.
 * One that explodes on the way to what is seen is stopped by the next step.
 */
async function shown(paths: Paths, at: number, mover: Mover, options: Omit<Moving, "moved" | "shown">): Promise<Paths> {
  const { count, data, stoppedAfter } = paths;
  const copy = { ...paths, data: numbers(data.length, mover.shared), stoppedAfter: numbers(count, mover.shared) };
  copy.data.set(data);
  copy.stoppedAfter.set(stoppedAfter);
  await mover.advance(copy, at, 1, { ...options, moved: () => {}, shown: true });
  return copy;
}

function checkState(state: PathState, paths: Paths): void {
  const { steps, data, stoppedAfter } = state ?? {};
  const fits = data?.length === paths.data.length && stoppedAfter?.length === paths.count;
  if (fits && Number.isSafeInteger(steps) && steps >= 0) return;
  const given =
    data?.length === undefined || stoppedAfter?.length === undefined
      ? "no state of a run"
      : `${stoppedAfter.length} paths of ${data.length / stoppedAfter.length} entries`;
  throw new LemniscateError({
    code: "BadInput",
    where: "resume",
    given: fits ? `a state behind ${steps} steps` : given,
    allowed: `${paths.count} of ${paths.data.length / paths.count}, as the options say`,
    mend: "Go on with the options of the run that was interrupted.",
  });
}

function numbers(length: number, shared: boolean): Float64Array {
  try {
    return shared ? new Float64Array(new SharedArrayBuffer(8 * length)) : new Float64Array(length);
  } catch (cause) {
    throw new LemniscateError({
      code: "OptionOutOfRange",
      where: "paths",
      given: `so many that they take ${(length / 2 ** 27).toPrecision(3)} GiB`,
      allowed: "as many as there is memory for",
      mend: "Take fewer at a time, each time with another seed.",
      cause,
    });
  }
}

function snapshot({ tokens, states, count, data, stoppedAfter }: Paths, steps: number, unit: number): Snapshot {
  const covariances = new Float64Array(((tokens * (tokens + 1)) / 2) * count);
  for (let s = 0; s < states; s++)
    for (let i = 0, to = 0; i < tokens; i++)
      for (let j = 0; j <= i; j++, to += count) {
        const from = ((s * tokens + i) * tokens + j) * count;
        for (let p = 0; p < count; p++) covariances[to + p]! += data[from + p]! / states;
      }
  const stoppedAt = stoppedAfter.map((step) => step * unit);
  const frozen = stoppedAfter.reduce((sum, step) => sum + (Number.isFinite(step) ? 1 : 0), 0) / count;
  return { t: steps * unit, steps, tokens, paths: count, covariances, stoppedAt, frozen };
}
