import { z } from "zod";
import { LemniscateError } from "../../core/errors.js";
import { need, needOptions } from "../../core/options.js";
import { expandInHermite, type HermiteExpansion } from "../../ops/duals/hermite-expansion.js";
import { type HermiteSeriesParameters, hermiteSeriesDual } from "../../ops/duals/hermite-series.js";
import type { FunctionName } from "../../ops/named-functions.js";
import { registerFunction } from "../../ops/registry.js";
import type { Elementwise } from "../arrays.js";
import { byDifferences, namedFunctions } from "../functions.js";
import type { LayerDefinition, LayerNetwork } from "../layer.js";
import { makeLayer } from "../make.js";
import type { NonlinearityPlacement } from "../placement.js";
import { nonlinearity } from "./nonlinearity.js";

/** The layer as data: a function with a name of the library's, or a name of the user's with the function's expansion. */
export interface ElementwiseOptions {
  readonly fn?: FunctionName | undefined;
  readonly name?: string | undefined;
  readonly expansion?: HermiteExpansion | undefined;
  /** The largest variance of its input that kernels are right for; default 4. */
  readonly maxVariance: number;
  /** The largest relative error of E[φφ] and E[φ'φ'] up to there; default 1e-5. */
  readonly tolerance: number;
}

/** A function of the library's, by its name. */
export interface NamedFunction extends Partial<Pick<ElementwiseOptions, "maxVariance" | "tolerance">> {
  readonly fn: FunctionName;
}

/** Any function. */
export interface UserFunction extends Partial<Pick<ElementwiseOptions, "maxVariance" | "tolerance">> {
  /** What the function is called in JSON and errors. */
  readonly name: string;
  readonly fn: (x: number) => number;
  /** Where the function is not smooth, other than at 0; default nowhere. */
  readonly kinks?: readonly number[];
}

const defaults = { maxVariance: 4, tolerance: 1e-5 };
const names = Object.keys(namedFunctions) as [FunctionName, ...FunctionName[]];
const numbers = z.array(z.number()).readonly();

/** Expansions of named functions, and functions of users by their expansions: data cannot hold a function. */
const expansions = new Map<string, HermiteExpansion>();
const functions = new Map<string, Elementwise>();

/** φ(x) = fn(x), by one-dimensional Hermite coefficients with a certified error. */
const byCoefficients = nonlinearity<ElementwiseOptions, HermiteSeriesParameters>(
  {
    name: "elementwise",
    summary: "Any function: tanh, sigmoid, softplus, SiLU, ELU, SELU by name, others by their Hermite coefficients.",
    options: z
      .strictObject({
        fn: z.enum(names).optional(),
        name: z.string().optional(),
        expansion: z
          .strictObject({
            maxVariance: z.number().positive(),
            atZero: z.number(),
            jumps: numbers,
            orders: numbers,
            polynomials: z.array(numbers).readonly(),
            error: z.number().nonnegative(),
          })
          .optional(),
        maxVariance: z.number().positive().default(defaults.maxVariance),
        tolerance: z.number().positive().default(defaults.tolerance),
      })
      .refine(({ fn, name, expansion }) => (fn === undefined) === (name !== undefined && expansion !== undefined), {
        message: "fn, a function's name, or name and expansion as elementwise() writes them",
      }),
    hasOwnFunction: ({ fn }) => fn === undefined,
  },
  hermiteSeriesDual,
  seriesOf,
  (t, x, options) => t.map(functionOf(options), x),
);

/** Attention weights may be the function itself. */
export const elementwiseDefinition: LayerDefinition<ElementwiseOptions> = {
  ...byCoefficients,
  elementwise: (options) => ({
    dual: hermiteSeriesDual,
    parameters: seriesOf(options),
    fn: options.fn ?? keyOf(options.name!, options.expansion!),
  }),
};

function seriesOf(options: ElementwiseOptions): HermiteSeriesParameters {
  const { maxVariance, atZero, jumps, orders, polynomials } = expansionOf(options);
  return { maxVariance, atZero, jumps, orders, polynomials };
}

