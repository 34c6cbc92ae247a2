import { LemniscateError } from "./errors.js";

/** The two kernels of a network: that of its outputs, and its neural tangent kernel. */
export type Quantity = "nngp" | "ntk";

/**
 * Refuses what is no list of kernels, each once.
 *
 * @throws LemniscateError `OptionOutOfRange`
 */
export function checkGet(where: string, get: readonly string[], allowed: string): void {
  const known = Array.isArray(get) && get.every((quantity) => quantity === "nngp" || quantity === "ntk");
  if (known && get.length > 0 && new Set(get).size === get.length) return;
  throw new LemniscateError({
    code: "OptionOutOfRange",
    where: `${where}: get`,
    given: JSON.stringify(get) ?? "nothing",
    allowed,
    mend: "Name each quantity once.",
  });
}
