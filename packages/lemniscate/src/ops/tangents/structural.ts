/** @module Derivatives of structural operations: most are linear in their arguments. */
import { LemniscateError } from "../../core/errors.js";
import { activate, compose, sandwich, support } from "../attend.js";
import { meanJacobian, meanSandwich } from "../draws.js";
import { type DualSumParameters, dualSumsAlong } from "../dual-sums.js";
import { dualOps } from "../duals/dual.js";
import { rectifierDual } from "../duals/rectifier.js";
import { add, affine, multiply } from "../elementary.js";
import type { Node, Parameters, StructuralName } from "../op.js";
import { share } from "../padding.js";
import { type PositionParameters, positionMatrix } from "../position-covariance.js";
import { bilinear, inner, outer } from "../reductions.js";
import { onlyDiagonalOp } from "../same-unit.js";
import { isZero, zero } from "../zero.js";
import { differentiate } from "./differences.js";
import { withTangents } from "./elementwise.js";

/** A node and what moves below it: the tangents of its arguments, 0 for those at rest, and of its parameters. */
export interface Motion {
  readonly node: Node;
  readonly tangents: readonly Node[];
  /** Those that change, and how fast. */
  readonly along: Parameters;
}

type Rule = (motion: Motion) => Node;

/** Operations that only the compiler's algebra puts in, which has its turn behind derivatives. */
const late: Rule = ({ node }) => {
  throw new Error(`${node.op.name} has no derivative: it is put in after derivatives are taken`);
};

/** Refuses to move what is drawn: with the draws' own error a derivative would say little, and their factor has none where ranks change. */
export const drawn = (): never => {
  throw new LemniscateError({
    code: "NotSupported",
    where: "kernelGradient",
    given: "a number that draws of attention weights follow from",
    allowed: "numbers behind the draws, and those of values and outputs",
    mend: 'Functions of each logit have derivatives in closed form; or take scaling "linear".',
  });
};

const still: Rule = ({ node }) => zero(node.extent, node.sides);

/** f(k)' = f(k'), for operations that are linear in their argument, and whose parameters are sizes. */
const linear: Rule = ({ node, tangents, along }) => {
  if (Object.keys(along).length > 0) throw new Error(`${node.op.name} has no sizes that move`);
  const [tangent] = tangents as [Node];
  return isZero(tangent) ? zero(node.extent, node.sides) : { ...node, args: [tangent] };
};

/** The same map on something else, or with other weights; of 0 it is 0. */
const mapped = (node: Node, k: Node, weights = node.parameters["weights"] as readonly number[]): Node =>
  isZero(k) ? zero(node.extent, node.sides) : { ...node, args: [k], parameters: { ...node.parameters, weights } };

