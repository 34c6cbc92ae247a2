/** @module Networks of the conformance format, with Neural Tangents' names, as networks of this library. */

import {
  abRelu,
  abs,
  attention,
  dense,
  dropout,
  erf,
  exp,
  flatten,
  gelu,
  globalAvgPool,
  globalSumPool,
  identity,
  layerNorm,
  leakyRelu,
  relu,
  sin,
} from "../../index.js";
import type { PositionOptions } from "../../network/layers/attention.js";
import type { Network } from "../../network/placement.js";

/** A tree of objects with one key, the layer's name. */
export type ConformanceNetwork = { readonly [layer: string]: unknown };

/** A layer of the format that this library does not have. */
export class UnknownLayer extends Error {
  constructor(layer: string) {
    super(`no layer ${layer}`);
  }
}

type Fields = Readonly<Record<string, unknown>>;

const fieldsOf = (value: unknown): Fields => value as Fields;
const number = (value: unknown, otherwise: number): number => (typeof value === "number" ? value : otherwise);
const bias = (value: unknown): number | null => (typeof value === "number" ? value : null);

const leaves: Readonly<Record<string, (fields: Fields, rank: number) => Network>> = {
  identity: () => identity(),
  relu: () => relu(),
  abs: () => abs(),
  leakyRelu: ({ alpha }) => leakyRelu({ slope: number(alpha, 0.01) }),
  abRelu: ({ a, b }) => abRelu({ below: number(a, 0), above: number(b, 1) }),
  erf: ({ a, b, c }) => erf({ scale: number(a, 1), slope: number(b, 1), shift: number(c, 0) }),
  // 2.4020563531719796 is the constant of the source's sigmoid-like error function
  sigmoidLike: () => erf({ scale: 0.5, slope: 1 / 2.4020563531719796, shift: 0.5 }),
  gelu: () => gelu(),
  sin: ({ a, b, c }) => sin({ scale: number(a, 1), slope: number(b, 1), phase: number(c, 0) }),
  cos: ({ a, b, c }) => sin({ scale: number(a, 1), slope: number(b, 1), phase: number(c, 0) + Math.PI / 2 }),
  rbf: ({ gamma }) => sin({ scale: Math.SQRT2, slope: Math.sqrt(2 * number(gamma, 1)), phase: Math.PI / 4 }),
  exp: ({ a, b }) => exp({ scale: number(a, 1), slope: number(b, 1) }),
  flatten: () => flatten(),
  globalAvgPool: () => globalAvgPool(),
  globalSumPool: () => globalSumPool(),
  dropout: ({ rate, mode }) => dropout({ drop: 1 - number(rate, 1), mode: mode === "test" ? "test" : "train" }),
  dense: ({ wStd, bStd, outDim, parameterization, s }) =>
    dense({
      weightStd: number(wStd, 1),
      biasStd: bias(bStd),
      width: number(outDim, 1),
      parameterization: parameterization === "standard" ? "standard" : "ntk",
      widthScale: (s as readonly [number, number] | undefined) ?? [1, 1],
    }),
  layerNorm: ({ axis, eps }, rank) => {
    const axes = ((axis as readonly number[] | undefined) ?? [-1]).map((i) => (i < 0 ? i + rank : i));
    if (axes.length !== 1 && axes.length !== rank - 1) throw new UnknownLayer(`layerNorm over axes ${axes.join(", ")}`);
    return layerNorm({ over: axes.length === 1 ? "channels" : "all", epsilon: number(eps, 1e-12) });
  },
  globalSelfAttention: attentionOf,
};

function attentionOf(fields: Fields): Network {
  const decay = Object.entries((fields["posEmbDecay"] as Record<string, number> | null | undefined) ?? {})[0];
  const width = fields["nChanPosEmb"];
  const position: Partial<PositionOptions> | null =
    (fields["posEmbType"] ?? "none") === "none"
      ? null
      : {
          combine: fields["posEmbType"] === "concat" ? "concat" : "sum",
          decay: (decay?.[0] ?? "none") as PositionOptions["decay"],
          rate: decay?.[1] ?? 1,
          power: number(fields["posEmbPNorm"], 2),
          std: number(fields["wPosEmbStd"], 1),
          width: typeof width === "number" ? width : undefined,
          values: fields["valPosEmb"] === true,
          indefinite: "accept",
        };
  return attention({
    scaling: fields["scaling"] === "inverseSqrtKeyDim" ? "sqrt" : "linear",
    weights: (fields["mechanism"] as "softmax" | undefined) ?? "softmax",
    keyStd: number(fields["wKeyStd"], 1),
    queryStd: number(fields["wQueryStd"], 1),
    valueStd: number(fields["wValueStd"], 1),
    outStd: number(fields["wOutStd"], 1),
    biasStd: bias(fields["bStd"]),
    position,
    width: number(fields["nChanOut"], 1),
  });
}

/**
 * The same network in this library's terms.
 *
 * @param rank - number of axes of the inputs, batch and channels included
 * @throws UnknownLayer if a layer, or an option of one, is not there yet
 */
export function networkOf(tree: ConformanceNetwork, rank: number): Network {
  const [name, value] = Object.entries(tree)[0]!;
  if (name === "serial") return serialOf(value as readonly ConformanceNetwork[], rank);
  if (name === "residual") {
    const inner = serialOf(value as readonly ConformanceNetwork[], rank);
    return { type: "parallel", branches: [inner, identity()] } as Network;
  }
  if (name === "repeat") {
    const { layer, n } = value as { layer: ConformanceNetwork; n: number };
    return { type: "repeat", layer: networkOf(layer, rank), times: n } as Network;
  }
  const leaf = leaves[name];
  if (leaf === undefined) throw new UnknownLayer(name);
  return leaf(fieldsOf(value), rank);
}

/**
 * Layers in a row. `fanOut n`, `parallel […]` and `fanInSum` are three layers of the format and one sum of branches
 * here: branches are collected from the first to the last of the three.
 */
function serialOf(trees: readonly ConformanceNetwork[], rank: number): Network {
  const layers: Network[] = [];
  let branches: Network[][] | null = null;
  for (const tree of trees) {
    const [name, value] = Object.entries(tree)[0]!;
    if (name === "fanOut" && branches === null) branches = Array.from({ length: value as number }, () => []);
    else if (branches === null) layers.push(networkOf(tree, rank));
    else if (name === "parallel") {
      const inner = value as readonly ConformanceNetwork[];
      for (const [i, branch] of branches.entries()) branch.push(networkOf(inner[i]!, rank));
    } else if (name === "fanInSum") {
      const sum = branches.map((branch) => ({ type: "serial", layers: branch }));
      layers.push({ type: "parallel", branches: sum } as unknown as Network);
      branches = null;
    } else throw new UnknownLayer(`${name} on several branches`);
  }
  if (branches !== null) throw new UnknownLayer("fanOut without fanInSum");
  return { type: "serial", layers } as unknown as Network;
}
