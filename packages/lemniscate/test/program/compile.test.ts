import { describe, expect, test } from "vitest";
import type { Quantity } from "../../src/core/quantity.js";
import type { Shape } from "../../src/core/shape.js";
import { parallel, repeat, residual, serial } from "../../src/network/combinators.js";
import { attention } from "../../src/network/layers/attention.js";
import { dense } from "../../src/network/layers/dense.js";
import { dropout } from "../../src/network/layers/dropout.js";
import { flatten } from "../../src/network/layers/flatten.js";
import { layerNorm } from "../../src/network/layers/layer-norm.js";
import { globalAvgPool } from "../../src/network/layers/pool.js";
import { relu } from "../../src/network/layers/relu.js";
import type { Network } from "../../src/network/placement.js";
import { compile } from "../../src/program/compile.js";
import type { Program, Step } from "../../src/program/program.js";

const tokens: Shape = { grid: [6], channels: 3, gaussian: false };
const features: Shape = { grid: [], channels: 3, gaussian: false };

const both = ["nngp", "ntk"] as const;
const program = (net: Network, input = tokens, get: readonly Quantity[] = both, masked = false): Program =>
  compile(net, input, { get, masked });

const lists = ["example", "pair", "self"] as const;
const counted = (steps: readonly Step[], op: string): number => steps.filter((step) => step.op === op).length;
const formsOf = (steps: readonly Step[]): readonly string[] => [...new Set(steps.map(({ form }) => form))].sort();

const nets: readonly Network[] = [
  serial(dense({ biasStd: 1 }), relu(), flatten(), dense()),
  serial(attention(), relu(), globalAvgPool(), dense()),
  serial(dense(), attention({ position: { values: true } }), layerNorm({ over: "all" }), globalAvgPool()),
  serial(attention({ scaling: "sqrt", weights: "identity", biasStd: 1 }), relu(), globalAvgPool(), dense()),
  serial(dense(), residual(layerNorm(), attention(), relu(), dense()), dropout({ drop: 0.5 }), flatten()),
  serial(attention(), attention()),
];

describe("every program", () => {
  const cases = nets.flatMap((net, i) =>
    [false, true].map((masked) => ({ i, masked, of: program(net, tokens, both, masked) })),
  );

  test.each(cases)("reads what was computed before ($i, masked $masked)", ({ of }) => {
    for (const list of lists)
      for (const [at, step] of of[list].entries())
        for (const { from, step: read } of step.operands) {
          if (from === "here") expect(read).toBeLessThan(at);
          else {
            expect(list).not.toBe("example");
            expect(read).toBeLessThan(of.example.length);
          }
          expect(read).toBeGreaterThanOrEqual(0);
        }
    for (const list of ["pair", "self"] as const)
      for (const operand of Object.values(of.results[list]))
        if (operand !== null)
          expect(operand.from === "here" ? of[list][operand.step] : of.example[operand.step]).toBeDefined();
  });

  test.each(cases)("computes nothing twice ($i, masked $masked)", ({ of }) => {
    for (const list of lists) {
      const keys = of[list].map((step) => JSON.stringify(step));
      expect(new Set(keys).size).toBe(keys.length);
    }
  });

  test.each(cases)("computes nothing that nobody reads ($i, masked $masked)", ({ of }) => {
    const read = new Set<string>();
    for (const list of lists)
      for (const step of of[list])
        for (const operand of step.operands)
          read.add(operand.from === "here" ? `${list}${operand.step}` : `example${operand.step}`);
    for (const list of ["pair", "self"] as const)
      for (const operand of Object.values(of.results[list]))
        if (operand !== null) read.add(operand.from === "here" ? `${list}${operand.step}` : `example${operand.step}`);
    for (const list of lists)
      for (const [at, { op }] of of[list].entries()) expect(read, `${list} ${at}, ${op}`).toContain(`${list}${at}`);
  });

  test.each(cases)("is plain data ($i, masked $masked)", ({ of }) => {
    expect(JSON.parse(JSON.stringify(of))).toEqual(of);
  });
});

describe("liveness", () => {
  test("flatten behind relu reads diagonals alone", () => {
    const of = program(serial(dense(), relu(), dense(), relu(), flatten(), dense()));
    for (const list of lists) expect(formsOf(of[list])).not.toContain("block");
  });

  test("pooling reads blocks of pairs, but diagonals of each example for variances", () => {
    const of = program(serial(dense(), relu(), globalAvgPool(), dense()), tokens, ["nngp"]);
    expect(formsOf(of.pair)).toContain("block");
    expect(formsOf(of.example)).not.toContain("block");
  });

  test("attention needs whole blocks of each example below it, and none above", () => {
    const of = program(serial(dense(), relu(), attention(), relu(), flatten(), dense()), tokens, ["nngp"]);
    expect(counted(of.example, "softmaxRows")).toBe(1);
    expect(of.example.filter(({ op, form }) => op === "sandwich" && form === "block")).toEqual([]);
    expect(of.pair.filter(({ op, form }) => op === "dualRectifier" && form === "block").length).toBe(1);
  });

  test("features are numbers from end to end", () => {
    const of = program(serial(dense(), relu(), dense(), layerNorm(), dense()), features);
    for (const list of lists) expect(formsOf(of[list]).filter((form) => form !== "value")).toEqual([]);
  });
});

