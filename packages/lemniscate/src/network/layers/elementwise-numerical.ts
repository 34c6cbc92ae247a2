import { z } from "zod";
import { eigen } from "../../linalg/eigen.js";
import { zeros } from "../../linalg/matrix.js";
import { type QuadratureFunction, type QuadratureParameters, quadratureOps } from "../../ops/duals/quadrature.js";
import { add, multiply } from "../../ops/elementary.js";
import { apply, type Node } from "../../ops/op.js";
import { isZero } from "../../ops/zero.js";
import { needGaussian } from "../checks.js";
import { namedFunctions } from "../functions.js";
import type { LayerDefinition, LayerNetwork } from "../layer.js";
import { makeLayer } from "../make.js";
import type { NonlinearityPlacement } from "../placement.js";

export interface ElementwiseNumericalOptions {
  readonly fn: QuadratureFunction;
  /** Nodes of the rule, in each of two dimensions. */
  readonly nodes: number;
}

/** φ(x) = fn(x), its expectations by a rule with nodes² terms: what Neural Tangents' ElementwiseNumerical computes. */
export const elementwiseNumericalDefinition: LayerDefinition<ElementwiseNumericalOptions> = {
  name: "elementwiseNumerical",
  summary: "A function by the product of two quadratures, to compare with Neural Tangents.",
  sources: ["Neural Tangents 0.6, ElementwiseNumerical"],
  options: z.strictObject({
    fn: z.enum(["tanh", "sigmoid", "softplus", "silu", "gaussianCdf"]),
    nodes: z.number().int().min(1).max(64),
  }),
  hasWeights: false,
  shape: (input) => {
    needGaussian("elementwiseNumerical", input);
    return { ...input, gaussian: false };
  },
  kernel: (below, { fn, nodes }) => {
    const terms = parametersOf(fn, nodes);
    const sum = (part: keyof typeof quadratureOps, pp: Node, pq: Node, qq: Node): Node =>
      terms.map((parameters) => apply(quadratureOps[part], [pp, pq, qq], parameters)).reduce(add);
    return {
      nngp: (p, q) => sum("covariance", below.nngp(p, p), below.nngp(p, q), below.nngp(q, q)),
      ntk: (p, q) => {
        const ntk = below.ntk(p, q);
        if (isZero(ntk)) return ntk;
        return multiply(sum("derivative", below.nngp(p, p), below.nngp(p, q), below.nngp(q, q)), ntk);
      },
    };
  },
  apply: (t, _, x, { fn }) => t.map(namedFunctions[fn], x),
};

/** The parameters of each outer node. */
function parametersOf(fn: QuadratureFunction, count: number): readonly QuadratureParameters[] {
  const { nodes, weights } = gaussHermite(count);
  return nodes.map((node, i) => ({ fn, node, weight: weights[i]!, nodes, weights }));
}

/** Nodes and weights of Σ_i w_i f(x_i) ≈ E[f(x)] for a standard Gaussian: Golub and Welsch 1969. */
function gaussHermite(count: number): { readonly nodes: readonly number[]; readonly weights: readonly number[] } {
  const jacobi = zeros(count, count);
  for (let i = 1; i < count; i++) jacobi.data[i * count + i - 1] = jacobi.data[(i - 1) * count + i] = Math.sqrt(i);
  const { values, vectors } = eigen(jacobi);
  return { nodes: [...values], weights: [...values].map((_, i) => vectors.data[i * count]! ** 2) };
}

/**
 * A function φ of each channel, with E[φφ] and E[φ'φ'] by a product of two rules of Gauss and Hermite, as Neural Tangents'
 * ElementwiseNumerical has it, with its error: 3e-5 for tanh and 25 nodes. It takes nodes² evaluations an entry and is there
 * to compare; {@link elementwise} is faster, and its error is certified.
 *
 * @throws LemniscateError `OptionOutOfRange` for more than 64 nodes
 * @source Golub and Welsch 1969, doi:10.1090/S0025-5718-69-99647-1, for the rule
 *
 * @example
 * ```ts
 * import { elementwiseNumerical } from "lemniscate";
 * elementwiseNumerical({ fn: "tanh", nodes: 25 }); // => { type: "elementwiseNumerical", fn: "tanh", nodes: 25 }
 * ```
 */
export function elementwiseNumerical(
  options: ElementwiseNumericalOptions,
): LayerNetwork<ElementwiseNumericalOptions, NonlinearityPlacement<"elementwiseNumerical">> {
  return makeLayer(elementwiseNumericalDefinition, options);
}
