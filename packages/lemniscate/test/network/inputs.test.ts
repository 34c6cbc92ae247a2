/** @module Several inputs of one network: each branch has the kernel that it has on its input alone. */
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { type Batch, batch, examples } from "../../src/core/batch.js";
import { inputs } from "../../src/core/inputs.js";
import type { Engine } from "../../src/engines/engine.js";
import { openEngine } from "../../src/engines/open.js";
import { networkFromData } from "../../src/network/json.js";
import type { Network } from "../../src/network/placement.js";
import { kernel, positionKernel } from "../../src/tiles/kernel.js";
import { expectLimit } from "../conformance/finite.js";
import { difference, randomBatch } from "../conformance/random.js";

const table = randomBatch(1, [4, 3]);
const text = randomBatch(2, [4, 5, 2], [1, 1, 1, 1, 1, 1, 1, 1, 0, 0, 1, 0, 1, 1, 0, 1, 0, 0, 0, 0]);
const image = randomBatch(3, [4, 2, 3, 4]);
const x = inputs({ table, text, image });

const dense = { type: "dense", weightStd: 1.2, biasStd: 0.3 };
const relu = { type: "relu" };
const pool = { type: "globalAvgPool" };
const serial = (...layers: readonly object[]): Network => networkFromData({ type: "serial", layers });
const input = (name: string): object => ({ type: "input", name });

/** The branches, by the name of their input. */
const branches: Readonly<Record<string, readonly object[]>> = {
  table: [dense, relu, dense],
  text: [dense, { type: "attention" }, relu, pool, dense],
  image: [{ type: "conv", filter: 2, biasStd: 0.2 }, relu, { type: "flatten" }, dense],
};
const data: Readonly<Record<string, Batch>> = { table, text, image };
const get = ["nngp", "ntk"] as const;

describe("several inputs", () => {
  let engines: readonly Engine[];
  beforeAll(async () => {
    engines = [await openEngine({ name: "reference" }), await openEngine({ threads: 2 })];
  });
  afterAll(async () => {
    for (const engine of engines) await engine[Symbol.asyncDispose]();
  });

  test("sum to the sum of the kernels that branches have alone", async () => {
    const together = networkFromData({
      type: "parallel",
      branches: Object.entries(branches).map(([name, layers]) => serial(input(name), ...layers)),
    });
    for (const engine of engines)
      for (const [first, second] of [
        [x, null],
        [examples(x, 0, 3), examples(x, 1, 4)],
      ] as const) {
        const found = await kernel(together)(first, second, { get, engine });
        const alone = await Promise.all(
          Object.entries(branches).map(([name, layers]) => {
            const part = data[name]!;
            const [a, b] = second === null ? [part, null] : [examples(part, 0, 3), examples(part, 1, 4)];
            return kernel(serial(...layers))(a, b, { get, engine });
          }),
        );
        for (const quantity of get) {
          const sum = found[quantity].data.map((_, i) => alone.reduce((s, k) => s + k[quantity].data[i]!, 0));
          expect(difference(found[quantity].data, sum)).toBeLessThan(1e-13);
        }
      }
  });

  test("keep what is padding in each", async () => {
    for (const engine of engines) {
      const chosen = await positionKernel(serial(input("text"), dense))(x, null, { get, engine });
      const alone = await positionKernel(serial(dense))(text, null, { get, engine });
      for (const quantity of get) expect(difference(chosen[quantity], alone[quantity])).toBeLessThan(1e-14);
    }
  });

  test("are what random networks average to", async () => {
    const [a, b] = [randomBatch(5, [2, 2]), randomBatch(6, [2, 3, 1])];
    const net = networkFromData({
      type: "serial",
      layers: [
        {
          type: "parallel",
          branches: [serial(input("a"), dense), serial(input("b"), dense, relu, { type: "flatten" }, dense)],
        },
        relu,
        dense,
      ],
    });
    const both = inputs({ a, b });
    const found = await kernel(net)(both, null, { get, engine: engines[0] });
    await expectLimit({ nngp: found.nngp.data, ntk: found.ntk.data }, net, both);
  });
});

test.each([
  { what: "no input", run: () => inputs({}), message: /^inputs: got no inputs/ },
  {
    what: "inputs of different numbers of examples",
    run: () => inputs({ a: batch([2, 1], [1, 2]), b: batch([1, 1], [1]) }),
    message: /^inputs: b: got 1 examples, allowed is 2, as a has/,
  },
])("$what is refused", ({ run, message }) => {
  expect(run).toThrow(message);
});

test.each([
  {
    what: "a layer on all of them",
    net: serial(dense),
    x,
    message: /^network\.layers\[0\]: dense: got several inputs \(table: features \(n, 3\); text: tokens \(n, 5, 2\)/,
  },
  {
    what: "an input of another name",
    net: serial(input("audio")),
    x,
    message: /^network\.layers\[0\]: input: got "audio", allowed is "table", "text", "image"/,
  },
  {
    what: "an input of data that are one",
    net: serial(input("text")),
    x: text,
    message: /^network\.layers\[0\]: input: got tokens \(n, 5, 2\), allowed is several inputs/,
  },
])("$what is refused", async ({ net, x, message }) => {
  await expect(kernel(net)(x, null, { get: "nngp" })).rejects.toThrow(message);
});

test("two batches have the same inputs", async () => {
  const net = serial(input("table"), dense);
  const other = inputs({ text, table });
  await expect(kernel(net)(x, other, { get: "nngp" })).rejects.toThrow(/^kernel: x2: got/);
});
