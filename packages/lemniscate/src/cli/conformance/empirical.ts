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
  const node = network as Combinator;
  if (node.type === "serial" && Array.isArray(given)) return node.layers.map((layer, i) => weightsOf(layer, given[i]));
  // A residual sum brings the weights of its one branch with layers.
  if (node.type === "parallel")
    return node.branches.map((branch) => (branch.type === "identity" ? {} : weightsOf(branch, given)));
  if (!isRecord(given)) throw new Unavailable(`weights of ${network.type}`);
  const read = (name: string, shape: (given: readonly number[]) => readonly number[]): Plain | null => {
    const tensor = given[name];
    return isTensor(tensor) ? plain.constant(shape(tensor.shape), tensor.data.map(Number)) : null;
  };
  const last = (shape: readonly number[]): readonly number[] => shape.slice(-1);
  const same = (shape: readonly number[]): readonly number[] => shape;
  if (network.type === "dense") return { weight: read("w", same), bias: read("b", last) };
  if (network.type === "conv") {
    const taps = (shape: readonly number[]) => shape.slice(0, -2).reduce((product, size) => product * size, 1);
    return { weight: read("w", (shape) => [taps(shape), ...shape.slice(-2)]), bias: read("b", last) };
  }
  if (network.type === "attention") {
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
  }
  return {};
}
