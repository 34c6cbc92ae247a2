import type { Shape } from "../../core/shape.js";
import { sandwichOp } from "../../ops/attend.js";
import { add, addOp, affine, affineOp, multiply } from "../../ops/elementary.js";
import type { Node, Side } from "../../ops/op.js";
import { keepOp, presence } from "../../ops/padding.js";
import { bilinear, bilinearOp, outer, sumDiagonal, sumPairsOp, weigh } from "../../ops/reductions.js";
import type { Merged, Rewrite } from "../graph.js";

/**
 * Pushes a sum over positions through linear layers down to attention, where it becomes a weighted sum over the
 * positions below: then a pair costs S² instead of 4S³, and the block above attention is never formed.
 *
 *   1ᵀ k 1 → bilinear, where k is attention's or a sum with it     uᵀ (A k Bᵀ) v → (Aᵀu)ᵀ k (Bᵀv)
 *   uᵀ (s·k + b) v → s·uᵀkv + b·Σu·Σv     uᵀ (k + l) v → uᵀkv + uᵀlv     uᵀ keep(k) v → (u∘u_p)ᵀ k (v∘u_q)
 */
export function readout(input: Shape): Rewrite {
  return (node) => (node.op === sumPairsOp ? started(node, input) : pushed(node));
}

/** A plain sum over a block of attention's as a weighted one, where the input's presence says what counts. */
function started(node: Merged, input: Shape): Node | undefined {
  const [k] = node.args as readonly [Merged];
  if (!reachesAttention(k) || k.grid.join() !== input.grid.join()) return undefined;
  const [p, q] = k.sides as readonly [Side, Side];
  // Without holes every position counts 1; with them, zeros are kept below and presence does no harm.
  const present = (side: Side): Node => presence(side, "line", k.grid);
  return bilinear(present(p), k, present(q));
}

function pushed(node: Merged): Node | undefined {
  if (node.op !== bilinearOp) return undefined;
  const [u, k, v] = node.args as readonly [Merged, Merged, Merged];
  if (!reachesAttention(k)) return undefined;
  const [first, second, third] = k.args;
  if (k.op === sandwichOp) return bilinear(weigh(first!, u), second!, weigh(third!, v));
  if (k.op === keepOp) return bilinear(multiply(u, first!), second!, multiply(v, third!));
  if (k.op.name === addOp.name) return add(bilinear(u, first!, v), bilinear(u, second!, v));
  const { scale, shift } = k.parameters as { readonly scale: number; readonly shift: number };
  const scaled = affine(bilinear(u, first!, v), scale, 0);
  return shift === 0 ? scaled : add(scaled, affine(outer(sumDiagonal(u), sumDiagonal(v)), shift, 0));
}

/** Sums of attention over sums of attention have twice as many paths at each; beyond these, blocks are cheaper. */
const mostPaths = 16;

/** Whether a weighted sum over `k` is pushed below it. */
function reachesAttention(k: Node): boolean {
  const paths = pathsTo(k);
  return paths > 0 && (k.op.name !== addOp.name || paths <= mostPaths);
}

const known = new WeakMap<Node, number>();

/** How many weighted sums one over `k` becomes below its attention layers; 0 if there are none in reach. */
function pathsTo(k: Node): number {
  const paths = known.get(k) ?? countedPaths(k);
  known.set(k, paths);
  return paths;
}

function countedPaths(k: Node): number {
  if (k.op === sandwichOp) return Math.max(1, pathsTo(k.args[1]!));
  if (k.op === keepOp) return pathsTo(k.args[1]!);
  if (k.op.name === affineOp.name) return pathsTo(k.args[0]!);
  if (k.op.name !== addOp.name) return 0;
  const [x, y] = k.args.map(pathsTo) as [number, number];
  return x + y === 0 ? 0 : Math.max(x, 1) + Math.max(y, 1);
}
