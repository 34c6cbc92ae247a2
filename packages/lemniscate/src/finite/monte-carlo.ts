import type { Batch } from "../core/batch.js";
import { LemniscateError } from "../core/errors.js";
import { onlyKnown } from "../core/options.js";
import { child, permutation, type RandomKey, randomKey } from "../core/random.js";
import { pausing, type RunOptions } from "../core/run.js";
import type { Network } from "../network/placement.js";
import { contract, layout, ntkBetween } from "./contract.js";
import { type InitOptions, initOptions, sizesOf } from "./init.js";
import { jacobian } from "./jacobian.js";
import { activationsOf, draw, forward, shapeOfBatch } from "./network.js";
import { type Plain, plain } from "./plain.js";

/** Which kernel: that of outputs, or the neural tangent kernel. */
export type Quantity = "nngp" | "ntk";

export interface MonteCarloOptions extends InitOptions {
  /** How many networks. */
  readonly samples: number;
}

/** The mean over networks so far, and its standard error, entry by entry: its deviation over √(networks). */
export interface Average {
  /** (n1, n2) for features; (n1, n2, S, S) where positions are left. */
  readonly shape: readonly number[];
  readonly mean: Float64Array;
  readonly error: Float64Array;
}

/** What is known after some networks. */
export type MonteCarloEstimate<Get extends Quantity> = { readonly samples: number } & { readonly [Q in Get]: Average };

/** The kernels of random networks of one width. */
export interface MonteCarloKernel {
  <const Get extends readonly Quantity[]>(
    x1: Batch,
    x2: Batch | null | undefined,
    options: RunOptions & { readonly get: Get },
  ): Promise<MonteCarloEstimate<Get[number]>>;
  /** The same, network by network. Breaking out of the loop stops the work. */
  running<const Get extends readonly Quantity[]>(
    x1: Batch,
    x2: Batch | null | undefined,
    options: RunOptions & { readonly get: Get },
  ): AsyncIterable<MonteCarloEstimate<Get[number]>>;
}

/** Channels whose NTK is averaged: enough to have a small deviation, few enough to be cheap. */
const channelsOfNtk = 2;

/**
 * Kernels of random finite networks, averaged: for networks whose limit has no closed form, and to see how close a
 * width is to its limit. The mean differs from the limit by O(1/width), whatever the number of networks.
 *
 * @throws LemniscateError `OptionOutOfRange` unless `samples` is a whole number ≥ 2, or if the width is missing;
 *   `NotSupported` for a layer that no finite network has as its limit
 *
 * @example
 * ```ts
 * import { batch, dense, relu, serial } from "lemniscate";
 * import { monteCarloKernel } from "lemniscate/finite";
 * const net = serial(dense(), relu(), dense({ width: 1 }));
 * const x = batch([2, 3], [1, 0, 0, 0, 1, 0]);
 * const { nngp } = await monteCarloKernel(net, { width: 64, samples: 20, seed: 1 })(x, null, { get: ["nngp"] });
 * nngp.shape; // => [2, 2]
 * ```
 */
export function monteCarloKernel(network: Network, options: MonteCarloOptions): MonteCarloKernel {
  onlyKnown("monteCarloKernel", options, [...initOptions, "samples"]);
  const { samples } = options;
  if (!Number.isInteger(samples) || samples < 2)
    throw new LemniscateError({
      code: "OptionOutOfRange",
      where: "monteCarloKernel: samples",
      given: String(samples),
      allowed: "a whole number ≥ 2",
      mend: "A standard error needs two networks at least; it falls with the root of their number.",
    });
  async function* running<const Get extends readonly Quantity[]>(
    x1: Batch,
    x2: Batch | null | undefined,
    run: RunOptions & { readonly get: Get },
  ): AsyncIterable<MonteCarloEstimate<Get[number]>> {
    onlyKnown("monteCarloKernel", run, ["get", "signal", "onProgress"]);
    const { get, signal, onProgress } = run;
    checkGet(get);
    const averages = get.map(() => new Running());
    const rest = pausing(signal);
    for (let sample = 0; sample < samples; sample++) {
      await rest();
      const found = kernelsOfOne(network, x1, x2 ?? null, options, sample, get);
      for (const [i, quantity] of get.entries()) averages[i]!.add(found[quantity]!);
      onProgress?.(sample + 1, samples);
      if (sample === 0) continue;
      const entries = get.map((quantity, i) => [quantity, averages[i]!.average()]);
      yield { samples: sample + 1, ...Object.fromEntries(entries) } as MonteCarloEstimate<Get[number]>;
    }
  }
  const all: MonteCarloKernel = Object.assign(
    async <const Get extends readonly Quantity[]>(
      x1: Batch,
      x2: Batch | null | undefined,
      run: RunOptions & { readonly get: Get },
    ) => {
      let last: MonteCarloEstimate<Get[number]> | undefined;
      for await (const estimate of running(x1, x2, run)) last = estimate;
      return last!;
    },
    { running },
  );
  return all;
}

function checkGet(get: readonly string[]): void {
  const known = Array.isArray(get) && get.every((quantity) => quantity === "nngp" || quantity === "ntk");
  if (known && get.length > 0) return;
  throw new LemniscateError({
    code: "OptionOutOfRange",
    where: "monteCarloKernel: get",
    given: JSON.stringify(get) ?? "nothing",
    allowed: '["nngp"], ["ntk"], or both',
    mend: "Name what is to be averaged.",
  });
}

/** The kernels of one of the networks of a seed, by its number. */
export function kernelsOfOne(
  network: Network,
  x1: Batch,
  x2: Batch | null,
  options: InitOptions,
  sample: number,
  get: readonly Quantity[],
): Readonly<Partial<Record<Quantity, Plain>>> {
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

/** Means and deviations of what comes one by one, without loss where deviations are small: Welford 1962. */
export class Running {
  #count = 0;
  #shape: readonly number[] = [];
  #mean = new Float64Array();
  #squares = new Float64Array();

  add({ shape, data }: Plain): void {
    if (this.#count === 0) {
      this.#shape = shape;
      this.#mean = new Float64Array(data.length);
      this.#squares = new Float64Array(data.length);
    }
    this.#count++;
    for (let i = 0; i < data.length; i++) {
      const before = data[i]! - this.#mean[i]!;
      this.#mean[i]! += before / this.#count;
      this.#squares[i]! += before * (data[i]! - this.#mean[i]!);
    }
  }

  average(): Average {
    const freedom = this.#count * (this.#count - 1);
    return {
      shape: this.#shape,
      mean: this.#mean.slice(),
      error: this.#squares.map((squares) => Math.sqrt(squares / freedom)),
    };
  }
}
