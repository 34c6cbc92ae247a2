import { LemniscateError } from "../core/errors.js";
import type { Combinator } from "./combinators.js";
import type { Network, PlacementOf } from "./placement.js";
import { checkNetwork } from "./size.js";

/**
 * A network at all depths: for each number of copies of its repeated block, from 1 to `times`, the network with so
 * many, under that number as its name. What comes behind the block is the read-out at every depth.
 *
 * `kernels(depths(net))` computes their kernels for little more than the cost of the deepest one.
 *
 * @throws LemniscateError `BadNetwork` unless one `repeat` of 1 or more stands among the layers of the network
 *
 * @example
 * ```ts
 * import { batch, dense, depths, kernels, relu, repeat, serial } from "lemniscate";
 * const net = serial(repeat(serial(dense({ weightStd: Math.SQRT2 }), relu()), 3), dense());
 * Object.keys(depths(net)); // => ["1", "2", "3"]
 * const k = await kernels(depths(net))(batch([2, 2], [1, 0, 0, 1]), null, { get: "nngp" });
 * k["3"]!.data[1]! > k["1"]!.data[1]!; // => true
 * ```
 */
export function depths<N extends Network>(network: N): Readonly<Record<string, Network<PlacementOf<N>>>> {
  checkNetwork(network);
  const counts = repeatsIn(network);
  if (counts.length !== 1 || counts[0]! < 1)
    throw new LemniscateError({
      code: "BadNetwork",
      where: "depths",
      given: `a network with ${counts.length === 1 ? "a repeat of 0 times" : `${counts.length || "no"} repeats`}`,
      allowed: "one repeat of 1 or more times, by itself or among the layers of serial()",
      mend: "Write the block whose copies are counted as repeat(block, times), and other repeated layers out.",
      path: [],
    });
  return Object.fromEntries(
    Array.from({ length: counts[0]! }, (_, i) => [i + 1, cut(network, i + 1) as Network<PlacementOf<N>>]),
  );
}

/** How often the repeats among a network's layers repeat. Branches and repeated blocks are not looked into. */
function repeatsIn(network: Network): readonly number[] {
  const node = network as Combinator;
  if (node.type === "repeat") return [node.times];
  return node.type === "serial" ? node.layers.flatMap(repeatsIn) : [];
}

function cut(network: Network, times: number): Network {
  const node = network as Combinator;
  if (node.type === "repeat") return Object.freeze({ ...node, times });
  if (node.type === "serial") return Object.freeze({ ...node, layers: node.layers.map((layer) => cut(layer, times)) });
  return network;
}
