import {
  attention,
  dense,
  depths,
  type Engine,
  flatten,
  kernel,
  kernels,
  openEngine,
  relu,
  repeat,
  serial,
} from "lemniscate";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { compile } from "../../src/program/compile.js";
import { flopsOf, listFlops, totalFlops } from "../../src/program/cost.js";
import { workOf } from "../../src/program/work.js";
import { calibrate } from "../../src/tiles/calibrate.js";
import { duration } from "../../src/tiles/estimate.js";
import { holdingFor } from "../../src/tiles/memory.js";

const both = ["nngp", "ntk"] as const;
const net = serial(dense(), attention(), relu(), flatten(), dense());
const deep = serial(repeat(serial(dense({ weightStd: 1.4, biasStd: 0.1 }), relu()), 10), dense());
const program = compile(net, { grid: [12], channels: 3, gaussian: false }, { get: both, masked: false });

let reference: Engine;
let wasm: Engine;
beforeAll(async () => {
  reference = await openEngine({ name: "reference" });
  wasm = await openEngine({ threads: 1 });
});
afterAll(() => wasm[Symbol.asyncDispose]());

describe("rates", () => {
  test("are measured once for an engine, and are rates", async () => {
    for (const engine of [reference, wasm]) {
      const rates = await calibrate(engine);
      for (const rate of Object.values(rates)) expect(rate > 0 && Number.isFinite(rate)).toBe(true);
      expect(calibrate(engine)).toBe(calibrate({ ...engine }));
    }
  });
});

describe("the work of a list", () => {
  test("is what its steps cost, by operation", () => {
    for (const list of ["example", "pair", "self"] as const) {
      const total = workOf(program, list).reduce((sum, { flops }) => sum + flops, 0);
      expect(total).toBe(flopsOf(program, program[list]));
    }
    const kinds = Object.fromEntries(workOf(program, "pair").map(({ op, kind }) => [op, kind]));
    expect(kinds).toMatchObject({ blockwise: "blockwise", sumDiagonal: "blockwise" });
    expect(workOf(program, "example").find(({ op }) => op === "softmaxRows")!.kind).toBe("softmax");
  });

  test("has no calls where a pair has one number", () => {
    const features = compile(deep, { grid: [], channels: 3, gaussian: false }, { get: both, masked: false });
    expect(workOf(features, "pair").map(({ op, kind, calls }) => [op, kind, calls])).toEqual([
      ["gram", "gram", 0],
      ["elementwise", "elementwise", 0],
    ]);
  });

  test("counts what two formulas share once", () => {
    const of = (get: readonly ("nngp" | "ntk")[]): number => {
      const one = serial(dense(), relu(), dense());
      const made = compile(one, { grid: [], channels: 3, gaussian: false }, { get, masked: false });
      return listFlops(made, made.pair)
        .slice(2)
        .reduce((sum, flops) => sum + flops, 0);
    };
    expect(of(both)).toBeLessThan(1.6 * of(["nngp"]));
  });
});

describe("an estimate", () => {
  test("adds up operations, memory and time", async () => {
    for (const engine of [reference, wasm]) {
      for (const columns of [undefined, 7]) {
        const found = await kernel(net).estimate([40, 12, 3], { columns, engine });
        expect(found.flops).toBe(totalFlops(program, 40, columns ?? null).all);
        expect(found.parts.reduce((sum, { seconds }) => sum + seconds, 0)).toBeCloseTo(found.seconds, 12);
        expect(found.parts.map(({ seconds }) => seconds)).toEqual(
          found.parts.map(({ seconds }) => seconds).sort((x, y) => y - x),
        );
        const { result, tapes, scratch, peak } = found.bytes;
        expect(result).toBe(40 * (columns ?? 40) * 2 * 8);
        expect(peak).toBe(result + tapes + scratch);
        const job = { program, n1: 40, n2: columns ?? null, as: "matrices" } as const;
        const holding = await holdingFor(engine, job, undefined);
        expect(peak).toBe(holding.working + holding.result);
      }
    }
  });

  test("counts tapes that are made again in little memory", async () => {
    const whole = await kernel(net).estimate([40, 12, 3], { engine: wasm });
    const pieces = await kernel(net).estimate([40, 12, 3], { engine: wasm, memory: "64KiB" });
    expect(pieces.bytes.peak).toBeLessThanOrEqual(65536);
    expect(pieces.flops).toBeGreaterThan(whole.flops);
  });

  test("is said of as many examples as nobody has", async () => {
    const { bytes, seconds } = await kernel(deep).estimate([1e12, 784], { columns: 1e10, engine: wasm });
    expect(bytes.result).toBe(1e22 * 2 * 8);
    expect(seconds).toBeGreaterThan(1e6);
  });

  test("of several networks is less than the sum", async () => {
    const all = await kernels(depths(deep)).estimate([100, 20], { engine: wasm, get: ["nngp"] });
    let sum = 0;
    for (const network of Object.values(depths(deep)))
      sum += (await kernel(network).estimate([100, 20], { engine: wasm, get: ["nngp"] })).flops;
    expect(all.flops).toBeLessThan(sum / 3);
    expect(all.bytes.result).toBe(10 * 100 * 100 * 8);
  });

  test("is said in words, what takes most first", async () => {
    const { text } = await kernel(net).estimate([40, 12, 3], { engine: wasm });
    const lines = text.split("\n");
    expect(lines[0]).toMatch(/^operations {2}[\d.]+ Mflop$/);
    expect(lines[1]).toMatch(/^memory {6}[\d.]+ KiB: results 25 KiB, tapes [\d.]+ KiB, scratch [\d.]+ KiB$/);
    expect(lines[2]).toMatch(/^time {8}about [\d.]+ m?s \(f64, wasm engine, 1 thread\)$/);
    expect(lines[3]).toMatch(/^ +[\d.]+ m?s +\d+ % {2}\w+/);
  });

  test.each([
    [{ shape: [5] }, "kernel: shape: got (5), allowed is (n, d), (n, T, d), (n, H, W, d), of whole numbers > 0."],
    [{ shape: [5, 0] }, "kernel: shape: got (5, 0)"],
    [{ shape: [5, 2.5] }, "kernel: shape: got (5, 2.5)"],
    [{ shape: [5, 3, 2], get: [] }, "kernel: get: got []"],
    [{ shape: [5, 3, 2], memory: "all" }, 'kernel: memory: got "all"'],
    [{ shape: [5, 3, 2], memory: 100 }, "kernel: memory: got 100 B, allowed is"],
    [{ shape: [5, 3, 2], threads: 0 }, "openEngine: threads: got 0"],
    [{ shape: [5, 3, 2], columns: 0 }, "kernel: columns: got 0, allowed is a whole number > 0."],
    [{ shape: [5, 2] }, "attention: got features"],
  ])("refuses %j", async ({ shape, ...options }, message) => {
    await expect(kernel(net).estimate(shape, options as object)).rejects.toThrow(message);
  });
});

test.each([
  [0.00012, "0.12 ms"],
  [0.0123, "12 ms"],
  [1.26, "1.3 s"],
  [90, "1.5 min"],
  [7200, "2 h"],
])("%d seconds are %s", (seconds, text) => expect(duration(seconds)).toBe(text));
