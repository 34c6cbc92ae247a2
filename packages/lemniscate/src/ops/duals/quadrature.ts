import type { Algebra } from "../algebra.js";
import type { ElementwiseOp } from "../op.js";
import { density, tail } from "./normal.js";

export type QuadratureFunction = "tanh" | "sigmoid" | "softplus" | "silu" | "gaussianCdf";

/** One of the outer nodes of a rule, with all the inner ones. */
export type QuadratureParameters = {
  readonly fn: QuadratureFunction;
  /** √2 times a node of Gauss and Hermite, and its weight over √π. */
  readonly node: number;
  readonly weight: number;
  /** The same of all nodes. */
  readonly nodes: readonly number[];
  readonly weights: readonly number[];
};

type Formula = <V>(o: Algebra<V>, x: V) => V;

const sigmoid: Formula = (o, x) => o.div(o.constant(1), o.add(o.constant(1), o.exp(o.sub(o.constant(0), x))));

/** 1 − 2/(1 + e^2x). */
const tanh: Formula = (o, x) => o.sub(o.constant(1), o.div(o.constant(2), o.add(o.constant(1), o.exp(o.add(x, x)))));

/** Terms of the series below, whose argument is at most 1/9. */
const logTerms = 17;

/** max(x, 0) + ln(1 + y) with y = e^−|x|; with s = y/(2 + y), ln(1 + y) = 2 Σ_k s^{2k+1}/(2k + 1). */
const softplus: Formula = (o, x) => {
  const y = o.exp(o.sub(o.constant(0), o.abs(x)));
  const s = o.div(y, o.add(o.constant(2), y));
  const z = o.mul(s, s);
  let sum = o.constant(2 / (2 * logTerms - 1));
  for (let k = logTerms - 2; k >= 0; k--) sum = o.fma(sum, z, o.constant(2 / (2 * k + 1)));
  return o.fma(s, sum, o.max(x, o.constant(0)));
};

/** Φ(x): the tail that begins at |x|, or what is left of 1. */
const gaussianCdf: Formula = (o, x) => {
  const beyond = tail(o, o.abs(x));
  return o.choose(x, o.constant(0), beyond, o.sub(o.constant(1), beyond));
};

const one: Formula = (o) => o.constant(1);

/** Each function and its derivative. */
const formulas: Readonly<Record<QuadratureFunction, readonly [f: Formula, slope: Formula]>> = {
  tanh: [tanh, (o, x) => o.sub(one(o, x), o.mul(tanh(o, x), tanh(o, x)))],
  sigmoid: [sigmoid, (o, x) => o.mul(sigmoid(o, x), o.sub(one(o, x), sigmoid(o, x)))],
  softplus: [softplus, sigmoid],
  silu: [
    (o, x) => o.mul(x, sigmoid(o, x)),
    (o, x) => o.mul(sigmoid(o, x), o.fma(x, o.sub(one(o, x), sigmoid(o, x)), one(o, x))),
  ],
  gaussianCdf: [gaussianCdf, density],
};

/**
 * An outer term of the product of two rules of Gauss and Hermite: with nodes x_i = √2·ξ_i and weights w_i = ω_i/√π,
 *
 *   w_i f(√pp x_i) Σ_j w_j f(pq/√pp x_i + √(qq − pq²/pp) x_j)
 *
 * Summed over i it approximates E[f(u) f(v)], or with the derivatives E[f'(u) f'(v)]. Its error is the rule's; u and v
 * play different parts, so that it is symmetric only as far as it is right.
 */
function quadratureOp(name: string, part: 0 | 1): ElementwiseOp<QuadratureParameters> {
  return {
    kind: "elementwise",
    name,
    roles: ["row", "entry", "column"],
    keepsZero: ({ fn }) => part === 0 && (fn === "tanh" || fn === "silu"),
    formula: (o, [pp, pq, qq], { fn, node, weight, nodes, weights }) => {
      const f = formulas[fn][part];
      const zero = o.constant(0);
      const root = o.sqrt(pp!);
      const slope = o.choose(root, zero, zero, o.div(pq!, root));
      const rest = o.sqrt(o.max(o.sub(qq!, o.mul(slope, slope)), zero));
      const center = o.mul(slope, o.constant(node));
      const inner = nodes.map((x, j) => o.mul(o.constant(weights[j]!), f(o, o.fma(rest, o.constant(x), center))));
      const outer = o.mul(o.constant(weight), f(o, o.mul(root, o.constant(node))));
      return o.mul(outer, inner.reduce(o.add.bind(o)));
    },
  };
}

export const quadratureOps: {
  readonly covariance: ElementwiseOp<QuadratureParameters>;
  readonly derivative: ElementwiseOp<QuadratureParameters>;
} = { covariance: quadratureOp("quadratureTerm", 0), derivative: quadratureOp("quadratureTermDot", 1) };
