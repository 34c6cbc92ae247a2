import type { Batch } from "../core/batch.js";
import { LemniscateError } from "../core/errors.js";
import { onlyKnown } from "../core/options.js";
import { checkGet, type Quantity } from "../core/quantity.js";
import type { RunOptions } from "../core/run.js";
import type { Network } from "../network/placement.js";
import { drawEach } from "./drawing.js";
import { type InitOptions, initOptions } from "./init.js";
import type { Plain } from "./plain.js";

export interface MonteCarloOptions extends InitOptions {
  /** How many networks. */
  readonly samples: number;
  /**
   * Threads that draw networks; default one per core. Estimates have the same bits with any number. Short runs, and networks
   * with functions of your own (`closedForm`, `elementwise` with `fn`), do with the calling thread.
   */
  readonly threads?: number | undefined;
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
  onlyKnown("monteCarloKernel", options, [...initOptions, "samples", "threads"]);
  const { samples, threads, ...sizes } = options;
  if (!Number.isInteger(samples) || samples < 2)
    throw new LemniscateError({
      code: "OptionOutOfRange",
      where: "monteCarloKernel: samples",
      given: String(samples),
      allowed: "a whole number ≥ 2",
      mend: "A standard error needs two networks at least; it falls with the root of their number.",
    });
  if (threads !== undefined && !(Number.isInteger(threads) && threads >= 1 && threads <= 256))
    throw new LemniscateError({
      code: "OptionOutOfRange",
      where: "monteCarloKernel: threads",
      given: String(threads),
      allowed: "a whole number from 1 to 256",
      mend: "Leave it out to use every core.",
    });
  async function* running<const Get extends readonly Quantity[]>(
    x1: Batch,
    x2: Batch | null | undefined,
    run: RunOptions & { readonly get: Get },
  ): AsyncIterable<MonteCarloEstimate<Get[number]>> {
    onlyKnown("monteCarloKernel", run, ["get", "signal", "onProgress"]);
    const { get, signal, onProgress } = run;
    checkGet("monteCarloKernel", get, '["nngp"], ["ntk"], or both');
    const averages = get.map(() => new Running());
    const networks = { network, x1, x2: x2 ?? null, options: sizes, get };
    let done = 0;
    for await (const found of drawEach(networks, samples, { threads, signal })) {
      for (const [i, quantity] of get.entries()) averages[i]!.add(found[quantity]!);
      done++;
      onProgress?.(done, samples);
      if (done === 1) continue;
      const entries = get.map((quantity, i) => [quantity, averages[i]!.average()]);
      yield { samples: done, ...Object.fromEntries(entries) } as MonteCarloEstimate<Get[number]>;
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
