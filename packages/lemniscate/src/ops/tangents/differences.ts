/** @module Derivatives of the few numbers that rules and formulas make of a parameter, by differences of high order. */
import type { Parameter, Parameters } from "../op.js";

/**
 * Where a number is looked at, in steps from the place that is meant: on both sides of it, or, at the end of a range, on
 * one. The place itself is left out, for there a rule may be a special case.
 */
export const stencils: readonly (readonly number[])[] = [
  [1, -1, 2, -2, 3, -3],
  [1, 2, 3, 4, 5, 6],
  [-1, -2, -3, -4, -5, -6],
];

/**
 * A step for a parameter: polynomials up to degree five come out to rounding, and functions that change by their own
 * size over the parameter's, such as 1/x, to 1e-12.
 */
export function stepAt(parameter: number): number {
  return 2 ** -8 * (Math.abs(parameter) || 1);
}

/** A number and how fast it changes along a direction. */
export interface Moved {
  readonly value: number;
  readonly slope: number;
}

/**
 * Numbers that are made of parameters, and how they change as these move `along` a direction; and parameters a little
 * beside the ones meant, for whoever is to behave as there. `numbersOf` may answer with another list at special
 * parameters, such as 0, but not around them.
 */
export function differentiate(
  at: Parameters,
  along: Parameters,
  numbersOf: (parameters: Parameters) => ArrayLike<number>,
): { readonly near: Parameters; readonly numbers: readonly Moved[] } {
  const steps = Object.entries(along).flatMap(([name, change]) => {
    const [values, rates] = [listOf(at[name]!), listOf(change)];
    return rates.flatMap((rate, i) => (rate === 0 ? [] : [stepAt(values[i]!) / Math.abs(rate)]));
  });
  for (const shorter of [1, 2 ** -4, 2 ** -8, 2 ** -12])
    for (const points of stencils) {
      const step = shorter * Math.min(...steps);
      const places = points.map((k) => moved(at, along, k * step));
      const lists = places.map((parameters) => Array.from(numbersOf(parameters)));
      const [first] = lists as [number[]];
      if (lists.some((list) => list.length !== first.length || !list.every(Number.isFinite))) continue;
      const numbers = first.map((_, i) => {
        const { value, slope } = interpolate(
          points,
          lists.map((list) => list[i]!),
        );
        return { value, slope: slope / step };
      });
      return { near: places[0]!, numbers };
    }
  throw new Error(`no derivative by ${Object.keys(along).join(", ")}`);
}

/**
 * φ'(x), of fourth order: right to about 1e-11 of a smooth function. Near a kink it is that of the side x is on; at the
 * kink itself that above.
 */
export function slopeOf(phi: (x: number) => number, x: number, kinks: readonly number[]): number {
  const h = 2 ** -10;
  const kink = kinks.find((at) => Math.abs(x - at) < 2 * h);
  if (kink === undefined) return (8 * (phi(x + h) - phi(x - h)) - (phi(x + 2 * h) - phi(x - 2 * h))) / (12 * h);
  const away = x < kink ? -h : h;
  const at = (n: number): number => phi(x + n * away);
  return (48 * at(1) - 36 * at(2) + 16 * at(3) - 3 * at(4) - 25 * at(0)) / (12 * away);
}

/** Parameters a step along their direction. */
export function moved(at: Parameters, along: Parameters, by: number): Parameters {
  const changed = Object.entries(along).map(([name, change]): [string, Parameter] => {
    const rates = listOf(change);
    const values = listOf(at[name]!).map((value, i) => value + by * rates[i]!);
    return [name, typeof change === "number" ? values[0]! : values];
  });
  return { ...at, ...Object.fromEntries(changed) };
}

/** A parameter that is a number or a list of them, as a list. */
export function listOf(parameter: Parameter): readonly number[] {
  return typeof parameter === "number" ? [parameter] : (parameter as readonly number[]);
}

/** The value and the slope at 0 of the polynomial through the values at some points. */
export function interpolate(points: readonly number[], values: readonly number[]): Moved {
  const first = values[0] as number;
  let [value, slope] = [0, 0];
  for (const [i, at] of points.entries()) {
    // The polynomial that is 1 here and 0 at the other points, at 0: a product, and its derivative.
    let [one, change] = [1, 0];
    for (const [j, other] of points.entries()) {
      if (j === i) continue;
      change = (change * -other + one) / (at - other);
      one = (one * -other) / (at - other);
    }
    const apart = (values[i] as number) - first; // of equal numbers the slope is exactly 0
    value += one * apart;
    slope += change * apart;
  }
  return { value: first + value, slope };
}
