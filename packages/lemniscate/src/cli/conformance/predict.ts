/** @module Cases of inference: posteriors and training dynamics, from kernels that the case brings or a network's. */
import type { Batch } from "../../core/batch.js";
import type { Engine } from "../../engines/engine.js";
import { trainingDynamics } from "../../inference/dynamics.js";
import { gradientDescent, type Loss } from "../../inference/gradient-descent.js";
import { gradientFlow } from "../../inference/gradient-flow.js";
import { maxLearningRate } from "../../inference/learning-rate.js";
import { posterior } from "../../inference/posterior.js";
import type { Method } from "../../inference/predict.js";
import type { Matrix } from "../../linalg/matrix.js";
import { kernel } from "../../tiles/kernel.js";
import { Unavailable } from "./fields.js";
import {
  batchOf,
  type ConformanceCase,
  type ConformanceNetwork,
  isRecord,
  isTensor,
  type Tensor,
  type TensorPair,
} from "./format.js";
import { networkOf } from "./network.js";

type Results = Readonly<Record<string, ArrayLike<number>>>;

/** A method of the format: what it reads of a case, and how it is computed here. */
interface CaseMethod {
  readonly options: readonly string[];
  readonly inputs: readonly string[];
  readonly run: (of: ConformanceCase, engine: Engine) => Results | Promise<Results>;
}

/** What a case of inference expects, computed. */
export async function predictionsOf(of: ConformanceCase, engine: Engine): Promise<Results> {
  const name = of.predict?.method;
  const method = Object.hasOwn(methods, String(name)) ? methods[name as keyof typeof methods] : undefined;
  if (method === undefined) throw new Unavailable(`method ${name}`);
  const other =
    Object.keys(of.predict!).find((key) => key !== "method" && !method.options.includes(key)) ??
    Object.keys(of.inputs).find((key) => !method.inputs.includes(key));
  if (other !== undefined) throw new Unavailable(`${other} of method ${name}`);
  return method.run(of, engine);
}

const regularisation = ["diagReg", "diagRegAbsoluteScale"];
const kernels = ["kTrainTrain", "kTestTrain", "yTrain"];
const beginnings = ["fxTrain0", "fxTest0"];

const methods = {
  gpInference: { options: ["get", ...regularisation], inputs: [...kernels, "kTestTest"], run: gpInference },
  gradientDescentMse: {
    options: ["t", "learningRate", "traceAxes", ...regularisation],
    inputs: [...kernels, ...beginnings],
    run: gradientDescentMse,
  },
  gradientDescent: {
    options: ["t", "learningRate", "loss", "momentum"],
    inputs: [...kernels, ...beginnings],
    run: descent,
  },
  gradientDescentMseEnsemble: {
    options: ["t", "get", "learningRate", ...regularisation],
    inputs: ["xTrain", "yTrain", "xTest", "maskConstant"],
    run: ensemble,
  },
  maxLearningRate: { options: ["yTrainSize", "momentum"], inputs: ["kTrainTrain"], run: learningRate },
} satisfies Readonly<Record<string, CaseMethod>>;

function gpInference({ predict, inputs }: ConformanceCase): Results {
  const testKernels = {
    testTrain: pair("kTestTrain", inputs["kTestTrain"]),
    testTest: pair("kTestTest", inputs["kTestTest"]),
  };
  const outputs: Record<string, ArrayLike<number>> = {};
  for (const method of predict!["get"] as readonly Method[]) {
    const fitted = posterior({
      get: method,
      trainTrain: pair("kTrainTrain", inputs["kTrainTrain"]),
      y: matrix("yTrain", inputs["yTrain"]),
      noise: noiseOf(predict!),
    });
    const { mean, covariance } = fitted.predict(testKernels, { uncertainty: "covariance" });
    outputs[`${method}.mean`] = mean.data;
    outputs[`${method}.cov`] = covariance.data;
  }
  return outputs;
}

function gradientDescentMse({ predict, inputs }: ConformanceCase): Results {
  const { traceAxes = [-1], learningRate = 1 } = predict!;
  const traced = JSON.stringify(traceAxes);
  if (!["[-1]", "[1]", "[]"].includes(traced)) throw new Unavailable(`traceAxes ${traced}`);
  // Outputs with kernels of their own are examples of one output.
  const coupled = traced === "[]";
  const outputs = (name: string, value: unknown): Matrix => {
    const { rows, columns, data } = matrix(name, value);
    return coupled ? { rows: rows * columns, columns: 1, data } : { rows, columns, data };
  };
  const block = coupled ? coupledMatrix : matrix;
  const { kTrainTrain, kTestTrain, yTrain, fxTrain0, fxTest0 } = inputs;
  const y = outputs("yTrain", yTrain);
  const start = (name: string, value: unknown): number | Matrix => scalarOr(value, (given) => outputs(name, given));
  const initial = start("fxTrain0", fxTrain0 ?? 0);
  const times = timesOf(predict!);
  const ntk = block("kTrainTrain", kTrainTrain);
  const common = { trainTrain: { ntk }, y, learningRate: Number(learningRate), noise: noiseOf(predict!) };
  const flow = gradientFlow({ ...common, initial });
  const found: Record<string, ArrayLike<number>> = {};
  for (const [i, { mean }] of flow.train({ times }).entries()) found[`train[${i}]`] = mean.data;
  if (fxTest0 === undefined || fxTest0 === null) return found;
  const testTrain = { ntk: block("kTestTrain", kTestTrain) };
  const before = filled(start("fxTest0", fxTest0), testTrain.ntk.rows, y.columns);
  const single = gradientFlow({ ...common, initial: filled(initial, y.rows, y.columns) });
  for (const [i, { mean }] of single.predict({ testTrain, initial: before }, { times }).entries())
    found[`test[${i}]`] = mean.data;
  return found;
}

