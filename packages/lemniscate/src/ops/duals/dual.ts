import type { Algebra } from "../algebra.js";
import { apply, type ElementwiseOp, type Node, type Parameters } from "../op.js";

/**
 * The two expectations that a nonlinearity φ contributes to a kernel, for centred Gaussians (u, v) with variances
 * pp, qq and covariance pq: `covariance` is E[φ(u)φ(v)], `derivative` is E[φ'(u)φ'(v)].
 *
 * Each formula states its error beside √(E[φ(u)²]·E[φ(v)²]), for the derivative √(E[φ'(u)²]·E[φ'(v)²]), in units of
 * rounding u: 2^-53 in double precision, 2^-24 in single. It holds for correlations up to ±1, for variances of any size
 * unless the formula says otherwise, and on both engines (`test/ops/accuracy`).
 */
export interface Dual<P extends Parameters> {
  readonly name: string;
  readonly source: string;
  /** φ itself, where attention may use it to turn logits into weights. */
  readonly value?: (x: number, parameters: P) => number;
  /** Where φ is not smooth; default nowhere. */
  readonly kinks?: (parameters: P) => readonly number[];
  /** Whether φ(0) = 0, so that padding stays at zero. */
  readonly keepsZero: (parameters: P) => boolean;
  readonly covariance: <V>(o: Algebra<V>, pp: V, pq: V, qq: V, parameters: P) => V;
  readonly derivative: <V>(o: Algebra<V>, pp: V, pq: V, qq: V, parameters: P) => V;
}

/** The covariance operations of a nonlinearity. */
export interface DualOps<P extends Parameters> {
  readonly covariance: ElementwiseOp<P>;
  readonly derivative: ElementwiseOp<P>;
  /** E[φ(u)]·E[φ(v)]: the covariance of independent Gaussians. */
  readonly means: ElementwiseOp<P>;
}

export function dualOps<P extends Parameters>(dual: Dual<P>): DualOps<P> {
  const op = (part: "covariance" | "derivative"): ElementwiseOp<P> => ({
    kind: "elementwise",
    name: part === "covariance" ? dual.name : `${dual.name}Dot`,
    roles: ["row", "entry", "column"],
    keepsZero: (parameters) => part === "covariance" && dual.keepsZero(parameters),
    formula: (o, [pp, pq, qq], parameters) => dual[part](o, pp!, pq!, qq!, parameters),
  });
  const means: ElementwiseOp<P> = {
    ...op("covariance"),
    name: `${dual.name}Means`,
    roles: ["row", "column"],
    formula: (o, [pp, qq], parameters) => dual.covariance(o, pp!, o.constant(0), qq!, parameters),
  };
  return { covariance: op("covariance"), derivative: op("derivative"), means };
}

/** E[φ(u)φ(v)] or E[φ'(u)φ'(v)] of the Gaussians with the covariances `pp`, `pq`, `qq`. */
export function applyDual<P extends Parameters>(
  op: ElementwiseOp<P>,
  pp: Node,
  pq: Node,
  qq: Node,
  parameters: P,
): Node {
  return apply(op, [pp, pq, qq], parameters);
}

/** E[φ(u)]·E[φ(v)] of Gaussians with the variances of two covariances. */
export function applyMeans<P extends Parameters>(op: ElementwiseOp<P>, pp: Node, qq: Node, parameters: P): Node {
  const sides = [pp.sides[0]!, qq.sides[0]!];
  const { extent, grid } = pp;
  return { op: op as unknown as ElementwiseOp, args: [pp, qq], parameters, extent, sides, grid };
}

/** What formulas read of one side: its variance k, √k and 1/√k. */
export interface Deviation<V> {
  readonly variance: V;
  readonly root: V;
  readonly perRoot: V;
}

export function deviation<V>(o: Algebra<V>, variance: V): Deviation<V> {
  const root = o.sqrt(variance);
  return { variance, root, perRoot: o.div(o.constant(1), root) };
}

/**
 * 1 − |ρ| of the correlation ρ = pq/√(pp·qq); 1 where a variance is 0.
 *
 * In units of both standard deviations, with c = |ρ|, a = (pp − |pq|)/√(pp·qq) and b = (qq − |pq|)/√(pp·qq),
 * (1 − c)(1 + c) = c(a + b) + ab. Of nearly equal Gaussians these differences are exact, so that all digits survive which
 * the covariances have; of equal ones, and of x and 2x, the result is 0. Where variances differ more, 1 − c itself is the
 * better one. Roots and reciprocals are of one side alone, so that they are computed once for that side.
 */
export function scaledDistance<V>(o: Algebra<V>, p: Deviation<V>, pq: V, q: Deviation<V>): V {
  const [zero, one, size] = [o.constant(0), o.constant(1), o.abs(pq)];
  const [pp, qq] = [p.variance, q.variance];
  const scaled = (x: V): V => o.mul(o.mul(x, p.perRoot), q.perRoot);
  const [c, a, b] = [scaled(size), scaled(o.sub(pp, size)), scaled(o.sub(qq, size))];
  const alike = o.div(o.add(o.mul(c, o.add(a, b)), o.mul(a, b)), o.add(one, c));
  const distance = o.choose(o.max(pp, qq), o.mul(o.min(pp, qq), o.constant(4.5)), alike, o.sub(one, c));
  return o.choose(o.min(pp, qq), zero, one, o.max(distance, zero));
}

/** Variances and covariance in a unit in which their products are numbers; see {@link inUnit}. */
export interface InUnit<V> {
  readonly pp: V;
  readonly pq: V;
  readonly qq: V;
  /** 1 in that unit. */
  readonly one: V;
  /** How often the unit goes into 1: what multiplies back. */
  readonly unit: V;
}

/**
 * Variances and covariance, divided by 1 where their products are numbers anyway, else by a power of two, which costs no
 * digits: 2^72 is for single precision, which rounds the limit of the other to ∞, so that it is never reached.
 */
export function inUnit<V>(o: Algebra<V>, pp: V, pq: V, qq: V): InUnit<V> {
  const largest = o.max(pp, qq);
  const power = (exponent: number): V => o.constant(2 ** exponent);
  const pick = (sign: number): V =>
    o.choose(largest, power(56), power(0), o.choose(largest, power(480), power(sign * 72), power(sign * 600)));
  const [one, unit] = [pick(-1), pick(1)];
  return { pp: o.mul(pp, one), pq: o.mul(pq, one), qq: o.mul(qq, one), one, unit };
}

/** max(pp·qq − pq², 0), as a product of two differences; where pp·qq underflows it is 0, beside terms that are not. */
export function determinant<V>(o: Algebra<V>, pp: V, pq: V, qq: V): V {
  const s = o.sqrt(o.mul(pp, qq));
  return o.max(o.mul(o.sub(s, pq), o.add(s, pq)), o.constant(0));
}
