import { describe, expect, it } from "vitest";
import type { RandomKey } from "../../src/core/random.js";
import { ModuleBuilder } from "../../src/engines/wasm/assembler.js";
import { ConstantTable, emitVectors, formatOf, type Vector, VectorAlgebra } from "../../src/engines/wasm/vector.js";
import { coefficients } from "../../src/shaped/coefficients.js";
import { layerOf } from "../../src/shaped/models/layers.js";
import {
  linearMlp,
  type ShapedModel,
  shapedAttention,
  shapedMlp,
  shapedTransformer,
  unshapedTransformer,
} from "../../src/shaped/models/model.js";
import { type Mover, run, type Snapshot } from "../../src/shaped/paths.js";
import { referenceMover } from "../../src/shaped/reference.js";
import { eulerStep } from "../../src/shaped/schemes/euler.js";
import { gramStep } from "../../src/shaped/schemes/gram.js";
import { splitStep } from "../../src/shaped/schemes/split.js";
import type { Formula } from "../../src/shaped/steps/formula.js";
import { type Hidden, layerStep } from "../../src/shaped/steps/layer.js";
import type { StepProgram } from "../../src/shaped/steps/steps.js";
import { compileStep } from "../../src/shaped/wasm/compile.js";
import { arc, circle, radius } from "../../src/shaped/wasm/gaussian.js";
import { wasmMover } from "../../src/shaped/wasm/mover.js";

const relu = { type: "shaped-relu", plus: 1, minus: -1 } as const;
const attention = { gamma: 0.5, temperature: 0.8, keyWidth: 4 };
const transformer = shapedTransformer({ attention, mlp: { gamma: 0.4, activation: relu } });
const start = (m: number): number[][] =>
  Array.from({ length: m }, (_, i) =>
    Array.from({ length: m }, (_, j) => (i === j ? 1 + i / 8 : 0.3 / (1 + Math.abs(i - j)) - 0.1)),
  );

type Key = RandomKey["key"];
const usual: Key = [5, 2 ** 31 + 7];

async function end(mover: Mover, program: StepProgram, paths: number, steps: number, key = usual): Promise<Snapshot> {
  const m = program.tokens;
  let last: Snapshot | undefined;
  const course = {
    mover,
    process: program,
    start: start(m),
    paths,
    key,
    radius: 1e4,
    marks: [1, steps],
    unit: 1 / 8,
  } as const;
  for await (last of run(course));
  return last!;
}

/** The greatest difference of two snapshots, relative to entries of about 1. */
function difference(a: Snapshot, b: Snapshot): number {
  expect(a.stoppedAt).toEqual(b.stoppedAt);
  return a.covariances.reduce((most, x, i) => Math.max(most, Math.abs(x - b.covariances[i]!) / (1 + Math.abs(x))), 0);
}

const [somePaths, someSteps] = [11, 3] as const;

async function compare(program: StepProgram, tolerance: number, key = usual): Promise<void> {
  const expected = await end(referenceMover(program), program, somePaths, someSteps, key);
  const compiled = compileStep(program, false)!;
  expect(difference(await end(wasmMover(compiled), program, somePaths, someSteps, key), expected)).toBeLessThan(
    tolerance,
  );
}

/** A step whose hidden layers round, to one side or the other: sums that neurons see by 2⁻²², Gram matrices to 24 bits. */
function rounding(program: StepProgram, side: 1 | -1): StepProgram {
  const grams = new Set(
    program.operations.flatMap(({ operation, value }) => (operation.type === "hiddenGram" ? [value.id] : [])),
  );
  // The reference computes with numbers.
  const before =
    (formula: Formula, round: (x: number) => number): Formula =>
    (a, x) =>
      formula(a, round(x as number) as typeof x);
  const operations = program.operations.map(({ operation, value }): StepProgram["operations"][number] => {
    if (operation.type === "hiddenGram") {
      const formula = before(operation.neuron.formula, (x) => x + side * 2 ** -22 * Math.sin(1e9 * x));
      return { value, operation: { ...operation, neuron: { ...operation.neuron, formula } } };
    }
    if (operation.type !== "entrywise" || !operation.operands.some(([{ id }]) => grams.has(id)))
      return { value, operation };
    return {
      value,
      operation: { ...operation, formula: before(operation.formula, (x) => x + side * (Math.fround(x) - x)) },
    };
  });
  return { ...program, operations };
}

