import type { Node } from "../../ops/op.js";
import { keepOp } from "../../ops/padding.js";
import type { Merged } from "../graph.js";

/** Drops `keep` where no example has padding inside: there is nothing to put back to zero. */
export function unmask(node: Merged): Node | undefined {
  return node.op === keepOp ? node.args[1]! : undefined;
}
