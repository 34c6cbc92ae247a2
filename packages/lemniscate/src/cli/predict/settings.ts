/** @module What to predict with: the experiment's blocks, and the flags that override them. */
import type { Noise } from "../../inference/noise.js";
import type { Method } from "../../inference/predict.js";
import { Misuse } from "../misuse.js";
import type { ClassificationBlock, DataBlock, GpBlock, NoiseBlock } from "../spec/blocks.js";
import type { Spec } from "../spec/read.js";

export interface PredictFlags {
  readonly type?: "gp" | "classification";
  readonly get?: Method;
  readonly noise?: NoiseBlock;
  readonly priorMean?: number | "train";
  readonly time?: number;
  readonly learningRate?: number;
  readonly classes?: number;
  readonly train?: string;
  readonly test?: string;
  readonly target?: string;
  readonly trainX?: string;
  readonly trainY?: string;
  readonly testX?: string;
  readonly testY?: string;
  readonly maskConstant?: number;
  readonly standardize?: boolean;
}

/** Everything that decides a prediction. */
export interface Settings {
  readonly type: "gp" | "classification";
  readonly get: Method;
  readonly noise: Noise;
  readonly priorMean: number | "train";
  /** Of networks that are still in training. */
  readonly training: Training | undefined;
  readonly classes: number | undefined;
  readonly standardize: boolean;
  readonly train: Located;
  readonly test: Located;
}

/** How long networks have trained, in steps of a learning rate. */
export interface Training {
  readonly time: number;
  readonly learningRate: number;
  /** On the diagonal of the training kernel. */
  readonly noise: number | { readonly relative: number };
}

/** A block of data and where it was named, which decides what its paths are relative to. */
export interface Located {
  readonly block: DataBlock;
  readonly where: string;
  readonly resolve: (file: string) => string;
}

export function settingsOf(spec: Spec, flags: PredictFlags): Settings {
  const { data, inference } = spec.experiment;
  const standardize = flags.standardize ?? data?.standardize ?? false;
  const priorMean = flags.priorMean ?? (inference?.type === "gp" ? inference.priorMean : undefined) ?? 0;
  if (standardize && typeof priorMean === "number" && priorMean !== 0)
    throw new Misuse({
      code: "OptionOutOfRange",
      where: "priorMean",
      given: `${priorMean} for standardized targets`,
      allowed: 'nothing, or "train"',
      mend: "Standardized targets have mean 0: leave one of the two out.",
    });
  const type = flags.type ?? inference?.type ?? "gp";
  const training = trainingOf(flags, inference);
  return {
    type,
    get: flags.get ?? inference?.get ?? (training === undefined ? "nngp" : "ntk"),
    training,
    noise: noiseOf(flags.noise ?? inference?.noise ?? { type: "marginalLikelihood" }),
    priorMean,
    classes: flags.classes ?? (inference?.type === "classification" ? inference.classes : undefined),
    standardize,
    train: located("train", flags, data?.train, spec),
    test: located("test", flags, data?.test, spec),
  };
}

function trainingOf(flags: PredictFlags, inference: GpBlock | ClassificationBlock | undefined): Training | undefined {
  const [time, learningRate] = [flags.time ?? inference?.time, flags.learningRate ?? inference?.learningRate];
  const refuse = (where: string, given: string, allowed: string, mend: string): never => {
    throw new Misuse({ code: "OptionOutOfRange", where, given, allowed, mend });
  };
  if (time === undefined) {
    if (learningRate !== undefined)
      refuse("learningRate", "a learning rate without a time", "both, or neither", "Say how long to train, as --time.");
    return undefined;
  }
  const noise = noiseOf(flags.noise ?? inference?.noise ?? 0);
  if (typeof noise === "object" && "choose" in noise)
    return refuse(
      "noise",
      `noise by ${noise.choose} for a training time`,
      "a number, or relative:0.1",
      "Give a number, as --noise 0: what is likely is known of the end of training alone.",
    );
  return { time, learningRate: learningRate ?? 1, noise };
}

/** On the command line there is no place to allow them, and a chosen noise copes with both. */
const lenient = { constantColumns: "keep", duplicates: "keep" } as const;

function located(side: "train" | "test", flags: PredictFlags, block: DataBlock | undefined, spec: Spec): Located {
  const here = (file: string): string => file;
  const [table, x, y] = [flags[side], flags[`${side}X`], flags[`${side}Y`]];
  if (table !== undefined)
    return { block: { ...lenient, type: "csv", file: table, target: flags.target }, where: `--${side}`, resolve: here };
  if (x !== undefined)
    return { block: { type: "npy", x, y, maskConstant: flags.maskConstant }, where: `--${side}`, resolve: here };
  if (block !== undefined) return { block, where: `data.${side}`, resolve: spec.resolve };
  throw new Misuse({
    code: "BadInput",
    where: `data.${side}`,
    given: "nothing",
    allowed: `a block of data in the experiment, --${side} table.csv, or --${side}-x x.npy`,
    mend: side === "train" ? "Say what to learn from." : "Say what to predict.",
  });
}

function noiseOf(block: NoiseBlock): Noise {
  if (typeof block === "number") return block;
  if (block.type === "relative") return { relative: block.value };
  const { type, ...options } = block;
  const given = Object.entries(options).filter(([, value]) => value !== undefined);
  return { choose: type, ...Object.fromEntries(given) };
}
