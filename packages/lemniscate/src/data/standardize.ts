import type { Batch } from "../core/batch.js";

/** The scale of a training set, and what it does to inputs. */
export interface Standardizer {
  /** Mean of each channel. */
  readonly mean: Float64Array;
  /** Standard deviation of each channel (of the population: divided by n). */
  readonly std: Float64Array;
  /** (x − mean) / std, channel by channel. Channels that were constant in the training set become 0. */
  readonly apply: (batch: Batch) => Batch<Float64Array>;
}

/**
 * Takes mean and standard deviation of each channel from training inputs, over all present positions, to bring
 * training and test inputs to the same scale. A channel that is constant in the training set carries nothing that a
 * model could learn from, and becomes 0 everywhere, in test inputs too. Padded positions become 0.
 *
 * @example
 * ```ts
 * import { standardize } from "lemniscate/data";
 * const scale = standardize({ shape: [2, 2], data: Float64Array.of(1, 5, 3, 5) });
 * scale.apply({ shape: [1, 2], data: Float64Array.of(4, 9) }).data; // => Float64Array.of(2, 0)
 * ```
 */
export function standardize(train: Batch): Standardizer {
  const d = train.shape.at(-1) as number;
  const mean = new Float64Array(d);
  const std = new Float64Array(d);
  let count = 0;
  const eachPresent = (visit: (value: number, channel: number) => void): void => {
    for (let i = 0; i < train.data.length; i++)
      if (train.mask?.[Math.floor(i / d)] !== 0) visit(train.data[i] as number, i % d);
  };
  eachPresent((value, channel) => {
    mean[channel] = (mean[channel] as number) + value;
    if (channel === 0) count++;
  });
  for (let i = 0; i < d; i++) mean[i] = (mean[i] as number) / Math.max(1, count);
  eachPresent((value, channel) => {
    std[channel] = (std[channel] as number) + (value - (mean[channel] as number)) ** 2;
  });
  // A deviation below the rounding of the mean is a constant channel.
  for (let i = 0; i < d; i++) {
    const deviation = Math.sqrt((std[i] as number) / Math.max(1, count));
    std[i] = deviation <= Math.abs(mean[i] as number) * 1e-13 ? 0 : deviation;
  }
  const apply = (batch: Batch): Batch<Float64Array> => {
    const data = Float64Array.from(batch.data, (value, i) => {
      const deviation = std[i % d] as number;
      const isPresent = batch.mask?.[Math.floor(i / d)] !== 0;
      return deviation === 0 || !isPresent ? 0 : (value - (mean[i % d] as number)) / deviation;
    });
    return { ...batch, data };
  };
  return { mean, std, apply };
}
