import type { Batch } from "../../core/batch.js";
import { LemniscateError } from "../../core/errors.js";
import { standardize } from "../../data/standardize.js";
import type { Engine } from "../../engines/engine.js";
import { type Classification, classification, classify } from "../../inference/classify.js";
import { trainingDynamics } from "../../inference/dynamics.js";
import { gp } from "../../inference/gp.js";
import { accuracy, logLikelihood, oneHot } from "../../inference/labels.js";
import type { TrainingReport } from "../../inference/posterior.js";
import type { Matrix } from "../../linalg/matrix.js";
import { ofOneLength } from "../inputs.js";
import { Misuse } from "../misuse.js";
import { type Examples, examplesOf, type Wanted } from "../spec/examples.js";
import type { PredictedRow, PredictResult } from "./result.js";
import type { Located, Settings } from "./settings.js";
import type { Source } from "./source.js";
import { centerTargets, plainTargets, type ScaledTargets, shiftTargets, standardizeTargets } from "./targets.js";

type Found = Pick<PredictResult, "metrics" | "predictions" | "classes" | "training"> & {
  readonly report?: TrainingReport;
};

/** Trains and predicts as the settings say. */
export async function predictWith(settings: Settings, source: Source, engine: Engine): Promise<PredictResult> {
  const started = performance.now();
  const [train, test] = await examplesFor(settings);
  const found = await (settings.type === "gp" ? regress : tellClasses)(settings, source, train, test);
  const { report } = found;
  return {
    type: settings.type,
    get: settings.get,
    engine: { name: engine.name, precision: engine.precision, threads: engine.threads },
    train: { shape: train.x.shape, note: train.note },
    test: { shape: test.x.shape, note: test.note },
    classes: found.classes,
    ...(report === undefined ? { training: found.training } : reported(report)),
    metrics: found.metrics,
    predictions: found.predictions,
    seconds: (performance.now() - started) / 1000,
  };
}

function reported(report: TrainingReport): Pick<PredictResult, "noise" | "logMarginalLikelihood"> {
  const { noise, relativeNoise, jitter, jitterAdded, noiseReport, logMarginalLikelihood } = report;
  return { noise: { noise, relativeNoise, jitter, jitterAdded, noiseReport }, logMarginalLikelihood };
}

/** What to learn from and what to predict, on one scale and of one length. */
export async function examplesFor(settings: Settings): Promise<readonly [Examples, Examples]> {
  const wanted = settings.type === "gp" ? "targets" : "labels";
  return scaled(settings, await read(settings.train, wanted), await read(settings.test, wanted));
}

const read = ({ block, where, resolve }: Located, wanted: Wanted): Promise<Examples> =>
  examplesOf(block, wanted, where, resolve);

function scaled(settings: Settings, train: Examples, test: Examples): readonly [Examples, Examples] {
  if (settings.standardize && train.x.parts !== undefined)
    throw new Misuse({
      code: "OptionOutOfRange",
      where: "standardize",
      given: "several inputs",
      allowed: "one input",
      mend: "Bring each of them to a scale of its own before.",
    });
  const { apply } = settings.standardize ? standardize(train.x) : { apply: (x: Batch) => x };
  const [x1, x2] = ofOneLength(apply(train.x), apply(test.x));
  return [
    { ...train, x: x1 },
    { ...test, x: x2 },
  ];
}

async function regress(settings: Settings, source: Source, train: Examples, test: Examples): Promise<Found> {
  const { training, train: of } = settings;
  const scaledTargets = (settings.standardize ? standardizeTargets : plainTargets)(
    train.targets ?? missing(of, "targets"),
  );
  const { scale } = scaledTargets;
  const found = await (training === undefined ? conditioned : trained)(
    settings,
    source,
    train.x,
    scaledTargets,
    test.x,
  );
  const { mean, variance, shift, about } = found;
  const { targets } = test;
  const row = (matrix: Matrix, i: number): number[] =>
    Array.from(matrix.data.subarray(i * matrix.columns, (i + 1) * matrix.columns));
  const predictions = Array.from(
    variance,
    (own, i): PredictedRow => ({
      mean: row(mean, i).map((value, c) => value * scale + shift[c]!),
      variance: own * scale ** 2,
      target: targets && row(targets, i),
    }),
  );
  return { ...about, predictions, metrics: targets === undefined ? {} : regressionMetrics(predictions) };
}

interface Regressed extends Pick<ScaledTargets, "shift"> {
  readonly mean: Matrix<Float64Array>;
  readonly variance: Float64Array;
  readonly about: Pick<Found, "report" | "training">;
}

type Regression = (settings: Settings, source: Source, x: Batch, y: ScaledTargets, test: Batch) => Promise<Regressed>;

const conditioned: Regression = async ({ get, noise, priorMean }, source, x, { y, shift }, test) => {
  const fitted = await gp(source, x, y, { get, noise, priorMean });
  const { mean, variance } = await fitted.predict(test, { of: get === "ntk" ? "latent" : "observed" });
  return { mean, variance, shift, about: { report: fitted } };
};

