import type { Shape } from "../../core/shape.js";
import { positionCount } from "../../core/shape.js";
import { sandwichOp } from "../../ops/attend.js";
import { add, addOp, affine, affineOp } from "../../ops/elementary.js";
import { gramOp, mix, mixedGram, mixedGramOp, mixLine } from "../../ops/gram.js";
import type { Node, Side } from "../../ops/op.js";
import { keepOp, presence } from "../../ops/padding.js";
import { outer, outerOp } from "../../ops/reductions.js";
import type { Merged, Rewrite } from "../graph.js";

/** A sandwich that is pushed down becomes as many products as its covariance has terms; more are not worth it. */
const mostTerms = 4;

/**
 * Attention before the first nonlinearity mixes inputs, which is work for one example and not for a pair: the covariance
 * below is s·X X'ᵀ + c, and
 *
 *   A (X X'ᵀ) A'ᵀ = (A X)(A' X')ᵀ      A (u vᵀ) A'ᵀ = (A u)(A' v)ᵀ      A (s·k + c) A'ᵀ = s·A k A'ᵀ + c·(A u)(A' u')ᵀ
 *
 * so a pair costs 2S²d instead of 4S³. Only where the number of channels d is below 2S.
 */
export function prefix(input: Shape): Rewrite {
  const worthwhile = (input.channels ?? 0) < 2 * positionCount(input);
  return (node) => {
    if (!worthwhile || node.op !== sandwichOp) return undefined;
    const [A, k, B] = node.args as readonly [Merged, Merged, Merged];
    const [p, q] = k.sides as readonly [Side, Side];
    // Presence of both sides is 1 everywhere, where no example has holes.
    const terms = linear(k, 1, [presence(p, "line", k.grid), presence(q, "line", k.grid)], new Map());
    if (terms === undefined || terms.size > mostTerms) return undefined;
    return [...terms.values()].map(({ of, times }) => affine(mixed(A, of, B), times, 0)).reduce(add);
  };
}

/** The lines u and v of a constant u vᵀ, where weights that mix them are not blind to it. */
type Lines = readonly [u: Node, v: Node];

/** A multiple of a Gram matrix, or of a constant block given by its lines. */
interface Term {
  readonly of: Node | Lines;
  readonly times: number;
}

/**
 * Adds `times` a covariance to a linear combination, like terms together; undefined if it is not linear in Gram
 * matrices and constants. Padding need not be kept out: weights are 0 there.
 */
function linear(k: Node, times: number, lines: Lines, into: Map<Node, Term>): Map<Node, Term> | undefined {
  const put = (key: Node, of: Term["of"], factor: number): Map<Node, Term> =>
    into.set(key, { of, times: factor + (into.get(key)?.times ?? 0) });
  if (k.op === gramOp || k.op === mixedGramOp || k.op === outerOp) return put(k, k, times);
  if (k.op === keepOp) return linear(k.args[1]!, times, [k.args[0]!, k.args[2]!], into);
  if (k.op.name === addOp.name) {
    const first = linear(k.args[0]!, times, lines, into);
    return first === undefined ? undefined : linear(k.args[1]!, times, lines, first);
  }
  if (k.op.name !== affineOp.name) return undefined;
  const { scale, shift } = k.parameters as { readonly scale: number; readonly shift: number };
  if (shift !== 0) put(lines[0], lines, times * shift);
  return linear(k.args[0]!, times * scale, lines, into);
}

/** A k Bᵀ of one term. */
function mixed(A: Node, of: Node | Lines, B: Node): Node {
  if (!("op" in of)) return outer(mixLine(A, of[0]), mixLine(B, of[1]));
  if (of.op === gramOp) return mixedGram(mix(A, undefined), mix(B, undefined));
  const [x, y] = of.args as readonly [Node, Node];
  return of.op === mixedGramOp ? mixedGram(mix(A, x), mix(B, y)) : outer(mixLine(A, x), mixLine(B, y));
}