/** The first key with draws of which rounded hidden layers make no more than 1e-6 of difference, in double precision. */
async function wellConditioned(program: StepProgram): Promise<Key> {
  for (let n = 1; ; n++) {
    const key: Key = [5, n];
    const exact = await end(referenceMover(program), program, somePaths, someSteps, key);
    const moved = ([1, -1] as const).map(async (side) =>
      difference(await end(referenceMover(rounding(program, side)), program, somePaths, someSteps, key), exact),
    );
    if (Math.max(...(await Promise.all(moved))) < 1e-6) return key;
  }
}

describe("WebAssembly moves paths as the reference does", () => {
  const models: [string, ShapedModel][] = [
    ["linear", linearMlp()],
    ["residual linear", linearMlp({ gamma: 0.5 })],
    ["MLP", shapedMlp({ activation: relu })],
    ["tanh", shapedMlp({ activation: { type: "tanh", scale: 1 } })],
    ["residual silu", shapedMlp({ activation: { type: "silu", scale: 1 }, gamma: 0.5 })],
    ["attention", shapedAttention(attention)],
    ["causal attention, 2 heads", shapedAttention({ ...attention, mask: "causal", heads: 2 })],
    ["attention, 2 heads, W_O", shapedAttention({ ...attention, heads: 2, outputProjection: true })],
    ["transformer", transformer],
  ];
  for (const m of [1, 2, 3, 6])
    it.each(m === 3 ? models : models.slice(-1))(`${m} tokens, %s`, async (_, model) => {
      const of = coefficients(model, m);
      for (const merged of [true, false]) await compare(splitStep(m, of, 1 / 8, merged), 1e-11);
      await compare(gramStep(m, of, 1 / 16, model), 1e-11);
      const width = 4 * m + 2; // not a multiple of four
      const layers: Hidden[] =
        model.type === "mlp" && model.activation.type !== "shaped-relu" ? ["exact"] : ["exact", "surrogate"];
      for (const hidden of layers) await compare(layerStep(m, layerOf(model, width, width), width, hidden), 1e-5);
    });

  it("unshaped transformers, and gamma variates below a shape of 1", async () => {
    const model = unshapedTransformer({ attention: { strength: 0.5, keyWidth: 2 }, mlp: { strength: 0.5 } });
    // ReLUs of so few neurons are often all 0, or alike for two tokens: factors of such Gram matrices magnify rounding.
    for (const width of [6, 12]) {
      const program = layerStep(3, layerOf(model, width, width), width, "exact");
      await compare(program, 1e-5, await wellConditioned(program));
    }
    await compare(gramStep(2, coefficients(transformer, 2), 1 / 3.5, transformer), 1e-11);
  });

  it("stops the same paths at the same step", async () => {
    const model = shapedAttention({ gamma: 1, temperature: 0.4 });
    const program = splitStep(3, coefficients(model, 3), 1 / 8);
    const paths = 150;
    const [expected, found] = [
      await end(referenceMover(program), program, paths, 8),
      await end(wasmMover(compileStep(program, false)!), program, paths, 8),
    ];
    expect(found.frozen).toBeGreaterThan(0.05);
    expect(found.frozen).toBe(expected.frozen);
    // What explodes magnifies rounding.
    const moving = (s: Snapshot): Snapshot => ({
      ...s,
      covariances: s.covariances.map((x, at) => (s.stoppedAt[at % paths] === Number.POSITIVE_INFINITY ? x : 0)),
    });
    expect(difference(moving(found), moving(expected))).toBeLessThan(1e-10);
    expect(difference(found, expected)).toBeLessThan(1e-6);
  });

  it.each([true, false])("gives a path the same bits in any company, with merged drift: %s", async (merged) => {
    const program = splitStep(3, coefficients(transformer, 3), 1 / 8, merged);
    const [many, few] = [
      await end(wasmMover(compileStep(program, false)!), program, 200, 4),
      await end(wasmMover(compileStep(program, false)!), program, 3, 4),
    ];
    for (let entry = 0; entry < 6; entry++)
      expect(many.covariances.subarray(200 * entry, 200 * entry + 3)).toEqual(
        few.covariances.subarray(3 * entry, 3 * entry + 3),
      );
  });

  it("leaves Euler's scheme and many tokens to the reference", () => {
    expect(compileStep(eulerStep(3, coefficients(transformer, 3), 1 / 8), false)).toBeUndefined();
    expect(compileStep(splitStep(40, coefficients(transformer, 40), 1 / 8), false)).toBeUndefined();
  });
});

