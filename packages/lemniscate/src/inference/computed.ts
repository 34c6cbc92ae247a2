/** @module Kernels that a prediction needs, asked of a kernel source. */
import { type Batch, needBatch } from "../core/batch.js";
import { LemniscateError } from "../core/errors.js";
import { need } from "../core/options.js";
import type { Quantity } from "../core/quantity.js";
import type { Matrix } from "../linalg/matrix.js";
import type { AnyKernelSource, KernelMatrices } from "./kernel-source.js";
import { kernelsOf, type Method, type TestKernels, type Uncertainty } from "./predict.js";

/** Kernels of the training set: with uncertainty also of what it is about. */
export function trainKernels(
  kernel: AnyKernelSource,
  x: Batch,
  get: Method,
  uncertainty: Uncertainty,
  run: object,
): Promise<KernelMatrices> {
  return blocks(kernel, x, null, quantities(get, uncertainty), run);
}

/** Kernels that involve test examples, no more than the uncertainty asks for. */
export async function testKernels(
  kernel: AnyKernelSource,
  xTest: Batch,
  x: Batch,
  get: Method,
  uncertainty: Uncertainty,
  run: object,
): Promise<TestKernels> {
  const testTrain = await blocks(kernel, xTest, x, quantities(get, uncertainty), run);
  const spread = [kernelsOf[get].spread];
  if (uncertainty === "none") return { testTrain };
  // A kernel source knows the type of its run options, which are handed on as they came.
  if (uncertainty === "variance")
    return { testTrain, testDiagonal: await kernel.diagonal(xTest, { ...run, get: spread } as never) };
  return { testTrain, testTest: await blocks(kernel, xTest, null, spread, run) };
}

/** Refuses targets that are not one row per input. */
export function checkRows(where: string, y: Matrix, x: Batch): void {
  needBatch(`${where}: x`, x);
  if (y.rows === x.shape[0]) return;
  throw new LemniscateError({
    code: "ShapeMismatch",
    where: `${where}: y`,
    given: `${y.rows} rows of targets for ${x.shape[0]} inputs`,
    allowed: "one row per input",
    mend: "A flat list of numbers is one output; pass a matrix for several.",
  });
}

function quantities(get: Method, uncertainty: Uncertainty): readonly Quantity[] {
  const { prior, spread } = kernelsOf[get];
  return uncertainty === "none" || prior === spread ? [prior] : [spread, prior];
}

function blocks(
  kernel: AnyKernelSource,
  x1: Batch,
  x2: Batch | null,
  get: readonly Quantity[],
  run: object,
): Promise<KernelMatrices> {
  need(typeof kernel === "function", "kernel", kernel, "a kernel", "Make it with kernel(network).");
  return kernel(x1, x2, { ...run, get } as never);
}
