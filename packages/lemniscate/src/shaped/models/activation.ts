/** @module Shaped activations: so close to the identity at width n that depth over width decides what they do. */
import { z } from "zod";
import { LemniscateError } from "../../core/errors.js";
import { type Algebra, numbers } from "../../ops/algebra.js";
import type { Formula } from "../steps/formula.js";

/** σ_s(x) = s₊ max(x, 0) + s₋ min(x, 0) with s± = 1 + c±/√n. */
export interface ShapedRelu {
  readonly type: "shaped-relu";
  /** c₊ */
  readonly plus: number;
  /** c₋ */
  readonly minus: number;
}

/** φ_s(x) = s φ(x/s) with s = a √n, and φ scaled so that φ′(0) = 1. */
export interface ShapedSmooth {
  readonly type: "tanh" | "silu";
  /** a */
  readonly scale: number;
}

export type Activation = ShapedRelu | ShapedSmooth;

export const activation: z.ZodType<Activation> = z.union([
  z.strictObject({ type: z.literal("shaped-relu"), plus: z.number(), minus: z.number() }),
  z.strictObject({ type: z.enum(["tanh", "silu"]), scale: z.number().positive() }),
]);

/** φ with φ(0) = 0 and φ′(0) = 1, and all that the limit knows of it. */
interface Smooth {
  readonly second: number;
  readonly third: number;
  readonly formula: <V>(a: Algebra<V>, x: V) => V;
}

export const smoothFunctions: Readonly<Record<"tanh" | "silu", Smooth>> = {
  tanh: { second: 0, third: -2, formula: tanh },
  /** 2 x / (1 + e^−x) = x (1 + tanh(x/2)). */
  silu: { second: 1, third: 0, formula: (a, x) => a.mul(x, a.add(a.constant(1), tanh(a, a.mul(a.constant(0.5), x)))) },
};

/**
 * What a hidden layer adds to the drift, with n (E K − V) → additive + V (rate_a + rate_b): the first is positive
 * semi-definite and the second a congruence, so that a scheme can keep V positive semi-definite.
 */
export interface ActivationDrift {
  /** Of V^ab, V^aa, V^bb. */
  readonly additive: Formula;
  /** Whether it is other than zero on the diagonal. */
  readonly diagonal: boolean;
  /** Of V^aa; none if it is zero. */
  readonly rate: Formula | undefined;
}

/**
 * @param width - of a network whose own drift is wanted: c (c₊ − c₋)² instead of its limit, for the shaped ReLU
 * @source ν: Noci et al. 2023 (arXiv:2306.17759), in the sign convention above; the smooth form derived
 */
export function driftOf(activation: Activation, width?: number): ActivationDrift {
  if (activation.type === "shaped-relu") {
    const { plus, minus } = activation;
    const c = width === undefined ? 1 : slopes(activation, width).c;
    const factor = (c * (plus - minus) ** 2) / (2 * Math.PI);
    return {
      additive: (a, v, p, q) => a.mul(a.constant(factor), excess(a, v!, p!, q!)),
      diagonal: false,
      rate: undefined,
    };
  }
  const { second, third } = smoothFunctions[activation.type];
  const [square, cube] = [second ** 2 / (4 * activation.scale ** 2), third / (2 * activation.scale ** 2)];
  return {
    additive: (a, v, p, q) => a.mul(a.constant(square), a.fma(a.constant(2), a.mul(v!, v!), a.mul(p!, q!))),
    diagonal: second !== 0,
    rate: (a, p) => a.fma(a.constant(cube), p!, a.constant(-1.5 * square - cube)),
  };
}

/** A neuron as factor · formula(x). */
export interface Neuron {
  readonly formula: Formula;
  readonly factor: number;
  /**
   * Whether the formula does in single precision: if it is x but for a term that is small, so that a rounded constant
   * in it is as small an error. A factor of the whole would be off by 3e-8 in each of n layers, and in one direction.
   */
  readonly coarse: boolean;
}

/** What is s₊ x above 0 and s₋ x below. */
export function bent(up: number, down: number): Neuron {
  const bend = (up - down) / (up + down);
  const formula: Formula = (a, x) => a.fma(a.constant(bend), a.abs(x!), x!);
  return { formula, factor: (up + down) / 2, coarse: true };
}

