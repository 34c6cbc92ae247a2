import { spawnSync } from "node:child_process";
import { fileURLToPath } from "node:url";
import {
  attention,
  type Batch,
  batch,
  dense,
  dropout,
  type Engine,
  gelu,
  globalAvgPool,
  kernel,
  layerNorm,
  type Network,
  openEngine,
  relu,
  residual,
  serial,
  type Tile,
} from "lemniscate";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { lower } from "../../dist/engines/wasm/lower.js";
import type { StartThread, Thread } from "../../dist/engines/wasm/messages.js";
import { startThread } from "../../dist/engines/wasm/platform/node.js";
import { openPool } from "../../dist/engines/wasm/pool.js";
import { wasmEngine } from "../../dist/engines/wasm/wasm.js";
import { compile } from "../../dist/program/compile.js";
import { totalFlops } from "../../dist/program/cost.js";
import { difference, random, randomBatch } from "../conformance/random.js";

const both = ["nngp", "ntk"] as const;
const mlp = serial(dense({ biasStd: 0.3 }), relu(), dense({ biasStd: 0.1 }), gelu(), dense());
const transformer = serial(
  dense({ biasStd: 0.2 }),
  residual(layerNorm(), attention({ keyStd: 1.3, biasStd: 0.1, position: { decay: "exponential", power: 1 } })),
  residual(layerNorm(), dense(), relu(), dense()),
  dropout({ drop: 0.1 }),
  globalAvgPool(),
  dense(),
);
const mixing = serial(dense(), attention(), relu(), globalAvgPool(), dense());

let reference: Engine;
let engines: readonly Engine[];
beforeAll(async () => {
  reference = await openEngine({ name: "reference" });
  engines = [1, 2, 3].map((threads) => wasmEngine({ precision: "f64", threads, alone: 0 }));
});
afterAll(async () => {
  for (const engine of engines) await engine[Symbol.asyncDispose]();
});

/** Sequences of all lengths from none to S, some with holes. */
function ragged(seed: number, n: number, S: number, d: number): Batch {
  const { integer, uniform } = random(seed);
  const mask = Array.from({ length: n }, () => integer(S + 1)).flatMap((length) =>
    Array.from({ length: S }, (_, s) => (s < length && uniform() < 0.9 ? 1 : 0)),
  );
  return randomBatch(seed, [n, S, d], mask);
}

/** A tile that takes minutes, longer than a test may. */
const long = {
  x: randomBatch(20, [64, 256, 2]),
  program: compile(
    serial(dense(), attention(), relu(), attention(), relu(), globalAvgPool(), dense()),
    { grid: [256], channels: 2, gaussian: false },
    { get: ["ntk"], masked: false },
  ),
  tile: { rowFrom: 0, rowTo: 64, columnFrom: 0, columnTo: 64 },
};

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

  test("single precision keeps four digits", async () => {
    await using engine = await openEngine({ threads: 2, precision: "f32" });
    for (const [, net, x1, x2] of cases) {
      const wanted = await kernel(net as never)(x1, x2, { get: both, engine: reference });
      const found = await kernel(net as never)(x1, x2, { get: both, engine });
      for (const quantity of both) expect(difference(found[quantity].data, wanted[quantity].data)).toBeLessThan(1e-4);
    }
  });
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

