/** @module Files of the conformance format: what one holds, and reading it. */
import { existsSync, readdirSync, readFileSync, statSync } from "node:fs";
import path from "node:path";
import { type Batch, batch, maskedBy } from "../../core/batch.js";

/** A tree of objects with one key, the layer's name. */
export type ConformanceNetwork = { readonly [layer: string]: unknown };

/** A number, or the name of one that JSON lacks. */
type Entry = number | "NaN" | "Infinity" | "-Infinity";

export interface Tensor {
  readonly shape: readonly number[];
  readonly data: readonly Entry[];
}

/** The two kernels of a pair of sets, as the cases of inference give them. */
export interface TensorPair {
  readonly nngp: Tensor;
  readonly ntk: Tensor;
}

export interface Tolerance {
  readonly rtol: number;
  readonly atol: number;
  /** Replaces both numbers at some flat indices, where double precision loses half its digits. */
  readonly loose?: { readonly rtol: number; readonly atol: number; readonly indices: readonly number[] };
}

export interface ConformanceCase {
  readonly name: string;
  readonly kind: "kernel" | "predict" | "empirical";
  readonly network?: ConformanceNetwork;
  /** Asks for a layout of the outputs, which `outputs.meta` then names too. */
  readonly kernelArgs?: Readonly<Record<string, unknown>>;
  readonly predict?: { readonly method: string } & Readonly<Record<string, unknown>>;
  /** Weights of a finite network, and a displacement of them. */
  readonly params?: Readonly<Record<string, unknown>>;
  readonly inputs: Readonly<Record<string, unknown>>;
  /** Tensors by name, and `meta`. */
  readonly outputs: Readonly<Record<string, unknown>>;
  readonly tolerance: Readonly<Record<string, Tolerance>>;
}

/** A file that cannot be run, and why. */
export class NoCase extends Error {}

/** The case in a file. */
export function readCase(file: string): ConformanceCase {
  let data: unknown;
  try {
    data = JSON.parse(readFileSync(file, "utf8"));
  } catch (error) {
    throw new NoCase(error instanceof SyntaxError ? `not JSON (${error.message})` : (error as Error).message);
  }
  const record = isRecord(data) ? data : {};
  for (const key of ["inputs", "outputs", "tolerance"])
    if (!isRecord(record[key])) throw new NoCase(`not of the format: ${key} is no object`);
  const { name, kind, inputs, outputs } = record as unknown as ConformanceCase;
  if (typeof name !== "string" || typeof kind !== "string") throw new NoCase("not of the format: no name, or no kind");
  for (const [where, tensors] of Object.entries({ inputs, outputs }))
    for (const [key, value] of Object.entries(tensors)) checkTensors(`${where}.${key}`, value);
  return record as unknown as ConformanceCase;
}

/** Checks every tensor in a value: as many numbers as its shape says. */
function checkTensors(where: string, value: unknown): void {
  if (Array.isArray(value)) for (const [i, item] of value.entries()) checkTensors(`${where}[${i}]`, item);
  if (!isRecord(value)) return;
  if (!isTensor(value)) for (const [key, inner] of Object.entries(value)) checkTensors(`${where}.${key}`, inner);
  else if (value.data.length !== value.shape.reduce((product, size) => product * size, 1))
    throw new NoCase(`not of the format: ${where} has ${value.data.length} numbers for (${value.shape.join(", ")})`);
  else {
    const bad = value.data.find((entry) => typeof entry !== "number" && !nonFinite.includes(entry));
    if (bad !== undefined) throw new NoCase(`not of the format: ${where} has the entry ${JSON.stringify(bad)}`);
  }
}

const nonFinite: readonly unknown[] = ["NaN", "Infinity", "-Infinity"];

/** Inputs of a case, which are masked where they have its mask constant. */
export function batchOf({ shape, data }: Tensor, maskConstant: unknown): Batch {
  const numbers = data.map(Number);
  return maskConstant === undefined ? batch(shape, numbers) : maskedBy(Number(maskConstant), shape, numbers);
}

export function isTensor(value: unknown): value is Tensor {
  return isRecord(value) && Array.isArray(value["shape"]) && Array.isArray(value["data"]);
}

export function isRecord(value: unknown): value is Record<string, unknown> {
  return typeof value === "object" && value !== null && !Array.isArray(value);
}

/** The files that are meant: a folder stands for all cases in it and below. */
export function casesIn(files: readonly string[]): readonly string[] {
  return files.flatMap((file) => {
    if (!existsSync(file) || !statSync(file).isDirectory()) return [file];
    return readdirSync(file, { recursive: true, encoding: "utf8" })
      .filter((name) => name.endsWith(".json") && !["index.json", "schema.json"].includes(path.basename(name)))
      .sort()
      .map((name) => path.join(file, name));
  });
}
