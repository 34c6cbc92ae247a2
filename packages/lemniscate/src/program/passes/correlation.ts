import { affineDistance, definedDistance, fromDistance, fromDistanceOp } from "../../ops/correlation.js";
import { dualOps } from "../../ops/duals/dual.js";
import {
  carriedDistanceOp,
  carriedSlopeOp,
  gain,
  neverNegative,
  type RectifierParameters,
  rectifierDistanceOp,
  rectifierDual,
} from "../../ops/duals/rectifier.js";
import { affine, affineOp } from "../../ops/elementary.js";
import { normalizeOp } from "../../ops/normalize.js";
import { apply, type Node } from "../../ops/op.js";
import { keepOp, scaleSidesOp } from "../../ops/padding.js";
import type { Graph, Merged } from "../graph.js";

const [covarianceName, derivativeName] = Object.values(dualOps(rectifierDual)).map(({ name }) => name);

/**
 * Carries the distance d = 1 − ρ from one piecewise linear nonlinearity to the next, through what only scales and shifts
 * covariances in between. Then d keeps its digits near 0, which each covariance would round away again, and a layer
 * takes one square root and no division.
 *
 *   E[φφ](pp, k, qq) → σσ'·(1 − d')     E[φ'φ'](pp, k, qq) → c − f·θ(d)     where d of k is known from its expression
 */
export function correlation(node: Merged, graph: Graph): Node | undefined {
  if (node.op.name !== covarianceName && node.op.name !== derivativeName) return undefined;
  const [pp, k, qq] = node.args as readonly [Merged, Merged, Merged];
  // Dropout multiplies variances alone; then they are not those of the covariance's own expression.
  if ([pp, qq].some((variance) => graph.asExample(variance) !== graph.asExample(k))) return undefined;
  const known = correlated(k);
  if (known === undefined) return undefined;
  const distance = known.defined ? known.distance : definedDistance(pp, known.distance, qq);
  const slopes = node.parameters as RectifierParameters;
  const parameters = { ...slopes, acute: known.acute };
  if (node.op.name === derivativeName) return apply(carriedSlopeOp, [distance], parameters);
  const c = gain(slopes);
  return fromDistance(affine(pp, c, 0), apply(carriedDistanceOp, [distance], parameters), affine(qq, c, 0));
}

/** What an expression tells of a covariance. */
interface Correlated {
  readonly distance: Node;
  /** Variances of both sides. */
  readonly pp: Node;
  readonly qq: Node;
  /** Whether ρ ≥ 0. */
  readonly acute: boolean;
  /** Whether no variance is 0. */
  readonly defined: boolean;
}

/** The distance of a covariance that a piecewise linear nonlinearity left, at once or some scalings ago. */
function correlated(k: Node): Correlated | undefined {
  const { op, args, parameters } = k;
  if (op === fromDistanceOp) {
    const [s, distance, t] = args as readonly [Node, Node, Node];
    const acute = neverNegative(distance.parameters as RectifierParameters);
    return { distance, pp: s.args[0]!, qq: t.args[0]!, acute, defined: false };
  }
  if (op.name === covarianceName) {
    const slopes = parameters as RectifierParameters;
    const c = gain(slopes);
    if (c === 0) return undefined;
    const [pp, , qq] = args.map((arg) => affine(arg, c, 0)) as [Node, Node, Node];
    const distance = apply(rectifierDistanceOp, args, slopes);
    return { distance, pp, qq, acute: neverNegative(slopes), defined: false };
  }
  if (op === affineOp) {
    const known = correlated(args[0]!);
    const { scale, shift } = parameters as { readonly scale: number; readonly shift: number };
    if (known === undefined || scale < 0 || shift < 0) return undefined;
    const [pp, qq] = [affine(known.pp, scale, shift), affine(known.qq, scale, shift)];
    if (shift === 0) return { ...known, pp, qq, defined: false };
    return {
      ...known,
      pp,
      qq,
      distance: affineDistance(known.pp, known.distance, known.qq, { scale, shift }),
      defined: true,
    };
  }
  if (op === keepOp || op === scaleSidesOp || op === normalizeOp) {
    const [p, inside, q] = args as readonly [Node, Node, Node];
    const known = correlated(inside);
    if (known === undefined) return undefined;
    const scaled = (side: Node, variance: Node): Node => apply(op, [side, variance, side], parameters);
    return { ...known, pp: scaled(p, known.pp), qq: scaled(q, known.qq), defined: false };
  }
  return undefined;
}
