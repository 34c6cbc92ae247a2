/** @module Cases of inference: the closed form at infinite time, from kernels that the case brings. */

import { posterior } from "../../inference/posterior.js";
import type { Method } from "../../inference/predict.js";
import type { Matrix } from "../../linalg/matrix.js";
import { Unavailable } from "./fields.js";
import { type ConformanceCase, isRecord, isTensor, type Tensor, type TensorPair } from "./format.js";

const knownOptions = ["method", "get", "diagReg", "diagRegAbsoluteScale"];
const knownInputs = ["kTrainTrain", "kTestTrain", "kTestTest", "yTrain"];

/** Means and covariances of `gpInference`; the library has no other method of the format. */
export function predictionsOf({ predict, inputs }: ConformanceCase): Readonly<Record<string, ArrayLike<number>>> {
  if (predict?.method !== "gpInference") throw new Unavailable(`method ${predict?.method}`);
  const { get, diagReg = 0, diagRegAbsoluteScale = false } = predict;
  const other =
    Object.keys(predict).find((key) => !knownOptions.includes(key)) ??
    Object.keys(inputs).find((key) => !knownInputs.includes(key));
  if (other !== undefined) throw new Unavailable(`${other} of method ${predict.method}`);
  const kernels = {
    testTrain: pair("kTestTrain", inputs["kTestTrain"]),
    testTest: pair("kTestTest", inputs["kTestTest"]),
  };
  const outputs: Record<string, ArrayLike<number>> = {};
  for (const method of get as readonly Method[]) {
    const fitted = posterior({
      get: method,
      trainTrain: pair("kTrainTrain", inputs["kTrainTrain"]),
      y: matrix("yTrain", inputs["yTrain"]),
      noise: diagRegAbsoluteScale === true ? Number(diagReg) : { relative: Number(diagReg) },
    });
    const { mean, covariance } = fitted.predict(kernels, { uncertainty: "covariance" });
    outputs[`${method}.mean`] = mean.data;
    outputs[`${method}.cov`] = covariance.data;
  }
  return outputs;
}

function pair(name: string, value: unknown): { readonly nngp: Matrix; readonly ntk: Matrix } {
  if (!isRecord(value)) throw new Unavailable(`${name} that is a pair of kernels`);
  const { nngp, ntk } = value as unknown as TensorPair;
  return { nngp: matrix(`${name}.nngp`, nngp), ntk: matrix(`${name}.ntk`, ntk) };
}

function matrix(name: string, value: unknown): Matrix {
  if (!isTensor(value) || value.shape.length !== 2) throw new Unavailable(`matrix ${name}`);
  const { shape, data }: Tensor = value;
  return { rows: shape[0]!, columns: shape[1]!, data: Float64Array.from(data, Number) };
}
