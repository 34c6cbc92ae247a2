/** @module ζ, what turns logits into attention weights: a normalisation over keys, or a function of each logit. */
import { z } from "zod";
import { LemniscateError } from "../core/errors.js";
import { positionCount } from "../core/shape.js";
import { activate, bend, rectify, softmaxRows, sparsemaxRows } from "../ops/attend.js";
import { type PiecewiseLinearParameters, piecewiseLinearDual } from "../ops/duals/piecewise-linear.js";
import { rectifierDual } from "../ops/duals/rectifier.js";
import { multiply } from "../ops/elementary.js";
import type { Node } from "../ops/op.js";
import { functions as functionsOfNumbers } from "../ops/registry.js";
import { maskMatrix, type TokenMaskParameters } from "../ops/token-mask.js";
import type { ArrayOperations } from "./arrays.js";
import { divide, softmax, subtract, sumAlong } from "./composed.js";
import { rectifier, step } from "./elementwise.js";
import type { Elementwise, FinitePlace, LayerDefinition } from "./layer.js";
import { abReluDefinition } from "./layers/ab-relu.js";
import { absDefinition } from "./layers/abs.js";
import { closedFormDefinition } from "./layers/closed-form.js";
import { cosDefinition } from "./layers/cos.js";
import { elementwiseDefinition } from "./layers/elementwise.js";
import { erfDefinition } from "./layers/erf.js";
import { expDefinition } from "./layers/exp.js";
import { gaborDefinition } from "./layers/gabor.js";
import { gaussianDefinition } from "./layers/gaussian.js";
import { geluDefinition } from "./layers/gelu.js";
import { hermiteDefinition } from "./layers/hermite.js";
import { leakyReluDefinition } from "./layers/leaky-relu.js";
import { monomialDefinition } from "./layers/monomial.js";
import { hardTanhDefinition, piecewiseLinearDefinition } from "./layers/piecewise-linear.js";
import { polynomialDefinition } from "./layers/polynomial.js";
import { rbfDefinition } from "./layers/rbf.js";
import { rectifiedMonomialDefinition } from "./layers/rectified-monomial.js";
import { reluDefinition } from "./layers/relu.js";
import { sigmoidLikeDefinition } from "./layers/sigmoid-like.js";
import { signDefinition } from "./layers/sign.js";
import { sinDefinition } from "./layers/sin.js";
import type { Network } from "./placement.js";

// biome-ignore lint/suspicious/noExplicitAny: each function checks its own options before its rule sees them
type AnyLayer = LayerDefinition<any>;

/** Layers whose function can be applied to logits. */
const functions: readonly AnyLayer[] = [
  reluDefinition,
  absDefinition,
  leakyReluDefinition,
  abReluDefinition,
  erfDefinition,
  geluDefinition,
  sinDefinition,
  expDefinition,
  cosDefinition,
  sigmoidLikeDefinition,
  gaussianDefinition,
  gaborDefinition,
  monomialDefinition,
  polynomialDefinition,
  hermiteDefinition,
  rectifiedMonomialDefinition,
  signDefinition,
  rbfDefinition,
  hardTanhDefinition,
  piecewiseLinearDefinition,
  elementwiseDefinition,
  closedFormDefinition,
];

/** Functions that have options, all with defaults, can be named as well. */
const names = ["softmax", "sparsemax", "identity", "relu", "abs", "erf", "gelu", "sin", "exp"] as const;

/** ζ: `"softmax"` or `"sparsemax"` over the keys, or a function of each logit: by name, or as a layer. */
export type AttentionWeights = (typeof names)[number] | Network;

const layerNames = functions.map(({ name }) => name).join(", ");

export const attentionWeights: z.ZodType<AttentionWeights> = z.union(
  [z.enum(names), z.discriminatedUnion("type", functions.map(asWeights) as unknown as [z.ZodObject])],
  `${names.map((name) => `"${name}"`).join(", ")}, or one of the layers ${layerNames}`,
) as unknown as z.ZodType<AttentionWeights>;

/** A layer as weights: its options beside its type, with what it asks of them together. */
function asWeights({ name, options }: AnyLayer): z.ZodType {
  const each = z.strictObject({ type: z.literal(name), ...(options as unknown as z.ZodObject).shape });
  return each.superRefine(({ type: _, ...own }, context) => {
    for (const { path, message } of options.safeParse(own).error?.issues ?? [])
      context.addIssue({ code: "custom", path, message });
  });
}

