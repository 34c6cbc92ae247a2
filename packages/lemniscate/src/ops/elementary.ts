/** @module Sums, products and affine maps of covariances, entry by entry. */
import { apply, type ElementwiseOp, type Node } from "./op.js";
import { isZero, zero } from "./zero.js";

/** k ↦ scale·k + shift. */
export const affineOp: ElementwiseOp<{ scale: number; shift: number }> = {
  kind: "elementwise",
  name: "affine",
  roles: ["entry"],
  keepsZero: ({ shift }) => shift === 0,
  formula: (o, [k], { scale, shift }) => {
    if (shift === 0) return o.mul(k!, o.constant(scale));
    return scale === 1 ? o.add(k!, o.constant(shift)) : o.fma(k!, o.constant(scale), o.constant(shift));
  },
};

export const addOp: ElementwiseOp<Record<string, never>> = {
  kind: "elementwise",
  name: "add",
  roles: ["entry", "entry"],
  keepsZero: () => true,
  formula: (o, [x, y]) => o.add(x!, y!),
};

export const multiplyOp: ElementwiseOp<Record<string, never>> = {
  kind: "elementwise",
  name: "multiply",
  roles: ["entry", "entry"],
  keepsZero: () => true,
  formula: (o, [x, y]) => o.mul(x!, y!),
};

export function affine(k: Node, scale: number, shift: number): Node {
  if (shift === 0 && (scale === 1 || isZero(k))) return k;
  return apply(affineOp, [k], { scale, shift });
}

export function add(x: Node, y: Node): Node {
  if (isZero(x)) return y;
  return isZero(y) ? x : apply(addOp, [x, y], {});
}

export function multiply(x: Node, y: Node): Node {
  if (isZero(x) || isZero(y)) return isZero(x) ? zero(y.extent, y.sides) : zero(x.extent, x.sides);
  return apply(multiplyOp, [x, y], {});
}
