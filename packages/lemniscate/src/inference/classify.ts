import { type Batch, needBatch } from "../core/batch.js";
import { need, needOptions } from "../core/options.js";
import { checkMatrix, type Matrix } from "../linalg/matrix.js";
import { type GpOptions, gp, type Posterior } from "./gp.js";
import type { AnyKernelSource, RunOptionsOf } from "./kernel-source.js";
import { checkLabels, classCount, oneHot, predictedClasses } from "./labels.js";
import { probabilitiesOfLargest } from "./largest.js";
import type { PredictOptions } from "./posterior.js";

/** Options of {@link classify}: those of {@link gp} but for the prior mean, and the number of classes. */
export type ClassifyOptions<K extends AnyKernelSource> = Omit<GpOptions<K>, "priorMean"> & {
  /** Default: one more than the largest label. */
  readonly classes?: number;
};

/** Predicted classes of m test examples. */
export interface Classification {
  /** Predicted one-hot targets, (m, classes). With {@link classify} every row sums to 1, but may leave [0, 1]. */
  readonly scores: Matrix<Float64Array>;
  /** Variance of every score of an example, (m). */
  readonly variance: Float64Array;
  /** (m, classes), rows sum to 1, see {@link classification}. */
  readonly probabilities: Matrix<Float64Array>;
  /** The class with the largest score, the first one of equals: (m). */
  readonly predicted: Int32Array;
}

/** A fitted classifier. */
export interface Classifier<K extends AnyKernelSource = AnyKernelSource> {
  readonly classes: number;
  /** The regression behind it: noise, jitter, evidence. */
  readonly posterior: Posterior<K>;
  predict(x: Batch, options?: Omit<PredictOptions, "uncertainty"> & RunOptionsOf<K>): Promise<Classification>;
}

/**
 * Classes, and their probabilities, from a regression on one-hot targets: the probability of class c is that of its
 * output being the largest, when all outputs are independent Gaussians with the predicted means and variance.
 *
 * If the variance is that of observed targets (`of: "observed"`), this is the probability that a new target
 * drawn from the regression model has its largest entry at c, which is how labels and one-hot targets correspond. If it
 * is that of the ensemble of trained networks (`get: "ntk"`), it is the share of networks that answer c.
 * These are probabilities of a Gaussian model of targets that are not Gaussian: they rank
 * and compare models, but nothing calibrates them beyond the choice of the noise.
 *
 * @source regression on one-hot targets for classes: Rifkin and Klautau 2004, §4; Lee et al. 2018, §3.1.
 *   Probability of the largest: Girolami and Rogers 2006, §2
 *
 * @example
 * ```ts
 * import { classification } from "lemniscate";
 *
 * const mean = { rows: 1, columns: 2, data: new Float64Array([0.75, 0.25]) };
 * const { probabilities, predicted } = classification({ mean, variance: new Float64Array([0.125]) });
 * predicted; // => new Int32Array([0])
 * probabilities.data[0]; // ≈ 0.841344746
 * ```
 */
export function classification(prediction: {
  readonly mean: Matrix<Float64Array>;
  readonly variance: Float64Array;
}): Classification {
  checkMatrix("classification: mean", prediction?.mean);
  const { mean, variance } = prediction;
  const isList = typeof variance === "object" && variance?.length === mean.rows;
  need(isList, "classification: variance", variance, `${mean.rows} numbers`, "Predict with uncertainty.");
  return {
    scores: mean,
    variance,
    probabilities: probabilitiesOfLargest(mean, variance),
    predicted: predictedClasses(mean),
  };
}

/**
 * Classification by regression on one-hot targets with an infinitely wide network, see {@link classification}. The
 * prior mean is 1/classes, so that the scores of an example sum to 1. Probabilities are those of observed targets,
 * noise included, unless `of: "latent"` is asked for; those of `get: "ntk"` have no noise to include.
 *
 * @param labels - n integers from 0
 * @throws LemniscateError as {@link gp}, and `BadInput` for labels that are no class
 *
 * @example
 * ```ts
 * import { accuracy, batch, classify, dense, kernel, logLikelihood, relu, serial } from "lemniscate";
 *
 * const k = kernel(serial(dense({ weightStd: 1.5, biasStd: 0.5 }), relu(), dense()));
 * const x = batch([4, 1], [-2, -1, 1, 2]);
 * const classifier = await classify(k, x, [0, 0, 1, 1], { noise: 0.01 });
 * const found = await classifier.predict(x);
 * accuracy(found.predicted, [0, 0, 1, 1]); // => 1
 * logLikelihood(found, [0, 0, 1, 1]) > Math.log(0.5); // => true
 * ```
 */
export async function classify<K extends AnyKernelSource>(
  kernel: K,
  x: Batch,
  labels: ArrayLike<number>,
  options: ClassifyOptions<K>,
): Promise<Classifier<K>> {
  needBatch("classify: x", x);
  needOptions("classify", options);
  const { classes: asked, ...rest } = options;
  const classes = classCount("classify", labels, asked);
  checkLabels("classify", labels, x.shape[0], classes);
  const regression = { ...rest, priorMean: 1 / classes } as unknown as GpOptions<K>;
  const posterior = await gp(kernel, x, oneHot(labels, classes), regression);
  return {
    classes,
    posterior,
    predict: async (xTest, predictOptions) => {
      const of = predictOptions?.of ?? (posterior.get === "ntk" ? "latent" : "observed");
      const whole = { ...predictOptions, of, uncertainty: "variance" };
      return classification(await posterior.predict<"variance">(xTest, whole as never));
    },
  };
}