describe("an engine", () => {
  const x = randomBatch(11, [40, 6, 3]);
  const k = kernel(transformer);

  test("serves several at once", async () => {
    const engine = engines[1]!;
    const y = randomBatch(12, [30, 6, 3]);
    const [a, b, c, d] = await Promise.all([
      k(x, null, { get: "ntk", engine }),
      k(y, null, { get: "ntk", engine }),
      k(x, y, { get: "ntk", engine }),
      k.diagonal(x, { get: ["ntk"], engine }),
    ]);
    expect(a.data).toEqual((await k(x, null, { get: "ntk", engine })).data);
    expect(b.data).toEqual((await k(y, null, { get: "ntk", engine })).data);
    expect(c.data).toEqual((await k(x, y, { get: "ntk", engine })).data);
    expect([...d.ntk]).toEqual([...a.data].filter((_, i) => i % 41 === 0));
  });

  test("may be asked for another kernel while tiles are read", async () => {
    const engine = engines[1]!;
    let count = 0;
    for await (const { rowFrom } of kernel(mlp).tiles(randomBatch(14, [300, 3]), null, { get: ["nngp"], engine })) {
      count++;
      if (rowFrom === 0) await k.diagonal(x, { get: ["nngp"], engine });
    }
    expect(count).toBe(6);
  });

  test("stops when it is told to, and goes on with other work", async () => {
    const large = randomBatch(13, [300, 30, 8]);
    for (const engine of [reference, ...engines]) {
      const controller = new AbortController();
      setTimeout(() => controller.abort(new Error("enough")), 100);
      await expect(k(large, null, { get: both, engine, signal: controller.signal })).rejects.toThrow("enough");
      expect((await k(batch([1, 1, 3], [1, 2, 3]), null, { get: "nngp", engine })).rows).toBe(1);
    }
  });

  test("stops at a signal within a tile, and can be used again", async () => {
    const { x, program, tile } = long;
    const controller = new AbortController();
    const job = engines[1]!.tiles(program, x, null, [tile], { signal: controller.signal });
    setTimeout(() => controller.abort(new Error("enough")), 300);
    await expect(job[Symbol.asyncIterator]().next()).rejects.toThrow("enough");
    const small = await kernel(mlp)(randomBatch(21, [3, 2]), null, { get: "nngp", engine: engines[1] });
    expect(small.rows).toBe(3);
  }, 20_000);

  test("names the tile at which a thread was killed, and goes on with a new one", async () => {
    const started: Thread[] = [];
    const start: StartThread = (index) => {
      const thread = startThread!(index);
      started.push(thread);
      return thread;
    };
    await using engine = wasmEngine({ precision: "f64", threads: 1, start, alone: 0 });
    const { x, program, tile } = long;
    const first: Tile = { rowFrom: 0, rowTo: 1, columnFrom: 0, columnTo: 1 };
    const job = engine.tiles(program, x, null, [first, tile])[Symbol.asyncIterator]();
    expect((await job.next()).value.values["ntk"].length).toBe(1);
    setTimeout(() => started[0]!.stop(), 200);
    await expect(job.next()).rejects.toThrow(
      /^wasm engine: tile \[0, 64\) × \[0, 64\): got a thread that failed: it ended with code 1, .* 1 of 2 tiles were/,
    );
    const small = await kernel(mlp)(randomBatch(21, [3, 2]), null, { get: "nngp", engine });
    expect([small.rows, started.length]).toEqual([3, 2]);
  }, 20_000);

  test("computes small jobs on the calling thread, the same bits, until they are many", async () => {
    let started = 0;
    const start: StartThread = (index) => {
      started++;
      return startThread!(index);
    };
    const program = compile(transformer, { grid: [6], channels: 3, gaussian: false }, { get: ["ntk"], masked: false });
    const alone = 5 * totalFlops(program, 40, null).all;
    await using engine = wasmEngine({ precision: "f64", threads: 2, start, alone });
    const whole = (await k(x, null, { get: "ntk", engine: engines[1] })).data;
    const begun: number[] = [];
    for (let job = 0; job < 6; job++) {
      expect((await k(x, null, { get: "ntk", engine })).data).toEqual(whole);
      begun.push(started);
    }
    expect([begun[0], begun.at(-1)]).toEqual([0, 2]);
    const large = randomBatch(13, [300, 30, 8]);
    await using other = wasmEngine({ precision: "f64", threads: 2, start, alone: Number.POSITIVE_INFINITY });
    const signal = AbortSignal.timeout(60);
    await expect(k(large, null, { get: both, engine: other, signal })).rejects.toThrow("timeout");
    // Whoever reads the tiles of one job may ask for another, and what was aborted holds nobody up.
    for await (const { rowTo } of k.tiles(x, null, { get: both, engine: other }))
      if (rowTo === 40) expect((await k(x, null, { get: "ntk", engine: other })).data).toEqual(whole);
    expect(started).toBe(2);
  });

  test("makes no more tiles ahead of a slow reader than a few a thread", async () => {
    let received = 0;
    const start: StartThread = (index) => {
      const thread = startThread!(index);
      const listen: Thread["listen"] = (receive, fail) =>
        thread.listen((message) => {
          if (message.kind === "tile") received++;
          receive(message);
        }, fail);
      return { ...thread, listen };
    };
    await using engine = wasmEngine({ precision: "f64", threads: 2, start, alone: 0 });
    const x = randomBatch(22, [60, 2]);
    const program = compile(mlp, { grid: [], channels: 2, gaussian: false }, { get: ["nngp"], masked: false });
    const tiles = Array.from({ length: 60 }, (_, e) => ({ rowFrom: e, rowTo: e + 1, columnFrom: e, columnTo: e + 1 }));
    let read = 0;
    for await (const _ of engine.tiles(program, x, null, tiles)) {
      read++;
      if (read < 20) await new Promise((resolve) => setTimeout(resolve, 5));
      // Those that may be unread, and the one that each thread made before it looked.
      expect(received - read).toBeLessThanOrEqual(2 * 4 + 2);
    }
    expect([read, received]).toEqual([60, 60]);
  });

  test("tells what was thrown in its threads, again and again", async () => {
    const pool = openPool(2, startThread);
    const program = { get: [], output: { grid: [] } };
    const broken = { layout: { lengths: [1, 2] }, lowered: { program }, format: { bytes: 8 } } as never;
    const run = async (): Promise<void> => {
      for await (const _ of pool.run(async () => broken, [], true));
    };
    for (let times = 0; times < 2; times++) await expect(run()).rejects.toThrow("WebAssembly");
    await pool.close();
  });

  test("can be closed twice, and be used again", async () => {
    const engine = await openEngine({ threads: 2 });
    await engine[Symbol.asyncDispose]();
    const before = (await k(x, null, { get: "nngp", engine })).data;
    await engine[Symbol.asyncDispose]();
    await engine[Symbol.asyncDispose]();
    expect((await k(x, null, { get: "nngp", engine })).data).toEqual(before);
    await engine[Symbol.asyncDispose]();
  });

  test("uses memory again, and nothing of an earlier job shows", async () => {
    // The first job leaves numbers everywhere; the second is smaller, with holes and short examples.
    const rest = batch([2, 3, 2], [1, 2, 3, 4, 5, 6, 7, 8, 9, 1, 2, 3], [1, 0, 1, 1, 0, 0]);
    const before = batch(
      [6, 9, 4],
      Array.from({ length: 216 }, (_, i) => 1e3 * Math.sin(i)),
    );
    const net = serial(dense({ biasStd: 1 }), attention(), relu(), globalAvgPool(), dense());
    await using used = await openEngine({ threads: 2 });
    await using fresh = await openEngine({ threads: 2 });
    await kernel(net)(before, null, { get: both, engine: used });
    const options = { get: both } as const;
    expect(await kernel(net)(rest, null, { ...options, engine: used })).toEqual(
      await kernel(net)(rest, null, { ...options, engine: fresh }),
    );
    expect(await kernel(net).diagonal(rest, { ...options, engine: used })).toEqual(
      await kernel(net).diagonal(rest, { ...options, engine: fresh }),
    );
  });

  test("lets a program end, even stopped midway and never closed", () => {
    const script = `
      import { attention, batch, dense, globalAvgPool, kernel, openEngine, relu, serial } from "lemniscate";
      const engine = await openEngine({ threads: 2 });
      const x = batch([400, 30, 8], Array.from({ length: 400 * 240 }, (_, i) => Math.sin(i * i)));
      const k = kernel(serial(attention(), relu(), globalAvgPool(), dense()));
      const signal = AbortSignal.timeout(50);
      await k(x, null, { get: "nngp", engine, signal }).catch((error) => console.log(error.name));
      for await (const tile of k.tiles(x, null, { get: ["nngp"], engine })) break;
      await k(batch([1, 1, 8], x.data.slice(0, 8)), null, { get: "nngp", engine });
      console.log("done");
    `;
    const { stdout, stderr, status } = spawnSync(process.execPath, ["--input-type=module", "-e", script], {
      cwd: fileURLToPath(new URL("../../", import.meta.url)),
      encoding: "utf8",
      timeout: 30_000,
    });
    expect({ stdout, stderr, status }).toEqual({ stdout: "TimeoutError\ndone\n", stderr: "", status: 0 });
  });
});

describe("openEngine", () => {
  test.each([
    [{ name: "gpu" }, 'openEngine: name: got "gpu", allowed is "wasm" or "reference". Leave it out for the fast one.'],
    [{ precision: "f16" }, 'openEngine: precision: got "f16", allowed is "f64" or "f32". Leave it out for double.'],
    [
      { threads: 0 },
      "openEngine: threads: got 0, allowed is a whole number from 1 to 256. Leave it out to use every core.",
    ],
    [
      { threads: 1.5 },
      "openEngine: threads: got 1.5, allowed is a whole number from 1 to 256. Leave it out to use every core.",
    ],
    [
      { name: "reference", precision: "f32" },
      'openEngine: precision of "reference": got "f32", allowed is "f64". Use name: "wasm" for single precision.',
    ],
  ])("refuses %j", async (options, message) => {
    await expect(openEngine(options as never)).rejects.toThrow(message);
  });

  test("says what was opened", async () => {
    await using engine = await openEngine({ threads: 2, precision: "f32" });
    expect([engine.name, engine.precision, engine.threads]).toEqual(["wasm", "f32", 2]);
    expect([reference.name, reference.precision, reference.threads]).toEqual(["reference", "f64", 1]);
  });
});
