/** @module What a failed command leaves on stderr, and its exit code. */
import { CommanderError } from "commander";
import { isLemniscateError } from "../core/errors.js";
import { Interrupted } from "./interrupt.js";
import { Misuse } from "./misuse.js";

/** 0 done, 1 failed, 2 wrong use or specification, 128 + n after signal n. */
export interface Failure {
  readonly exitCode: number;
  /** Nothing if all has been said. */
  readonly message?: string;
}

// What a network or an option may be is in the user's hands; what a file holds or a matrix does is not.
const misuse = ["BadNetwork", "OptionOutOfRange", "Misplaced", "NoClosedForm"] as const;

export function failureOf(error: unknown, debug: boolean): Failure {
  if (error instanceof Interrupted) return { exitCode: error.exitCode, message: error.message };
  if (error instanceof CommanderError) {
    if (error.exitCode === 0) return { exitCode: 0 };
    if (error.code === "commander.help") return { exitCode: 2 };
    return { exitCode: 2, message: error.message.replace(/^error: /, "").replace(/\s*\n\s*/g, " ") };
  }
  const stack = debug && error instanceof Error ? `\n${error.stack}` : "";
  if (isLemniscateError(error)) {
    const exitCode = error instanceof Misuse || isLemniscateError(error, ...misuse) ? 2 : 1;
    return { exitCode, message: error.message + stack };
  }
  const message = error instanceof Error ? error.message : String(error);
  const hint = debug ? stack : " (this is not your mistake; --debug prints where it happened)";
  return { exitCode: 1, message: `${message}${hint}` };
}
