/** @module Threads: when they are started, and what comes of those that fail. */
import { spawnSync } from "node:child_process";
import { fileURLToPath } from "node:url";
import { kernel, type Tile } from "lemniscate";
import { describe, expect, test } from "vitest";
import type { StartThread, Thread } from "../../dist/engines/wasm/messages.js";
import { startThread } from "../../dist/engines/wasm/platform/node.js";
import { openPool } from "../../dist/engines/wasm/pool.js";
import { wasmEngine } from "../../dist/engines/wasm/wasm.js";
import { attention, dense, elementwise, globalAvgPool, kernel as kernelOf, serial } from "../../dist/index.js";
import { compile } from "../../dist/program/compile.js";
import { totalFlops } from "../../dist/program/cost.js";
import { randomBatch } from "../conformance/random.js";
import { both, enginesOfThreads, long, mlp, transformer } from "./setting.js";

const engines = enginesOfThreads();

describe.each([
  ["threads", true],
  ["threads that share no memory", false],
])("%s", (_, shares) => {
  const x = randomBatch(11, [40, 6, 3]);
  const k = kernel(transformer);

  test("leave functions of users to the calling thread, and go on with what it made of them", async () => {
    const mish = elementwise({ name: "mish", fn: (x) => x * Math.tanh(Math.log1p(Math.exp(x))), maxVariance: 20 });
    const k = kernelOf(serial(dense(), attention({ weights: mish }), globalAvgPool(), dense()));
    const [wanted, ...found] = await Promise.all(
      [undefined, ...engines].map((engine) =>
        k(x, null, engine === undefined ? { get: "ntk", precision: "f64" } : { get: "ntk", engine }),
      ),
    );
    for (const { data } of found) expect(data).toEqual(wanted!.data);
  });

  test("names the tile at which a thread was killed, and goes on with a new one", async () => {
    const started: Thread[] = [];
    const start: StartThread = (index) => {
      const thread = startThread!(index);
      started.push(thread);
      return thread;
    };
    await using engine = wasmEngine({ precision: "f64", threads: 1, start, alone: 0, shares });
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
  });

  test("computes small jobs on the calling thread, the same bits, until they are many", async () => {
    let started = 0;
    const start: StartThread = (index) => {
      started++;
      return startThread!(index);
    };
    const program = compile(transformer, { grid: [6], channels: 3, gaussian: false }, { get: ["ntk"], masked: false });
    const alone = 5 * totalFlops(program, 40, null).all;
    await using engine = wasmEngine({ precision: "f64", threads: 2, start, alone, shares });
    const whole = (await k(x, null, { get: "ntk", engine: engines[1] })).data;
    const begun: number[] = [];
    for (let job = 0; job < 6; job++) {
      expect((await k(x, null, { get: "ntk", engine })).data).toEqual(whole);
      begun.push(started);
    }
    expect([begun[0], begun.at(-1)]).toEqual([0, 2]);
    const large = randomBatch(13, [300, 30, 8]);
    await using other = wasmEngine({
      precision: "f64",
      threads: 2,
      start,
      alone: Number.POSITIVE_INFINITY,
      shares,
    });
    const signal = AbortSignal.timeout(60);
    await expect(k(large, null, { get: both, engine: other, signal })).rejects.toThrow("timeout");
    // Whoever reads the tiles of one job may ask for another, and what was aborted holds nobody up.
    for await (const { rowTo } of k.tiles(x, null, { get: both, engine: other }))
      if (rowTo === 40) expect((await k(x, null, { get: "ntk", engine: other })).data).toEqual(whole);
    expect(started).toBe(2);
  });

  test("tells what was thrown in its threads, again and again", async () => {
    const pool = openPool(2, startThread, undefined, shares);
    const program = { get: [], output: { grid: [] } };
    const layout = { lengths: [1, 2], scratch: 8, bytes: 65536 };
    const memory = new WebAssembly.Memory({ initial: 1, maximum: 1, shared: shares });
    const broken = { layout, memory, lowered: { program }, format: { bytes: 8 } } as never;
    const tile: Tile = { rowFrom: 0, rowTo: 1, columnFrom: 0, columnTo: 1 };
    const run = async (): Promise<void> => {
      for await (const _ of pool.run(async () => broken, [tile], true));
    };
    for (let times = 0; times < 2; times++) await expect(run()).rejects.toThrow("WebAssembly");
    await pool.close();
  });

  test("lets a program end, even stopped midway and never closed", () => {
    const script = `
      import { attention, batch, dense, globalAvgPool, kernel, relu, serial } from "lemniscate";
      import { wasmEngine } from "./dist/engines/wasm/wasm.js";
      const engine = wasmEngine({ precision: "f64", threads: 2, shares: ${shares} });
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
