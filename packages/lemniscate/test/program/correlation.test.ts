/** @module Distances that are carried through layers: the same kernels as without, and more digits near correlation 1. */
import {
  abRelu,
  abs,
  attention,
  type Batch,
  batch,
  dense,
  dropout,
  type Engine,
  flatten,
  globalAvgPool,
  identity,
  layerNorm,
  leakyRelu,
  type Network,
  openEngine,
  relu,
  repeat,
  residual,
  serial,
} from "lemniscate";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { compile } from "../../dist/program/compile.js";
import { difference, random } from "../conformance/random.js";

const both = ["nngp", "ntk"] as const;
let engines: Readonly<Record<"reference" | "f64" | "f32", Engine>>;
beforeAll(async () => {
  engines = {
    reference: await openEngine({ name: "reference" }),
    f64: await openEngine({ threads: 1 }),
    f32: await openEngine({ threads: 1, precision: "f32" }),
  };
});
afterAll(async () => {
  for (const engine of Object.values(engines)) await engine[Symbol.asyncDispose]();
});

/** Both kernels of a batch with itself, all results one after another; `rewrite` as the compiler takes it. */
async function kernels(
  net: Network,
  x: Batch,
  engine: Engine,
  rewrite: boolean,
): Promise<Record<string, Float64Array>> {
  const [n, ...rest] = x.shape;
  const input = { grid: rest.slice(0, -1), channels: rest.at(-1)!, gaussian: false };
  const program = compile(net, input, { get: both, masked: x.mask !== undefined, rewrite });
  const tile = { rowFrom: 0, rowTo: n, columnFrom: 0, columnTo: n };
  for await (const { values } of engine.tiles(program, x, null, [tile]))
    return Object.fromEntries(Object.entries(values).map(([key, data]) => [key, Float64Array.from(data)]));
  throw new Error("no tile");
}

const hidden = dense({ weightStd: 1.3, biasStd: 0.2 });
const plain = dense({ weightStd: 1.2 });
const standard = dense({ parameterization: "standard", width: 5, weightStd: 1.1, biasStd: 0 });

/** Rows: three at random, a copy, a double, an opposite, zero, a neighbour. */
function rows(shape: readonly number[], seed: number): Batch {
  const { normal } = random(seed);
  const size = shape.reduce((product, length) => product * length, 1);
  const own = Array.from({ length: 3 }, () => Array.from({ length: size }, normal));
  const [a] = own as [number[], number[], number[]];
  const near = a.map((value) => value + 1e-2 * normal());
  const all = [...own, a, a.map((v) => 2 * v), a.map((v) => -v), a.map(() => 0), near];
  return batch([all.length, ...shape], all.flat());
}

const stacks: readonly (readonly [string, Network])[] = [
  ["relu with biases", repeat(serial(hidden, relu()), 4)],
  ["relu without biases", repeat(serial(plain, relu()), 4)],
  ["relu in the standard parameterisation", serial(repeat(serial(standard, relu()), 3), standard)],
  ["leaky relu", repeat(serial(hidden, leakyRelu({ slope: 0.3 })), 3)],
  ["a nonlinearity that turns negative numbers up", repeat(serial(hidden, abRelu({ below: -0.4, above: 1.4 })), 3)],
  ["absolute values", repeat(serial(plain, abs()), 3)],
  ["identities", serial(hidden, leakyRelu({ slope: 0.5 }), hidden, identity(), hidden, relu())],
  ["nothing but zeros", serial(hidden, abRelu({ below: 0, above: 0 }), hidden, relu())],
  ["weights of zero", serial(hidden, relu(), dense({ weightStd: 0, biasStd: 0.5 }), relu())],
  ["layer normalisation", repeat(serial(hidden, layerNorm({ epsilon: 0 }), relu(), plain, relu()), 2)],
  ["dropout", serial(hidden, relu(), dropout({ drop: 0.3 }), hidden, relu())],
  ["a residual sum", serial(hidden, residual(serial(relu(), hidden, relu(), hidden)), relu())],
];