/** √c φ_s at a width: a hidden layer's K is the mean of its outer products. */
export function neuronAt(activation: Activation, width: number): Neuron {
  if (activation.type === "shaped-relu") {
    const { up, down, c } = slopes(activation, width);
    if (up + down > 0.1) return bent(Math.sqrt(c) * up, Math.sqrt(c) * down);
    const [high, low] = [Math.sqrt(c) * up, Math.sqrt(c) * down];
    const formula: Formula = (a, x) =>
      a.choose(x!, a.constant(0), a.mul(a.constant(low), x!), a.mul(a.constant(high), x!));
    return { formula, factor: 1, coarse: false };
  }
  const { formula } = smoothFunctions[activation.type];
  const s = activation.scale * Math.sqrt(width);
  const shaped = <V>(a: Algebra<V>, x: V): V => a.mul(a.constant(s), formula(a, a.mul(a.constant(1 / s), x)));
  const factor = Math.sqrt(1 / secondMoment((x) => shaped(numbers, x)));
  return { formula: (a, x) => shaped(a, x!), factor, coarse: false };
}

/** E K of a hidden layer of shaped ReLUs at a width, of V^ab, V^aa, V^bb. */
export function meanAt(activation: ShapedRelu, width: number): Formula {
  const { up, down, c } = slopes(activation, width);
  // With E[relu relu] = V/2 + excess/2π, and c s₊s₋ + c (s₊ − s₋)²/2 = 1.
  const factor = (c * (up - down) ** 2) / (2 * Math.PI);
  return (a, v, p, q) => a.fma(a.constant(factor), excess(a, v!, p!, q!), v!);
}

/** s₊, s₋, and c with c E[σ_s(g)²] = 1. */
export function slopes({ plus, minus }: ShapedRelu, width: number): { up: number; down: number; c: number } {
  const [up, down] = [1 + plus / Math.sqrt(width), 1 + minus / Math.sqrt(width)];
  if (up === 0 && down === 0)
    throw new LemniscateError({
      code: "OptionOutOfRange",
      where: "activation",
      given: `c₊ = ${plus} and c₋ = ${minus} at width ${width}`,
      allowed: "slopes 1 + c/√n that are not both 0",
      mend: "Take other constants, or another width: with these the layer gives nothing.",
    });
  return { up, down, c: 2 / (up ** 2 + down ** 2) };
}

/**
 * √(pq) (sin θ − θ cos θ) with cos θ = v/√(pq): beyond a right angle, by that of the other side. Roots and divisions are of
 * one variance each, so that an engine can share them.
 */
function excess<V>(a: Algebra<V>, v: V, p: V, q: V): V {
  const [left, right] = [a.sqrt(p), a.sqrt(q)];
  const inverse = (root: V): V => a.div(a.constant(1), a.max(root, a.constant(1e-150)));
  const cosine = a.mul(a.mul(v, inverse(left)), inverse(right));
  const near = a.sub(a.constant(1), a.min(a.abs(cosine), a.constant(1)));
  const behind = a.mul(a.constant(Math.PI), a.max(a.sub(a.constant(0), cosine), a.constant(0)));
  return a.mul(a.mul(left, right), a.add(a.angleExcess(near), behind));
}

function tanh<V>(a: Algebra<V>, x: V): V {
  const shrunk = a.exp(a.mul(a.constant(-2), a.abs(x)));
  const size = a.div(a.sub(a.constant(1), shrunk), a.add(a.constant(1), shrunk));
  return a.choose(x, a.constant(0), a.sub(a.constant(0), size), size);
}

/** E f(g)² for standard normal g, by the trapezoidal rule, which is exact to rounding for smooth functions. */
function secondMoment(f: (x: number) => number): number {
  const h = 1 / 64;
  let sum = 0;
  for (let x = -12; x <= 12; x += h) sum += f(x) ** 2 * Math.exp(-(x ** 2) / 2);
  return (sum * h) / Math.sqrt(2 * Math.PI);
}
