import type { Shape } from "../../core/shape.js";
import { compose, cross, sandwichOp } from "../../ops/attend.js";
import { add, addOp, affine, affineOp, multiply } from "../../ops/elementary.js";
import { gramOp, mix, mixedGram, mixedGramOp, mixLine } from "../../ops/gram.js";
import type { Node, Side } from "../../ops/op.js";
import { presence } from "../../ops/padding.js";
import { inner, outer, outerOp, sumDiagonal, sumDiagonalOp } from "../../ops/reductions.js";
import type { Merged, Rewrite } from "../graph.js";
import { mostPaths, multipleOf, reachThrough } from "./reach.js";

// Not below `keep`: a trace has no weights that would take its zeros along.
const reachOf = reachThrough({ masks: false });

/**
 * Pushes a sum over equal positions through linear layers down to attention. There it is an inner product with weights
 * that NNGP and NTK share, so that a pair costs 2S³ for both instead of 2S³ for each:
 *
 *   tr(A k Bᵀ) = ⟨AᵀB, k⟩     A (C k Dᵀ) Bᵀ = (AC) k (BD)ᵀ     tr(A X X'ᵀ Bᵀ) = tr((AX)(BX')ᵀ)
 *   tr(s·k + b) = s·tr k + b·min(S, S')     tr(k + l) = tr k + tr l     tr(n·k) = n·tr k
 *
 * Whether that is cheaper depends on who else reads the blocks above; the compiler compares.
 */
export function trace(input: Shape): Rewrite {
  return (node) => {
    if (node.op !== sumDiagonalOp) return undefined;
    const [k] = node.args as readonly [Merged];
    const { paths, saves } = reachOf(k);
    // Constants count the positions that are present, which only the input tells.
    return saves && paths <= mostPaths && k.grid.join() === input.grid.join() ? traced(k, undefined) : undefined;
  };
}

/** Layers of attention above a block: its weights on both sides, or none. */
type Weights = readonly [A: Node, B: Node] | undefined;

function traced(k: Node, weights: Weights): Node {
  const [first, second, third] = k.args;
  if (k.op === sandwichOp)
    return traced(
      second!,
      weights === undefined ? [first!, third!] : [compose(weights[0], first!), compose(weights[1], third!)],
    );
  if (k.op.name === addOp.name) return add(traced(first!, weights), traced(second!, weights));
  if (k.op.name === affineOp.name) {
    const { scale, shift } = k.parameters as { readonly scale: number; readonly shift: number };
    const scaled = affine(traced(first!, weights), scale, 0);
    if (shift === 0) return scaled;
    const [p, q] = k.sides as readonly [Side, Side];
    return add(
      scaled,
      affine(traced(outer(presence(p, "line", k.grid), presence(q, "line", k.grid)), weights), shift, 0),
    );
  }
  const product = multipleOf(k);
  if (product !== undefined) return multiply(product.number, traced(product.block, weights));
  if (weights === undefined) return sumDiagonal(k);
  const [A, B] = weights;
  if (k.op === gramOp) return sumDiagonal(mixedGram(mix(A, undefined), mix(B, undefined)));
  if (k.op === mixedGramOp) return sumDiagonal(mixedGram(mix(A, first), mix(B, second)));
  if (k.op === outerOp) return sumDiagonal(outer(mixLine(A, first!), mixLine(B, second!)));
  return inner(cross(A, B), k);
}