describe("sharing", () => {
  test("attention weights are made once for each example, never for a pair", () => {
    const of = program(serial(dense(), attention(), relu(), attention(), globalAvgPool(), dense()));
    expect(counted(of.example, "softmaxRows")).toBe(2);
    expect(counted(of.pair, "softmaxRows") + counted(of.self, "softmaxRows")).toBe(0);
  });

  test("NNGP and NTK share what they can: one product each way for both", () => {
    const of = program(serial(dense(), relu(), dense(), relu(), dense()), features);
    expect(counted(of.pair, "gram")).toBe(1);
    expect(counted(of.pair, "dualRectifier")).toBe(1);
    expect(counted(of.pair, "dualRectifierDot")).toBe(1);
    expect(counted(of.pair, "carriedDistance")).toBe(1);
    expect(counted(of.pair, "carriedSlope")).toBe(1);
  });

  test("equal branches of a sum are computed once", () => {
    const branch = serial(relu(), dense());
    const one = program(serial(dense(), parallel(branch)), features);
    const two = program(serial(dense(), parallel(branch, serial(relu(), dense()))), features);
    expect(counted(two.pair, "dualRectifier")).toBe(counted(one.pair, "dualRectifier"));
  });
});

describe("padding", () => {
  const net = serial(
    dense({ biasStd: 1 }),
    relu(),
    attention({ biasStd: 1, position: {} }),
    globalAvgPool(),
    dense({ biasStd: 1 }),
  );

  test("zeros are kept where there are holes, and only there", () => {
    const [plain, masked] = [program(net), program(net, tokens, both, true)];
    for (const list of lists) expect(counted(plain[list], "keep")).toBe(0);
    expect(counted(masked.pair, "keep")).toBeGreaterThan(0);
    expect(counted(masked.example, "keep")).toBeGreaterThan(0);
  });

  test("layers that leave zeros at zero need no keeping", () => {
    const of = program(serial(dense(), relu(), layerless(), globalAvgPool()), tokens, both, true);
    for (const list of lists) expect(of[list].filter(({ op, form }) => op === "keep" && form !== "value")).toEqual([]);
  });

  /** Linear layers without biases. */
  function layerless(): Network {
    return serial(dense(), dense({ weightStd: 2 }));
  }
});

describe("results", () => {
  test("the NTK of a network without parameters is known to be 0", () => {
    for (const net of [globalAvgPool(), serial(), flatten(), serial(dropout({ drop: 0.5 }), globalAvgPool())]) {
      const of = program(net as Network);
      expect(of.results.pair.ntk).toBeNull();
      expect(of.results.self.ntk).toBeNull();
      expect(of.results.pair.nngp).not.toBeNull();
    }
    expect(program(serial(globalAvgPool(), dense())).results.pair.ntk).not.toBeNull();
  });

  test("only what was asked for is computed", () => {
    const of = program(serial(dense(), relu(), dense()), features, ["nngp"]);
    expect(Object.keys(of.results.pair)).toEqual(["nngp"]);
    expect(counted(of.pair, "dualRectifierDot")).toBe(0);
  });
});

describe("size", () => {
  // Whatever visits a shared expression along every path to it never ends here: the test's time limit is the check.
  const compiled = (net: Network, input: Shape, masked: boolean): Program => program(net, input, both, masked);

  test("a thousand layers compile", () => {
    const deep = compiled(serial(repeat(serial(dense(), relu()), 500), flatten(), dense()), features, false);
    expect(counted(deep.pair, "carriedDistance")).toBe(499);
    compiled(serial(repeat(serial(dense({ biasStd: 0.1 }), relu()), 500), globalAvgPool(), dense()), tokens, true);
  });

  test("sums of attention over sums of attention do not grow with their paths", () => {
    const one = compiled(
      serial(dense(), repeat(residual(attention({ biasStd: 1 })), 10), globalAvgPool()),
      tokens,
      true,
    );
    const two = compiled(
      serial(dense(), repeat(residual(attention({ biasStd: 1 })), 20), globalAvgPool()),
      tokens,
      true,
    );
    expect(two.pair.length).toBeLessThan(2.5 * one.pair.length);
    compiled(serial(dense(), repeat(residual(dense({ biasStd: 1 })), 100), globalAvgPool()), tokens, true);
  });

  test("residual blocks, which share what is below them, compile in time that grows with their number alone", () => {
    const deep = compiled(
      serial(dense(), repeat(residual(relu(), dense()), 200), globalAvgPool(), dense()),
      tokens,
      true,
    );
    expect(counted(deep.pair, "dualRectifier")).toBe(200);
  });
});

test("a thousand layers do not exhaust the call stack", () => {
  const { pair } = program(serial(repeat(serial(dense(), relu()), 500), dense()), features);
  expect(pair.length).toBeGreaterThan(1000);
});
