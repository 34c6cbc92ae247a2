import { z } from "zod";
import { LemniscateError } from "../../core/errors.js";
import { aggregate as aggregated } from "../../ops/aggregate.js";
import { needPositions } from "../checks.js";
import type { LayerDefinition, LayerNetwork } from "../layer.js";
import { makeLayer } from "../make.js";
import type { WindowPlacement } from "../placement.js";

export type AggregateOptions = Record<never, never>;

/**
 * Sums over the edges of each example's graph: f'_s = Σ_t A_st f_t with A_st the weight of the edge from t to s, so with the
 * graphs A, A' of both examples
 *
 *   K ← A K A'ᵀ,   Θ ← A Θ A'ᵀ
 */
export const aggregateDefinition: LayerDefinition<AggregateOptions> = {
  name: "aggregate",
  summary: "Sums over the edges of each example's graph.",
  sources: ["Du et al. 2019, arXiv:1905.13192, eq. 3"],
  hasWeights: false,
  options: z.strictObject({}),
  shape: (input) => {
    needPositions("aggregate", input);
    return input;
  },
  kernel: (below) => ({
    nngp: (p, q) => aggregated(below.nngp(p, q)),
    ntk: (p, q) => aggregated(below.ntk(p, q)),
    ...(below.means && { means: (p, q) => aggregated(below.means!(p, q)) }),
  }),
  apply: (t, _, x, __, { graph }) => {
    if (graph !== null) return t.einsum("ntd,nst->nsd", x, graph);
    throw new LemniscateError({
      code: "BadInput",
      where: "aggregate",
      given: "a batch without graphs",
      allowed: "a batch with a graph for each example",
      mend: "Add them with withGraphs().",
    });
  },
};

/**
 * Sums over the edges of each example's graph, whose nodes are the positions: what graph networks do between layers. Data
 * are given their graphs by {@link withGraphs}, which also normalises them.
 *
 * @throws LemniscateError `Misplaced` on features, and where positions are no longer those of the data
 * @source Du et al. 2019, arXiv:1905.13192, eq. 3
 *
 * @example
 * ```ts
 * import { aggregate, batch, globalSumPool, kernel, serial, withGraphs } from "lemniscate";
 * const x = withGraphs(batch([1, 2, 1], [1, 2]), { edges: [[[0, 1, 3]]] });
 * (await kernel(serial(aggregate(), globalSumPool()))(x, null, { get: "nngp" })).data[0]; // ≈ 9
 * ```
 */
export function aggregate(): LayerNetwork<AggregateOptions, WindowPlacement<"aggregate">> {
  return makeLayer(aggregateDefinition, {});
}
