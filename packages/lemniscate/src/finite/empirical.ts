import { type Batch, examples } from "../core/batch.js";
import { LemniscateError } from "../core/errors.js";
import { onlyKnown } from "../core/options.js";
import { pausing, type RunOptions } from "../core/run.js";
import type { Network } from "../network/placement.js";
import { type Axes, contract, layout, ntkBetween } from "./contract.js";
import { unitsOf } from "./init.js";
import { type Jacobian, jacobian, numbersOf } from "./jacobian.js";
import { activationsOf, checkWeights, forward } from "./network.js";
import { type Plain, plain, zeros } from "./plain.js";
import type { Weights } from "./weights.js";

export interface EmpiricalOptions extends RunOptions {
  /**
   * What becomes of the outputs' channels on both sides: `"trace"` (default), their mean, as the infinite kernel has
   * it; `"diagonal"`, each with itself; `"full"`, each with each.
   */
  readonly axes?: Axes | undefined;
  /** Examples at a time; default: as many as have some 100 MB of derivatives. */
  readonly batchSize?: number | undefined;
  /** For layers that are random beyond their weights; default 0. */
  readonly seed?: number | undefined;
}

/**
 * The NNGP kernel of one finite network: products of its outputs,
 *
 *   K(x, x') = (1/C) Σ_c f_c(x) f_c(x')
 *
 * @param x2 - further examples; `null` for those of x1
 * @returns (n1, n2) for features and `"trace"`; positions s, s' and channels c, c' are further axes, in this order
 *
 * @example
 * ```ts
 * import { batch, dense, relu, serial } from "lemniscate";
 * import { empiricalNngp, init } from "lemniscate/finite";
 * const x = batch([2, 3], [1, 0, 0, 0, 1, 0]);
 * const net = serial(dense(), relu(), dense());
 * (await empiricalNngp(net, init(net, x, { width: 32 }), x, null)).shape; // => [2, 2]
 * ```
 */
export async function empiricalNngp(
  network: Network,
  weights: Weights<Plain>,
  x1: Batch,
  x2: Batch | null,
  options: EmpiricalOptions = {},
): Promise<Plain> {
  checkOptions("empiricalNngp", options);
  checkWeights("empiricalNngp", network, weights);
  const { axes = "trace", seed = 0, signal } = options;
  signal?.throwIfAborted();
  const outputs = (x: Batch, name?: string) =>
    forward(plain, network, weights, activationsOf(plain, x), unitsOf(seed, name));
  const f1 = outputs(x1);
  const f2 = x2 === null ? f1 : outputs(x2, "x2");
  // Outputs as derivatives in one weight.
  const one = ({ x }: { readonly x: Plain }): Plain => plain.reshape(x, [...x.shape, 1]);
  return layout(contract(one(f1), one(f2), axes), f1.shape.grid);
}

/**
 * The neural tangent kernel of one finite network: products of the derivatives of its outputs in all weights w,
 *
 *   Θ(x, x') = (1/C) Σ_c ⟨∂f_c(x)/∂w, ∂f_c(x')/∂w⟩
 *
 * Weights that stand in one product, as those of dense layers, are never multiplied out where that is cheaper.
 *
 * @param x2 - further examples; `null` for those of x1
 * @returns as {@link empiricalNngp}
 * @source Jacot et al. 2018, arXiv:1806.07572; the products of Novak et al. 2022, arXiv:2206.08720, §3.4
 *
 * @example
 * ```ts
 * import { batch, dense, relu, serial } from "lemniscate";
 * import { empiricalNtk, init } from "lemniscate/finite";
 * const x = batch([2, 3], [1, 0, 0, 0, 1, 0]);
 * const net = serial(dense(), relu(), dense({ width: 4 }));
 * const weights = init(net, x, { width: 32 });
 * (await empiricalNtk(net, weights, x, null, { axes: "full" })).shape; // => [2, 2, 4, 4]
 * ```
 */