function descent({ predict, inputs }: ConformanceCase): Results {
  const { loss, learningRate = 1, momentum = null } = predict!;
  const { kTrainTrain, kTestTrain, yTrain, fxTrain0 = 0, fxTest0 } = inputs;
  const known: Readonly<Record<string, Loss>> = { mse: "meanSquaredError", softmaxCrossEntropy: "crossEntropy" };
  if (!Object.hasOwn(known, String(loss))) throw new Unavailable(`loss ${loss}`);
  const start = (name: string, value: unknown): number | Matrix => scalarOr(value, (given) => matrix(name, given));
  const run = gradientDescent({
    ntk: matrix("kTrainTrain", kTrainTrain),
    y: matrix("yTrain", yTrain),
    loss: known[String(loss)]!,
    learningRate: Number(learningRate),
    initial: start("fxTrain0", fxTrain0),
    ...(momentum === null ? {} : { momentum: Number(momentum) }),
  });
  const found: Record<string, ArrayLike<number>> = {};
  let state = run.advance(0);
  for (const [i, time] of timesOf(predict!).entries()) {
    state = run.advance(time, state);
    found[`train[${i}]`] = run.train(state).data;
    if (fxTest0 === undefined || fxTest0 === null) continue;
    const before = start("fxTest0", fxTest0);
    found[`test[${i}]`] = run.predict(state, matrix("kTestTrain", kTestTrain), before).data;
  }
  return found;
}

async function ensemble({ predict, inputs, network }: ConformanceCase, engine: Engine): Promise<Results> {
  const { xTrain, yTrain, xTest = null, maskConstant } = inputs;
  const read = (name: string, x: unknown): Batch => {
    if (!isTensor(x)) throw new Unavailable(`batch ${name}`);
    return batchOf(x, maskConstant);
  };
  const x = read("xTrain", xTrain);
  const k = kernel(networkOf(network as ConformanceNetwork, [x.shape.length]));
  const found: Record<string, ArrayLike<number>> = {};
  for (const get of predict!["get"] as readonly Method[]) {
    const learningRate = Number(predict!["learningRate"] ?? 1);
    const options = { get, learningRate, noise: noiseOf(predict!), engine };
    const run = await trainingDynamics(k, x, matrix("yTrain", yTrain), options);
    const look = { times: timesOf(predict!), uncertainty: "covariance" } as const;
    const predictions = xTest === null ? run.train(look) : await run.predict(read("xTest", xTest), { ...look, engine });
    for (const [i, { mean, covariance }] of predictions.entries()) {
      found[`${get}.mean[${i}]`] = mean.data;
      found[`${get}.cov[${i}]`] = covariance.data;
    }
  }
  return found;
}

function learningRate({ predict, inputs }: ConformanceCase): Results {
  const ntk = matrix("kTrainTrain", inputs["kTrainTrain"]);
  const outputs = Number(predict!["yTrainSize"]) / ntk.rows;
  const momentum = Number(predict!["momentum"] ?? 0);
  return { learningRate: [maxLearningRate(ntk, { outputs, momentum })] };
}

type PredictOptions = NonNullable<ConformanceCase["predict"]>;

function noiseOf({
  diagReg = 0,
  diagRegAbsoluteScale = false,
}: PredictOptions): number | { readonly relative: number } {
  return diagRegAbsoluteScale === true ? Number(diagReg) : { relative: Number(diagReg) };
}

/** Times of a case; `null` is the closed form at infinity, where the limit is the same. */
function timesOf({ t }: PredictOptions): readonly number[] {
  return (t as readonly unknown[]).map((time) => (time === null ? Number.POSITIVE_INFINITY : Number(time)));
}

function pair(name: string, value: unknown): { readonly nngp: Matrix; readonly ntk: Matrix } {
  if (!isRecord(value)) throw new Unavailable(`${name} that is a pair of kernels`);
  const { nngp, ntk } = value as unknown as TensorPair;
  return { nngp: matrix(`${name}.nngp`, nngp), ntk: matrix(`${name}.ntk`, ntk) };
}

function scalarOr(value: unknown, read: (given: unknown) => Matrix): number | Matrix {
  if (typeof value === "number") return value;
  return isTensor(value) && value.shape.length === 0 ? Number(value.data[0]) : read(value);
}

function filled(value: number | Matrix, rows: number, columns: number): Matrix {
  return typeof value === "number" ? { rows, columns, data: new Float64Array(rows * columns).fill(value) } : value;
}

function matrix(name: string, value: unknown): Matrix {
  if (!isTensor(value) || value.shape.length !== 2) throw new Unavailable(`matrix ${name}`);
  const { shape, data }: Tensor = value;
  return { rows: shape[0]!, columns: shape[1]!, data: Float64Array.from(data, Number) };
}

/** [n1, n2, c, c'] as a matrix (n1·c, n2·c'). */
function coupledMatrix(name: string, value: unknown): Matrix {
  if (!isTensor(value) || value.shape.length !== 4) throw new Unavailable(`kernel ${name} of coupled outputs`);
  const [n1, n2, c1, c2] = value.shape as [number, number, number, number];
  const data = new Float64Array(n1 * n2 * c1 * c2);
  for (let i = 0; i < n1; i++)
    for (let j = 0; j < n2; j++)
      for (let s = 0; s < c1; s++)
        for (let t = 0; t < c2; t++)
          data[(i * c1 + s) * n2 * c2 + j * c2 + t] = Number(value.data[((i * n2 + j) * c1 + s) * c2 + t]);
  return { rows: n1 * c1, columns: n2 * c2, data };
}
