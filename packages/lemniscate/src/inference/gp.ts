import type { Batch } from "../core/batch.js";
import { LemniscateError } from "../core/errors.js";
import type { AnyKernelSource, KernelDiagonals, KernelMatrices, Quantity, RunOptionsOf } from "./kernel-source.js";
import {
  checkPredict,
  checkRegression,
  type PredictOptions,
  type RegressionOptions,
  type TrainingReport,
  train,
} from "./posterior.js";
import { kernelsOf, type Prediction, type Uncertainty } from "./predict.js";
import type { Targets } from "./targets.js";

/** Options of {@link gp}: those of the regression, and whatever the kernel takes beside `get` (engine, signal, …). */
export type GpOptions<K extends AnyKernelSource> = RegressionOptions & RunOptionsOf<K>;

/** A posterior that computes the kernels it needs. Its options are as for `posterior`. */
export interface Posterior<K extends AnyKernelSource = AnyKernelSource> extends TrainingReport {
  /**
   * Mean and variance at new inputs. Options of the kernel, such as the engine, are to be given again.
   * `uncertainty: "none"` spares the second kernel of `get: "ntk"`.
   */
  predict<U extends Uncertainty = "variance">(
    x: Batch,
    options?: PredictOptions<U> & RunOptionsOf<K>,
  ): Promise<Prediction<U>>;
}

/**
 * Regression with an infinitely wide network: computes the training kernel, factors it once, and predicts at
 * as many test inputs as wanted. The formulas, the noise and the errors are those of {@link posterior}.
 *
 * @param kernel - `kernel(network)`, or anything else that computes kernels between batches
 * @param x - n training inputs
 * @param y - n targets: (n, outputs), or n numbers for one output
 *
 * @example
 * ```ts
 * import { batch, dense, gp, kernel, relu, serial } from "lemniscate";
 *
 * const k = kernel(serial(dense({ weightStd: 1.5, biasStd: 0.5 }), relu(), dense()));
 * const x = batch([3, 1], [-1, 0, 2]);
 * const fitted = await gp(k, x, [1, 0, 4], { get: "nngp", noise: 0 });
 * const { mean, variance } = await fitted.predict(x);
 * mean.data[2]; // ≈ 4
 * Math.max(...variance) < 1e-9; // => true
 * ```
 */
export async function gp<K extends AnyKernelSource>(
  kernel: K,
  x: Batch,
  y: Targets,
  options: GpOptions<K>,
): Promise<Posterior<K>> {
  const { get = "nngp", noise, priorMean, jitter, ...run } = options;
  const regression: RegressionOptions = {
    get,
    noise,
    ...(priorMean === undefined ? {} : { priorMean }),
    ...(jitter === undefined ? {} : { jitter }),
  };
  const targets = checkRegression("gp", y, regression);
  if (targets.rows !== x.shape[0])
    throw new LemniscateError({
      code: "ShapeMismatch",
      where: "gp: y",
      given: `${targets.rows} rows of targets for ${x.shape[0]} inputs`,
      allowed: "one row per input",
      mend: "A flat list of numbers is one output; pass a matrix for several.",
    });
  const { prior, spread } = kernelsOf[get];
  const quantities = (uncertainty: Uncertainty): readonly Quantity[] =>
    uncertainty === "none" || prior === spread ? [prior] : [spread, prior];
  const trainTrain = await blocks(kernel, x, null, quantities("variance"), run);
  const fitted = train("gp", { ...regression, trainTrain, y: targets });
  return {
    ...fitted,
    predict: async (xTest, predictOptions) => {
      const { uncertainty: asked, of, ...testRun } = { ...predictOptions };
      const { uncertainty } = checkPredict(get, { ...(asked && { uncertainty: asked }), ...(of && { of }) });
      const testTrain = await blocks(kernel, xTest, x, quantities(uncertainty), testRun);
      const own =
        uncertainty === "none"
          ? {}
          : uncertainty === "variance"
            ? { testDiagonal: await diagonals(kernel, xTest, [spread], testRun) }
            : { testTest: await blocks(kernel, xTest, null, [spread], testRun) };
      return fitted.predict({ testTrain, ...own }, { ...(asked && { uncertainty: asked }), ...(of && { of }) });
    },
  };
}

// A kernel source knows the type of its run options, which are handed on as they came.
function blocks(
  k: AnyKernelSource,
  x1: Batch,
  x2: Batch | null,
  get: readonly Quantity[],
  run: object,
): Promise<KernelMatrices> {
  return k(x1, x2, { ...run, get } as never);
}

function diagonals(k: AnyKernelSource, x: Batch, get: readonly Quantity[], run: object): Promise<KernelDiagonals> {
  return k.diagonal(x, { ...run, get } as never);
}
