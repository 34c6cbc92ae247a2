/** @module Averages over random finite networks: what the kernels are the limits of. */
import type { Batch, Network } from "lemniscate";
import { monteCarloKernel } from "lemniscate/finite";
import { expect } from "vitest";

const get = ["nngp", "ntk"] as const;

/** A standard error, relative to the largest entry, that lets no mistake of a whole term pass: those are 0.5 or so. */
const small = 0.1;

/**
 * Expects kernels, (n, n) or (n, n, S, S), to be the limit of random networks of a width and of twice that, of which as
 * many are averaged as it takes. The bias falls with 1/width, so twice the wide average less the narrow one has next to
 * none.
 */
export async function expectLimit(
  kernels: Readonly<Record<(typeof get)[number], ArrayLike<number>>>,
  network: Network,
  x: Batch,
  width = 32,
): Promise<void> {
  const scales = get.map((quantity) => Math.max(...Array.from(kernels[quantity], Math.abs)));
  const average = async (width: number, seed: number, allowed: number) => {
    // Of attention: heads and keys grow with the width; values are few, for their number only changes the error bars.
    const options = { width, heads: width / 2, keys: width / 2, values: 8, samples: 4000, seed };
    for await (const found of monteCarloKernel(network, options).running(x, null, { get })) {
      const errors = get.map((quantity, i) => Math.max(...found[quantity].error) / scales[i]!);
      if (found.samples >= 30 && errors.every((error) => error <= allowed)) return found;
    }
    throw new Error("too wide an error after 4000 networks");
  };
  const narrow = await average(width, 11, small / 2);
  const wide = await average(2 * width, 12, small / 3);
  for (const [k, quantity] of get.entries()) {
    const wanted = kernels[quantity];
    const [s, l] = [narrow[quantity], wide[quantity]];
    expect(s.mean.length).toBe(wanted.length);
    for (let i = 0; i < wanted.length; i++) {
      const mean = 2 * l.mean[i]! - s.mean[i]!;
      const error = Math.sqrt(4 * l.error[i]! ** 2 + s.error[i]! ** 2);
      expect(Math.abs(mean - wanted[i]!)).toBeLessThan(4 * error + 0.01 * scales[k]!);
    }
  }
}
