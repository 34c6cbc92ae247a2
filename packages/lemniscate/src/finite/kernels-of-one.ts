/** @module The kernels of one random network. */
import type { Batch } from "../core/batch.js";
import type { Quantity } from "../core/quantity.js";
import { child, permutation, type RandomKey, randomKey } from "../core/random.js";
import type { Network } from "../network/placement.js";
import { contract, layout, ntkBetween } from "./contract.js";
import { type InitOptions, sizesOf } from "./init.js";
import { jacobian } from "./jacobian.js";
import { activationsOf, draw, forward, shapeOfBatch } from "./network.js";
import { type Plain, plain } from "./plain.js";

/** Random networks, and what is asked of each: plain data, which another thread understands. */
export interface Networks {
  readonly network: Network;
  readonly x1: Batch;
  readonly x2: Batch | null;
  readonly options: InitOptions;
  readonly get: readonly Quantity[];
}

/** The kernels of one network. */
export type Drawn = Readonly<Partial<Record<Quantity, Plain>>>;

/** Channels whose NTK is averaged: enough to have a small deviation, few enough to be cheap. */
const channelsOfNtk = 2;

/** The kernels of one of the networks of a seed, by its number. */
export function kernelsOfOne({ network, x1, x2, options, get }: Networks, sample: number): Drawn {
  const random = child(child(randomKey(options.seed ?? 0), "networks"), sample);
  const { weights } = draw(network, shapeOfBatch(x1), sizesOf("monteCarloKernel", options), child(random, "weights"));
  const units = (name: string): RandomKey => child(child(random, "units"), name);
  const found: Partial<Record<Quantity, Plain>> = {};
  if (get.includes("nngp")) {
    const [f1, f2 = f1] = [[x1, "x1"] as const, ...(x2 === null ? [] : [[x2, "x2"] as const])].map(([x, name]) =>
      forward(plain, network, weights, activationsOf(plain, x), units(name)),
    );
    const [a, b] = [f1!, f2!].map(({ x }) => plain.reshape(x, [...x.shape, 1]));
    found.nngp = layout(contract(a!, b!, "trace"), f1!.shape.grid);
  }
  if (get.includes("ntk")) {
    // Channels need not be alike, so that it is left to chance which ones are taken.
    const channels = (count: number): readonly number[] => [
      ...permutation(child(random, "channels"), count).subarray(0, channelsOfNtk),
    ];
    const left = jacobian(network, weights, x1, units("x1"), 0, channels);
    const right = x2 === null ? left : jacobian(network, weights, x2, units("x2"), 0, channels);
    found.ntk = layout(ntkBetween(left, right, "trace"), left.grid);
  }
  return found;
}
