/** @module A layer of width n with the weights written out, in the array operations that derivatives know. */
import { filled, type Plain } from "../finite/plain.js";

import type { ArrayOperations, Elementwise } from "../network/arrays.js";
import { softmax } from "../network/composed.js";
import { type Algebra, numbers } from "../ops/algebra.js";
import { tangentAlgebra } from "../ops/tangents/algebra.js";
import type { AttentionLayer, Branch, HiddenLayer, Layer } from "./models/layers.js";
import { type Mask, maskRows } from "./models/mask.js";
import type { Formula } from "./steps/formula.js";

/** Weights of a layer, drawn with variance 1: the layer puts the scale 1/√n in front. `null` where it has none. */
export type LayerWeights<A> = {
  readonly [name in
    | "queries"
    | "keys"
    /** (n, heads, n/heads) */
    | "values"
    /** W_O, (n, n) */
    | "output"
    /** The scalars of A = α I + β softmax − γ_c C₀, (heads); nothing random. */
    | "alpha"
    | "beta"
    | "centre"
    /** W_pre and W_post, (n, n) */
    | "hidden"
    | "after"]: A | null;
  /** (n, heads, n_k) */
};

/** Draws the weights of a layer, array by array. */
export function drawWeights(
  layer: Layer,
  width: number,
  draw: (shape: readonly number[]) => Plain,
): LayerWeights<Plain> {
  const { attention, mlp } = layer;
  const heads = attention?.heads ?? 1;
  const scalar = (of: (part: AttentionLayer) => number): Plain | null =>
    attention?.trainable === true ? filled([heads], of(attention)) : null;
  const hasLogits = attention !== undefined && attention.beta !== 0;
  return {
    queries: hasLogits ? draw([width, heads, attention.keyWidth]) : null,
    keys: hasLogits ? draw([width, heads, attention.keyWidth]) : null,
    values: attention === undefined ? null : draw([width, heads, width / heads]),
    output: attention?.outputProjection === true ? draw([width, width]) : null,
    alpha: scalar(({ alpha }) => alpha),
    beta: scalar(({ beta }) => beta),
    centre: scalar(({ centre }) => centre),
    hidden: mlp === undefined ? null : draw([width, width]),
    after: mlp?.added === undefined ? null : draw([width, width]),
  };
}

/** Which tokens there are, and which of them each one sees: (N, 1, m, m), or (1, 1, m, m) where no token is missing. */
export interface Sight<A> {
  /** 1 where a token is seen; nothing where every token sees all. */
  readonly keys: A | null;
  /** C₀, the softmax of zero logits. */
  readonly even: A;
  readonly identity: A;
}

/**
 * @param present - (N, m), 1 where there is a token; without it all are there. Tokens see those that are there and that
 *   the mask allows; a place without a token sees what one there would.
 */
export function sightOf<A>(t: ArrayOperations<A>, mask: Mask, tokens: number, present?: Uint8Array): Sight<A> {
  const rows = maskRows(mask, tokens);
  const size = tokens ** 2;
  const examples = present === undefined ? 1 : present.length / tokens;
  const [keys, even] = [new Float64Array(examples * size), new Float64Array(examples * size)];
  for (let e = 0; e < examples; e++)
    for (const [i, row] of rows.entries()) {
      const seen = row.map((one, j) => (present === undefined ? one : one * present[e * tokens + j]!));
      const count = seen.reduce((x, y) => x + y, 0);
      for (const [j, one] of seen.entries()) {
        keys[e * size + i * tokens + j] = one;
        even[e * size + i * tokens + j] = count === 0 ? 0 : one / count;
      }
    }
  const shape = [1, tokens, tokens];
  const array = (data: Float64Array): A =>
    present === undefined ? t.constant([1, ...shape], data) : t.examples(shape, data);
  const identity = Float64Array.from({ length: size }, (_, k) => (Math.floor(k / tokens) === k % tokens ? 1 : 0));
  return {
    keys: keys.every((one) => one === 1) ? null : array(keys),
    even: array(even),
    identity: t.constant([1, ...shape], identity),
  };
}

