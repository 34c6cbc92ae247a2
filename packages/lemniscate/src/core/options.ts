import { LemniscateError } from "./errors.js";

/**
 * Refuses options that a call does not know: without types a misspelt one is easily given, and would be ignored.
 *
 * @throws LemniscateError `OptionOutOfRange`
 */
export function onlyKnown<Options extends object>(
  where: string,
  options: Options,
  known: readonly (keyof Options & string)[],
): void {
  const unknown = Object.keys(options).filter((key) => !(known as readonly string[]).includes(key));
  if (unknown.length === 0) return;
  throw new LemniscateError({
    code: "OptionOutOfRange",
    where,
    given: `the unknown option ${unknown.map((key) => `"${key}"`).join(", ")}`,
    allowed: known.join(", "),
    mend: "Check the spelling, or leave it out.",
  });
}
