import { existsSync, readFileSync } from "node:fs";
import { fileURLToPath } from "node:url";
import type { Matrix } from "../../src/linalg/matrix.js";

/** Reference outputs of Neural Tangents lie beside the repository; tests that need them are skipped without. */
const root = fileURLToPath(new URL("../../../../../shared/goldens/", import.meta.url));

export interface Tensor {
  readonly shape: readonly number[];
  readonly data: readonly number[];
}

export interface Golden {
  readonly name: string;
  readonly predict: { readonly method: string; readonly diagReg?: number; readonly diagRegAbsoluteScale?: boolean };
  readonly inputs: {
    readonly kTrainTrain: { readonly nngp: Tensor; readonly ntk: Tensor };
    readonly kTestTrain: { readonly nngp: Tensor; readonly ntk: Tensor };
    readonly kTestTest: { readonly nngp: Tensor; readonly ntk: Tensor };
    readonly yTrain: Tensor;
  };
  readonly outputs: { readonly [name: string]: Tensor };
  readonly tolerance: { readonly [name: string]: { readonly rtol: number; readonly atol: number } };
}

/** All reference cases of one prediction method, or none if the files are not there. */
export function goldens(method: string): readonly Golden[] {
  if (!existsSync(`${root}index.json`)) return [];
  const index = JSON.parse(readFileSync(`${root}index.json`, "utf8")) as { file: string; kind: string }[];
  return index
    .filter((entry) => entry.kind === "predict")
    .map((entry) => JSON.parse(readFileSync(root + entry.file, "utf8")) as Golden)
    .filter((golden) => golden.predict.method === method);
}

export function toMatrix(tensor: Tensor): Matrix<Float64Array> {
  return { rows: tensor.shape[0]!, columns: tensor.shape[1]!, data: Float64Array.from(tensor.data) };
}

/** The entries that are further from the reference than its tolerance, as text. */
export function misses(found: ArrayLike<number>, golden: Golden, name: string): string[] {
  const wanted = golden.outputs[name]!.data;
  const { rtol, atol } = golden.tolerance[name]!;
  if (found.length !== wanted.length) return [`${found.length} entries instead of ${wanted.length}`];
  return wanted.flatMap((b, i) =>
    Math.abs(found[i]! - b) <= atol + rtol * Math.abs(b) ? [] : [`[${i}] ${found[i]} instead of ${b}`],
  );
}
