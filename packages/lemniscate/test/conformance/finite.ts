/** @module Averages over random finite networks: what the kernels are the limits of. */
import type { Batch, Network } from "lemniscate";
import { expect } from "vitest";
import { monteCarloKernel } from "../../src/finite/monte-carlo.js";

const get = ["nngp", "ntk"] as const;

/**
 * Expects kernels, (n, n) or (n, n, S, S), to be the limit of random networks of a width and of twice that. The bias
 * falls with 1/width, so twice the wide average less the narrow one has next to none.
 */
export async function expectLimit(
  kernels: Readonly<Record<(typeof get)[number], ArrayLike<number>>>,
  network: Network,
  x: Batch,
  { width, networks }: { readonly width: number; readonly networks: number },
): Promise<void> {
  // Of attention: heads and keys grow with the width; values are few, for their number only changes the error bars.
  const average = (width: number, samples: number, seed: number) =>
    monteCarloKernel(network, { width, heads: width / 2, keys: width / 2, values: 8, samples, seed })(x, null, { get });
  const narrow = await average(width, networks, 11);
  const wide = await average(2 * width, networks / 2, 12);
  for (const quantity of get) {
    const wanted = kernels[quantity];
    const scale = Math.max(...Array.from(wanted, Math.abs));
    const [s, l] = [narrow[quantity], wide[quantity]];
    expect(s.mean.length).toBe(wanted.length);
    for (let i = 0; i < wanted.length; i++) {
      const mean = 2 * l.mean[i]! - s.mean[i]!;
      const error = Math.sqrt(4 * l.error[i]! ** 2 + s.error[i]! ** 2);
      expect(Math.abs(mean - wanted[i]!)).toBeLessThan(4 * error + 0.01 * scale);
      // A loose error bar would let anything pass.
      expect(error).toBeLessThan(0.12 * scale);
    }
  }
}
