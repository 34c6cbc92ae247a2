/** @module What the shaped commands share: the model and the start in a file, flags, observables. */
import { type Command, InvalidArgumentError, Option } from "commander";
import { type ShapedModel, shapedModel } from "../../../shaped/models/model.js";
import { type Covariance, checkStart, correlated } from "../../../shaped/start.js";
import {
  correlation,
  covariance,
  effectiveRank,
  logDeterminant,
  norm,
  type Observable,
} from "../../../shaped/statistics/observables.js";
import { Misuse } from "../../misuse.js";
import { finiteNumber, seedNumber, wholeNumber, withProgress } from "../../options.js";
import { checkOutput } from "../../output.js";
import { type Progress, type ProgressStyle, progressOf } from "../../progress.js";
import { readSource } from "../../spec/source.js";

export interface ShapedFlags {
  readonly tokens: number;
  readonly rho: number;
  readonly end: number;
  readonly times?: readonly number[];
  readonly observe: readonly Observable[];
  readonly paths?: number;
  readonly seed: number;
  readonly engine?: "reference" | "wasm";
  readonly threads?: number;
  readonly json?: boolean;
  readonly out?: string;
  readonly progress: ProgressStyle;
  readonly quiet?: boolean;
}

export function withShaped(command: Command): Command {
  const options = command
    .option("--tokens <m>", "number of tokens, where the file has no start", tokenNumber, 3)
    .option("--rho <correlation>", "correlation of all tokens at the start, where the file has none", finiteNumber, 0.2)
    .option("--end <t>", "the last time, in depth over width", finiteNumber, 1)
    .option("--times <list>", "times of rows, as in 0.25,0.5,1 (default: quarters of the end)", list)
    .addOption(
      new Option("--observe <list>", "V01, rho01, norm0, rank, logdet")
        .argParser(observables)
        .default(observables("V00,rho01,rank"), "V00,rho01,rank"),
    )
    .option("--seed <n>", "the same seed gives the same numbers", seedNumber, 0)
    .addOption(new Option("--engine <name>", "what computes (default: wasm)").choices(["reference", "wasm"]))
    .option("--threads <n>", "threads that move paths (default: one per core)", wholeNumber)
    .option("--out <file>", "append the rows to a file as they are ready; interrupted, the same command goes on");
  return withRows(options);
}

/** What is printed, and how. */
export function withRows(command: Command): Command {
  const options = command.option("--json", "print rows as JSON, one object a line");
  return withProgress(options, "rows and errors").option("--debug", "print the stack of an error");
}

/** The model of a file, and where it starts: `{ model: …, start: [[…]] }`, or a model alone. */
export function readModel(
  file: string,
  { tokens, rho }: Pick<ShapedFlags, "tokens" | "rho">,
): {
  model: ShapedModel;
  start: Covariance;
} {
  const { data } = readSource(file);
  if (typeof data !== "object" || data === null)
    throw new Misuse({
      code: "BadFile",
      where: file,
      given: JSON.stringify(data) ?? "nothing",
      allowed: "a model, or an object with model: and start:",
      mend: "Write type: transformer and its options, as in docs/shaped.md.",
    });
  const { model, start, ...others } = "model" in data ? (data as Record<string, unknown>) : { model: data };
  const [extra] = Object.keys(others);
  if (extra !== undefined)
    throw new Misuse({
      code: "BadFile",
      where: `${file}: ${extra}`,
      given: "an unknown key",
      allowed: "model, start",
      mend: "Check the spelling, or leave it out.",
    });
  if (start !== undefined) checkStart(start as Covariance);
  return { model: shapedModel(model), start: (start as Covariance | undefined) ?? correlated(rho, tokens) };
}

export function timesOf({ times, end }: Pick<ShapedFlags, "times" | "end">): readonly number[] {
  return times ?? [0.25, 0.5, 0.75, 1].map((share) => share * end);
}

export function shapedProgress(phase: string, { quiet, progress }: Pick<ShapedFlags, "quiet" | "progress">): Progress {
  return progressOf(phase, quiet === true ? "none" : progress, process.stderr, Date.now, "steps");
}

export function checkOut({ out }: Pick<ShapedFlags, "out">): void {
  if (out !== undefined) checkOutput("--out", out);
}

/** Every path has a matrix of so many rows and columns. */
function tokenNumber(text: string): number {
  const value = wholeNumber(text);
  if (value > 1000) throw new InvalidArgumentError("Allowed are up to 1000.");
  return value;
}

/** `0.25,0.5` → [0.25, 0.5]. */
export function list(text: string): number[] {
  return text.split(",").map(finiteNumber);
}

export function wholeNumbers(text: string): number[] {
  return text.split(",").map(wholeNumber);
}

/** `V00,rho01,rank` → observables. */
function observables(text: string): Observable[] {
  return text.split(",").map((name) => {
    if (name === "rank") return effectiveRank;
    if (name === "logdet") return logDeterminant;
    const [, kind, a, b] = /^(V|rho|norm)(\d)(\d?)$/.exec(name) ?? [];
    if (kind === "norm" && b === "") return norm(Number(a));
    if (kind === "V" && b !== "") return covariance(Number(a), Number(b));
    if (kind === "rho" && b !== "") return correlation(Number(a), Number(b));
    throw new InvalidArgumentError("Allowed are names such as V01, rho01, norm0, rank, logdet.");
  });
}

/** @throws Misuse if an observable is of a token that is not there */
export function checkTokens({ observe }: ShapedFlags, tokens: number): void {
  for (const { name } of observe)
    for (const digit of name.match(/\d/g) ?? [])
      if (Number(digit) >= tokens)
        throw new Misuse({
          code: "OptionOutOfRange",
          where: "--observe",
          given: `${name} of ${tokens} tokens`,
          allowed: `tokens 0 to ${tokens - 1}`,
          mend: "Tokens are counted from 0: name others with --observe, or have more with --tokens.",
        });
}
