/** @module Kernels beyond the largest number, and the layer where they became so. */
import { LemniscateError } from "../core/errors.js";
import type { Numbers, Precision } from "../engines/engine.js";
import type { Combinator } from "../network/combinators.js";
import { type Path, pathInWords } from "../network/path.js";
import type { Network } from "../network/placement.js";
import type { Keyed } from "../program/program.js";

/** Layers of networks that are searched: each part that is tried is compiled. */
const mostSearched = 500;

/** A result that is no number, or infinite. */
export interface Overflow {
  readonly key: string;
  readonly index: number;
  readonly value: number;
}

/** What is thrown where nobody asks for the layer. */
export class Overflowed extends Error {}

/** The first one among results. */
export function overflowIn(values: Keyed<Numbers>): Overflow | undefined {
  for (const [key, data] of Object.entries(values))
    for (let index = 0; index < data.length; index++)
      if (!(Math.abs(data[index]!) < Number.POSITIVE_INFINITY)) return { key, index, value: data[index]! };
  return undefined;
}

/** Where it was found: the network and the two examples, and in which precision. */
export interface OverflowAt {
  readonly network: Network;
  readonly at: Path;
  readonly examples: readonly [number, number];
  readonly value: number;
  readonly precision: Precision;
}

/**
 * The error for it, which names the layer: one that is given finite covariances and leaves others.
 *
 * @param holds - whether the first layers of the network alone have a finite kernel of these examples
 */
export async function overflowError(
  { network, at, examples, value, precision }: OverflowAt,
  holds: (part: Network) => Promise<boolean>,
): Promise<LemniscateError> {
  const layers = layersOf(network, at);
  const part = (count: number): Network =>
    ({ type: "serial", layers: layers.slice(0, count).map(([, layer]) => layer) }) as unknown as Network;
  let [low, high] = [0, layers.length];
  while (high - low > 1 && layers.length <= mostSearched) {
    const middle = Math.floor((low + high) / 2);
    if (await holds(part(middle))) low = middle;
    else high = middle;
  }
  // Derivatives may be beyond all numbers where kernels are not.
  const whole = layers.length > mostSearched || (await holds(part(high)));
  const [path, layer] = whole ? [at, network] : layers[high - 1]!;
  const { weights, maxVariance = weights?.maxVariance } = layer as {
    readonly maxVariance?: number;
    readonly weights?: { readonly maxVariance?: number };
  };
  const smaller = "put layerNorm() before this layer, take smaller weights, or standardise the data";
  return new LemniscateError({
    code: "BadInput",
    where: `kernel: network${pathInWords(path)}${path === at ? "" : ` (${layer.type})`}`,
    given: `${value} for examples ${examples.join(" and ")}`,
    allowed: `numbers up to ${precision === "f64" ? "1.8e308" : "3.4e38, as single precision holds them"}`,
    mend:
      maxVariance === undefined
        ? `Covariances, or their derivatives, grow too large: ${smaller}.`
        : `Its input, or a logit of it, varies by more than maxVariance, ${maxVariance}: raise that, ${smaller}.`,
    path,
  });
}

/** The layers of a row with their places, those of rows and repetitions in it one by one. */
function layersOf(network: Network, at: Path): readonly (readonly [Path, Network])[] {
  const node = network as Combinator;
  if (node.type === "serial") return node.layers.flatMap((layer, i) => layersOf(layer, [...at, "layers", i]));
  if (node.type !== "repeat") return [[at, network]];
  const once = layersOf(node.layer, [...at, "layer"]);
  return Array.from({ length: node.times }, () => once).flat();
}
