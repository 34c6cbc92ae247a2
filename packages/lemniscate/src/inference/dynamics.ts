import type { Batch } from "../core/batch.js";
import { needOptions } from "../core/options.js";
import { checkRows, testKernels, trainKernels } from "./computed.js";
import {
  checkFlow,
  type FlowOptions,
  type FlowPrediction,
  type FlowPredictOptions,
  follow,
  type GradientFlow,
} from "./gradient-flow.js";
import type { AnyKernelSource, RunOptionsOf } from "./kernel-source.js";
import type { Uncertainty } from "./predict.js";
import type { Targets } from "./targets.js";

/** Options of {@link trainingDynamics}: those of training, and whatever the kernel takes beside `get` (engine, signal, …). */
export type DynamicsOptions<K extends AnyKernelSource> = FlowOptions & RunOptionsOf<K>;

/** A gradient flow that computes the kernels it needs. */
export interface TrainingDynamics<K extends AnyKernelSource = AnyKernelSource> extends Omit<GradientFlow, "predict"> {
  /** Outputs at new inputs. Options of the kernel, such as the engine, are to be given again. */
  predict<U extends Uncertainty = "none">(
    x: Batch,
    options: FlowPredictOptions<U> & RunOptionsOf<K>,
  ): Promise<FlowPrediction<U>[]>;
}

/**
 * Infinitely wide networks while they train by gradient descent with small steps on ½·mean (f − y)²: their outputs at any
 * time, and how these spread over random initial weights. The formulas and the errors are those of {@link gradientFlow}.
 *
 * @param kernel - `kernel(network)`, or anything else that computes kernels between batches
 * @param x - n training inputs
 * @param y - n targets: (n, outputs), or n numbers for one output
 *
 * @example
 * ```ts
 * import { batch, dense, kernel, relu, serial, trainingDynamics } from "lemniscate";
 *
 * const k = kernel(serial(dense({ weightStd: 1.5, biasStd: 0.5 }), relu(), dense()));
 * const run = await trainingDynamics(k, batch([3, 1], [-1, 0, 2]), [1, 0, 4]);
 * const [early, end] = await run.predict(batch([1, 1], [2]), { times: [1, Infinity], uncertainty: "variance" });
 * early!.mean.data[0]! < 4; // => true
 * end!.mean.data[0]; // ≈ 4
 * early!.variance[0]! > end!.variance[0]!; // => true
 * ```
 */
export async function trainingDynamics<K extends AnyKernelSource>(
  kernel: K,
  x: Batch,
  y: Targets,
  options?: DynamicsOptions<K>,
): Promise<TrainingDynamics<K>> {
  const { get = "ntk", learningRate = 1, noise = 0, ...run } = { ...options } as FlowOptions;
  const where = "trainingDynamics";
  const targets = checkFlow(where, y, { get, learningRate, noise });
  checkRows(where, targets, x);
  const trainTrain = await trainKernels(kernel, x, get, "variance", run);
  const flow = follow(where, { trainTrain, y: targets, get, learningRate, noise });
  return {
    ...flow,
    predict: async (xTest, options) => {
      needOptions(where, options);
      const { times, uncertainty, ...testRun } = options;
      const known = { times, ...(uncertainty && { uncertainty }) };
      return flow.predict(await testKernels(kernel, xTest, x, get, uncertainty ?? "none", testRun), known);
    },
  };
}
