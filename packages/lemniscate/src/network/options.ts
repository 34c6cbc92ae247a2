/** @module Option types that several layers share, each with the words its error uses. */
import { z } from "zod";

/** A checker for each option of a layer. */
export type Checks<Options> = { readonly [Name in keyof Options]-?: z.ZodType<Options[Name]> };

/** A standard deviation: a number ≥ 0. */
export const std: z.ZodNumber = z.number().nonnegative();

/** A bias's standard deviation, or `null` for no bias. */
export const biasStd: z.ZodNullable<z.ZodNumber> = z.number().nonnegative().nullable();

/** A number of channels of a finite network. */
export const width: z.ZodNumber = z.number().int().positive();

/** The degree of a polynomial or power. */
export const degree: z.ZodNumber = z.number().int().nonnegative();
