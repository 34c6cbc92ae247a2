/** @module What a prediction is reported as: an object for programs, a table for people, a CSV file for both. */
import type { TrainingReport } from "../../inference/posterior.js";
import { alignedTable } from "../table.js";

/** One test example. */
export interface PredictedRow {
  /** The class, of a classification. */
  readonly predicted?: string;
  readonly probabilities?: readonly number[];
  readonly label?: string | undefined;
  /** Mean of every output, of a regression. */
  readonly mean?: readonly number[];
  readonly variance: number;
  readonly target?: readonly number[] | undefined;
}

interface Described {
  readonly shape: readonly number[];
  readonly note?: string | undefined;
}

export interface PredictResult {
  readonly type: "gp" | "classification";
  readonly get: string;
  readonly engine: { readonly name: string; readonly precision: string; readonly threads: number };
  readonly train: Described;
  readonly test: Described;
  readonly classes?: readonly string[] | undefined;
  /** Of a posterior. */
  readonly noise?:
    | Pick<TrainingReport, "noise" | "relativeNoise" | "jitter" | "jitterAdded" | "noiseReport">
    | undefined;
  readonly logMarginalLikelihood?: number | undefined;
  /** Of networks in training: how long, and the noise on the diagonal of their kernel. */
  readonly training?: { readonly time: number; readonly learningRate: number; readonly noise: number } | undefined;
  /** `accuracy` and `logLikelihood` of classes, `rmse` and `logLikelihood` of numbers; empty without test targets. */
  readonly metrics: Readonly<Record<string, number>>;
  readonly predictions: readonly PredictedRow[];
  readonly seconds: number;
}

/** JSON with the numbers that it lacks as strings. */
export function toJson(result: PredictResult): string {
  return JSON.stringify(result, (_, value) =>
    typeof value === "number" && !Number.isFinite(value) ? String(value) : value,
  );
}

export function toText(result: PredictResult): string {
  const { train, test, engine, training, metrics, classes, type, get } = result;
  const shape = ([n, ...rest]: readonly number[]): string => `${n} examples of (${rest.join(", ")})`;
  const threads = `${engine.threads} ${engine.threads === 1 ? "thread" : "threads"}`;
  return alignedTable([
    ["train", `${shape(train.shape)}${classes === undefined ? "" : `, ${classes.length} classes`}`],
    ["test", shape(test.shape)],
    ...[train, test].flatMap(({ note }): [string, string][] => (note === undefined ? [] : [["", note]])),
    ["method", `${type} with ${get}; ${engine.name} engine, ${engine.precision}, ${threads}`],
    ...(training === undefined
      ? posteriorRows(result)
      : ([
          ["training", `time ${number(training.time)} at learning rate ${number(training.learningRate)}`],
          ["noise", number(training.noise)],
        ] as const)),
    ...Object.entries(metrics).map(([name, value]): [string, string] => [
      words[name] ?? name,
      `${number(value)}${name === "logLikelihood" ? " nats per target" : ""}`,
    ]),
    ["time", `${result.seconds.toFixed(1)} s`],
  ]);
}

function posteriorRows({ noise, logMarginalLikelihood }: PredictResult): (readonly [string, string])[] {
  const { noise: own, relativeNoise, jitter, jitterAdded, noiseReport: report } = noise!;
  const chosen =
    report === undefined
      ? ""
      : `, chosen by ${{ marginalLikelihood: "marginal likelihood", heldOut: "held-out error" }[report.choose]} among ${report.scores.length}${report.atEdge ? ", at the edge of the grid" : ""}`;
  return [
    ["noise", `${number(own)} (${number(relativeNoise)} × mean diagonal${chosen})`],
    ["jitter", jitter === 0 ? "none" : `${number(jitterAdded)} (${number(jitter)} × mean diagonal)`],
    ["evidence", `${number(logMarginalLikelihood!)} nats`],
  ];
}

const words: Readonly<Record<string, string>> = { rmse: "RMSE", logLikelihood: "log-likelihood" };

export function toCsv({ predictions, classes }: PredictResult): string {
  const first = predictions[0];
  const known = first?.label !== undefined || first?.target !== undefined;
  const outputs = (first?.mean ?? []).map((_, i, all) => (all.length === 1 ? "" : `_${i}`));
  const header =
    classes === undefined
      ? [...outputs.map((i) => `mean${i}`), "variance", ...(known ? outputs.map((i) => `target${i}`) : [])]
      : ["predicted", ...classes.map((name) => `probability_${name}`), "variance", ...(known ? ["label"] : [])];
  const rows = predictions.map((row) => [
    ...(row.predicted === undefined ? [] : [row.predicted]),
    ...(row.probabilities ?? row.mean ?? []),
    row.variance,
    ...(row.target ?? (row.label === undefined ? [] : [row.label])),
  ]);
  return `${[header, ...rows].map((fields) => fields.map(field).join(",")).join("\n")}\n`;
}

function field(value: string | number): string {
  const text = String(value);
  return /[",\r\n]/.test(text) ? `"${text.replaceAll('"', '""')}"` : text;
}

function number(value: number): string {
  return String(Number(value.toPrecision(4)));
}
