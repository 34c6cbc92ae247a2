/** @module Running a case of the conformance format and judging it. */
import type { Batch } from "../../core/batch.js";
import { inputs } from "../../core/inputs.js";
import type { Engine, Numbers } from "../../engines/engine.js";
import { positionKernel } from "../../tiles/kernel.js";
import { compare, diagonals, interleaved } from "./compare.js";
import { finiteResultsOf } from "./empirical.js";
import { Unavailable } from "./fields.js";
import { batchOf, type ConformanceCase, type ConformanceNetwork, isRecord, isTensor, type Tensor } from "./format.js";
import { networkOf } from "./network.js";
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
const kernelInputs = ["x1", "x2", "maskConstant"];

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
  const { x1, x2 = null, maskConstant } = of.inputs;
  const other = Object.keys(of.inputs).find((key) => !kernelInputs.includes(key));
  if (other !== undefined) throw new Unavailable(`input ${other}`);
  const listed = Array.isArray(x1) ? x1 : [x1];
  if (!listed.every(isTensor)) throw new Unavailable("inputs that are no tensors");
  const network = networkOf(
    of.network as ConformanceNetwork,
    listed.map(({ shape }) => shape.length),
  );
  const one = (x: Tensor): Batch => batchOf(x, maskConstant);
  const read = (x: Tensor | readonly Tensor[]): Batch =>
    isTensor(x) ? one(x) : inputs(Object.fromEntries(x.map((tensor, i) => [i, one(tensor)])));
  const get = ["nngp", "ntk"] as const;
  const found = await positionKernel(network)(read(x1 as Tensor), x2 === null ? null : read(x2 as Tensor), {
    get,
    engine,
  });
  return Object.fromEntries(get.map((quantity) => [quantity, inLayoutOf(of, quantity, found[quantity])]));
}

function inLayoutOf({ outputs, kernelArgs }: ConformanceCase, quantity: string, values: Numbers): Numbers {
  const expected = outputs[quantity];
  const { meta } = outputs;
  if (!isTensor(expected)) return values;
  const layout = isRecord(meta) ? meta : kernelArgs;
  const once = layout?.["diagonalSpatial"] === true;
  return once ? diagonals(values, expected) : interleaved(values, expected);
}
