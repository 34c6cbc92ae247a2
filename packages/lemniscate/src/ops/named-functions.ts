/** @module Functions of a number that have a name, but no dual of their own: their expectations are series. */
import { erf } from "../core/error-function.js";

export type FunctionName = "tanh" | "sigmoid" | "softplus" | "silu" | "gaussianCdf" | "elu" | "selu";

/** A function, and where it is not smooth. */
export interface NamedFunction {
  readonly value: (x: number) => number;
  readonly kinks: readonly number[];
}

/** scale·x above 0, scale·α·(e^x − 1) below. */
function exponentialUnit(scale: number, alpha: number): NamedFunction {
  return { value: (x) => scale * (x > 0 ? x : alpha * Math.expm1(x)), kinks: [0] };
}

const smooth = (value: (x: number) => number): NamedFunction => ({ value, kinks: [] });

/** The constants of SELU: Klambauer et al. 2017, arXiv:1706.02515. */
export const selu = { scale: 1.0507009873554805, alpha: 1.6732632423543772 } as const;

export const namedFunctions: Readonly<Record<FunctionName, NamedFunction>> = {
  tanh: smooth(Math.tanh),
  sigmoid: smooth((x) => 1 / (1 + Math.exp(-x))),
  softplus: smooth((x) => Math.max(x, 0) + Math.log1p(Math.exp(-Math.abs(x)))),
  silu: smooth((x) => x / (1 + Math.exp(-x))),
  gaussianCdf: smooth((x) => (1 + erf(x * Math.SQRT1_2)) / 2),
  elu: exponentialUnit(1, 1),
  selu: exponentialUnit(selu.scale, selu.alpha),
};
