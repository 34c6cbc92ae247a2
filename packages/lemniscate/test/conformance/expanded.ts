/** @module Functions with closed forms, given to `elementwise` as if they had none: their names are the layers they are. */
import { elementwise } from "lemniscate";

const cases: readonly (readonly [layer: object, fn: (x: number) => number])[] = [
  [{ type: "polynomial", coefficients: [0.5, -1, 0.25, 0.5] }, (x) => 0.5 - x + 0.25 * x * x + 0.5 * x ** 3],
  [{ type: "sin", scale: 1, slope: 1.5, phase: 0.5 }, (x) => Math.sin(1.5 * x + 0.5)],
  // A jump of each derivative that has a closed part, and two of them at once.
  [{ type: "abRelu", below: -0.5, above: 2 }, (x) => (x > 0 ? 2 : -0.5) * x],
  [{ type: "rectifiedMonomial", degree: 2 }, (x) => (x > 0 ? x * x : 0)],
  [{ type: "rectifiedMonomial", degree: 3 }, (x) => (x > 0 ? x ** 3 : 0)],
];

/** Their options as data, for variances up to 1. */
export const expanded: readonly object[] = cases.map(([layer, fn]) => {
  const { type: _, ...options } = elementwise({ name: JSON.stringify(layer), fn, maxVariance: 1, tolerance: 1e-8 });
  return options;
});
