/** @module Cases of finite networks, whose weights the case brings. */
import type { Batch } from "../../core/batch.js";
import { empiricalNngp, empiricalNtk } from "../../finite/empirical.js";
import { linearize, taylorExpand } from "../../finite/expand.js";
import { apply } from "../../finite/init.js";
import { type Plain, plain } from "../../finite/plain.js";
import { arraysOf, mapWeights, type Weights } from "../../finite/weights.js";
import type { Combinator } from "../../network/combinators.js";
import type { Network } from "../../network/placement.js";
import { Unavailable } from "./fields.js";
import { batchOf, type ConformanceCase, type ConformanceNetwork, isRecord, isTensor } from "./format.js";
import { networkOf } from "./network.js";

const axes = ["trace", "diagonal", "full"] as const;

/** Outputs, expansions and kernels of a finite network. */
export async function finiteResultsOf({
  network: tree,
  inputs,
  params,
}: ConformanceCase): Promise<Readonly<Record<string, ArrayLike<number>>>> {
  const [x1, x2] = ["x1", "x2"].map((name) => {
    const x = inputs[name];
    if (!isTensor(x)) throw new Unavailable(`input ${name} that is no tensor`);
    return batchOf(x, undefined);
  }) as [Batch, Batch];
  const network = networkOf(tree as ConformanceNetwork, [x1.shape.length]);
  const [weights, delta] = [params?.["params"], params?.["delta"]].map((part) => weightsOf(network, part)) as [
    Weights<Plain>,
    Weights<Plain>,
  ];
  const steps = arraysOf(delta);
  const results: Record<string, ArrayLike<number>> = {
    f1: apply(network, weights, x1).data,
    f2: apply(network, weights, x2).data,
    fMoved1: apply(
      network,
      mapWeights(weights, (w, i) => plain.add(w, steps[i]!)),
      x1,
    ).data,
    linearized1: linearize(network, weights, x1)(delta).data,
    taylor2_1: taylorExpand(network, weights, x1, 2)(delta).data,
  };
  for (const kind of axes) {
    results[`nngp.${kind}`] = (await empiricalNngp(network, weights, x1, x2, { axes: kind })).data;
    results[`ntk.${kind}`] = (await empiricalNtk(network, weights, x1, x2, { axes: kind })).data;
  }
  return results;
}

/** Weights of the format as those of our network: the same numbers in the same order, by other names and shapes. */
function weightsOf(network: Network, given: unknown): Weights<Plain> {
  const layers = layersOf(given).values();
  const walk = (inner: Network): Weights<Plain> => {
    const node = inner as Combinator;
    if (node.type === "serial") return node.layers.map(walk);
    if ("branches" in node) return node.branches.map(walk);
    if (node.type === "repeat") return Array.from({ length: node.times }, () => walk(node.layer));
    const read = Object.hasOwn(layouts, inner.type) ? layouts[inner.type] : undefined;
    if (read === undefined) return {};
    const { value } = layers.next();
    if (value === undefined) throw new Unavailable(`weights of ${inner.type}`);
    return read((name, shape) => {
      const tensor = value[name];
      return isTensor(tensor) ? plain.constant(shape(tensor.shape), tensor.data.map(Number)) : null;
    });
  };
  const weights = walk(network);
  if (layers.next().done !== true) throw new Unavailable("weights of a layer that has none here");
  return weights;
}

/** What layers with weights bring, in the order of the tree. */
function layersOf(given: unknown): readonly Readonly<Record<string, unknown>>[] {
  if (Array.isArray(given)) return given.flatMap(layersOf);
  return isRecord(given) && Object.keys(given).length > 0 ? [given] : [];
}

type Shape = readonly number[];
type Read = (name: string, shape: (given: Shape) => Shape) => Plain | null;

const last = (shape: Shape): Shape => shape.slice(-1);
const same = (shape: Shape): Shape => shape;

/** Layers with weights. */
const layouts: Readonly<Record<string, (read: Read) => Weights<Plain>>> = {
  dense: (read) => ({ weight: read("w", same), bias: read("b", last) }),
  conv: (read) => {
    const taps = (shape: Shape) => shape.slice(0, -2).reduce((product, size) => product * size, 1);
    return { weight: read("w", (shape) => [taps(shape), ...shape.slice(-2)]), bias: read("b", last) };
  },
  attention: (read) => {
    const [heads, , values] = read("value", same)!.shape as [number, number, number];
    const turned = (array: Plain | null, rule: string): Plain | null => array && plain.einsum(rule, array);
    return {
      query: turned(read("query", same), "hdk->dhk"),
      key: turned(read("key", same), "hdk->dhk"),
      value: turned(read("value", same), "hdv->dhv"),
      out: turned(
        read("out", (shape) => [values, heads, ...last(shape)]),
        "vhk->hvk",
      ),
      bias: read("b", last),
      encodings: read("posEmb", (shape) => shape.slice(1)),
    };
  },
};
