/** @module Which tokens a token sees: all, those up to itself, or as a matrix of 0 and 1 says. */
import { z } from "zod";
import { LemniscateError } from "../../core/errors.js";

/** A row for each token, with a 1 for each token it sees; `"full"` and `"causal"` are for any number of tokens. */
export type Mask = "full" | "causal" | MaskRows;

/** Row a: 1 at the tokens that token a sees. */
export type MaskRows = readonly (readonly (0 | 1)[])[];

export const mask: z.ZodType<Mask> = z.union([
  z.enum(["full", "causal"]),
  z.array(z.array(z.union([z.literal(0), z.literal(1)]))),
]);

/**
 * The mask of that many tokens.
 *
 * @throws LemniscateError `ShapeMismatch` if it is one of another number, `OptionOutOfRange` if a row sees nothing
 */
export function maskRows(mask: Mask, tokens: number): MaskRows {
  if (typeof mask === "string")
    return Array.from({ length: tokens }, (_, i) =>
      Array.from({ length: tokens }, (_, j) => (mask === "causal" && j > i ? 0 : 1)),
    );
  if (mask.length !== tokens || mask.some((row) => row.length !== tokens))
    throw new LemniscateError({
      code: "ShapeMismatch",
      where: "attention: mask",
      given: `${mask.length} rows of ${[...new Set(mask.map((row) => row.length))].join(" or ")}`,
      allowed: `${tokens} × ${tokens}, a row and a column for each token of the start`,
      mend: 'Write a row for each token, or "full" or "causal" for any number of tokens.',
    });
  const empty = mask.findIndex((row) => !row.includes(1));
  if (empty >= 0)
    throw new LemniscateError({
      code: "OptionOutOfRange",
      where: `attention: mask[${empty}]`,
      given: "a row without a 1",
      allowed: "rows with a 1",
      mend: "Let every token see at least itself.",
    });
  return mask;
}

export function isFull(rows: MaskRows): boolean {
  return rows.every((row) => row.every((seen) => seen === 1));
}
