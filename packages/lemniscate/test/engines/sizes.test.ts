/** @module Tiles of any size, in any order, on any number of threads: the same numbers. */
import {
  attention,
  type Batch,
  dense,
  type Engine,
  globalAvgPool,
  kernel,
  type Network,
  openEngine,
  relu,
  serial,
  type Tile,
} from "lemniscate";
import { describe, expect, test } from "vitest";
import { lower } from "../../dist/engines/wasm/lower.js";
import { wasmEngine } from "../../dist/engines/wasm/wasm.js";
import { compile } from "../../dist/program/compile.js";
import { difference, randomBatch } from "../conformance/random.js";
import { both, enginesOfThreads, mixing, mlp, ragged, reference, transformer } from "./setting.js";

const engines = enginesOfThreads();

describe("sizes that fit into no tile", () => {
  const cases: readonly [string, Network, Batch, Batch | null][] = [
    ["features, more than a tile", mlp, randomBatch(1, [131, 5]), null],
    ["features, two batches", mlp, randomBatch(1, [129, 3]), randomBatch(2, [7, 3])],
    ["one example", mlp, randomBatch(1, [1, 3]), null],
    ["one example of one token of one channel", transformer, randomBatch(1, [1, 1, 1]), null],
    ["odd lengths", transformer, ragged(3, 11, 7, 3), null],
    ["odd lengths, two batches", transformer, ragged(4, 9, 13, 2), ragged(5, 5, 13, 2)],
    ["long sequences", transformer, ragged(6, 3, 37, 5), null],
    ["an odd number of channels", mlp, randomBatch(7, [6, 67]), null],
    ["positions of many channels", transformer, ragged(12, 9, 13, 19), ragged(13, 5, 13, 19)],
    ["positions of many channels, mixed before products", mixing, ragged(14, 9, 13, 19), ragged(15, 5, 13, 19)],
    [
      "features, some masked",
      mlp,
      randomBatch(
        11,
        [40, 3],
        Array.from({ length: 40 }, (_, n) => (n % 3 === 1 ? 0 : 1)),
      ),
      null,
    ],
    ["more channels than are summed at once", mlp, randomBatch(8, [50, 203]), randomBatch(9, [49, 203])],
  ];
  test.each(cases)("%s", async (_, net, x1, x2) => {
    const k = kernel(net as never);
    const wanted = await k(x1, x2, { get: both, engine: reference });
    const [one, ...others] = await Promise.all(engines.map((engine) => k(x1, x2, { get: both, engine })));
    for (const quantity of both) {
      expect(difference(one![quantity].data, wanted[quantity].data)).toBeLessThan(quantity === "nngp" ? 1e-13 : 1e-8);
      for (const other of others) expect(other[quantity].data).toEqual(one![quantity].data);
    }
  });

  test("tiles may begin anywhere, also within a panel of features", async () => {
    const x = randomBatch(10, [60, 5]);
    const program = compile(mlp, { grid: [], channels: 5, gaussian: false }, { get: ["nngp"], masked: false });
    const whole = (await kernel(mlp)(x, null, { get: "nngp", engine: engines[1] })).data;
    const tiles: Tile[] = [
      { rowFrom: 5, rowTo: 30, columnFrom: 29, columnTo: 55 },
      { rowFrom: 47, rowTo: 60, columnFrom: 47, columnTo: 60 },
      { rowFrom: 59, rowTo: 60, columnFrom: 1, columnTo: 2 },
    ];
    for await (const { tile, values } of engines[1]!.tiles(program, x, null, tiles)) {
      const width = tile.columnTo - tile.columnFrom;
      const wanted = values["nngp"]!.map((_, n) => {
        const [i, j] = [tile.rowFrom + Math.floor(n / width), tile.columnFrom + (n % width)];
        return whole[i * 60 + j]!;
      });
      expect(values["nngp"]).toEqual(wanted);
    }
  });

  test("come out the same, bit by bit, where there are no threads", async () => {
    await using alone = wasmEngine({ precision: "f64", start: null });
    for (const [, net, x1, x2] of cases) {
      const k = kernel(net as never);
      const found = await k(x1, x2, { get: both, engine: alone });
      const wanted = await k(x1, x2, { get: both, engine: engines[0] });
      for (const quantity of both) expect(found[quantity].data).toEqual(wanted[quantity].data);
    }
  });

  test.each(["f64", "f32"] as const)(
    "come out the same, bit by bit, where vectors are paired: %s",
    async (precision) => {
      await using one = wasmEngine({ precision, start: null });
      await using two = wasmEngine({ precision, start: null, paired: true });
      for (const [, net, x1, x2] of cases) {
        const found = await kernel(net as never)(x1, x2, { get: both, engine: two });
        const wanted = await kernel(net as never)(x1, x2, { get: both, engine: one });
        for (const quantity of both) expect(found[quantity].data).toEqual(wanted[quantity].data);
      }
    },
  );

  test("single precision keeps four digits", async () => {
    await using engine = await openEngine({ threads: 2, precision: "f32" });
    for (const [, net, x1, x2] of cases) {
      const wanted = await kernel(net as never)(x1, x2, { get: both, engine: reference });
      const found = await kernel(net as never)(x1, x2, { get: both, engine });
      for (const quantity of both) expect(difference(found[quantity].data, wanted[quantity].data)).toBeLessThan(1e-4);
    }
  });
});

