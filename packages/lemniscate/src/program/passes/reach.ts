/** @module What a sum over positions of a block meets on its way down through what is linear in the block. */
import { sandwichOp } from "../../ops/attend.js";
import { addOp, affineOp, multiplyOp } from "../../ops/elementary.js";
import { gramOp, mixedGramOp } from "../../ops/gram.js";
import type { Node } from "../../ops/op.js";
import { keepOp } from "../../ops/padding.js";
import { outerOp } from "../../ops/reductions.js";

export interface Reach {
  /** How many sums it becomes. */
  readonly paths: number;
  /** Whether some block need not be formed, of attention or of a product with a number. */
  readonly saves: boolean;
  /** Whether it is a sum over inputs in the end, whatever the path. */
  readonly linear: boolean;
}

/** Sums of attention over sums of attention have twice as many paths at each; beyond these, blocks are cheaper. */
export const mostPaths = 16;

/** Tells of blocks what a sum over them meets; `masks` says whether it goes on below `keep`. Answers are remembered. */
export function reachThrough({ masks }: { readonly masks: boolean }): (k: Node) => Reach {
  const known = new WeakMap<Node, Reach>();
  const reachOf = (k: Node): Reach => {
    const reach = known.get(k) ?? follow(k);
    known.set(k, reach);
    return reach;
  };
  const follow = (k: Node): Reach => {
    if (k.op === gramOp || k.op === mixedGramOp || k.op === outerOp) return { paths: 1, saves: false, linear: true };
    if (k.op === sandwichOp) return { ...reachOf(k.args[1]!), saves: true };
    if (masks && k.op === keepOp) return reachOf(k.args[1]!);
    if (k.op.name === affineOp.name) return reachOf(k.args[0]!);
    const product = multipleOf(k);
    if (product !== undefined) return { ...reachOf(product.block), saves: true };
    if (k.op.name !== addOp.name) return { paths: 1, saves: false, linear: false };
    const [x, y] = k.args.map(reachOf) as [Reach, Reach];
    return { paths: x.paths + y.paths, saves: x.saves || y.saves, linear: x.linear && y.linear };
  };
  return reachOf;
}

/** The number and the block of a block that is multiplied by one number, as by attention without a softmax. */
export function multipleOf(k: Node): { readonly number: Node; readonly block: Node } | undefined {
  if (k.op.name !== multiplyOp.name) return undefined;
  const [x, y] = k.args as readonly [Node, Node];
  if (x.extent === "value" && y.extent === "pair") return { number: x, block: y };
  return y.extent === "value" && x.extent === "pair" ? { number: y, block: x } : undefined;
}
