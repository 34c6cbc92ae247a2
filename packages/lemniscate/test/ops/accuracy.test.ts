/** @module Every formula at hard points, in both precisions and on both engines, against values with 700 digits. */
import { readFileSync } from "node:fs";
import { describe, expect, test } from "vitest";
import { ModuleBuilder } from "../../dist/engines/wasm/assembler.js";
import { defineFused, type Fused } from "../../dist/engines/wasm/elementwise.js";
import { ConstantTable, formatOf, type Scalar } from "../../dist/engines/wasm/vector.js";
import { numbers } from "../../dist/ops/algebra.js";
import { elementwiseOps } from "../../dist/ops/registry.js";

interface Operation {
  readonly op: string;
  readonly parameters: Readonly<Record<string, number | boolean>>;
  readonly points: readonly (readonly [args: readonly number[], value: number, scale: number])[];
}

// Made by test/fixtures/duals/make.py.
const fixture = new URL("../fixtures/duals/values.json", import.meta.url);
const operations = JSON.parse(readFileSync(fixture, "utf8")) as readonly Operation[];

/** The largest errors that docstrings state, in units of rounding, 2^-53 or 2^-24: plain numbers, then vectors. */
const stated: Readonly<Record<string, readonly [plain: number, vectors: number]>> = {
  dualRectifier: [3, 3],
  dualRectifierDot: [5, 5],
  dualErf: [3, 3],
  dualErfDot: [2, 2],
  dualGelu: [2, 2],
  dualGeluDot: [2, 2],
  dualSine: [2, 4],
  dualSineDot: [4, 4],
  dualExponential: [2, 2],
  dualExponentialDot: [2, 2],
  rectifierDistance: [3, 3],
  carriedDistance: [4, 6],
  carriedSlope: [3, 3],
  affineDistance: [3, 3],
  dualSign: [2, 4],
  dualRectifiedPower: [6, 6],
  dualRectifiedPowerDot: [6, 6],
  dualPower: [4, 4],
  dualPowerDot: [4, 4],
  dualHermite: [2, 2],
  dualHermiteDot: [2, 2],
  dualPolynomial: [3, 3],
  dualPolynomialDot: [3, 3],
  dualGaussian: [3, 3],
  dualGaussianDot: [5, 5],
  dualGabor: [7, 7],
  dualGaborDot: [9, 9],
  dualNormalizedExponential: [3, 3],
  dualNormalizedExponentialDot: [4, 4],
};

/** What the fast engine makes of an operation, on columns of arguments. */
function vectors({ op, parameters }: Operation, columns: readonly (readonly number[])[], scalar: Scalar): number[] {
  const format = formatOf(scalar, false);
  const module = new ModuleBuilder();
  const constants = new ConstantTable(format, 1024);
  const args = columns.map((_, input) => ({ input }));
  const inputs = columns.map(() => "same" as const);
  const fused: Fused = { narrow: false, inputs, steps: [{ op, parameters, args }], outputs: [0] };
  defineFused(module, format, constants, "run", fused);
  const memory = new WebAssembly.Memory({ initial: 4, maximum: 65536 });
  const compiled = new WebAssembly.Module(module.bytes(false));
  const { run } = new WebAssembly.Instance(compiled, { env: { memory } }).exports as { run: (frame: number) => void };
  new Uint8Array(memory.buffer).set(constants.bytes(), 1024);
  const data = scalar === "f32" ? new Float32Array(memory.buffer) : new Float64Array(memory.buffer);
  const count = columns[0]!.length;
  const place = (n: number): number => 65536 + n * 16384;
  for (const [n, column] of columns.entries()) data.set(column, place(n) / format.bytes);
  const bytes = Math.ceil((count * format.bytes) / 16) * 16;
  const streams = [...columns, []].flatMap((_, n) => [place(n), 0]);
  // One slice of one row.
  new Int32Array(memory.buffer).set([1, 1, bytes, 0, ...streams], 8192);
  run(32768);
  const at = place(columns.length) / format.bytes;
  return [...data.subarray(at, at + count)];
}

const single = (args: readonly number[]): boolean => args.every((x) => Math.fround(x) === x);

/** The largest error at some points, in units of rounding. */
function worst(points: Operation["points"], values: readonly number[], unit: number): number {
  return Math.max(...points.map(([, value, scale], i) => Math.abs(values[i]! - value) / scale / unit));
}

describe.each(operations)("$op $parameters", (operation) => {
  const { op, parameters, points } = operation;
  const transposed = (of: Operation["points"]): number[][] => of[0]![0].map((_, n) => of.map(([args]) => args[n]!));

  test("is as accurate as its docstring says", () => {
    const formula = elementwiseOps.get(op)!.formula;
    const plain = points.map(([args]) => formula(numbers, args, parameters));
    const inSingle = points.filter(([args]) => single(args));
    const found = {
      plain: worst(points, plain, 2 ** -53),
      f64: worst(points, vectors(operation, transposed(points), "f64"), 2 ** -53),
      f32: worst(inSingle, vectors(operation, transposed(inSingle), "f32"), 2 ** -24),
    };
    const limits = stated[op]!;
    expect(found.plain).toBeLessThanOrEqual(limits[0]);
    expect(found.f64).toBeLessThanOrEqual(limits[1]);
    expect(found.f32).toBeLessThanOrEqual(limits[1]);
  });
});