describe.each(stacks)("%s", (_, stack) => {
  test("on features", async () => {
    const x = rows([4], 1);
    for (const engine of [engines.reference, engines.f64]) {
      const [carried, plainly] = [await kernels(stack, x, engine, true), await kernels(stack, x, engine, false)];
      for (const quantity of both) expect(difference(carried[quantity]!, plainly[quantity]!)).toBeLessThan(2e-12);
    }
  });

  test("on tokens, with holes and without", async () => {
    const whole = rows([3, 2], 2);
    const mask = Array.from({ length: 24 }, (_, i) => (i % 5 === 1 || i > 18 ? 0 : 1));
    for (const x of [whole, batch(whole.shape, whole.data, mask)])
      for (const net of [serial(stack, flatten()), serial(stack, hidden, attention(), relu(), globalAvgPool())])
        for (const engine of [engines.reference, engines.f64]) {
          const [carried, plainly] = [await kernels(net, x, engine, true), await kernels(net, x, engine, false)];
          for (const quantity of both) expect(difference(carried[quantity]!, plainly[quantity]!)).toBeLessThan(2e-12);
        }
  });
});

test("what is carried is a distance for each layer, and nothing where no rectifier is", () => {
  const steps = (net: Network): string[] =>
    compile(net, { grid: [], channels: 3, gaussian: false }, { get: both, masked: false }).pair.map(({ op }) => op);
  const deep = steps(repeat(serial(hidden, relu()), 4));
  expect(deep.filter((op) => op === "carriedDistance").length).toBe(3);
  expect(deep.filter((op) => op === "affineDistance").length).toBe(3);
  expect(deep.filter((op) => op === "definedDistance").length).toBe(0);
  expect(steps(repeat(serial(plain, relu()), 4)).filter((op) => op === "definedDistance").length).toBe(3);
  expect(steps(serial(hidden, relu(), hidden)).some((op) => op.includes("istance"))).toBe(false);
});

describe("single precision", () => {
  const { normal, integer } = random(9);
  const block = serial(
    residual(layerNorm(), attention({ position: { decay: "exponential", rate: 0.1, power: 1 } })),
    residual(layerNorm(), dense(), relu(), dense()),
  );
  const transformer = serial(dense(), repeat(block, 3), globalAvgPool(), dense());
  const relus = (biasStd: number): Network =>
    serial(repeat(serial(dense({ weightStd: Math.SQRT2, biasStd }), relu()), 50), dense());
  const numbers = (shape: readonly number[], draw: () => number): Batch =>
    batch(shape, Float64Array.from({ length: shape.reduce((product, size) => product * size, 1) }, draw));
  /** The largest error of an entry, relative to it. */
  const errors = async (net: Network, x: Batch): Promise<readonly number[]> => {
    const [rounded, truth] = [await kernels(net, x, engines.f32, true), await kernels(net, x, engines.f64, true)];
    return both.map((key) =>
      Math.max(...truth[key]!.map((value, i) => Math.abs(rounded[key]![i]! - value) / Math.abs(value))),
    );
  };

  test.each([
    ["50 ReLU layers", relus(0), [20, 16]],
    ["50 ReLU layers with biases", relus(0.1), [20, 16]],
    ["a transformer of three blocks", transformer, [10, 8, 12]],
  ] as const)("keeps five digits of every entry: %s", async (_, net, shape) => {
    for (const error of await errors(net, numbers(shape, normal))) expect(error).toBeLessThan(1e-5);
  });

  // Whole numbers have an exact Gram matrix, so that what is left are the layers' own errors: ρ is 1 − 10⁻⁶ here.
  test("loses nothing of near-copies in 50 layers", async () => {
    const x = Array.from({ length: 16 }, () => integer(400) - 200);
    const copies = Array.from({ length: 8 }, (_, row) => x.map((value, c) => (c === row ? value + 1 : value)));
    for (const error of await errors(relus(0), batch([8, 16], copies.flat()))) expect(error).toBeLessThan(1e-5);
  });

  // Otherwise the Gram matrix in single precision is what limits near-copies, and their NTK alone.
  test("keeps five digits of the NNGP of near-copies, and three of their NTK", async () => {
    const x = Array.from({ length: 16 }, normal);
    const copies = Array.from({ length: 10 }, () => x.map((value) => value + 1e-2 * normal()));
    const [nngp, ntk] = await errors(relus(0.1), batch([10, 16], copies.flat()));
    expect(nngp).toBeLessThan(1e-5);
    expect(ntk).toBeLessThan(1e-3);
  });
});
