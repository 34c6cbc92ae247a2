import fc from "fast-check";
import {
  attention,
  batch,
  dense,
  depths,
  type Engine,
  erf,
  flatten,
  globalAvgPool,
  kernel,
  kernels,
  layerNorm,
  type Network,
  openEngine,
  relu,
  repeat,
  residual,
  serial,
} from "lemniscate";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { randomBatch } from "../conformance/random.js";

const both = ["nngp", "ntk"] as const;
const tokens = randomBatch(
  3,
  [13, 3, 2],
  Array.from({ length: 39 }, (_, i) => (i % 7 === 4 ? 0 : 1)),
);
const others = randomBatch(4, [6, 3, 2]);
const stem = serial(dense({ biasStd: 0.3 }), attention({ biasStd: 0.2 }));
const networks = {
  pooled: serial(stem, relu(), globalAvgPool(), dense()),
  flat: serial(stem, relu(), flatten(), dense({ weightStd: 2 })),
  linear: serial(stem, globalAvgPool()),
  other: serial(dense({ weightStd: 0.5 }), residual(layerNorm(), attention()), erf(), globalAvgPool(), dense()),
};

let engines: readonly Engine[];
beforeAll(async () => {
  engines = await Promise.all([
    openEngine({ name: "reference" }),
    openEngine({ threads: 2 }),
    openEngine({ threads: 1, precision: "f32" }),
  ]);
});
afterAll(() => Promise.all(engines.map((engine) => engine[Symbol.asyncDispose]())));

/** Equal up to the order in which terms were added. */
function expectClose(found: ArrayLike<number>, wanted: ArrayLike<number>, { precision }: Engine): void {
  const relative = precision === "f32" ? 2e-6 : 1e-14;
  expect(found.length).toBe(wanted.length);
  for (let i = 0; i < wanted.length; i++)
    expect(Math.abs(found[i]! - wanted[i]!)).toBeLessThanOrEqual(relative * Math.abs(wanted[i]!));
}

describe("several networks in one pass", () => {
  test.each([null, others])("have the kernels that each has by itself", async (x2) => {
    for (const engine of engines) {
      const found = await kernels(networks)(tokens, x2, { get: both, engine });
      expect(Object.keys(found)).toEqual(Object.keys(networks));
      for (const name of Object.keys(networks) as (keyof typeof networks)[]) {
        const alone = await kernel(networks[name] as never)(tokens, x2, { get: both, engine });
        for (const quantity of both) {
          expect(found[name][quantity]).toMatchObject({ rows: 13, columns: x2 === null ? 13 : 6 });
          expectClose(found[name][quantity].data, alone[quantity].data, engine);
        }
      }
    }
  });

  test("whatever their settings are", async () => {
    const x = randomBatch(5, [7, 4]);
    const setting = fc.record({ weightStd: fc.double({ min: 0.1, max: 3, noNaN: true }), layers: fc.nat(4) });
    const net = ({ weightStd, layers }: { weightStd: number; layers: number }): Network =>
      serial(repeat(serial(dense({ weightStd, biasStd: 0.1 }), relu()), layers), dense({ weightStd })) as never;
    await fc.assert(
      fc.asyncProperty(fc.array(setting, { minLength: 1, maxLength: 4 }), async (settings) => {
        const nets: Record<string, Network> = Object.fromEntries(settings.map((s, i) => [`net.${i}`, net(s)]));
        const engine = engines[1]!;
        const found = await kernels(nets)(x, null, { get: both, engine });
        for (const [name, network] of Object.entries(nets)) {
          const alone = await kernel(network)(x, null, { get: both, engine });
          for (const quantity of both) expectClose(found[name]![quantity].data, alone[quantity].data, engine);
        }
      }),
      { seed: 1, numRuns: 20 },
    );
  });

  test("one quantity comes as a matrix for each name", async () => {
    const { pooled, linear } = await kernels(networks)(tokens, null, { get: "ntk" });
    expect([pooled.rows, linear.columns]).toEqual([13, 13]);
  });

  test("diagonals and tiles are those of the matrices", async () => {
    for (const engine of engines) {
      const k = kernels(networks);
      const whole = await k(tokens, null, { get: both, engine });
      const diagonal = await k.diagonal(tokens, { get: both, engine });
      for (const name of Object.keys(networks) as (keyof typeof networks)[])
        for (const quantity of both)
          expect([...diagonal[name][quantity]]).toEqual(
            Array.from({ length: 13 }, (_, i) => whole[name][quantity].data[14 * i]),
          );
      for await (const { rowFrom, columnFrom, values } of k.tiles(tokens, null, { get: ["ntk"], engine }))
        expect(values.flat.ntk![0]).toBe(whole.flat.ntk.data[13 * rowFrom + columnFrom]);
    }
  });

  test("no data, no rows", async () => {
    const { pooled } = await kernels(networks)(tokens, batch([0, 3, 2], []), { get: "nngp" });
    expect(pooled).toMatchObject({ rows: 13, columns: 0 });
  });
});

