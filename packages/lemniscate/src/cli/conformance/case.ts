/** @module Running a case of the conformance format and judging it. */
import { type Batch, examples, gridOf } from "../../core/batch.js";
import { type Edge, withGraphs } from "../../core/graphs.js";
import { inputs } from "../../core/inputs.js";
import type { Engine, Numbers } from "../../engines/engine.js";
import { positionKernel } from "../../tiles/kernel.js";
import { compare, diagonals, interleaved } from "./compare.js";
import { finiteResultsOf } from "./empirical.js";
import { Unavailable } from "./fields.js";
import { batchOf, type ConformanceCase, type ConformanceNetwork, isRecord, isTensor, type Tensor } from "./format.js";
import { aggregatedAxes, keptExamples, networkOf } from "./network.js";
import { predictionsOf } from "./predict.js";

/** The outcome of a case: `failure` says what is wrong, and is absent if nothing is. */
export interface Verdict {
  readonly name: string;
  readonly failure?: string;
  /** The largest |a − b| over its tolerance; below 1 if the case passes. */
  readonly worst?: number;
}

type Results = Readonly<Record<string, ArrayLike<number>>>;

/** Covariances inside a batch need not be there in the layouts of the format. */
const unchecked = ["meta", "cov1", "cov2"];
const kernelInputs = ["x1", "x2", "maskConstant", "pattern1", "pattern2", "patternIsIndex"];

/** Runs a case on an engine and compares all outputs that the format wants compared. */
export async function runCase(of: ConformanceCase, engine: Engine): Promise<Verdict> {
  const { name } = of;
  try {
    const results = await resultsOf(of, engine);
    let worst: number | undefined;
    for (const [quantity, expected] of Object.entries(of.outputs)) {
      if (unchecked.includes(quantity)) continue;
      const values = results[quantity];
      if (values === undefined || !isTensor(expected)) return { name, failure: `no output ${quantity}` };
      const difference = compare(values, expected, of.tolerance[quantity], engine.precision === "f32");
      if (typeof difference === "string") return { name, failure: `${quantity} ${difference}` };
      worst = Math.max(worst ?? 0, difference);
    }
    return worst === undefined ? { name, failure: "no output to compare" } : { name, worst };
  } catch (error) {
    return { name, failure: (error as Error).message };
  }
}

async function resultsOf(of: ConformanceCase, engine: Engine): Promise<Results> {
  if (of.kind === "kernel") return kernelsOf(of, engine);
  if (of.kind === "predict") return predictionsOf(of, engine);
  if (of.kind === "empirical") return finiteResultsOf(of);
  throw new Unavailable(`cases of kind ${of.kind}`);
}

async function kernelsOf(of: ConformanceCase, engine: Engine): Promise<Results> {
  const { x1, x2 = null, maskConstant, pattern1, pattern2, patternIsIndex = false } = of.inputs;
  const other = Object.keys(of.inputs).find((key) => !kernelInputs.includes(key));
  if (other !== undefined) throw new Unavailable(`input ${other}`);
  const listed = Array.isArray(x1) ? x1 : [x1];
  if (!listed.every(isTensor)) throw new Unavailable("inputs that are no tensors");
  const network = networkOf(
    of.network as ConformanceNetwork,
    listed.map(({ shape }) => shape.length),
  );
  const left = (x: Tensor): Tensor => takeExamples(x, keptExamples(of.network, x.shape[0]!));
  const one = (x: Tensor): Batch => batchOf(left(x), maskConstant);
  const read = (x: Tensor | readonly Tensor[], pattern: unknown): Batch =>
    isTensor(x)
      ? graphed(
          one(x),
          isTensor(pattern) ? left(pattern) : pattern,
          patternIsIndex === true,
          aggregatedAxes(of.network, x.shape.length),
        )
      : inputs(Object.fromEntries(x.map((tensor, i) => [i, one(tensor)])));
  const get = ["nngp", "ntk"] as const;
  const first = read(x1 as Tensor, pattern1);
  const k = (other: Batch | null) => positionKernel(network)(first, other, { get, engine });
  const found =
    x2 === null && first.shape[0] > 1 && isOneSided(of.network)
      ? await entryByEntry(k, first)
      : await k(x2 === null ? null : read(x2 as Tensor, pattern2));
  return Object.fromEntries(get.map((quantity) => [quantity, inLayoutOf(of, quantity, found[quantity])]));
}

