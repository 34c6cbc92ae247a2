/** @module Jobs of one engine: beside and after one another, stopped, read slowly. */
import {
  attention,
  batch,
  dense,
  globalAvgPool,
  kernel,
  networkFromData,
  openEngine,
  positionKernel,
  relu,
  serial,
} from "lemniscate";
import { describe, expect, test } from "vitest";
import type { StartThread, Thread } from "../../dist/engines/wasm/messages.js";
import { startThread } from "../../dist/engines/wasm/platform/node.js";
import { wasmEngine } from "../../dist/engines/wasm/wasm.js";
import { compile } from "../../dist/program/compile.js";
import { difference, randomBatch } from "../conformance/random.js";
import { both, enginesOfThreads, long, mlp, reference, transformer } from "./setting.js";

const engines = enginesOfThreads();

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

  test.each(["f32", "f64"] as const)("leaves nothing to later ones, in %s", async (precision) => {
    // Windows on images leave words of ones behind, which are NaN where numbers are read.
    const windows = networkFromData({
      type: "serial",
      layers: [
        { type: "conv", filter: [3, 3], padding: "same" },
        { type: "relu" },
        { type: "conv", filter: [3, 3], padding: "circular" },
      ],
    });
    const masked = ["softmax", "sparsemax", "relu"].map((weights) =>
      networkFromData({ type: "attention", weights, mask: "causal" }),
    );
    for (let S = 3; S < 14; S++) {
      await using engine = await openEngine({ precision });
      for (const net of masked) {
        await positionKernel(windows)(randomBatch(S, [1, 4, 4, 3]), null, { get: ["nngp"], engine });
        const x = randomBatch(S, [1, S, 1]);
        const [found, wanted] = await Promise.all(
          [engine, reference].map((by) => positionKernel(net)(x, null, { get: ["nngp"], engine: by })),
        );
        expect(difference(found!.nngp, wanted!.nngp)).toBeLessThan(precision === "f32" ? 1e-5 : 1e-13);
      }
    }
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
});
