import type { Algebra } from "../algebra.js";
import { apply, type ElementwiseOp, type Node, type Parameters } from "../op.js";

/**
 * The two expectations that a nonlinearity φ contributes to a kernel, for centred Gaussians (u, v) with variances
 * pp, qq and covariance pq: `covariance` is E[φ(u)φ(v)], `derivative` is E[φ'(u)φ'(v)].
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

/** √(pp·qq − pq²) without the cancellation near |pq| = √(pp·qq); never NaN. */
export function determinantRoot<V>(o: Algebra<V>, pp: V, pq: V, qq: V): V {
  return o.sqrt(determinant(o, pp, pq, qq));
}

/** max(pp·qq − pq², 0), as a product of two differences. */
export function determinant<V>(o: Algebra<V>, pp: V, pq: V, qq: V): V {
  const s = o.sqrt(o.mul(pp, qq));
  return o.max(o.mul(o.sub(s, pq), o.add(s, pq)), o.constant(0));
}
