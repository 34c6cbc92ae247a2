/** @module How weights follow their gradients. */
import type { Plain } from "../../finite/plain.js";

export type OptimizerName = "adam" | "sgd";

/** Changes weights in place, given the gradient in each and the learning rate of the step. */
export type Optimizer = (gradients: readonly (Plain | null)[], learningRate: number) => void;

/**
 * `"sgd"`: gradient descent with momentum 0.9. `"adam"`: steps of a size of their own for each weight.
 *
 * @source Adam: Kingma and Ba 2015 (arXiv:1412.6980), algorithm 1 with its own constants
 */
export const optimizers: Readonly<Record<OptimizerName, (weights: readonly Plain[]) => Optimizer>> = {
  sgd: (weights) => {
    const velocities = zerosLike(weights);
    return (gradients, learningRate) => {
      for (const [k, { data }] of weights.entries()) {
        const [g, v] = [gradients[k]?.data, velocities[k]!];
        if (g === undefined) continue;
        for (let i = 0; i < v.length; i++) {
          v[i] = 0.9 * v[i]! + g[i]!;
          data[i]! -= learningRate * v[i]!;
        }
      }
    };
  },
  adam: (weights) => {
    const [first, second] = [zerosLike(weights), zerosLike(weights)];
    let step = 0;
    return (gradients, learningRate) => {
      step++;
      const size = (learningRate * Math.sqrt(1 - 0.999 ** step)) / (1 - 0.9 ** step);
      for (const [k, { data }] of weights.entries()) {
        const [g, m, v] = [gradients[k]?.data, first[k]!, second[k]!];
        if (g === undefined) continue;
        for (let i = 0; i < m.length; i++) {
          m[i] = 0.9 * m[i]! + 0.1 * g[i]!;
          v[i] = 0.999 * v[i]! + 0.001 * g[i]! ** 2;
          data[i]! -= (size * m[i]!) / (Math.sqrt(v[i]!) + 1e-8);
        }
      }
    };
  },
};

function zerosLike(weights: readonly Plain[]): Float64Array[] {
  return weights.map(({ data }) => new Float64Array(data.length));
}