/**
 * Whether K(x, x') need not be K(x', x): products of quadratures err by something else where sides are exchanged. Dropout, which
 * tells an example from others, needs to know that there is one batch.
 */
function isOneSided(network: unknown): boolean {
  const text = JSON.stringify(network);
  return text.includes('"elementwiseNumerical"') && !text.includes('"dropout"');
}

/**
 * All entries of the kernel of a batch with itself, those below the diagonal by themselves. In two parts, for of two batches that
 * are equal one half is computed.
 */
async function entryByEntry(
  k: (other: Batch) => Promise<Readonly<Record<"nngp" | "ntk", Numbers>>>,
  x: Batch,
): Promise<Readonly<Record<"nngp" | "ntk", Numbers>>> {
  const n = x.shape[0];
  const [before, last] = [await k(examples(x, 0, n - 1)), await k(examples(x, n - 1, n))];
  const joined = (quantity: "nngp" | "ntk"): Numbers => {
    const entry = last[quantity].length / n;
    const row = (i: number): readonly number[] => [
      ...before[quantity].subarray(i * (n - 1) * entry, (i + 1) * (n - 1) * entry),
      ...last[quantity].subarray(i * entry, (i + 1) * entry),
    ];
    return Float64Array.from(Array.from({ length: n }, (_, i) => row(i)).flat());
  };
  return { nngp: joined("nngp"), ntk: joined("ntk") };
}

/** Some of the examples of a tensor. */
function takeExamples({ shape, data }: Tensor, kept: readonly number[]): Tensor {
  const size = data.length / shape[0]!;
  return {
    shape: [kept.length, ...shape.slice(1)],
    data: kept.flatMap((i) => data.slice(i * size, (i + 1) * size)),
  };
}

/**
 * A batch with its pattern, on the positions along `axes` and the same wherever the others are: matrices from row to
 * column, or lists of edges with negative numbers behind them.
 */
function graphed(x: Batch, pattern: unknown, isIndex: boolean, axes: readonly number[]): Batch {
  if (!isTensor(pattern) || axes.length === 0) return x;
  const grid = gridOf(x);
  const along = (some: readonly number[]): readonly number[] => {
    const step = (axis: number): number => grid.slice(axis + 1).reduce((product, size) => product * size, 1);
    const add = (places: readonly number[], axis: number): readonly number[] =>
      places.flatMap((place) => Array.from({ length: grid[axis]! }, (_, i) => place + i * step(axis)));
    return some.reduce(add, [0]);
  };
  const nodes = along(axes);
  const copies = along([...grid.keys()].filter((axis) => !axes.includes(axis)));
  const size = pattern.data.length / pattern.shape[0]!;
  const edges = Array.from({ length: pattern.shape[0]! }, (_, i) => {
    const values = pattern.data.slice(i * size, (i + 1) * size).map(Number);
    const found: readonly Edge[] = isIndex
      ? Array.from({ length: size / 2 }, (_, e): Edge => [values[2 * e]!, values[2 * e + 1]!]).filter(([u]) => u >= 0)
      : values.map((weight, at): Edge => [Math.floor(at / nodes.length), at % nodes.length, weight]);
    return found.flatMap(([u, v, ...weight]) => copies.map((at): Edge => [at + nodes[u]!, at + nodes[v]!, ...weight]));
  });
  return withGraphs(x, { edges });
}

function inLayoutOf({ outputs, kernelArgs }: ConformanceCase, quantity: string, values: Numbers): Numbers {
  const expected = outputs[quantity];
  const { meta } = outputs;
  if (!isTensor(expected)) return values;
  const layout = isRecord(meta) ? meta : kernelArgs;
  const once = layout?.["diagonalSpatial"] === true;
  return once ? diagonals(values, expected) : interleaved(values, expected);
}
