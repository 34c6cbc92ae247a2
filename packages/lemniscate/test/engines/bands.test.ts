/** @module Blocks of images, band by band, beside the reference engine, which has whole ones. */
import fc from "fast-check";
import { batch, type Engine, kernel, networkFromData, openEngine, positionKernel } from "lemniscate";
import { afterAll, beforeAll, expect, test } from "vitest";
import { scheduleBands } from "../../dist/engines/wasm/bands.js";
import { lower } from "../../dist/engines/wasm/lower.js";
import { wasmEngine } from "../../dist/engines/wasm/wasm.js";
import type { Parameters } from "../../dist/ops/op.js";
import { compile } from "../../dist/program/compile.js";
import type { Operand, Step } from "../../dist/program/program.js";
import { difference, random, randomBatch, sameBits } from "../conformance/random.js";

const both = ["nngp", "ntk"] as const;
let reference: Engine;
let engines: readonly (readonly [engine: Engine, allowed: number])[];
beforeAll(async () => {
  reference = await openEngine({ name: "reference" });
  engines = [
    [wasmEngine({ precision: "f64", start: null, banded: 1 }), 1e-14],
    [wasmEngine({ precision: "f64", start: null, banded: 1, paired: true }), 1e-14],
    [wasmEngine({ precision: "f32", start: null, banded: 1 }), 3e-6],
  ];
});
afterAll(async () => {
  for (const [engine] of engines) await engine[Symbol.asyncDispose]();
});

type Layer = { readonly type: string; readonly [option: string]: unknown };
const serial = (...layers: readonly Layer[]): Layer => ({ type: "serial", layers });
const [relu, pool, flatten, dense] = ["relu", "globalAvgPool", "flatten", "dense"].map((type) => ({ type })) as [
  Layer,
  Layer,
  Layer,
  Layer,
];
const conv = (filter: readonly number[], options: object = {}): Layer => ({
  type: "conv",
  filter,
  padding: "same",
  weightStd: 1.4,
  biasStd: 0.1,
  ...options,
});

/** How a list of a network's program is cut into bands, as instructions say. */
function bandsOf(network: Layer, shape: readonly [number, number, number], list: "example" | "pair" = "pair") {
  const input = { grid: shape.slice(0, 2), channels: shape[2], gaussian: false };
  const program = compile(networkFromData(network), input, { get: both, masked: false });
  return lower(program, 1)[list].find((instruction) => instruction.kind === "bands");
}

test("kernels of random networks of windows are those of the reference engine", () =>
  fc.assert(
    fc.asyncProperty(fc.nat(1e9), async (seed) => {
      const { integer, uniform } = random(seed);
      const grid = [1 + integer(6), 1 + integer(14)] as const;
      const channels = [1, 2, 9][integer(3)]!;
      const window = (): Layer => conv([1 + integer(5), 1 + integer(5)], { biasStd: uniform() < 0.5 ? 0 : 0.3 });
      const between = (): readonly Layer[] =>
        [[relu], [{ type: "layerNorm" }, relu], [{ type: "erf" }], [{ type: "leakyRelu" }], []][integer(5)]!;
      const body = Array.from({ length: integer(4) }, (): readonly Layer[] => {
        const layers = [...between(), window()];
        return uniform() < 0.3 ? [{ type: "residual", layers }] : layers;
      }).flat();
      const inner = uniform() < 0.3 ? [{ type: "avgPool", filter: [1, 1 + integer(grid[1])] }, conv([2, 2])] : [];
      const network = serial(conv([3, 3]), ...body, ...inner, ...between(), [pool, flatten][integer(2)]!, dense);
      const S = grid[0] * grid[1];
      const mask = Array.from({ length: 3 * S }, () => (uniform() < 0.8 ? 1 : 0));
      const x = randomBatch(seed, [3, ...grid, channels], uniform() < 0.3 ? mask : undefined);
      const other = uniform() < 0.3 ? randomBatch(seed + 1, [2, ...grid, channels]) : null;
      const k = kernel(networkFromData(network) as never);
      const wanted = await k(x, other, { get: both, engine: reference });
      for (const [engine, allowed] of engines) {
        const found = await k(x, other, { get: both, engine });
        for (const quantity of both)
          expect(difference(found[quantity].data, wanted[quantity].data)).toBeLessThan(allowed);
      }
    }),
    { seed: 20261121, numRuns: 24 },
  ));

