/** @module Which keys each query may read: the option, and the mask on a grid. */
import { z } from "zod";
import { LemniscateError } from "../core/errors.js";
import { positionCount, type Shape } from "../core/shape.js";
import type { TokenMaskParameters } from "../ops/token-mask.js";
import { refuseOtherSize } from "./encodings.js";

/** Restrictions on which keys a query reads; those that are given hold together. */
export interface TokenMask {
  /** Whether only keys up to the query itself, in row-major order; default false. */
  readonly causal: boolean;
  /** Keys at most so many positions away along each axis; default anywhere. */
  readonly band?: number | undefined;
  /** The last so many positions are read by all others, which read nothing else: attention from one sequence to another. */
  readonly memory?: number | undefined;
  /** A matrix over queries (rows) and keys (columns), in row-major order: true or 1 where a query may read a key. */
  readonly allowed?: readonly (readonly (boolean | number)[])[] | undefined;
}

const bit = z.union([z.boolean(), z.literal(0), z.literal(1)], "true, false, 1 or 0");

export const tokenMaskOption: z.ZodType<"causal" | TokenMask | null> = z
  .union(
    [
      z.literal("causal"),
      z.strictObject({
        causal: z.boolean().default(false),
        band: z.int().nonnegative().optional(),
        memory: z.int().positive().optional(),
        allowed: z.array(z.array(bit)).min(1).optional(),
      }),
    ],
    '"causal", or an object with causal (true or false), band (a whole number ≥ 0), memory (a whole number > 0), allowed (a matrix of 1 and 0)',
  )
  .nullable();

/** The mask of an option on a grid, or nothing if every query reads every key. */
export function tokenMaskOn(option: "causal" | TokenMask | null, input: Shape): TokenMaskParameters | undefined {
  if (option === null) return undefined;
  const { causal, band, memory, allowed } = option === "causal" ? ({ causal: true } as TokenMask) : option;
  if (allowed !== undefined) refuseOtherSize("attention: mask.allowed", allowed, positionCount(input));
  if (!causal && band === undefined && memory === undefined && allowed === undefined)
    throw new LemniscateError({
      code: "OptionOutOfRange",
      where: "attention: mask",
      given: "no restriction",
      allowed: "causal: true, band, memory or allowed",
      mend: "Leave the mask out if every query may read every key.",
    });
  if (memory !== undefined && memory >= positionCount(input))
    throw new LemniscateError({
      code: "ShapeMismatch",
      where: "attention: mask.memory",
      given: String(memory),
      allowed: `less than ${positionCount(input)}, the number of positions`,
      mend: "Put the queries before the memory, as concat() does along an axis of positions.",
    });
  return {
    grid: input.grid,
    causal,
    band: band ?? -1,
    memory: memory ?? 0,
    allowed: allowed?.flat().map(Number) ?? [],
  };
}