/** Outputs start at the prior mean, for it is what targets are counted from. */
const trained: Regression = async ({ get, priorMean, training }, source, x, targets, test) => {
  const { time, learningRate, noise } = training!;
  const { y, shift } = priorMean === "train" ? centerTargets(targets) : shiftTargets(targets, priorMean);
  const flow = await trainingDynamics(source, x, y, { get, learningRate, noise });
  const [at] = await flow.predict(test, { times: [time], uncertainty: "variance" });
  return { ...at!, shift, about: { training: { time, learningRate, noise: flow.noise } } };
};

function regressionMetrics(rows: readonly PredictedRow[]): Record<string, number> {
  let squares = 0;
  let logs = 0;
  let count = 0;
  for (const { mean = [], target = [], variance } of rows)
    for (const [c, m] of mean.entries()) {
      const square = (target[c]! - m) ** 2;
      squares += square;
      logs -= 0.5 * (square / variance + Math.log(2 * Math.PI * variance));
      count++;
    }
  return { rmse: Math.sqrt(squares / count), logLikelihood: logs / count };
}

async function tellClasses(settings: Settings, source: Source, train: Examples, test: Examples): Promise<Found> {
  const { names, y, truth } = classesOf(settings, train, test);
  const { found, about } = await (settings.training === undefined ? classified : ensembled)(
    settings,
    source,
    train.x,
    y,
    names.length,
    test.x,
  );
  const { columns, data } = found.probabilities;
  const predictions = Array.from(
    found.predicted,
    (index, i): PredictedRow => ({
      predicted: names[index]!,
      probabilities: Array.from(data.subarray(i * columns, (i + 1) * columns)),
      variance: found.variance[i]!,
      label: test.labels?.[i],
    }),
  );
  const metrics =
    truth === undefined
      ? {}
      : { accuracy: accuracy(found.predicted, truth), logLikelihood: logLikelihood(found, truth) };
  return { ...about, classes: names, predictions, metrics };
}

type Classifying = (
  settings: Settings,
  source: Source,
  x: Batch,
  labels: readonly number[],
  classes: number,
  test: Batch,
) => Promise<{ readonly found: Classification; readonly about: Regressed["about"] }>;

const classified: Classifying = async ({ get, noise }, source, x, labels, classes, test) => {
  const fitted = await classify(source, x, labels, { get, noise, classes });
  return { found: await fitted.predict(test), about: { report: fitted.posterior } };
};

/** Networks learn one-hot targets by the squared loss, and start where all classes are equal. */
const ensembled: Classifying = async (settings, source, x, labels, classes, test) => {
  const targets = plainTargets(oneHot(labels, classes));
  const uniform = { ...settings, priorMean: 1 / classes };
  const { mean, variance, about } = await trained(uniform, source, x, targets, test);
  const scores = { ...mean, data: mean.data.map((value) => value + uniform.priorMean) };
  return { found: classification({ mean: scores, variance }), about };
};

/** The classes by name, and those of the examples by number; `truth` is of the test set, if it has labels. */
export function classesOf(
  settings: Pick<Settings, "classes" | "train" | "test">,
  train: Examples,
  test: Examples,
): { readonly names: readonly string[]; readonly y: readonly number[]; readonly truth: readonly number[] | undefined } {
  const names = classNames(train.labels ?? missing(settings.train, "labels"), settings.classes);
  const numbered = (labels: readonly string[], where: string): number[] =>
    labels.map((label, i) => {
      const index = names.indexOf(label);
      return index >= 0 ? index : unknownClass(where, label, i, names);
    });
  if (names.length < 2)
    throw new LemniscateError({
      code: "BadInput",
      where: settings.train.where,
      given: `labels of ${names.length === 0 ? "no class" : `one class, ${JSON.stringify(names[0])}`}`,
      allowed: "two classes or more",
      mend: "Take more examples; give inference.classes if some classes do not occur among them.",
    });
  const y = numbered(train.labels!, settings.train.where);
  return { names, y, truth: test.labels && numbered(test.labels, settings.test.where) };
}

/** The classes: those that occur in the training set, or as many whole numbers from 0 as there are said to be. */
function classNames(labels: readonly string[], count: number | undefined): readonly string[] {
  const numeric = labels.every((label) => label !== "" && Number.isFinite(Number(label)));
  const found = [...new Set(labels)].sort(numeric ? (a, b) => Number(a) - Number(b) : undefined);
  return count === undefined || !numeric ? found : Array.from({ length: count }, (_, i) => String(i));
}

function unknownClass(where: string, label: string, i: number, names: readonly string[]): never {
  throw new LemniscateError({
    code: "BadInput",
    where: `${where}: label ${i}`,
    given: JSON.stringify(label),
    allowed: names.map((name) => JSON.stringify(name)).join(", "),
    mend: "These are the classes of the training set; give their number in inference.classes if some do not occur.",
  });
}

export function missing({ where }: Located, what: string): never {
  throw new LemniscateError({
    code: "BadInput",
    where,
    given: `no ${what}`,
    allowed: `training data with ${what}`,
    mend: "Name their file as y, or their column as target.",
  });
}
