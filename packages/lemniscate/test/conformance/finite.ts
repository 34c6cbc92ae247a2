/** @module Averages over random finite networks: what the kernels are the limits of. */
import type { Batch, Network } from "lemniscate";
import { child, randomKey } from "../../src/core/random.js";
import { activationsOf, draw, forward, shapeOfBatch } from "../../src/finite/network.js";
import { type Plain, plain } from "../../src/finite/plain.js";
import type { Weights } from "../../src/finite/weights.js";

export interface Estimate {
  /** Mean over networks and output channels, (n, n). */
  readonly mean: number[];
  /** Its standard error. */
  readonly error: number[];
}

/**
 * Averages of f(x)·f(x') and of J(x)·J(x') over random networks of a width, (n, n) each.
 *
 * With a random direction v ~ N(0, I) in parameter space, E[(J v)(J v)ᵀ] = J Jᵀ, so the NTK needs two forward passes a
 * network instead of a gradient: J v is a central difference.
 */
export function monteCarlo(
  network: Network,
  x: Batch,
  width: number,
  networks: number,
  seed: number,
): { readonly nngp: Estimate; readonly ntk: Estimate } {
  const root = randomKey(seed);
  const n = x.shape[0];
  const [nngp, ntk] = [new Moments(n * n), new Moments(n * n)];
  const step = 1e-4;
  // Of attention: heads and keys grow with the width; values are few, for their number only changes the error bars.
  const sizes = { width, heads: width / 2, keys: width / 2, values: 8 };
  const draws = (name: string, run: number): Weights<Plain> =>
    draw(network, shapeOfBatch(x), sizes, child(child(root, name), run)).weights;
  const outputs = (weights: Weights<Plain>, run: number): Plain =>
    forward(plain, network, weights, activationsOf(plain, x), child(child(root, "units"), run)).x;
  for (let run = 0; run < networks; run++) {
    const [weights, direction] = [draws("weights", run), draws("direction", run)];
    const [up, down] = [step, -step].map((by) => outputs(moved(weights, direction, by), run));
    nngp.add(products(outputs(weights, run)));
    ntk.add(products(plain.multiply(plain.add(up!, plain.multiply(down!, -1)), 0.5 / step)));
  }
  return { nngp: nngp.estimate(), ntk: ntk.estimate() };
}

function moved(weights: Weights<Plain>, direction: Weights<Plain>, by: number): Weights<Plain> {
  if (Array.isArray(weights)) return weights.map((part, i) => moved(part, (direction as Weights<Plain>[])[i]!, by));
  const arrays = Object.entries(weights as { readonly [name: string]: Plain | null });
  const others = direction as { readonly [name: string]: Plain | null };
  return Object.fromEntries(
    arrays.map(([name, w]) => [name, w === null ? null : plain.add(w, plain.multiply(others[name]!, by))]),
  );
}

/** (1/C) Σ_c f_c(x) f_c(x'), row by row. */
function products(f: Plain): ArrayLike<number> {
  return plain.multiply(plain.einsum("isc,jtc->ij", f, f), 1 / f.shape[2]!).data;
}

class Moments {
  readonly #sum: Float64Array;
  readonly #squares: Float64Array;
  #count = 0;

  constructor(size: number) {
    this.#sum = new Float64Array(size);
    this.#squares = new Float64Array(size);
  }

  add(values: ArrayLike<number>): void {
    this.#count++;
    for (let i = 0; i < values.length; i++) {
      this.#sum[i]! += values[i]!;
      this.#squares[i]! += values[i]! ** 2;
    }
  }

  estimate(): Estimate {
    const count = this.#count;
    const mean = [...this.#sum].map((sum) => sum / count);
    const error = [...this.#squares].map((squares, i) => Math.sqrt((squares / count - mean[i]! ** 2) / (count - 1)));
    return { mean, error };
  }
}