/** What a layer makes of tokens, (N, m, n). */
export function applyLayer<A>(
  t: ArrayOperations<A>,
  { attention, mlp }: Layer,
  weights: LayerWeights<A>,
  x: A,
  sight: Sight<A>,
): A {
  const attended = attention === undefined ? x : add(t, attention, x, attend(t, attention, weights, x, sight));
  if (mlp === undefined) return attended;
  const neurons = t.map(neuronOf(mlp), times(t, "nti,ij->ntj", attended, weights.hidden!));
  if (mlp.added === undefined) return neurons;
  return add(t, mlp.added, attended, times(t, "nti,ij->ntj", neurons, weights.after!, mlp.added.branch));
}

/** X Xᵀ/n, (N, m, m). */
export function covarianceOf<A>(t: ArrayOperations<A>, x: A): A {
  return t.multiply(t.einsum("nti,nsi->nts", x, x), 1 / t.shape(x)[2]!);
}

function attend<A>(
  t: ArrayOperations<A>,
  part: AttentionLayer,
  weights: LayerWeights<A>,
  x: A,
  { keys, even, identity }: Sight<A>,
): A {
  const [N, m, width] = t.shape(x) as [number, number, number];
  const { heads, beta } = part;
  /** A constant of the layer, or what has been learnt in its place: (1, heads, 1, 1). */
  const scaled = (array: A, by: number, learnt: A | null): A =>
    learnt === null ? t.multiply(array, by) : t.multiply(array, t.reshape(learnt, [1, heads, 1, 1]));
  let a = t.add(scaled(identity, part.alpha, weights.alpha), t.multiply(scaled(even, part.centre, weights.centre), -1));
  if (beta !== 0) {
    const q = times(t, "nti,ihk->nthk", x, weights.queries!, 1 / part.temperature);
    const k = times(t, "nti,ihk->nthk", x, weights.keys!);
    const logits = t.einsum("nahk,nbhk->nhab", q, k);
    a = t.add(a, scaled(softmax(t, logits, keys), beta, weights.beta));
  } else a = t.add(a, t.constant([N, heads, 1, 1], new Float64Array(N * heads)));
  const { output } = weights;
  const values = times(t, "nti,ihv->nthv", x, weights.values!, output === null ? part.branch : 1);
  const joined = t.reshape(t.einsum("nhab,nbhv->nahv", a, values), [N, m, width]);
  return output === null ? joined : times(t, "nti,ij->ntj", joined, output, part.branch);
}

/** Adds what has the branch's strength already. */
function add<A>(t: ArrayOperations<A>, { skip }: Branch, x: A, y: A): A {
  return t.add(skip === 1 ? x : t.multiply(x, skip), y);
}

/** X W/√n, with the scale on W, which has fewer numbers than tokens have. */
function times<A>(t: ArrayOperations<A>, rule: string, x: A, w: A, strength = 1): A {
  return t.einsum(rule, x, t.multiply(w, strength / Math.sqrt(t.shape(w)[0]!)));
}

/** A neuron's function with its slope, which the formula's own arithmetic gives; of kinked ones two numbers say all. */
export function neuronOf({ neuron: { formula, factor }, kinked }: HiddenLayer): Elementwise {
  const neuron: Formula = (a, x) => a.mul(a.constant(factor), formula(a, x!));
  const plainly = (x: number): number => x;
  if (!kinked) return level(neuron, numbers, plainly, plainly);
  const [below, above] = [-neuron(numbers, -1), neuron(numbers, 1)];
  const slope: Elementwise = { value: (x) => (x <= 0 ? below : above), slope: null };
  return { value: (x) => (x <= 0 ? below * x : above * x), slope: (t, x) => t.map(slope, x) };
}

/** The formula over some algebra, entered from a number and left for one. */
function level<V>(formula: Formula, o: Algebra<V>, enter: (x: number) => V, leave: (y: V) => number): Elementwise {
  return {
    value: (x) => leave(formula(o, enter(x))),
    slope: (t, x) => {
      const moving = tangentAlgebra(o);
      const slope = level(
        formula,
        moving,
        (x) => ({ value: enter(x), tangent: o.constant(1) }),
        ({ tangent }) => leave(tangent ?? o.constant(0)),
      );
      return t.map(slope, x);
    },
  };
}