test("whole blocks are put together from bands where somebody reads them", async () => {
  const network = serial(conv([3, 2]), relu, conv([2, 5]));
  const x = randomBatch(1, [2, 4, 7, 2]);
  const positions = positionKernel(networkFromData(network));
  const wanted = await positions(x, null, { get: both, engine: reference });
  for (const [engine, allowed] of engines) {
    const found = await positions(x, null, { get: both, engine });
    for (const quantity of both) expect(difference(found[quantity], wanted[quantity])).toBeLessThan(allowed);
  }
  const behind = serial(conv([3, 3]), relu, { type: "attention" }, relu, pool, dense);
  const k = kernel(networkFromData(behind) as never);
  const { nngp } = await k(x, null, { get: ["nngp"], engine: reference });
  for (const [engine, allowed] of engines)
    expect(difference((await k(x, null, { get: ["nngp"], engine })).nngp.data, nngp.data)).toBeLessThan(allowed);
});

test("near-copies on other rows of an image are found as in whole blocks", async () => {
  const one = conv([1, 1]);
  const network = serial(one, relu, one, relu, one);
  const { uniform } = random(9);
  const [H, W, channels] = [4, 5, 32];
  const row = W * channels;
  // The second image is the first one moved down, nearly; norms differ from row to row.
  const first = Array.from({ length: H * row }, (_, i) => (2 * uniform() - 1) * 3 ** Math.floor(i / row));
  const second = first.map((_, i) => first[(i + (H - 1) * row) % (H * row)]! * (1 + 1e-4 * uniform()));
  const x = batch([2, H, W, channels], Float64Array.from([...first, ...second]));
  const positions = positionKernel(networkFromData(network));
  await using bands = wasmEngine({ precision: "f32", start: null, banded: 1 });
  await using blocks = wasmEngine({ precision: "f32", start: null });
  const found = await positions(x, null, { get: both, engine: bands });
  const wanted = await positions(x, null, { get: both, engine: blocks });
  for (const quantity of both)
    expect(sameBits(found[quantity] as Float32Array, wanted[quantity] as Float32Array)).toBe(true);
});

test("without nonlinearities pairs are not symmetric either", async () => {
  const network = serial(conv([3, 3]), conv([2, 3]), pool, dense);
  expect(bandsOf(network, [4, 3, 2])!.symmetric).toBe(false);
  const x = randomBatch(3, [3, 4, 3, 2]);
  const k = kernel(networkFromData(network) as never);
  const wanted = await k(x, null, { get: both, engine: reference });
  for (const [engine, allowed] of engines) {
    const found = await k(x, null, { get: both, engine });
    for (const quantity of both) expect(difference(found[quantity].data, wanted[quantity].data)).toBeLessThan(allowed);
  }
});

test("blocks that treat their sides differently are computed whole", () => {
  const window = { grid: [2, 3], to: [2, 3], filter: [1, 3], strides: [1, 1], before: [0, 1], padding: "same" };
  const here = (step: number, access: Operand["access"]): Operand => ({ from: "here", step, access });
  const step = (op: string, form: Step["form"], operands: readonly Operand[], parameters: Parameters = {}): Step => ({
    op,
    form,
    operands,
    parameters,
    space: 0,
  });
  const steps = (u: number, v: number): Step[] => [
    step("presence", "line", []),
    step("gram", "diagonal", []),
    step("gram", "block", []),
    step("convolve", "block", [here(2, "whole")], window as Parameters),
    step("scaleSides", "block", [here(u, "row"), here(3, "same"), here(v, "column")]),
    step("sumPairs", "value", [here(4, "whole")]),
  ];
  for (const [u, v, symmetric] of [
    [0, 0, true],
    [0, 1, false],
  ] as const) {
    const list = scheduleBands(
      true,
      steps(u, v),
      () => "block",
      () => true,
      new Set([5]),
      new Set([2, 3, 4]),
    );
    expect(list.find(({ kind }) => kind === "bands")).toMatchObject({ symmetric });
  }
});

test("all of a row of convolutions is in bands, of an example with itself half of them", () => {
  const network = serial(conv([3, 3]), relu, conv([3, 3]), relu, pool, dense);
  const pairs = bandsOf(network, [6, 5, 3])!;
  expect(pairs.symmetric).toBe(false);
  expect(pairs.sums).toHaveLength(2);
  expect(pairs.whole).toEqual([]);
  const own = bandsOf(network, [6, 5, 3], "example")!;
  expect(own.symmetric).toBe(true);
  expect(own.instructions).toHaveLength(pairs.instructions.length);
});

test("there are no bands where windows leave some positions out, or blocks are small", () => {
  const leaves = (options: object): Layer =>
    serial(conv([3, 3], options), relu, conv([3, 3], options), relu, pool, dense);
  expect(bandsOf(leaves({}), [6, 5, 3])).toBeDefined();
  for (const options of [{ strides: [2, 1] }, { padding: "valid" }, { padding: "circular" }])
    expect(bandsOf(leaves(options), [6, 5, 3])).toBeUndefined();
  const input = { grid: [6, 5], channels: 3, gaussian: false };
  const { pair } = lower(compile(networkFromData(leaves({})), input, { get: both, masked: false }));
  expect(pair.some(({ kind }) => kind === "bands")).toBe(false);
});