describe("depths", () => {
  const block = serial(dense({ weightStd: Math.SQRT2 }), relu());
  const net = serial(dense(), relu(), repeat(block, 4), dense());

  test("are networks with fewer copies of the block", () => {
    const all = depths(net);
    expect(Object.keys(all)).toEqual(["1", "2", "3", "4"]);
    expect(all["4"]).toEqual(net);
    expect(all["2"]).toEqual(serial(dense(), relu(), repeat(block, 2), dense()));
    expect(depths(repeat(block, 2))["1"]).toEqual(repeat(block, 1));
    expect(depths(serial(serial(repeat(block, 2)), dense()))["1"]).toEqual(serial(serial(repeat(block, 1)), dense()));
  });

  test("have the kernels of these networks", async () => {
    const x = randomBatch(6, [9, 3]);
    for (const engine of engines) {
      const found = await kernels(depths(net))(x, null, { get: both, engine });
      for (const [name, network] of Object.entries(depths(net))) {
        const alone = await kernel(network)(x, null, { get: both, engine });
        for (const quantity of both) expectClose(found[name]![quantity].data, alone[quantity].data, engine);
      }
    }
  });

  test.each([
    ["no repeats", serial(dense(), relu())],
    ["2 repeats", serial(repeat(block, 2), repeat(block, 3))],
    ["a repeat of 0 times", repeat(block, 0)],
  ])("%s is refused", (given, network) => {
    expect(() => depths(network as Network)).toThrow(
      `depths: got a network with ${given}, allowed is one repeat of 1 or more times, by itself or among the layers of serial(). Write the block`,
    );
  });
});

describe("explain", () => {
  const net = serial(repeat(serial(dense({ weightStd: Math.SQRT2, biasStd: 0.1 }), relu()), 30), dense());

  test("30 depths cost about as much as the deepest one", () => {
    const text = kernels(depths(net)).explain([1000, 784]);
    const [, share] = /30 networks in one pass: ([\d.]+) % of the/.exec(text)!;
    expect(Number(share)).toBeLessThan(10);
    const flops = (said: string): number => Number(/: ([\d.]+) Gflop in all/.exec(said)![1]);
    expect(flops(text)).toBeLessThan(1.5 * flops(kernel(net).explain([1000, 784])));
    expect(text).toMatch(/p0 +value +gram\(\)[^→\n]*\n/);
    for (const name of ["1", "17", "30"]) expect(text).toMatch(new RegExp(`^  p.* → ${name}\\.nngp$`, "m"));
  });
});

describe("what is refused", () => {
  test("no networks at all", () => {
    expect(() => kernels({})).toThrow(
      "kernels: got no networks, allowed is one network or more, as in { wide: net }. Give every network a name of its own.",
    );
  });

  test("a network that ends with positions, by its name", async () => {
    const wrong = kernels({ fine: networks.pooled, open: stem as never });
    const message = "kernels: open: got a network that ends with tokens (n, 3, ∞), Gaussian, allowed is";
    await expect(wrong(others, null, { get: "nngp" })).rejects.toThrow(message);
    await expect(wrong.diagonal(others, { get: ["nngp"] })).rejects.toThrow(message);
    expect(() => wrong.explain([2, 3, 2])).toThrow(message);
  });

  test("a misplaced layer, by the name of its network", async () => {
    const wrong = kernels({ fine: networks.pooled, bad: serial(globalAvgPool(), attention() as Network) as Network });
    await expect(wrong(others, null, { get: "nngp" })).rejects.toThrow(/^network\.bad\.layers\[1\]: attention/);
  });

  test("get, as for one network", async () => {
    const k = kernels(networks);
    const message = 'kernel: get: got ["ntk","ntk"], allowed is "nngp", "ntk", or a list of them.';
    await expect(k(others, null, { get: ["ntk", "ntk"] })).rejects.toThrow(message);
    expect(() => k.tiles(others, null, { get: ["ntk", "ntk"] })).toThrow(message);
  });
});
