/** @module Cases of the conformance format: reading one, computing it, comparing. */
import { type Batch, batch, maskedBy } from "../../core/batch.js";
import type { Engine, Numbers } from "../../engines/engine.js";
import { positionKernel } from "../../tiles/kernel.js";
import { type ConformanceNetwork, networkOf, UnknownLayer } from "./network.js";

/** A number, or the name of one that JSON lacks. */
type Entry = number | "NaN" | "Infinity" | "-Infinity";

export interface Tensor {
  readonly shape: readonly number[];
  readonly data: readonly Entry[];
}

interface Level {
  readonly rtol: number;
  readonly atol: number;
}

export interface ConformanceCase {
  readonly name: string;
  readonly category: string;
  readonly kind: "kernel" | "predict" | "empirical";
  readonly network?: ConformanceNetwork;
  readonly inputs: {
    readonly x1?: Tensor | readonly Tensor[];
    readonly x2?: Tensor | readonly Tensor[];
    readonly maskConstant?: Entry;
  };
  readonly outputs: Readonly<Record<string, Tensor>>;
  readonly tolerance: Readonly<
    Record<string, Level & { readonly loose?: Level & { readonly indices: readonly number[] } }>
  >;
}

/** The outcome of a case: `failure` says what is wrong, and is absent if nothing is. */
export interface Verdict {
  readonly name: string;
  readonly failure?: string;
  /** The largest |a − b| over its tolerance; below 1 if the case passes. */
  readonly worst?: number;
}

/**
 * What single precision is held to: |a − b| ≤ rtol·|b| + atol·max|b|, or the file's own tolerance where that is
 * larger. Loose entries lose half of single precision's digits, as they lose half of double's in the files.
 */
export const singlePrecision: { readonly rtol: number; readonly atol: number; readonly loose: number } = {
  rtol: 1e-4,
  atol: 2e-5,
  loose: 2e-3,
};

/** Runs a case on an engine and compares the outputs that the library has. */
export async function runCase(of: ConformanceCase, engine: Engine): Promise<Verdict> {
  try {
    if (of.kind !== "kernel") throw new UnknownLayer(`${of.kind} (kind of case)`);
    const results = await kernelsOf(of, engine);
    let worst = 0;
    for (const [quantity, values] of Object.entries(results)) {
      const expected = of.outputs[quantity];
      if (expected === undefined) continue;
      const difference = compare(values, expected, of.tolerance[quantity]!, engine.precision === "f32");
      if (typeof difference === "string") return { name: of.name, failure: `${quantity} ${difference}` };
      worst = Math.max(worst, difference);
    }
    return { name: of.name, worst };
  } catch (error) {
    return { name: of.name, failure: (error as Error).message };
  }
}

async function kernelsOf(of: ConformanceCase, engine: Engine): Promise<Record<"nngp" | "ntk", Numbers>> {
  const [x1, x2] = [of.inputs.x1!, of.inputs.x2];
  if (Array.isArray(x1) || Array.isArray(x2)) throw new UnknownLayer("several inputs");
  const first = x1 as Tensor;
  const network = networkOf(of.network!, first.shape.length);
  const read = (x: Tensor): Batch => {
    const data = x.data.map(Number);
    return of.inputs.maskConstant === undefined
      ? batch(x.shape, data)
      : maskedBy(Number(of.inputs.maskConstant), x.shape, data);
  };
  const kernels = positionKernel(network);
  const other = x2 === undefined ? null : read(x2 as Tensor);
  const { nngp, ntk } = await kernels(read(first), other, { get: ["nngp", "ntk"], engine });
  return { nngp: interleaved(nngp, of, first), ntk: interleaved(ntk, of, first) };
}

/** Our layout [n1, n2, (h, w), (h', w')] as the format's [n1, n2, h, h', w, w']. */
function interleaved(values: Numbers, of: ConformanceCase, x1: Tensor): Numbers {
  const axes = (of.outputs["nngp"]!.shape.length - 2) / 2;
  if (axes < 2) return values;
  const grid = x1.shape.slice(1, -1);
  const S = grid.reduce((product, size) => product * size, 1);
  const out = values.slice();
  for (let i = 0; i < values.length; i++) {
    const [block, s, t] = [Math.floor(i / (S * S)), Math.floor(i / S) % S, i % S];
    let at = block;
    for (const [axis, size] of grid.entries()) {
      const stride = grid.slice(axis + 1).reduce((product, length) => product * length, 1);
      at = (at * size + (Math.floor(s / stride) % size)) * size + (Math.floor(t / stride) % size);
    }
    out[at] = values[i]!;
  }
  return out;
}

/** The largest difference in units of the tolerance, or the reason why the values do not agree. */
function compare(
  values: Numbers,
  expected: Tensor,
  level: ConformanceCase["tolerance"][string],
  single: boolean,
): number | string {
  const scalar = expected.data.length === 1 && values.length > 1;
  if (!scalar && values.length !== expected.data.length)
    return `has ${values.length} entries, expected ${expected.data.length}`;
  const loose = new Set(level.loose?.indices);
  const finite = expected.data.map(Number).filter(Number.isFinite);
  const scale = finite.reduce((max, x) => Math.max(max, Math.abs(x)), 0);
  let worst = 0;
  let where = 0;
  for (let i = 0; i < values.length; i++) {
    const a = values[i]!;
    const b = Number(expected.data[scalar ? 0 : i]);
    if (!Number.isFinite(b)) continue;
    const { rtol, atol } = loose.has(i) ? level.loose! : level;
    const file = atol + rtol * Math.abs(b);
    const floor = loose.has(i)
      ? singlePrecision.loose * scale
      : singlePrecision.rtol * Math.abs(b) + singlePrecision.atol * scale;
    const ratio = Math.abs(a - b) / (single ? Math.max(file, floor) : file);
    if (Number.isNaN(ratio) ? a !== b : ratio > worst) {
      worst = Number.isNaN(ratio) ? Number.POSITIVE_INFINITY : ratio;
      where = i;
    }
  }
  if (worst <= 1) return worst;
  return `differs at [${where}]: got ${values[where]}, expected ${expected.data[scalar ? 0 : where]} (${worst.toPrecision(3)} × the tolerance)`;
}
