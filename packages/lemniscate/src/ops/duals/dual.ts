import type { Algebra } from "../algebra.js";
import { apply, type ElementwiseOp, type Node, type Parameters } from "../op.js";

/**
 * The two expectations that a nonlinearity φ contributes to a kernel, for centred Gaussians (u, v) with variances
 * pp, qq and covariance pq: `covariance` is E[φ(u)φ(v)], `derivative` is E[φ'(u)φ'(v)].
 *
 * Each formula states its error beside √(E[φ(u)²]·E[φ(v)²]), for the derivative √(E[φ'(u)²]·E[φ'(v)²]), in units of
 * rounding u: 2^-53 in double precision, 2^-24 in single. It holds for correlations up to ±1, for variances from 0 to
 * those whose product is a number, and on both engines (`test/ops/accuracy`).
 */
export interface Dual<P extends Parameters> {
  readonly name: string;
  readonly source: string;
  /** Whether φ(0) = 0, so that padding stays at zero. */
  readonly keepsZero: (parameters: P) => boolean;
  readonly covariance: <V>(o: Algebra<V>, pp: V, pq: V, qq: V, parameters: P) => V;
  readonly derivative: <V>(o: Algebra<V>, pp: V, pq: V, qq: V, parameters: P) => V;
}

/** The covariance operations of a nonlinearity. */
export interface DualOps<P extends Parameters> {
  readonly covariance: ElementwiseOp<P>;
  readonly derivative: ElementwiseOp<P>;
}

export function dualOps<P extends Parameters>(dual: Dual<P>): DualOps<P> {
  const op = (part: "covariance" | "derivative"): ElementwiseOp<P> => ({
    kind: "elementwise",
    name: part === "covariance" ? dual.name : `${dual.name}Dot`,
    roles: ["row", "entry", "column"],
    keepsZero: (parameters) => part === "covariance" && dual.keepsZero(parameters),
    formula: (o, [pp, pq, qq], parameters) => dual[part](o, pp!, pq!, qq!, parameters),
  });
  return { covariance: op("covariance"), derivative: op("derivative") };
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

/**
 * 1 − |ρ| of the correlation ρ = pq/√(pp·qq); 1 where a variance is 0.
 *
 * With s = √(pp·qq), 2(s − |pq|) = (pp − |pq|) + (qq − |pq|) − (√pp − √qq)². Of nearly equal Gaussians these differences
 * are exact, so that all digits survive which the covariances have; of equal ones the result is 0. Where the variances
 * differ much, s − |pq| itself is the better one, and still exactly 0 for x and 2x. Variances whose product over- or
 * underflows have their roots taken first.
 */
export function scaledDistance<V>(o: Algebra<V>, pp: V, pq: V, qq: V): V {
  const [rp, rq, size] = [o.sqrt(pp), o.sqrt(qq), o.abs(pq)];
  const s = deviations(o, pp, qq);
  const apart = o.div(o.sub(pp, qq), o.add(rp, rq));
  const twice = o.sub(o.add(o.sub(pp, size), o.sub(qq, size)), o.mul(apart, apart));
  const alike = o.mul(o.max(pp, qq), o.constant(0.5));
  const distance = o.choose(alike, o.min(pp, qq), o.mul(twice, o.constant(0.5)), o.sub(s, size));
  return o.choose(s, o.constant(0), o.constant(1), o.div(o.max(distance, o.constant(0)), s));
}

/** √(pp·qq), √pp·√qq where the product is no number of normal size. */
export function deviations<V>(o: Algebra<V>, pp: V, qq: V): V {
  const [apart, product] = [o.mul(o.sqrt(pp), o.sqrt(qq)), o.mul(pp, qq)];
  const exact = o.choose(o.constant(1e-30), product, o.sqrt(product), apart);
  return o.choose(product, o.constant(1e30), exact, apart);
}

/** max(pp·qq − pq², 0), as a product of two differences; where pp·qq underflows it is 0, beside terms that are not. */
export function determinant<V>(o: Algebra<V>, pp: V, pq: V, qq: V): V {
  const s = o.sqrt(o.mul(pp, qq));
  return o.max(o.mul(o.sub(s, pq), o.add(s, pq)), o.constant(0));
}
