import type { Batch } from "../core/batch.js";
import { needOptions } from "../core/options.js";
import { checkRows, testKernels, trainKernels } from "./computed.js";
import type { AnyKernelSource, RunOptionsOf } from "./kernel-source.js";
import {
  checkPredict,
  checkRegression,
  type PredictOptions,
  type RegressionOptions,
  type TrainingReport,
  train,
} from "./posterior.js";
import type { Prediction, Uncertainty } from "./predict.js";
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
  needOptions("gp", options);
  const { get = "nngp", noise, priorMean, jitter, ...run } = options;
  const regression: RegressionOptions = {
    get,
    noise,
    ...(priorMean === undefined ? {} : { priorMean }),
    ...(jitter === undefined ? {} : { jitter }),
  };
  const targets = checkRegression("gp", y, regression);
  checkRows("gp", targets, x);
  const trainTrain = await trainKernels(kernel, x, get, "variance", run);
  const fitted = train("gp", { ...regression, trainTrain, y: targets });
  return {
    ...fitted,
    predict: async (xTest, predictOptions) => {
      const { uncertainty: asked, of, ...testRun } = { ...predictOptions };
      const known = { ...(asked && { uncertainty: asked }), ...(of && { of }) };
      const { uncertainty } = checkPredict(get, known);
      return fitted.predict(await testKernels(kernel, xTest, x, get, uncertainty, testRun), known);
    },
  };
}
