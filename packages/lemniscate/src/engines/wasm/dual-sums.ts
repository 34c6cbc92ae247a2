/** @module Sums over keys behind random logits. */
import { moving } from "../../ops/dual-sums.js";
import { type RectifierParameters, rectifierConstants } from "../../ops/duals/rectifier.js";
import { curveDownTo, sumOver } from "./angle-sums.js";
import type { Call, Context } from "./context.js";
import type { Found } from "./places.js";

/** A sum over a block of terms for each pair of queries. */
export function dualSums(context: Context): Call {
  const [pp, k, qq, w, ...others] = context.inputs as [Found, Found, Found, Found, ...Found[]];
  const movers = moving([0, 1, 2] as const, context.parameters);
  const tangents = movers.map((of, n) => [of, others[n]!] as const);
  return termByTerm(context, [pp, k, qq, w], others.slice(movers.length), { tangents });
}

/** With masks a sum over terms for each pair of queries; without, a function of their distance. */
export function rectifierSums(context: Context): Call {
  const [pp, k, qq, d, w, ...masks] = context.inputs as [Found, Found, Found, Found, Found, ...Found[]];
  return masks.length > 0 ? termByTerm(context, [pp, k, qq, w], masks, { d }) : byDistance(context, [pp, k, qq, w], d);
}

type Operands = readonly [pp: Found, k: Found, qq: Found, w: Found];

interface Others {
  /** Distances, where terms read them. */
  readonly d?: Found;
  /** Of pp, k and qq those that move, by their numbers, with their tangents. */
  readonly tangents?: readonly (readonly [of: 0 | 1 | 2, tangent: Found])[];
}

function termByTerm(
  context: Context,
  [pp, k, qq, w]: Operands,
  [m, n]: readonly Found[],
  { d, tangents = [] }: Others,
): Call {
  const { space, output, spare, format, call, fused } = context;
  const { bytes } = format;
  return (a, b) => {
    const [rows, columns, stride] = [space.lengths[a]!, space.lengths[b]!, space.strides[b]!];
    /** An entry and the block around it. */
    const both = (of: Found, s: number, t: number): number[] => {
      const [at, row] = [of.address(a, b), of.stride(a, b)];
      return [at + s * row + t * bytes, 0, at, row];
    };
    /** A variance and all of that side. */
    const own = (of: Found, s: number): number[] => [of.address(a, b) + s * bytes, 0, of.address(a, b), 0];
    const three = [
      (of: Found, s: number, _: number) => own(of, s),
      both,
      (of: Found, _: number, t: number) => own(of, t),
    ] as const;
    eachEntry(context, a, b, (s, t, to) => {
      const streams = [...own(pp, s), ...both(k, s, t), ...own(qq, t)];
      if (d !== undefined) streams.push(...both(d, s, t));
      for (const [of, tangent] of tangents) streams.push(...three[of](tangent, s, t));
      streams.push(w.address(a, b), w.stride(a, b));
      if (m !== undefined && n !== undefined)
        streams.push(m.address(a, b) + s * m.stride(a, b), 0, n.address(a, b) + t * n.stride(a, b), 0);
      fused(0, rows, columns, [...streams, spare, stride]);
      call["sum"]!(spare, output.address(a, b) + to, rows, columns, stride);
    });
  };
}

/**
 * φ = s·x + h·|x|: E[φφ] = s² q + h² E|uv| and E[φ'φ'] = s² + h² E[sgn u sgn v], where the second parts depend on distances
 * and are even or odd in the covariance q.
 */
function byDistance(context: Context, [pp, k, qq, w]: Operands, d: Found): Call {
  const { space, output, format, numbers, parameters } = context;
  const { c, product } = rectifierConstants(parameters as RectifierParameters);
  const [linear, bent] = [(c + product) / 2, (c - product) / 2];
  const derivative = parameters["derivative"] as boolean;
  const index = (address: number): number => address / format.bytes;
  return (a, b) => {
    const [rows, columns] = [space.lengths[a]!, space.lengths[b]!];
    const reader = (of: Found): ((s: number, t: number) => number) => {
      const [at, row] = [index(of.address(a, b)), index(of.stride(a, b))];
      return (s, t) => numbers[at + s * row + t]!;
    };
    const [kOf, dOf, wOf] = [reader(k), reader(d), reader(w)];
    const [p, q] = [index(pp.address(a, b)), index(qq.address(a, b))];
    const deviations = (s: number, t: number): number => Math.sqrt(numbers[p + s]! * numbers[q + t]!);
    let [least, sum] = [1, 0];
    for (let s = 0; s < rows; s++)
      for (let t = 0; t < columns; t++) {
        const distance = dOf(s, t);
        if (distance > 0 && distance < least) least = distance;
        sum += wOf(s, t) * (derivative ? 1 : kOf(s, t));
      }
    const curve = curveDownTo(least, derivative ? "signs" : "moduli", format.scalar);
    const [distances, weights] = [new Float64Array(rows * columns), new Float64Array(rows * columns)];
    for (let s = 0; s < rows; s++)
      for (let t = 0; t < columns; t++) {
        distances[s * columns + t] = dOf(s, t);
        weights[s * columns + t] = wOf(s, t) * (derivative ? Math.sign(kOf(s, t)) : deviations(s, t));
      }
    const total = sumOver(curve, distances, weights);
    eachEntry(context, a, b, (s, t, to) => {
      const value = bent * total(dOf(s, t));
      const found = derivative
        ? linear * sum + Math.sign(kOf(s, t)) * value
        : linear * kOf(s, t) * sum + deviations(s, t) * value;
      numbers[index(output.address(a, b) + to)] = found;
    });
  };
}

/** Runs over the entries that a form has, each with its distance from the first in memory. */
function eachEntry(
  { space, form, output, format, check }: Context,
  a: number,
  b: number,
  entry: (s: number, t: number, to: number) => void,
): void {
  const [rows, columns, stride] = [space.lengths[a]!, space.lengths[b]!, output.stride(a, b)];
  for (let s = 0; s < (form === "block" ? rows : Math.min(rows, columns)); s++) {
    check();
    if (form === "block") for (let t = 0; t < columns; t++) entry(s, t, s * stride + t * format.bytes);
    else entry(s, s, s * format.bytes);
  }
}
