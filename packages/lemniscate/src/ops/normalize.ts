/** @module Division by standard deviations, as layer normalisation does it in the limit. */
import { apply, type ElementwiseOp, type Node } from "./op.js";
import { isZero } from "./zero.js";

/** target ↦ target / √((k_pp + ε)(k_qq + ε)). */
export const normalizeOp: ElementwiseOp<{ epsilon: number }> = {
  kind: "elementwise",
  name: "normalize",
  roles: ["row", "entry", "column"],
  keepsZero: () => true,
  formula: (o, [pp, target, qq], { epsilon }) => {
    const eps = o.constant(epsilon);
    return o.div(o.div(target!, o.sqrt(o.add(pp!, eps))), o.sqrt(o.add(qq!, eps)));
  },
};

export function normalize(pp: Node, target: Node, qq: Node, epsilon: number): Node {
  return isZero(target) ? target : apply(normalizeOp, [pp, target, qq], { epsilon });
}

/** (total, n) ↦ 1/√(total/max(n, 1)): the factor that normalises an average over n positions. */
export const inverseRootOp: ElementwiseOp<Record<string, never>> = {
  kind: "elementwise",
  name: "inverseRoot",
  roles: ["entry", "entry"],
  keepsZero: () => false,
  formula: (o, [total, n]) => o.sqrt(o.div(o.max(n!, o.constant(1)), total!)),
};

export function inverseRoot(total: Node, n: Node): Node {
  return apply(inverseRootOp, [total, n], {});
}