describe("SIMD formulas", () => {
  /** Results of formulas of one variable, at two numbers a call. */
  async function evaluate(
    scalar: "f32" | "f64",
    build: (a: VectorAlgebra, x: Vector) => readonly Vector[],
    x: readonly number[],
  ): Promise<number[][]> {
    const format = formatOf(scalar, false);
    const constants = new ConstantTable(format, 1024);
    const module = new ModuleBuilder();
    const algebra = new VectorAlgebra(format);
    const results = build(algebra, algebra.input(0));
    module.define("f", [], (f) => {
      const input = f.local("v128");
      f.i32(0).mem("v128.load").set(input);
      for (const [i, [local]] of emitVectors(f, constants, results, [[input]], 1).entries())
        f.i32(0)
          .get(local!)
          .mem("v128.store", 16 * (i + 1));
    });
    const memory = new WebAssembly.Memory({ initial: 1, maximum: 65536 });
    const { instance } = await WebAssembly.instantiate(module.bytes(false), { env: { memory } });
    new Uint8Array(memory.buffer).set(constants.bytes(), 1024);
    const numbers = scalar === "f32" ? new Float32Array(memory.buffer) : new Float64Array(memory.buffer);
    const lanes = format.lanes;
    return x.map((value) => {
      numbers.fill(value, 0, lanes);
      (instance.exports["f"] as () => void)();
      return results.map((_, i) => numbers[lanes * (i + 1)]!);
    });
  }
  const grid = Array.from({ length: 2000 }, (_, i) => (i + 0.5) / 2000);

  it.each([
    ["f64", 4e-16],
    ["f32", 3e-7],
  ] as const)("logarithms, %s", async (scalar, tolerance) => {
    const x = [...grid, ...grid.map((u) => Math.exp(60 * (u - 0.5))), 1, 2 ** -53, Math.SQRT1_2].map((u) =>
      scalar === "f32" ? Math.fround(u) : u,
    );
    for (const [i, [log]] of (await evaluate(scalar, (a, u) => [a.log(u)], x)).entries())
      expect(Math.abs(log! - Math.log(x[i]!)) / Math.max(Math.abs(Math.log(x[i]!)), 1e-3)).toBeLessThan(tolerance * 4);
  });

  it("circles", async () => {
    const x = [...grid, 0, 0.125, 0.25, 0.5, 0.75, 0.875, 1];
    for (const [i, [cos, sin, r]] of (
      await evaluate("f64", (a, u) => [...circle(a, u), radius(a, a.max(u, a.constant(1e-9)))], x)
    ).entries()) {
      // The angle 2πx is itself rounded here, by up to 4e-16.
      expect(Math.abs(cos! - Math.cos(2 * Math.PI * x[i]!))).toBeLessThan(1e-15);
      expect(Math.abs(sin! - Math.sin(2 * Math.PI * x[i]!))).toBeLessThan(1e-15);
      expect(Math.abs(r! - Math.sqrt(-2 * Math.log(Math.max(x[i]!, 1e-9))))).toBeLessThan(2e-14);
    }
  });

  it("arcs and radii in single precision, and right on average", async () => {
    const x = [...grid.map((u) => u - 0.5), -0.5, 0, 0.5].map(Math.fround);
    let excess = 0;
    for (const [i, [cos, sin]] of (await evaluate("f32", (a, r) => arc(a, "f32", r), x)).entries()) {
      expect(Math.abs(cos! - Math.cos((Math.PI / 2) * x[i]!))).toBeLessThan(2e-7);
      expect(Math.abs(sin! - Math.sin((Math.PI / 2) * x[i]!))).toBeLessThan(2e-7);
      excess += (cos! ** 2 + sin! ** 2 - 1) / x.length;
    }
    // Every layer has this error in the variance of its neurons: a thousandth after 50,000 of them.
    expect(Math.abs(excess)).toBeLessThan(2e-8);
    const u = Array.from({ length: 20_000 }, (_, i) => Math.fround((i + 0.5) / 20_000));
    let bias = 0;
    for (const [i, [r]] of (await evaluate("f32", (a, x) => [radius(a, x)], u)).entries()) {
      expect(Math.abs(r! - Math.sqrt(-2 * Math.log(u[i]!)))).toBeLessThan(2e-6);
      bias += (r! ** 2 + 2 * Math.log(u[i]!)) / u.length;
    }
    expect(Math.abs(bias)).toBeLessThan(2e-8);
  });
});