/** What each operation's derivative is. A forgotten one does not compile. */
export const structuralTangents: { readonly [Name in StructuralName]: Rule } = {
  gram: still, // data move only where the compiler is told so
  presence: still,
  tokenMask: still,
  tapShares: still,
  end: still,
  positionCovariance: ({ node, along }) => {
    if (Object.keys(along).length === 0) return zero(node.extent, node.sides);
    const matrix = (parameters: Parameters) => positionMatrix(parameters as PositionParameters);
    const given = differentiate(node.parameters, along, matrix).numbers.map(({ slope }) => slope);
    return { ...node, parameters: { ...node.parameters, kind: "given", given } };
  },
  // A' = A∘(L' − the mean of L' in each row, by the weights A), with the mean as the product (A∘L') 11ᵀ.
  softmaxRows: ({ node, tangents }) => {
    const [logits] = tangents as [Node];
    if (isZero(logits)) return zero(node.extent, node.sides);
    const presence = node.args[1]!;
    const means = compose(multiply(node, logits), outer(presence, presence));
    return multiply(node, add(logits, affine(means, -1, 0)));
  },
  sandwich: ({ node, tangents }) => {
    const [A, k, B] = node.args as [Node, Node, Node];
    const [dA, dk, dB] = tangents as [Node, Node, Node];
    const sides = [
      isZero(dA) ? dA : sandwich(dA, k, B),
      sandwich(A, dk, B),
      isZero(dB) ? dB : sandwich(A, k, dB),
    ].filter((term) => !isZero(term));
    return sides.length === 0 ? zero(node.extent, node.sides) : sides.reduce(add);
  },
  inner: ({ node, tangents }) => {
    const [x, y] = node.args as [Node, Node];
    const [dx, dy] = tangents as [Node, Node];
    return add(inner(dx, y), inner(x, dy));
  },
  // Layers weigh positions by lines that do not move; other weights are put in after derivatives are taken.
  bilinear: (motion) => {
    const [u, , v] = motion.node.args as [Node, Node, Node];
    const [du, dk, dv] = motion.tangents as [Node, Node, Node];
    return isZero(du) && isZero(dv) ? bilinear(u, dk, v) : late(motion);
  },
  // The same with the keys that have weights, alike, in place of the weights.
  sparsemaxRows: ({ node, tangents }) => {
    const [logits] = tangents as [Node];
    if (isZero(logits)) return zero(node.extent, node.sides);
    const presence = node.args[1]!;
    const [kept, all] = [support(node), outer(presence, presence)];
    const means = multiply(compose(multiply(kept, logits), all), share(compose(kept, all)));
    return multiply(kept, add(logits, affine(means, -1, 0)));
  },
  activate: ({ node, tangents, along }) => {
    const [logits] = node.args as [Node];
    const { of, ...parameters } = node.parameters;
    const slopes = multiply(activate(logits, `${of}'`, parameters), tangents[0]!);
    if (Object.keys(along).length === 0) return slopes;
    return add(slopes, activate(logits, `${of}∂`, withTangents(parameters, along)));
  },
  dualSums: ({ node, tangents, along }) => {
    const [pp, k, qq, w, ...masks] = node.args as [Node, Node, Node, Node, ...Node[]];
    const [dw, three] = [tangents[3]!, tangents.slice(0, 3)];
    const parameters = withTangents(node.parameters, along) as DualSumParameters;
    const throughWeights = isZero(dw) ? dw : { ...node, args: [pp, k, qq, dw, ...masks] };
    if (three.every(isZero) && Object.keys(along).length === 0) return throughWeights;
    return add(throughWeights, dualSumsAlong([pp, k, qq], three, w, masks, parameters));
  },
  // Between logits that move distances do too, which terms of a formula's derivative find themselves.
  rectifierSums: ({ node, tangents, along }) => {
    const [pp, k, qq, d, w, ...masks] = node.args as [Node, Node, Node, Node, Node, ...Node[]];
    const [dw, three] = [tangents[4]!, tangents.slice(0, 3)];
    const { derivative, ...parameters } = node.parameters;
    const throughWeights = isZero(dw) ? dw : { ...node, args: [pp, k, qq, d, dw, ...masks] };
    if (three.every(isZero) && Object.keys(along).length === 0) return throughWeights;
    const of = dualOps(rectifierDual)[derivative === true ? "derivative" : "covariance"].name;
    const moved = dualSumsAlong([pp, k, qq], three, w, masks, { ...withTangents(parameters, along), of });
    return add(throughWeights, moved);
  },
  draws: drawn,
  // Draws stand still.
  meanSandwich: ({ node, tangents }) => meanSandwich(node.args[0]!, tangents[1]!, node.args[2]!),
  meanJacobian: ({ node, tangents }) => {
    const [W, U, A, C, V, T] = node.args as [Node, Node, Node, Node, Node, Node];
    const [dA, dC] = [tangents[2]!, tangents[3]!];
    return add(meanJacobian([W, U], dA, C, [V, T]), meanJacobian([W, U], A, dC, [V, T]));
  },
  sumPairs: linear,
  sumDiagonal: linear,
  onlyDiagonal: linear,
  aggregate: linear,
  convolve: linear,
  windowSums: linear,
  pickCenters: linear,
  // (A k Aᵀ)' = A k' Aᵀ + A' k Aᵀ + A k A'ᵀ, the last two as (A + A') k (A + A')ᵀ − A k Aᵀ − A' k A'ᵀ.
  mapPairs: ({ node, tangents, along }) => {
    const [k, dk] = [node.args[0]!, tangents[0]!];
    const moved = mapped(node, dk);
    const change = along["weights"] as readonly number[] | undefined;
    if (change === undefined) return moved;
    const sum = (node.parameters["weights"] as readonly number[]).map((weight, i) => weight + change[i]!);
    const apart = add(node, mapped(node, k, change));
    return add(moved, add(mapped(node, k, sum), affine(apart, -1, 0)));
  },
  mapLine: ({ node, tangents, along }) => {
    const moved = mapped(node, tangents[0]!);
    const change = along["weights"] as readonly number[] | undefined;
    return change === undefined ? moved : add(moved, mapped(node, node.args[0]!, change));
  },
  scaleDiagonal: (motion) => {
    const { node, tangents, along } = motion;
    const [tangent] = tangents as [Node];
    const scaled = isZero(tangent) ? tangent : { ...node, args: [tangent] };
    if (along["factor"] === undefined) return scaled;
    return add(scaled, affine({ ...node, op: onlyDiagonalOp, parameters: {} }, along["factor"] as number, 0));
  },
  mix: late,
  mixedGram: late,
  mixLine: late,
  poolInputs: late,
  pooledGram: late,
  compose: late,
  cross: late,
  weigh: late,
  takeDiagonal: late,
};
