/** @module Options that several commands share, and how their values are read. */
import { type Command, InvalidArgumentError, Option } from "commander";
import { parseBytes } from "../core/bytes.js";
import type { Quantity } from "../core/quantity.js";
import type { Precision } from "../engines/engine.js";
import type { EngineOptions } from "../engines/open.js";
import type { ProgressStyle } from "./progress.js";
import type { EngineBlock } from "./spec/blocks.js";
import { allDepths, readSpec, type Spec } from "./spec/read.js";

/** `--engine`, `--precision`, `--threads`, `--vector-bits`, as given. */
export interface EngineFlags {
  readonly engine?: "reference" | "wasm" | undefined;
  readonly precision?: Precision | undefined;
  readonly threads?: number | undefined;
  readonly vectorBits?: 128 | 256 | undefined;
}

export interface RunFlags extends EngineFlags {
  readonly memory?: number | undefined;
  readonly progress: ProgressStyle;
  readonly quiet?: boolean | undefined;
}

/** `--depths`. */
export interface SpecFlags {
  readonly depths?: boolean | undefined;
}

export function withSpec(command: Command): Command {
  return command.option("--depths", "all depths of the network's repeated block, from 1, instead of the whole alone");
}

/** The specification in a file, as the flags read it. */
export function specOf(file: string, { depths }: SpecFlags): Spec {
  const spec = readSpec(file);
  return depths === true ? allDepths(spec) : spec;
}

export function withEngine(command: Command): Command {
  return command
    .addOption(new Option("--engine <name>", "what computes (default: wasm)").choices(["reference", "wasm"]))
    .addOption(new Option("--precision <bits>", "single or double precision (default: f64)").choices(["f32", "f64"]))
    .option("--threads <n>", "threads that compute (default: one per core)", wholeNumber)
    .addOption(vectorBitsOption());
}

export function vectorBitsOption(): Option {
  return new Option(
    "--vector-bits <n>",
    "128 (default) or 256, faster where V8 can, which it calls experimental",
  ).argParser(vectorBits);
}

function vectorBits(text: string): 128 | 256 {
  if (text !== "128" && text !== "256") throw new InvalidArgumentError("Allowed are 128 and 256.");
  return text === "128" ? 128 : 256;
}

export function withRun(command: Command): Command {
  return withProgress(
    withEngine(command).option(
      "--memory <size>",
      "memory it may take, results included (default: 1GiB besides the results)",
      byteCount,
    ),
    "errors",
  );
}

/** `--progress`, and `--quiet` with what is printed all the same. */
export function withProgress(command: Command, printed: string): Command {
  return command
    .addOption(
      new Option("--progress <style>", "a line on stderr, JSON lines on stderr, or nothing")
        .choices(["auto", "json", "none"])
        .default("auto"),
    )
    .option("-q, --quiet", `print ${printed} only`);
}

/** What the flags say of the engine, and where they are silent, the specification. */
export function engineOptions(
  { engine, precision, threads, vectorBits }: EngineFlags,
  block?: EngineBlock,
): EngineOptions {
  return {
    name: engine ?? block?.type,
    precision: precision ?? block?.precision,
    threads: threads ?? block?.threads,
    vectorBits: vectorBits ?? block?.vectorBits,
  };
}

export function progressStyle({ quiet, progress }: RunFlags): ProgressStyle {
  return quiet === true ? "none" : progress;
}

/** `nngp,ntk` → both. */
export function quantities(text: string): readonly Quantity[] {
  const names = text.split(",").map((name) => name.trim());
  if (new Set(names).size < names.length || names.some((name) => name !== "nngp" && name !== "ntk"))
    throw new InvalidArgumentError("Allowed are nngp, ntk, and nngp,ntk.");
  return names as Quantity[];
}

export function wholeNumber(text: string): number {
  const value = Number(text);
  if (!/^\d+$/.test(text) || value < 1) throw new InvalidArgumentError("Allowed is a whole number from 1.");
  return value;
}

export function seedNumber(text: string): number {
  const value = Number(text);
  if (!/^\d+$/.test(text) || !Number.isSafeInteger(value))
    throw new InvalidArgumentError("Allowed is a whole number from 0 to 2^53 − 1.");
  return value;
}

export function finiteNumber(text: string): number {
  const value = Number(text);
  if (text.trim() === "" || !Number.isFinite(value)) throw new InvalidArgumentError("Allowed is a number.");
  return value;
}

/** Entries that stand for padding: a number, or NaN, which numbers lack otherwise. */
export function maskConstant(text: string): number {
  return text.toLowerCase() === "nan" ? Number.NaN : finiteNumber(text);
}

/** `512MiB` → 536870912. */
export function byteCount(text: string): number {
  const bytes = parseBytes(text);
  if (bytes === undefined) throw new InvalidArgumentError("Allowed are sizes such as 512MiB, 2GB, 1073741824.");
  return bytes;
}

/** `1000x300x50` → [1000, 300, 50]. */
export function shape(text: string): readonly number[] {
  const sizes = text.split(/[x×,]/).map(Number);
  if (sizes.length < 2 || sizes.some((size) => !Number.isInteger(size) || size < 1))
    throw new InvalidArgumentError("Allowed are sizes such as 1000x50 (n, d) or 1000x300x50 (n, T, d).");
  return sizes;
}
