import { z } from "zod";
import { LemniscateError } from "../../core/errors.js";
import { needOptions } from "../../core/options.js";
import { type Algebra, numbers } from "../../ops/algebra.js";
import type { Dual } from "../../ops/duals/dual.js";
import { registerDual, registerFunction } from "../../ops/registry.js";
import { byDifferences } from "../functions.js";
import type { LayerDefinition, LayerNetwork } from "../layer.js";
import { makeLayer } from "../make.js";
import type { NonlinearityPlacement } from "../placement.js";
import { nonlinearity } from "./nonlinearity.js";

/** The layer as data: the name of the formulas, which the program that reads it has to give before. */
export interface ClosedFormOptions {
  readonly name: string;
}

/** E[φ(u)φ(v)] of centred Gaussians with variances pp and qq and covariance pq, on an algebra of numbers or vectors. */
export type ClosedExpectation = <V>(o: Algebra<V>, pp: V, pq: V, qq: V) => V;

export interface ClosedFormFormulas {
  /** What the function is called in JSON and errors. */
  readonly name: string;
  /** φ itself. */
  readonly fn: (x: number) => number;
  /** E[φ(u)φ(v)]. */
  readonly covariance: ClosedExpectation;
  /** E[φ'(u)φ'(v)]. */
  readonly derivative: ClosedExpectation;
}

interface Known {
  readonly formulas: ClosedFormFormulas;
  readonly rule: LayerDefinition<ClosedFormOptions>;
}

const known = new Map<string, Known>();

const about = {
  name: "closedForm",
  summary: "A function with closed expectations of the user's own.",
  options: z.strictObject({ name: z.string().min(1) }),
};

/** φ(x) = fn(x), by formulas for E[φφ] and E[φ'φ'] that the program has given under a name. */
export const closedFormDefinition: LayerDefinition<ClosedFormOptions> = {
  ...about,
  sources: ["the user's"],
  hasWeights: false,
  hasOwnFunction: () => true,
  shape: (input, options) => ruleOf(options).shape(input, options),
  kernel: (below, options, input) => ruleOf(options).kernel(below, options, input),
  elementwise: (options) => ruleOf(options).elementwise!(options),
  apply: (t, w, x, options, place) => ruleOf(options).apply!(t, w, x, options, place),
};

function ruleOf({ name }: ClosedFormOptions): LayerDefinition<ClosedFormOptions> {
  const found = known.get(name);
  if (found !== undefined) return found.rule;
  throw new LemniscateError({
    code: "BadNetwork",
    where: `closedForm: ${name}`,
    given: "its name alone, from a file",
    allowed: "formulas that this program has given",
    mend: `Call closedForm({ name: "${name}", fn, covariance, derivative }) before.`,
  });
}

/**
 * A function φ of each channel whose expectations you have in closed form, as formulas on an algebra: with plain numbers they
 * define the kernel, and the fast engine makes SIMD of them. Nothing checks that they belong together; {@link elementwise}
 * needs the function alone.
 *
 * @throws LemniscateError `OptionOutOfRange` for a name that stands for other formulas already
 * @source the user's
 *
 * @example
 * ```ts
 * import { batch, closedForm, dense, kernel, serial } from "lemniscate";
 *
 * // x², of which E u²v² = pp·qq + 2pq²
 * const square = closedForm({
 *   name: "square",
 *   fn: (x) => x * x,
 *   covariance: (o, pp, pq, qq) => o.fma(o.mul(pq, pq), o.constant(2), o.mul(pp, qq)),
 *   derivative: (o, _, pq) => o.mul(pq, o.constant(4)),
 * });
 * const { data } = await kernel(serial(dense(), square, dense()))(batch([1, 1], [2]), null, { get: "nngp" });
 * data[0]; // => 48
 * ```
 */
export function closedForm(
  formulas: ClosedFormFormulas,
): LayerNetwork<ClosedFormOptions, NonlinearityPlacement<"closedForm">> {
  needOptions("closedForm", formulas);
  const { name, fn, covariance, derivative } = formulas;
  for (const [key, given] of Object.entries({ fn, covariance, derivative }))
    if (typeof given !== "function")
      throw refused(
        `closedForm: ${key}`,
        JSON.stringify(given) ?? "nothing",
        "a function",
        "Give φ and both formulas.",
      );
  const made = makeLayer<ClosedFormOptions, NonlinearityPlacement<"closedForm">>(closedFormDefinition, { name });
  const before = known.get(name)?.formulas;
  if (before !== undefined && meaningOf(before) !== meaningOf(formulas))
    throw refused(
      `closedForm: ${name}`,
      "other formulas than before",
      "one meaning for each name",
      "Give them a name of their own: networks know formulas by it.",
    );
  const dual: Dual<Record<string, never>> = {
    name: `closedForm ${name}`,
    source: "the user's",
    keepsZero: () => fn(0) === 0,
    covariance,
    derivative,
  };
  const phi = byDifferences(fn, []);
  if (before === undefined) {
    registerDual(dual);
    registerFunction(dual.name, fn, []);
    const rule = nonlinearity<ClosedFormOptions, Record<string, never>>(
      about,
      dual,
      () => ({}),
      (t, x) => t.map(phi, x),
    );
    known.set(name, { formulas, rule });
  }
  return made;
}

/** Formulas as text, and values of theirs: a number that a function has from around it is not in its text. */
function meaningOf({ fn, covariance, derivative }: ClosedFormFormulas): string {
  const values = [-1.7, -0.3, 0, 0.6, 2.1].flatMap((x) => [
    fn(x),
    ...[covariance, derivative].map((of) => of(numbers, 1.3, 0.4 * x, 2.9)),
  ]);
  return [fn, covariance, derivative, ...values].map(String).join();
}

function refused(where: string, given: string, allowed: string, mend: string): LemniscateError {
  return new LemniscateError({ code: "OptionOutOfRange", where, given, allowed, mend });
}
