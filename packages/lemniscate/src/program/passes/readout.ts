import type { Shape } from "../../core/shape.js";
import { sandwichOp } from "../../ops/attend.js";
import { add, addOp, affine, multiply, multiplyOp } from "../../ops/elementary.js";
import { gramOp, mixedGramOp, pooledGram, poolInputs } from "../../ops/gram.js";
import type { Node, Side } from "../../ops/op.js";
import { keepOp, presence } from "../../ops/padding.js";
import { bilinear, bilinearOp, outer, outerOp, sumDiagonal, sumPairsOp, weigh } from "../../ops/reductions.js";
import type { Merged, Rewrite } from "../graph.js";
import { mostPaths, multipleOf, reachThrough } from "./reach.js";

/**
 * Pushes a sum over positions through linear layers down to attention, where it becomes a weighted sum over the
 * positions below: then a pair costs S² instead of 4S³, and the block above attention is never formed. Where all is
 * linear down to the inputs, they are summed instead: then a pair costs 2d.
 *
 *   1ᵀ k 1 → bilinear, where that saves something     uᵀ (A k Bᵀ) v → (Aᵀu)ᵀ k (Bᵀv)     uᵀ (n·k) v → n·uᵀkv
 *   uᵀ (s·k + b) v → s·uᵀkv + b·Σu·Σv     uᵀ (k + l) v → uᵀkv + uᵀlv     uᵀ keep(k) v → (u∘u_p)ᵀ k (v∘u_q)
 *   uᵀ (X X'ᵀ) v → (Xᵀu)·(X'ᵀv)     uᵀ (s tᵀ) v → (u·s)(t·v)
 */
export function readout(input: Shape): Rewrite {
  return (node) => (node.op === sumPairsOp ? started(node, input) : pushed(node));
}

/** A plain sum over a block as a weighted one, where the input's presence says what counts. */
function started(node: Merged, input: Shape): Node | undefined {
  const [k] = node.args as readonly [Merged];
  if (!isPushed(k) || k.grid.join() !== input.grid.join()) return undefined;
  const [p, q] = k.sides as readonly [Side, Side];
  // Without holes every position counts 1; with them, zeros are kept below and presence does no harm.
  const present = (side: Side): Node => presence(side, "line", k.grid);
  return bilinear(present(p), k, present(q));
}

function pushed(node: Merged): Node | undefined {
  if (node.op !== bilinearOp) return undefined;
  const [u, k, v] = node.args as readonly [Merged, Merged, Merged];
  if (!isPushed(k)) return undefined;
  const [first, second, third] = k.args;
  if (k.op === sandwichOp) return bilinear(weigh(first!, u), second!, weigh(third!, v));
  if (k.op === gramOp) return pooledGram(poolInputs(u, undefined), poolInputs(v, undefined));
  if (k.op === mixedGramOp) return pooledGram(poolInputs(u, first), poolInputs(v, second));
  if (k.op === outerOp) return outer(sumDiagonal(multiply(u, first!)), sumDiagonal(multiply(v, second!)));
  if (k.op === keepOp) return bilinear(multiply(u, first!), second!, multiply(v, third!));
  if (k.op.name === multiplyOp.name) {
    const { number, block } = multipleOf(k)!;
    return multiply(number, bilinear(u, block, v));
  }
  if (k.op.name === addOp.name) return add(bilinear(u, first!, v), bilinear(u, second!, v));
  const { scale, shift } = k.parameters as { readonly scale: number; readonly shift: number };
  const scaled = affine(bilinear(u, first!, v), scale, 0);
  return shift === 0 ? scaled : add(scaled, affine(outer(sumDiagonal(u), sumDiagonal(v)), shift, 0));
}

const reachOf = reachThrough({ masks: true });

/** Whether a weighted sum over `k` is pushed below it. */
function isPushed(k: Node): boolean {
  const { paths, saves, linear } = reachOf(k);
  return (saves || linear) && (k.op.name !== addOp.name || paths <= mostPaths);
}