export async function empiricalNtk(
  network: Network,
  weights: Weights<Plain>,
  x1: Batch,
  x2: Batch | null,
  options: EmpiricalOptions = {},
): Promise<Plain> {
  checkOptions("empiricalNtk", options);
  checkWeights("empiricalNtk", network, weights);
  const { axes = "trace", seed = 0, signal, onProgress } = options;
  const of = (x: Batch, [from, to]: Range): Jacobian =>
    jacobian(network, weights, examples(x, from, to), unitsOf(seed, x === x2 ? "x2" : undefined), from);
  const [n1, n2] = [x1.shape[0], (x2 ?? x1).shape[0]];
  const each = numbersOf(of(x1, [0, Math.min(1, n1)]));
  const size = options.batchSize ?? Math.max(1, Math.min(256, Math.floor(2 ** 23 / each)));
  const [rows, columns] = [ranges(n1, size), ranges(n2, size)];
  // Jacobians on the right are needed again and again: as many are held as have room.
  const held = new Map<number, Jacobian>();
  const onTheRight = (j: number): Jacobian => {
    const found = held.get(j) ?? of(x2 ?? x1, columns[j]!);
    if ((held.size + 1) * size * each <= 2 ** 26) held.set(j, found);
    return found;
  };
  const rest = pausing(signal);
  let out: Plain | undefined;
  let done = 0;
  const total = x2 === null ? (rows.length * (rows.length + 1)) / 2 : rows.length * columns.length;
  for (const [i, row] of rows.entries()) {
    const left = x2 === null ? onTheRight(i) : of(x1, row);
    for (const [j, column] of columns.entries()) {
      if (x2 === null && j < i) continue;
      await rest();
      const block = ntkBetween(left, onTheRight(j), axes);
      out ??= zeros([n1, n2, ...block.shape.slice(2)]);
      place(out, block, row[0], column[0]);
      if (x2 === null && i !== j) place(out, mirrored(block), column[0], row[0]);
      onProgress?.(++done, total);
    }
  }
  return layout(out!, of(x1, [0, 0]).grid);
}

function checkOptions(where: string, options: EmpiricalOptions): void {
  onlyKnown(where, options, ["axes", "batchSize", "seed", "signal", "onProgress"]);
  const { axes = "trace", batchSize = 1 } = options;
  const refuse = (name: string, given: unknown, allowed: string, mend: string): never => {
    throw new LemniscateError({
      code: "OptionOutOfRange",
      where: `${where}: ${name}`,
      given: JSON.stringify(given) ?? String(given),
      allowed,
      mend,
    });
  };
  if (!["trace", "diagonal", "full"].includes(axes))
    refuse("axes", axes, '"trace", "diagonal", "full"', "Leave it out for the mean over channels.");
  if (!Number.isInteger(batchSize) || batchSize < 1)
    refuse("batchSize", batchSize, "a whole number ≥ 1", "Leave it out to take as many examples as there is room for.");
}

type Range = readonly [from: number, to: number];

/** 0 … n in pieces of a size; one of no examples if there are none. */
function ranges(n: number, size: number): Range[] {
  return Array.from({ length: Math.max(1, Math.ceil(n / size)) }, (_, i) => [i * size, Math.min(n, (i + 1) * size)]);
}

/** Puts a block of pairs at its place. */
function place(into: Plain, block: Plain, row: number, column: number): void {
  const [n, m, ...inner] = block.shape as [number, number, ...number[]];
  const run = m * inner.reduce((product, size) => product * size, 1);
  const stride = m === 0 ? 0 : (run / m) * into.shape[1]!;
  for (let i = 0; i < n; i++)
    into.data.set(block.data.subarray(i * run, (i + 1) * run), (row + i) * stride + (column * run) / Math.max(1, m));
}

/** The block of (x', x), given that of (x, x'). */
function mirrored(block: Plain): Plain {
  const [letters, turned] = [
    ["nmst", "mnts"],
    ["nmstc", "mntsc"],
    ["nmstcd", "mntsdc"],
  ][block.shape.length - 4]!;
  return plain.einsum(`${letters}->${turned}`, block);
}
