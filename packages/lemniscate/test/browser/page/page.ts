/** @module What the page can do, for the test to call. */
import { batch, dense, kernel, openEngine, relu, serial } from "lemniscate";
import { compute, computeOn, networks as mean, paths } from "./cases.js";

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

/** Does something, and tells of every worker that is started for it. */
async function watched<T>(tell: (worker: Worker) => void, run: () => Promise<T>): Promise<T> {
  const Ordinary = globalThis.Worker;
  globalThis.Worker = class extends Ordinary {
    constructor(...args: ConstructorParameters<typeof Worker>) {
      super(...args);
      tell(this);
    }
  };
  try {
    return await run();
  } finally {
    globalThis.Worker = Ordinary;
  }
}

/** The mean over random networks, and how many workers drew them. */
async function networks() {
  let started = 0;
  const nngp = await watched(() => void started++, mean);
  return { nngp, started };
}

/** Starts a worker that fails before its first piece, and says what came of it, and what the engine computes next. */
async function breakWorker() {
  let started = 0;
  const tell = (worker: Worker): void => {
    // No message of the engine's: the thread fails outside of what it catches.
    if (started++ === 0) worker.postMessage(null);
  };
  return await watched(tell, async () => {
    await using engine = await openEngine();
    // More than the calling thread does by itself
    const large = batch([1500, 100], new Float64Array(150_000).fill(0.5));
    const refused = await refusal(async () => void (await kernel(many.network)(large, null, { get: "nngp", engine })));
    return { refused, started, next: await computeOn(engine, "dense") };
  });
}

async function refusal(run: () => Promise<void>): Promise<string> {
  try {
    await run();
    return "not refused";
  } catch (error) {
    return (error as Error).message;
  }
}

const page = { compute, paths, networks, abort, breakWorker };
Object.assign(globalThis, { page });

export type Page = typeof page;
