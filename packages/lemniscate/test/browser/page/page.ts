/** @module What the page can do, for the test to call. */
import { batch, dense, kernel, openEngine, relu, serial } from "lemniscate";
import { compute, computeOn, paths } from "./cases.js";

/** A kernel of many tiles. */
const many = { network: serial(dense(), relu(), dense()), x: batch([600, 3], new Float64Array(1800).fill(0.5)) };

/** Aborts a computation at its first tile and says what came of it, and what the engine computes next. */
async function abort() {
  await using engine = await openEngine();
  const controller = new AbortController();
  let tiles = 0;
  const refused = await refusal(async () => {
    const options = { get: ["nngp"], engine, signal: controller.signal } as const;
    for await (const _ of kernel(many.network).tiles(many.x, null, options))
      if (++tiles === 1) controller.abort(new Error("stopped by hand"));
  });
  return { refused, tiles, next: await computeOn(engine, "dense") };
}

/** Starts a worker that fails before its first piece, and says what came of it, and what the engine computes next. */
async function breakWorker() {
  const Ordinary = globalThis.Worker;
  let started = 0;
  globalThis.Worker = class extends Ordinary {
    constructor(...args: ConstructorParameters<typeof Worker>) {
      super(...args);
      // No message of the engine's: the thread fails outside of what it catches.
      if (started++ === 0) this.postMessage(null);
    }
  };
  try {
    await using engine = await openEngine();
    // More than the calling thread does by itself
    const large = batch([1500, 100], new Float64Array(150_000).fill(0.5));
    const refused = await refusal(async () => void (await kernel(many.network)(large, null, { get: "nngp", engine })));
    return { refused, started, next: await computeOn(engine, "dense") };
  } finally {
    globalThis.Worker = Ordinary;
  }
}

async function refusal(run: () => Promise<void>): Promise<string> {
  try {
    await run();
    return "not refused";
  } catch (error) {
    return (error as Error).message;
  }
}

const page = { compute, paths, abort, breakWorker };
Object.assign(globalThis, { page });

export type Page = typeof page;