/**
 * Any function φ of each channel: by name, or as a function, which becomes data here (its Hermite coefficients). It may have kinks,
 * but no jumps; at 0 they cost nothing.
 *
 * Kernels are as precise as `tolerance` says, relative to the standard deviations of φ and φ', for every correlation and all
 * variances up to `maxVariance`; beyond, a kernel is an error. Fewer digits and smaller variances take fewer terms.
 *
 * @throws LemniscateError `OptionOutOfRange` if 256 terms are not enough, with the error that they leave
 * @source Daniely, Frostig and Singer 2016, sec. 4; see `ops/duals/hermite-series.ts`
 *
 * @example
 * ```ts
 * import { dense, elementwise, kernel, batch, serial } from "lemniscate";
 *
 * elementwise({ fn: "tanh" }); // => { type: "elementwise", fn: "tanh", maxVariance: 4, tolerance: 0.00001 }
 * const mish = elementwise({ name: "mish", fn: (x) => x * Math.tanh(Math.log1p(Math.exp(x))) });
 * const k = await kernel(serial(dense(), mish, dense()))(batch([1, 1], [1]), null, { get: "nngp" });
 * k.data[0]!; // ≈ 0.4523422
 * ```
 */
export function elementwise(
  options: NamedFunction | UserFunction,
): LayerNetwork<ElementwiseOptions, NonlinearityPlacement<"elementwise">> {
  needOptions("elementwise", options);
  const { fn, ...others } = options;
  if (typeof fn !== "function") {
    const made = makeLayer<ElementwiseOptions, NonlinearityPlacement<"elementwise">>(elementwiseDefinition, options);
    expansionOf(made);
    return made;
  }
  const { name, kinks = [], ...given } = others as Omit<UserFunction, "fn">;
  const places = Array.isArray(kinks) && kinks.every(Number.isFinite);
  need(places, "elementwise: kinks", kinks, "a list of numbers", "Leave it out where the function is smooth.");
  const { maxVariance, tolerance } = makeLayer<ElementwiseOptions, NonlinearityPlacement<"elementwise">>(
    elementwiseDefinition,
    { ...given, fn: "tanh" },
  );
  const expansion = certified(name, expandInHermite(fn, { maxVariance, tolerance, kinks }), maxVariance, tolerance);
  const kinksAndZero = [0, ...kinks];
  functions.set(keyOf(name, expansion), byDifferences(fn, kinksAndZero));
  registerFunction(keyOf(name, expansion), fn, kinksAndZero);
  return makeLayer(elementwiseDefinition, { name, expansion, maxVariance, tolerance });
}

function expansionOf({ fn, expansion, maxVariance, tolerance }: ElementwiseOptions): HermiteExpansion {
  if (expansion !== undefined) return expansion;
  const key = `${fn} ${maxVariance} ${tolerance}`;
  const known = expansions.get(key);
  if (known !== undefined) return known;
  const found = expandInHermite(namedFunctions[fn!].value, { maxVariance, tolerance, kinks: [] });
  const made = certified(fn!, found, maxVariance, tolerance);
  expansions.set(key, made);
  return made;
}

function functionOf({ fn, name, expansion }: ElementwiseOptions): Elementwise {
  const found = fn === undefined ? functions.get(keyOf(name!, expansion!)) : namedFunctions[fn];
  if (found !== undefined) return found;
  throw new LemniscateError({
    code: "BadNetwork",
    where: `elementwise: ${name}`,
    given: "its coefficients alone, from a file",
    allowed: "the function itself, for a finite network",
    mend: `Call elementwise({ name: "${name}", fn }) with the same options before.`,
  });
}

/** A name for one function among others that may be called the same. */
function keyOf(name: string, { maxVariance, error, polynomials }: HermiteExpansion): string {
  return `elementwise ${name} ${[maxVariance, error, ...polynomials.map(([first]) => first)].join(" ")}`;
}

/** An expansion, or the reason why there is none. */
function certified(
  name: string,
  found: HermiteExpansion | number,
  maxVariance: number,
  tolerance: number,
): HermiteExpansion {
  if (typeof found !== "number") return found;
  const where = `elementwise: ${name}`;
  if (Number.isNaN(found))
    throw new LemniscateError({
      code: "OptionOutOfRange",
      where,
      given: "a function with values that are no number",
      allowed: `finite values up to 16 standard deviations, |x| ≤ ${16 * Math.sqrt(maxVariance)}`,
      mend: "Lower maxVariance, or write the function so that nothing in it overflows.",
    });
  if (found === Number.POSITIVE_INFINITY)
    throw new LemniscateError({
      code: "OptionOutOfRange",
      where,
      given: "a function with a jump, or with a kink away from 0",
      allowed: "a continuous function, and kinks that are named",
      mend: "Name the places, as in kinks: [-1, 1], or use piecewiseLinear(); for jumps there is sign().",
    });
  throw new LemniscateError({
    code: "OptionOutOfRange",
    where,
    given: `tolerance ${tolerance} at variances up to ${maxVariance}`,
    allowed: `${found.toPrecision(2)}, the error of 256 terms`,
    mend: "Raise tolerance, lower maxVariance by normalising before it, or use piecewiseLinear() for straight pieces.",
  });
}
