/** @module Division by standard deviations, as layer normalisation does it in the limit. */
import { apply, type ElementwiseOp, type Node } from "./op.js";
import { isZero } from "./zero.js";

/** target ↦ target / √((k_pp + ε)(k_qq + ε)); 0 where that is 0/0, as on padding with ε = 0. */
export const normalizeOp: ElementwiseOp<{ epsilon: number }> = {
  kind: "elementwise",
  name: "normalize",
  roles: ["row", "entry", "column"],
  keepsZero: () => true,
  formula: (o, [pp, target, qq], { epsilon }) => {
    const eps = o.constant(epsilon);
    const normalized = o.div(o.div(target!, o.sqrt(o.add(pp!, eps))), o.sqrt(o.add(qq!, eps)));
    if (epsilon > 0) return normalized;
    const zero = o.constant(0);
    return o.choose(o.min(pp!, qq!), zero, zero, normalized);
  },
};

export function normalize(pp: Node, target: Node, qq: Node, epsilon: number): Node {
  return isZero(target) ? target : apply(normalizeOp, [pp, target, qq], { epsilon });
}

/** (total, n) ↦ 1/√(total/max(n, 1)): the factor that normalises an average over n positions; 0 for a total of 0. */
export const inverseRootOp: ElementwiseOp<Record<string, never>> = {
  kind: "elementwise",
  name: "inverseRoot",
  roles: ["entry", "entry"],
  keepsZero: () => true,
  formula: (o, [total, n]) => {
    const zero = o.constant(0);
    return o.choose(total!, zero, zero, o.sqrt(o.div(o.max(n!, o.constant(1)), total!)));
  },
};

export function inverseRoot(total: Node, n: Node): Node {
  return apply(inverseRootOp, [total, n], {});
}
