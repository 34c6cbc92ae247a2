/** @module Functions of a number that have a name, and derivatives of those that have none. */
import type { Elementwise } from "./arrays.js";
import { errorFunction } from "./elementwise.js";

const sigmoid: Elementwise = {
  value: (x) => 1 / (1 + Math.exp(-x)),
  slope: (t, x) => {
    const y = t.map(sigmoid, x);
    return t.multiply(y, t.add(t.multiply(y, -1), 1));
  },
};

const tanh: Elementwise = {
  value: Math.tanh,
  slope: (t, x) => {
    const y = t.map(tanh, x);
    return t.add(t.multiply(t.multiply(y, y), -1), 1);
  },
};

const softplus: Elementwise = {
  value: (x) => Math.max(x, 0) + Math.log1p(Math.exp(-Math.abs(x))),
  slope: (t, x) => t.map(sigmoid, x),
};

const silu: Elementwise = {
  value: (x) => x / (1 + Math.exp(-x)),
  slope: (t, x) => {
    const y = t.map(sigmoid, x);
    return t.multiply(y, t.add(t.multiply(x, t.add(t.multiply(y, -1), 1)), 1));
  },
};

/** (2π)^{-1/2}·exp(−x²/2). */
const density: Elementwise = {
  value: (x) => Math.exp((-x * x) / 2) / Math.sqrt(2 * Math.PI),
  slope: (t, x) => t.multiply(t.multiply(t.map(density, x), x), -1),
};

const gaussianCdf: Elementwise = {
  value: (x) => (1 + errorFunction.value(x * Math.SQRT1_2)) / 2,
  slope: (t, x) => t.map(density, x),
};

/** e^x below 0; above, nothing. */
const below: Elementwise = { value: (x) => (x > 0 ? 0 : Math.exp(x)), slope: (t, x) => t.map(below, x) };

/** scale·x above 0, scale·α·(e^x − 1) below. */
function exponentialUnit(scale: number, alpha: number): Elementwise {
  const above: Elementwise = { value: (x) => (x > 0 ? 1 : 0), slope: null };
  return {
    value: (x) => scale * (x > 0 ? x : alpha * Math.expm1(x)),
    slope: (t, x) => t.add(t.multiply(t.map(above, x), scale), t.multiply(t.map(below, x), scale * alpha)),
  };
}

export type FunctionName = "tanh" | "sigmoid" | "softplus" | "silu" | "gaussianCdf" | "elu" | "selu";

/** The functions that {@link elementwise} knows by name. The constants of SELU are those of Klambauer et al. 2017. */
export const namedFunctions: Readonly<Record<FunctionName, Elementwise>> = {
  tanh,
  sigmoid,
  softplus,
  silu,
  gaussianCdf,
  elu: exponentialUnit(1, 1),
  selu: exponentialUnit(1.0507009873554805, 1.6732632423543772),
};

/** A function whose derivatives are differences, right to about 1e-10, and of the second order to 1e-6. */
export function byDifferences(value: (x: number) => number): Elementwise {
  const h = 2 ** -10;
  const slope = (x: number): number =>
    (8 * (value(x + h) - value(x - h)) - (value(x + 2 * h) - value(x - 2 * h))) / (12 * h);
  return { value, slope: (t, x) => t.map(byDifferences(slope), x) };
}
