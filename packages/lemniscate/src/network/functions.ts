/** @module Functions of a number that have a name, and derivatives of those that have none. */
import { type FunctionName, namedFunctions as named, selu } from "../ops/named-functions.js";
import { slopeOf } from "../ops/tangents/differences.js";
import type { Elementwise } from "./arrays.js";

const sigmoid: Elementwise = {
  value: named.sigmoid.value,
  slope: (t, x) => {
    const y = t.map(sigmoid, x);
    return t.multiply(y, t.add(t.multiply(y, -1), 1));
  },
};

const tanh: Elementwise = {
  value: named.tanh.value,
  slope: (t, x) => {
    const y = t.map(tanh, x);
    return t.add(t.multiply(t.multiply(y, y), -1), 1);
  },
};

const softplus: Elementwise = {
  value: named.softplus.value,
  slope: (t, x) => t.map(sigmoid, x),
};

const silu: Elementwise = {
  value: named.silu.value,
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
  value: named.gaussianCdf.value,
  slope: (t, x) => t.map(density, x),
};

/** e^x below 0; above, nothing. */
const below: Elementwise = { value: (x) => (x > 0 ? 0 : Math.exp(x)), slope: (t, x) => t.map(below, x) };

/** scale·x above 0, scale·α·(e^x − 1) below. */
function exponentialUnit(value: (x: number) => number, scale: number, alpha: number): Elementwise {
  const above: Elementwise = { value: (x) => (x > 0 ? 1 : 0), slope: null };
  return {
    value,
    slope: (t, x) => t.add(t.multiply(t.map(above, x), scale), t.multiply(t.map(below, x), scale * alpha)),
  };
}

/** The functions that {@link elementwise} knows by name, with their derivatives. */
export const namedFunctions: Readonly<Record<FunctionName, Elementwise>> = {
  tanh,
  sigmoid,
  softplus,
  silu,
  gaussianCdf,
  elu: exponentialUnit(named.elu.value, 1, 1),
  selu: exponentialUnit(named.selu.value, selu.scale, selu.alpha),
};

/** A function whose derivatives are differences, right to about 1e-10, and of the second order to 1e-6. */
export function byDifferences(value: (x: number) => number, kinks: readonly number[]): Elementwise {
  const slope = (x: number): number => slopeOf(value, x, kinks);
  return { value, slope: (t, x) => t.map(byDifferences(slope, kinks), x) };
}