test("the order and the shape of tiles change no bit", async () => {
  const x = ragged(8, 10, 5, 3);
  const program = compile(transformer, { grid: [5], channels: 3, gaussian: false }, { get: both, masked: true });
  const entries = async (engine: Engine, tiles: readonly Tile[]): Promise<Float64Array> => {
    const found = new Float64Array(100).fill(Number.NaN);
    for await (const { tile, values } of engine.tiles(program, x, null, tiles))
      for (let i = tile.rowFrom; i < tile.rowTo; i++)
        for (let j = tile.columnFrom; j < tile.columnTo; j++)
          found[i * 10 + j] =
            values.ntk![(i - tile.rowFrom) * (tile.columnTo - tile.columnFrom) + j - tile.columnFrom]!;
    return found;
  };
  const cut = (step: number): Tile[] => {
    const edges = Array.from(
      { length: Math.ceil(10 / step) },
      (_, i) => [i * step, Math.min(10, (i + 1) * step)] as const,
    );
    return edges.flatMap(([rowFrom, rowTo]) =>
      edges
        .filter(([from]) => from >= rowFrom)
        .map(([columnFrom, columnTo]) => ({ rowFrom, rowTo, columnFrom, columnTo })),
    );
  };
  const upper = (values: Float64Array): number[] => [...values].filter((_, k) => k % 10 >= Math.floor(k / 10));
  for (const engine of [reference, engines[2]!]) {
    const whole = upper(await entries(engine, cut(10)));
    for (const step of [1, 3, 4]) expect(upper(await entries(engine, cut(step).reverse()))).toEqual(whole);
    const single = await engine.self(program, x);
    for (let i = 0; i < 10; i++) expect(single.ntk![i]).toBe((await entries(engine, cut(10)))[i * 11]);
  }
});

test("blocks of an example that only its pair with itself reads are not kept for it", () => {
  const net = serial(dense(), attention(), relu(), attention(), relu(), globalAvgPool());
  const shape = { grid: [5], channels: 3, gaussian: false };
  const forms = (self: boolean): string[] => {
    const { tape, program } = lower(compile(net, shape, { get: both, masked: false, self }));
    return tape.map((step) => program.example[step]!.form).filter((form) => form !== "value");
  };
  expect(forms(true)).toEqual(forms(false));
  expect(forms(true)).not.toContain("block");
});
