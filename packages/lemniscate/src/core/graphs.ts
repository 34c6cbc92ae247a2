/** @module Graphs on whose nodes the positions of examples are. */
import { type Batch, type Graphs, needBatch, positionsOf } from "./batch.js";
import { LemniscateError } from "./errors.js";
import { needOptions, shown } from "./options.js";

/** An edge from one node to another; its weight is 1 unless given. */
export type Edge = readonly [from: number, to: number, weight?: number];

export interface GraphOptions {
  /** Of each example its edges. Of edges that are named twice the weights add up. */
  readonly edges?: readonly (readonly Edge[])[] | undefined;
  /** Of each example a matrix of weights, from row to column: (n, S, S), row by row. */
  readonly adjacency?: ArrayLike<number> | undefined;
  /** Whether every edge leads back too, unless it is a loop; default false. */
  readonly undirected?: boolean | undefined;
  /** Whether every node has an edge of weight 1 to itself besides; default false. */
  readonly selfLoops?: boolean | undefined;
  /**
   * `"none"` (default); `"mean"`: the weights into a node are divided by their sum; `"symmetric"`: by the roots of the sums
   * at both ends, into the one and out of the other, D^-½ A D^-½.
   */
  readonly normalize?: "none" | "mean" | "symmetric" | undefined;
}

/**
 * A batch with a graph for each example, whose positions are the nodes; `aggregate` sums over its edges.
 *
 * @throws LemniscateError `BadInput` unless edges or an adjacency is given, for weights that are not finite, for features
 *   and for several inputs; `ShapeMismatch` for another number of graphs than examples, or nodes that are not there
 *
 * @example
 * ```ts
 * import { batch, withGraphs } from "lemniscate";
 * const x = batch([1, 3, 1], [1, 2, 3]);
 * withGraphs(x, { edges: [[[0, 1], [1, 2]]], undirected: true }).graphs?.sources; // => new Int32Array([1, 0, 2, 1])
 * ```
 */
export function withGraphs(x: Batch, options: GraphOptions): Batch {
  needBatch("withGraphs", x);
  needOptions("withGraphs", options);
  const { undirected = false, selfLoops = false, normalize = "none" } = options;
  const [n, S] = [x.shape[0], positionsOf(x)];
  if (x.shape.length < 3 || x.parts !== undefined)
    throw refused("BadInput", "features, or several inputs", "a batch with positions", "Positions are the nodes.");
  const rows: Map<number, number>[] = [];
  for (let i = 0; i < n; i++) {
    const into = Array.from({ length: S }, () => new Map<number, number>());
    const put = (from: number, to: number, weight: number): void => {
      into[to]!.set(from, (into[to]!.get(from) ?? 0) + weight);
    };
    for (const [from, to, weight = 1] of edgesOf(options, i, n, S)) {
      put(from, to, weight);
      if (undirected && from !== to) put(to, from, weight);
    }
    if (selfLoops) for (let s = 0; s < S; s++) put(s, s, 1);
    if (normalize !== "none") normalized(into, normalize);
    rows.push(...into);
  }
  const starts = new Int32Array(n * S + 1);
  for (const [at, row] of rows.entries()) starts[at + 1] = starts[at]! + row.size;
  const entries = rows.flatMap((row) => [...row].sort(([a], [b]) => a - b));
  const graphs: Graphs = {
    starts,
    sources: Int32Array.from(entries, ([from]) => from),
    weights: Float64Array.from(entries, ([, weight]) => weight),
  };
  return { ...x, graphs };
}

/** The edges of an example, checked. */
function edgesOf({ edges, adjacency }: GraphOptions, i: number, n: number, S: number): readonly Edge[] {
  for (const list of [edges, adjacency])
    if (list !== undefined && typeof list?.length !== "number") throw refused("BadInput", shown(list), "a list");
  if ((edges === undefined) === (adjacency === undefined))
    throw refused("BadInput", edges ? "edges and an adjacency" : "neither edges nor an adjacency", "one of them");
  if (adjacency !== undefined) {
    if (adjacency.length !== n * S * S)
      throw refused("ShapeMismatch", `${adjacency.length} numbers`, `${n * S * S}: S × S for each of ${n} examples`);
    const found: Edge[] = [];
    for (let at = 0; at < S * S; at++) {
      const weight = adjacency[i * S * S + at]!;
      if (weight !== 0) found.push([Math.floor(at / S), at % S, weight]);
    }
    return checked(found, S);
  }
  if (edges!.length !== n) throw refused("ShapeMismatch", `${edges!.length} graphs`, `${n}, one for each example`);
  return checked(edges![i]!, S);
}

function checked(edges: readonly Edge[], S: number): readonly Edge[] {
  const given: unknown = edges;
  if (!Array.isArray(given) || !given.every((edge) => Array.isArray(edge)))
    throw refused("BadInput", shown(edges), "a list of edges for each example");
  const isNode = (node: number): boolean => Number.isInteger(node) && node >= 0 && node < S;
  for (const [from, to, weight = 1] of edges) {
    if (!isNode(from) || !isNode(to))
      throw refused("ShapeMismatch", `an edge from ${from} to ${to}`, `nodes 0 to ${S - 1}`);
    if (!Number.isFinite(weight)) throw refused("BadInput", `the weight ${weight}`, "finite numbers");
  }
  return edges;
}

function normalized(into: readonly Map<number, number>[], how: "mean" | "symmetric"): void {
  const sums = into.map((row) => [...row.values()].reduce((sum, weight) => sum + weight, 0));
  const out = into.map(() => 0);
  for (const row of into) for (const [from, weight] of row) out[from]! += weight;
  for (const [to, row] of into.entries())
    for (const [from, weight] of row) {
      const by = how === "mean" ? sums[to]! : Math.sqrt(sums[to]! * out[from]!);
      row.set(from, by === 0 ? 0 : weight / by);
    }
}

function refused(
  code: "BadInput" | "ShapeMismatch",
  given: string,
  allowed: string,
  mend = "An edge is [from, to] or [from, to, weight], and each example has a list of its own.",
): LemniscateError {
  return new LemniscateError({ code, where: "withGraphs", given, allowed, mend });
}

/** The matrix of an example's graph, row s being what is read at node s. */
export function graphMatrix({ starts, sources, weights }: Graphs, S: number, i: number): Float64Array {
  const matrix = new Float64Array(S * S);
  for (let s = 0; s < S; s++)
    for (let at = starts[i * S + s]!; at < starts[i * S + s + 1]!; at++) matrix[s * S + sources[at]!]! += weights[at]!;
  return matrix;
}
