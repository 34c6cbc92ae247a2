import { describe, expect, test } from "vitest";
import type { Shape } from "../../src/core/shape.js";
import { serial } from "../../src/network/combinators.js";
import { dense } from "../../src/network/layers/dense.js";
import { globalAvgPool } from "../../src/network/layers/pool.js";
import { relu } from "../../src/network/layers/relu.js";
import { compile } from "../../src/program/compile.js";
import { explain, si } from "../../src/program/explain.js";
import { kernel } from "../../src/tiles/kernel.js";

const features: Shape = { grid: [], channels: 3, gaussian: false };

describe("explain", () => {
  test("adds up what a hand count adds up: one dense layer", () => {
    const of = compile(serial(dense({ weightStd: 2, biasStd: 1 })), features, { get: ["nngp"], masked: false });
    const [example, pair, self] = [of.example, of.pair, of.self].map((steps) => steps.map(({ op }) => op));
    expect({ example, pair, self }).toEqual({ example: [], pair: ["gram", "affine"], self: ["gram", "affine"] });
    // A Gram entry is 3 products and 3 sums, counted as 2d; scale and shift are 2 more: 8 for each of 10 + 5 entries.
    const text = explain(of, 5, null, 8);
    expect(text).toContain("input   features (n, 3)\noutput  features (n, ∞), Gaussian\n");
    expect(text).toContain("5 examples × 0 flop, 10 pairs × 8 flop: 120 flop in all");
    expect(text).toContain("tape 0 B per example (0 B), result 200 B");
  });

  test("counts both batches when there are two", () => {
    const of = compile(serial(dense({ weightStd: 2, biasStd: 1 })), features, { get: ["nngp", "ntk"], masked: false });
    const text = explain(of, 5, 4, 4);
    expect(text).toContain("9 examples × 0 flop, 20 pairs × 8 flop: 160 flop in all");
    expect(text).toContain("tape 0 B per example (0 B), result 160 B");
  });

  test("counts variances that examples keep", () => {
    const text = kernel(serial(dense(), relu(), globalAvgPool(), dense()) as never).explain([10, 4, 2], {
      get: ["nngp"],
    });
    // Each example: 4 Gram entries of 4 flop and their division by 2, 4 presences to count, and its share of the mean,
    // 2 flop. That share and 4 variances are kept: 5 numbers of 8 bytes.
    expect(text).toMatch(/10 examples × 26 flop, 45 pairs × [\d.]+ k?flop: [\d.]+ kflop in all/);
    expect(text).toContain("tape 40 B per example (400 B), result 800 B");
  });

  test("names each step with its form, operands and settings", () => {
    const text = kernel(serial(dense({ weightStd: 1.5 }), relu(), dense())).explain([2, 3], { get: ["nngp"] });
    expect(text).toMatch(
      /once for each example\n {2}e0 +value +gram\(\) +6 flop\n {2}e1 +value +affine\(e0\) \{scale 0.75, shift 0\} +1 flop/,
    );
    expect(text).toMatch(/dualRectifier\(a\.e1, p1, b\.e1\) \{below 0, above 1\} +\d+ flop → nngp\n/);
  });

  test("refuses quantities that it does not know", () => {
    expect(() => kernel(serial(dense())).explain([2, 2], { get: ["nngp", "nngp"] })).toThrow(
      'kernel: get: got ["nngp","nngp"], allowed is "nngp", "ntk", or a list of them. Name each quantity once.',
    );
  });
});

test.each([
  [0, "0 "],
  [999, "999 "],
  [1000, "1 k"],
  [1234567, "1.23 M"],
  [2.5e9, "2.5 G"],
  [1e18, "1000 P"],
])("%d is %s", (value, text) => expect(si(value)).toBe(text));
