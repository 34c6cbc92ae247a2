import { LemniscateError } from "./errors.js";
import type { RunOptions } from "./run.js";

/** What a value is, in an error: short ones as they are written, others by what they have. */
export function shown(value: unknown): string {
  if (value === undefined) return "nothing";
  if (typeof value === "string") return JSON.stringify(value);
  if (typeof value === "function") return "a function";
  const short = Array.isArray(value) && value.length <= 5 && value.every((item) => typeof item === "number");
  if (Array.isArray(value)) return short ? `[${value.join(", ")}]` : `a list of ${value.length}`;
  if (typeof value !== "object" || value === null) return String(value);
  return `an object with ${Object.keys(value).slice(0, 5).join(", ") || "nothing"}`;
}

/**
 * Refuses what is not the kind of value that a call needs: without types anything can be given.
 *
 * @throws LemniscateError `BadInput`
 */
export function need(is: boolean, where: string, given: unknown, allowed: string, mend: string): void {
  if (is) return;
  throw new LemniscateError({ code: "BadInput", where, given: shown(given), allowed, mend });
}

/** Refuses options that are none, where some are needed. */
export function needOptions(where: string, options: unknown): void {
  const is = typeof options === "object" && options !== null;
  need(is, `${where}: options`, options, "an object with options", "The types say which ones have no default.");
}

/**
 * Refuses options that a call does not know: without types a misspelt one is easily given, and would be ignored. What every
 * long computation takes is looked at as well.
 *
 * @throws LemniscateError `OptionOutOfRange`, and `BadInput` for a signal or a callback that is none
 */
export function onlyKnown<Options extends object>(
  where: string,
  options: Options,
  known: readonly (keyof Options & string)[],
): void {
  if (typeof options !== "object" || options === null)
    throw new LemniscateError({
      code: "OptionOutOfRange",
      where: `${where}: options`,
      given: String(options) === "undefined" ? "nothing" : String(JSON.stringify(options)),
      allowed: `an object with ${known.join(", ")}`,
      mend: "Not all of them have a default: the types say which ones are needed.",
    });
  const unknown = Object.keys(options).filter((key) => !(known as readonly string[]).includes(key));
  if (unknown.length > 0)
    throw new LemniscateError({
      code: "OptionOutOfRange",
      where,
      given: `the unknown option ${unknown.map((key) => `"${key}"`).join(", ")}`,
      allowed: known.join(", "),
      mend: "Check the spelling, or leave it out.",
    });
  checkRun(where, options);
}

/** Refuses a signal or a callback that is none, where it is among the options. */
function checkRun(where: string, { signal, onProgress }: RunOptions): void {
  const isSignal = (signal ?? undefined) === undefined || typeof signal?.throwIfAborted === "function";
  need(isSignal, `${where}: signal`, signal, "an AbortSignal", "Take that of an AbortController, or leave it out.");
  const isCallback = (onProgress ?? undefined) === undefined || typeof onProgress === "function";
  need(isCallback, `${where}: onProgress`, onProgress, "a function", "It is called with what is done and the total.");
}
