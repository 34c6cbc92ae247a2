import type { Node } from "../../ops/op.js";
import { keepOp, presenceOp } from "../../ops/padding.js";
import type { Merged } from "../graph.js";

/** Drops `keep` where no example has padding: there is nothing to put back to zero. */
export function unmask(node: Merged): Node | undefined {
  return node.op === keepOp ? node.args[1]! : undefined;
}

/**
 * Drops `keep` where padding is behind every example and is cut off. Below a window that leaves another grid it stays:
 * the middle of the last windows may be padding, and of a short example that of all.
 */
export function unmaskLengths(node: Merged): Node | undefined {
  const inside = node.op === keepOp && node.args[0]!.op === presenceOp && node.args[2]!.op === presenceOp;
  return inside ? node.args[1]! : undefined;
}
