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
  if (typeof options !== "object" || options === null)
    throw new LemniscateError({
      code: "OptionOutOfRange",
      where: `${where}: options`,
      given: String(options) === "undefined" ? "nothing" : String(JSON.stringify(options)),
      allowed: `an object with ${known.join(", ")}`,
      mend: "Not all of them have a default: the types say which ones are needed.",
    });
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
