/** @module Threads that draw random networks: the same bits whatever their number, and what comes of those that fail. */
import { spawnSync } from "node:child_process";
import { fileURLToPath } from "node:url";
import { dense, type Network, networkFromData, serial } from "lemniscate";
import { describe, expect, test } from "vitest";
import type { Thread } from "../../dist/engines/wasm/messages.js";
import { startDrawer } from "../../dist/engines/wasm/platform/node.js";
import { type DrawingOptions, drawEach } from "../../dist/finite/drawing.js";
import type { Drawn, Networks } from "../../dist/finite/kernels-of-one.js";
import type { FromDrawer, ToDrawer } from "../../dist/finite/thread.js";
import { attention } from "../../dist/network/layers/attention.js";
import { closedForm } from "../../dist/network/layers/closed-form.js";
import { elementwise } from "../../dist/network/layers/elementwise.js";
import { randomBatch } from "../conformance/random.js";

const transformer = networkFromData({
  type: "serial",
  layers: [
    { type: "dense" },
    { type: "residual", layers: [{ type: "layerNorm" }, { type: "attention", scaling: "sqrt" }] },
    { type: "dropout", drop: 0.2 },
  ],
});
const tokens = randomBatch(1, [2, 3, 4], [1, 1, 1, 1, 1, 0]);
const about = (network: Network = transformer, width = 6): Networks => ({
  network,
  x1: tokens,
  x2: randomBatch(2, [1, 3, 4]),
  options: { width, heads: 2, seed: 5 },
  get: ["nngp", "ntk"],
});

/** Networks from the second on drawn by threads, and the threads that were started. */
function course(networks: Networks, count: number, options: DrawingOptions) {
  const started: Thread<ToDrawer, FromDrawer>[] = [];
  const start = (): Thread<ToDrawer, FromDrawer> => {
    const thread = startDrawer!<ToDrawer, FromDrawer>();
    started.push(thread);
    return thread;
  };
  return { drawn: drawEach(networks, count, { start, alone: 0, ...options }), started };
}

async function all(of: AsyncIterable<Drawn>): Promise<Drawn[]> {
  const found: Drawn[] = [];
  for await (const one of of) found.push(one);
  return found;
}

describe("threads that draw networks", () => {
  test("give each the bits that it has on the calling thread, in order, whatever their number", async () => {
    const one = await all(drawEach(about(), 90, { threads: 1, start: null }));
    expect(one.length).toBe(90);
    expect(new Set(one.map(({ ntk }) => ntk!.data.reduce((a, b) => a + b))).size).toBe(90);
    const { drawn, started } = course(about(), 90, { threads: 3 });
    expect(await all(drawn)).toEqual(one);
    expect(started.length).toBe(3);
  });

  test("are not started for few networks, nor for functions that they do not know", async () => {
    const { drawn, started } = course(about(), 5, { threads: 2, alone: Number.POSITIVE_INFINITY });
    expect((await all(drawn)).length).toBe(5);
    const cube = closedForm({
      name: "cube of the drawers",
      fn: (x) => x ** 3,
      covariance: (_, __, pq) => pq,
      derivative: (_, __, pq) => pq,
    });
    const bend = elementwise({ name: "bend of the drawers", fn: (x) => Math.atan(x), tolerance: 1e-2 });
    for (const own of [cube, bend, attention({ weights: cube }), attention({ weights: bend })]) {
      const network = networkFromData({ type: "repeat", layer: serial(dense(), own), times: 2 });
      expect((await all(course(about(network), 4, { threads: 2, start: refuse }).drawn)).length).toBe(4);
    }
    expect(started).toEqual([]);
  });

  test("that die or fail are an error, and those after them go on", async () => {
    const killed = course(about(transformer, 40), 4000, { threads: 2 });
    setTimeout(() => killed.started[1]!.stop(), 300);
    await expect(all(killed.drawn)).rejects.toThrow(
      /^monteCarloKernel: got a thread that failed: it ended with code \d, allowed is threads that live/,
    );
    const failing = course(about(), 2000, {
      threads: 2,
      start: () => {
        const thread = startDrawer!<ToDrawer, FromDrawer>();
        return { ...thread, post: (message) => thread.post(message.kind === "draw" ? message : (null as never)) };
      },
    });
    await expect(all(failing.drawn)).rejects.toThrow(/^monteCarloKernel: got a thread that failed: .*null/);
    let [begun, ended] = [0, 0];
    const scarce = course(about(), 2000, {
      threads: 3,
      start: () => {
        if (begun++ === 2) throw new Error("no third thread");
        const thread = startDrawer!<ToDrawer, FromDrawer>();
        const stop = () => {
          ended++;
          return thread.stop();
        };
        return { ...thread, stop };
      },
    });
    await expect(all(scarce.drawn)).rejects.toThrow("no third thread");
    expect(ended).toBe(2);
    expect((await all(course(about(), 20, { threads: 2 }).drawn)).length).toBe(20);
  });

  test("stop when somebody aborts or leaves, and draw no further ahead than is read", async () => {
    const stop = new AbortController();
    const aborted = course(about(transformer, 40), 4000, { threads: 2, signal: stop.signal });
    setTimeout(() => stop.abort(new Error("enough")), 300);
    await expect(all(aborted.drawn)).rejects.toThrow("enough");
    let highest = 0;
    const left = course(about(), 100_000, {
      threads: 2,
      start: () => {
        const thread = startDrawer!<ToDrawer, FromDrawer>();
        const post = (message: ToDrawer): void => {
          if (message.kind === "draw") highest = Math.max(highest, message.to);
          thread.post(message);
        };
        return { ...thread, post };
      },
    });
    let read = 0;
    for await (const _ of left.drawn) if (++read === 3) break;
    expect(highest).toBeGreaterThan(3);
    expect(highest).toBeLessThan(5000);
  });

  test("let a program end that reads no further", () => {
    const script = `
      import { attention, batch, dense, serial } from "lemniscate";
      import { monteCarloKernel } from "lemniscate/finite";
      const x = batch([2, 3, 2], [1, 0, 0, 1, 1, 1, 0.5, 0, 2, 0, 1, 1]);
      const k = monteCarloKernel(serial(dense(), attention()), { width: 64, heads: 4, samples: 9000, threads: 2 });
      const run = k.running(x, null, { get: ["nngp"] })[Symbol.asyncIterator]();
      for (let i = 0; i < 100; i++) await run.next();
      console.log("done");
    `;
    const { stdout, stderr, status } = spawnSync(process.execPath, ["--input-type=module", "-e", script], {
      cwd: fileURLToPath(new URL("../../", import.meta.url)),
      encoding: "utf8",
      timeout: 30_000,
    });
    expect({ stdout, stderr, status }).toEqual({ stdout: "done\n", stderr: "", status: 0 });
  });
});

function refuse(): never {
  throw new Error("a thread was started");
}