/** The layer whose function weights are, and its options. */
function layerOf(weights: AttentionWeights): { readonly layer: AnyLayer; readonly options: object } {
  const { type, ...options } = typeof weights === "string" ? { type: weights } : weights;
  const layer = functions.find(({ name }) => name === type)!;
  return { layer, options: layer.options.parse(options) as object };
}

/** The function of each logit that weights are, or the normalisation over keys. */
export function kindOf(weights: AttentionWeights): "softmax" | "sparsemax" | Elementwise {
  if (weights === "softmax" || weights === "sparsemax") return weights;
  if (weights === "identity") return { dual: rectifierDual, parameters: { below: 1, above: 1 } };
  const { layer, options } = layerOf(weights);
  return layer.elementwise!(options);
}

/** Whether weights are a function that the program gave, and that options name only. */
export function isOwnFunction(weights: AttentionWeights): boolean {
  if (typeof weights === "string") return false;
  const { layer, options } = layerOf(weights);
  return layer.hasOwnFunction?.(options) === true;
}

/** Whether weights are the logits themselves. */
export function isIdentity(kind: ReturnType<typeof kindOf>): boolean {
  return (
    typeof kind === "object" &&
    kind.dual === rectifierDual &&
    kind.parameters["below"] === 1 &&
    kind.parameters["above"] === 1
  );
}

/** ζ of a block of logits, over the present keys and those that a mask leaves to each query. */
export function weigh(logits: Node, presence: Node, mask: Node | undefined, weights: AttentionWeights): Node {
  const kind = kindOf(weights);
  if (kind === "softmax") return softmaxRows(logits, presence, mask);
  if (kind === "sparsemax") return sparsemaxRows(logits, presence, mask);
  const found = applied(kind, logits);
  return mask === undefined ? found : multiply(found, mask);
}

function applied({ dual, parameters, fn }: Elementwise, logits: Node): Node {
  if (dual === rectifierDual) return rectify(logits, parameters["below"] as number, parameters["above"] as number);
  if (dual === piecewiseLinearDual) return bend(logits, parameters as PiecewiseLinearParameters);
  return fn === undefined ? activate(logits, dual.name, parameters) : activate(logits, fn, {});
}

/** Refuses a function of which only expectations are known, where its values are asked for. */
export function needValues(weights: AttentionWeights): void {
  const kind = kindOf(weights);
  if (typeof kind === "string" || kind.fn === undefined || functionsOfNumbers.has(kind.fn)) return;
  const { name } = weights as { readonly name?: string };
  throw new LemniscateError({
    code: "BadNetwork",
    where: "attention: weights",
    given: `the coefficients of ${name} alone, from a file`,
    allowed: 'the function itself, where scaling is "linear"',
    mend: `Call elementwise({ name: "${name}", fn }) with the same options before.`,
  });
}

/** ζ of logits (n, heads, S, S) of a finite network, whose padded keys are 0 already. */
export function weighArrays<A>(
  t: ArrayOperations<A>,
  logits: A,
  weights: AttentionWeights,
  pattern: TokenMaskParameters | undefined,
  place: FinitePlace<A>,
): A {
  const S = positionCount(place.input);
  const allowed = pattern === undefined ? null : t.constant([1, 1, S, S], maskMatrix(pattern));
  if (weights === "softmax" || weights === "sparsemax") {
    const [n] = t.shape(logits) as [number];
    const present = place.mask === null ? null : t.reshape(place.mask, [n, 1, 1, S]);
    const keys = present === null || allowed === null ? (present ?? allowed) : t.multiply(present, allowed);
    return weights === "softmax" ? softmax(t, logits, keys) : sparsemax(t, logits, keys, S);
  }
  const { layer, options } = layerOf(weights === "identity" ? ({ type: "leakyRelu", slope: 1 } as Network) : weights);
  const found = layer.apply!(t, {}, logits, options, place);
  return allowed === null ? found : t.multiply(found, allowed);
}

/**
 * max(x − τ, 0) with the threshold τ at which it sums to 1, along the last axis: x loses those below the mean excess until
 * none is left to lose (Michelot 1986, doi:10.1007/BF00938486).
 */
function sparsemax<A>(t: ArrayOperations<A>, x: A, mask: A | null, S: number): A {
  const last = t.shape(x).length - 1;
  const kept = (of: A): A => (mask === null ? of : t.multiply(of, mask));
  let support = kept(t.map(step, t.add(t.multiply(x, 0), 1)));
  let above = x;
  for (let round = 0; round < S; round++) {
    const sum = sumAlong(t, t.multiply(x, support), last);
    above = subtract(t, x, divide(t, t.add(sum, -1), sumAlong(t, support, last)));
    support = kept(t.map(step, above));
  }
  return kept(t.map(rectifier, above));
}
