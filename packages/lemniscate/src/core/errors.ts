/** What went wrong, as a word a program can branch on. */
export type ErrorCode =
  | "ShapeMismatch"
  | "OptionOutOfRange"
  | "Misplaced"
  | "NoClosedForm"
  | "BadNetwork"
  | "BadFile"
  | "BadInput"
  | "NotPositiveDefinite"
  | "NotSupported"
  | "EngineFailed";

/** The parts of an error message, see {@link LemniscateError}. */
export interface ErrorParts {
  readonly code: ErrorCode;
  /** Which function, option, or file position: `"attention: weights"`, `"train.csv:12"`. */
  readonly where: string;
  /** What was found, as the user would recognise it. */
  readonly given: string;
  /** What would have been accepted. */
  readonly allowed: string;
  /** How to mend it: one or two full sentences. */
  readonly mend: string;
  /** Where in the network, if somewhere: keys and indices from its root, as in `["layers", 2, "weights"]`. */
  readonly path?: readonly (string | number)[] | undefined;
  readonly cause?: unknown;
}

/**
 * The one error that this library throws on purpose. Its message reads
 * *where: got what, allowed is what. How to mend.* and fits on one line.
 *
 * @example
 * ```ts
 * import { LemniscateError, isLemniscateError } from "lemniscate";
 *
 * const error = new LemniscateError({
 *   code: "OptionOutOfRange", where: "dense: weightStd", given: "-1",
 *   allowed: "a number ≥ 0", mend: "Standard deviations are never negative.",
 * });
 * error.message; // => "dense: weightStd: got -1, allowed is a number ≥ 0. Standard deviations are never negative."
 * isLemniscateError(error, "OptionOutOfRange"); // => true
 * ```
 */
export class LemniscateError extends Error {
  override readonly name: string = "LemniscateError";
  readonly code: ErrorCode;
  readonly where: string;
  readonly given: string;
  readonly allowed: string;
  readonly mend: string;
  readonly path: readonly (string | number)[] | undefined;

  constructor(parts: ErrorParts) {
    super(
      `${parts.where}: got ${parts.given}, allowed is ${parts.allowed}. ${parts.mend}`,
      parts.cause === undefined ? undefined : { cause: parts.cause },
    );
    this.code = parts.code;
    this.where = parts.where;
    this.given = parts.given;
    this.allowed = parts.allowed;
    this.mend = parts.mend;
    this.path = parts.path;
  }
}

/**
 * Whether `error` is a {@link LemniscateError}, of one of the given codes if any are named.
 * It works across two copies of the package, where `instanceof` would not.
 */
export function isLemniscateError<C extends ErrorCode>(
  error: unknown,
  ...codes: readonly C[]
): error is LemniscateError & { readonly code: C } {
  if (!(error instanceof Error) || error.name !== "LemniscateError") return false;
  return codes.length === 0 || (codes as readonly string[]).includes((error as LemniscateError).code);
}
