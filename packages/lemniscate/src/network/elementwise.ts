/** @module Functions of a number for finite networks, with their derivatives. A layer may define further ones beside itself. */
import { erf } from "../core/error-function.js";
import type { Elementwise } from "./arrays.js";

export const exponential: Elementwise = { value: Math.exp, slope: (t, x) => t.map(exponential, x) };

export const sine: Elementwise = { value: Math.sin, slope: (t, x) => t.map(cosine, x) };

export const cosine: Elementwise = { value: Math.cos, slope: (t, x) => t.multiply(t.map(sine, x), -1) };

/** 1/x, and 0 at 0. */
export const reciprocal: Elementwise = {
  value: (x) => (x === 0 ? 0 : 1 / x),
  slope: (t, x) => {
    const y = t.map(reciprocal, x);
    return t.multiply(t.multiply(y, y), -1);
  },
};

export const squareRoot: Elementwise = {
  value: Math.sqrt,
  slope: (t, x) => t.multiply(t.map(reciprocal, t.map(squareRoot, x)), 0.5),
};

/** 1 for x > 0, ½ at 0, else 0. */
export const step: Elementwise = { value: (x) => (x > 0 ? 1 : x < 0 ? 0 : 0.5), slope: null };

/** max(x, 0). */
export const rectifier: Elementwise = { value: (x) => Math.max(x, 0), slope: (t, x) => t.map(step, x) };

export const magnitude: Elementwise = {
  value: Math.abs,
  slope: (t, x) => t.add(t.multiply(t.map(step, x), 2), -1),
};

export const errorFunction: Elementwise = {
  value: erf,
  slope: (t, x) => t.multiply(t.map(exponential, t.multiply(t.multiply(x, x), -1)), 2 / Math.sqrt(Math.PI)),
};
