import { availableParallelism } from "node:os";
import { Worker } from "node:worker_threads";
import type { Batch } from "../../core/batch.js";
import { LemniscateError } from "../../core/errors.js";
import type { Program } from "../../program/program.js";
import type { Engine, Precision, Tile, TileResult } from "../engine.js";
import { constantsAt, fillMemory, layoutOf } from "./layout.js";
import { lower } from "./lower.js";
import { Counter, type FromWorker, type ToWorker } from "./messages.js";
import { generate } from "./module.js";
import { Runner, type Setup } from "./runner.js";
import { switchOnRelaxedSimd } from "./switch-on.js";
import { formatOf } from "./vector.js";

const page = 65536;
/** WebAssembly addresses 4 GiB. */
const largestMemory = 65536 * page;

export interface WasmOptions {
  readonly precision: Precision;
  readonly threads?: number | undefined;
}

/**
 * The fast engine: WebAssembly with SIMD, made at run time for one program, on worker threads that share memory.
 * Results do not depend on the number of threads.
 */
export function wasmEngine({ precision, threads = availableParallelism() }: WasmOptions): Engine {
  const format = formatOf(precision, switchOnRelaxedSimd());
  const pool = new Pool(threads, format.fma);
  const prepare = async (
    program: Program,
    batches: readonly Batch[],
    tileSize: number,
    workers: number,
  ): Promise<Setup> => {
    const lowered = lower(program);
    const code = generate(lowered, format, true);
    const layout = layoutOf(lowered, format, code.constants.length, batches, tileSize, workers);
    if (layout.bytes > largestMemory) throw tooLarge(layout.bytes);
    const pages = Math.ceil(layout.bytes / page);
    const memory = new WebAssembly.Memory({ initial: pages, maximum: 65536, shared: true });
    new Uint8Array(memory.buffer).set(code.constants, constantsAt);
    fillMemory(layout, format, memory.buffer, batches);
    return { lowered, layout, format, module: await WebAssembly.compile(code.bytes), memory };
  };
  return {
    name: "wasm",
    precision,
    threads,
    async *tiles(program, a, b, tiles, { signal } = {}) {
      signal?.throwIfAborted();
      const tileSize = tiles.reduce((max, t) => Math.max(max, t.rowTo - t.rowFrom, t.columnTo - t.columnFrom), 1);
      const setup = await prepare(program, b === null ? [a] : [a, b], tileSize, threads);
      yield* pool.run(setup, tiles, b === null, signal);
    },
    async self(program, a, { signal } = {}) {
      signal?.throwIfAborted();
      const runner = new Runner(await prepare(program, [a], 1, 1), 0);
      const values = runner.room(a.shape[0]);
      for (let e = 0; e < a.shape[0]; e++) {
        runner.example(e);
        runner.self(e, values, e);
      }
      return values;
    },
    [Symbol.asyncDispose]: () => pool.close(),
  };
}

function tooLarge(bytes: number): LemniscateError {
  return new LemniscateError({
    code: "NotSupported",
    where: "wasm engine",
    given: `a block of examples that needs ${(bytes / 2 ** 30).toFixed(1)} GiB`,
    allowed: "4 GiB, what WebAssembly addresses",
    mend: "Lower tapeBytes, so that smaller blocks of examples are held at once.",
  });
}

/** Worker threads, started when first needed and kept until the engine is closed. One job runs at a time. */
class Pool {
  readonly #size: number;
  readonly #relaxed: boolean;
  #workers: Worker[] = [];
  #job = 0;
  #busy: Promise<void> = Promise.resolve();

  constructor(size: number, relaxed: boolean) {
    this.#size = size;
    this.#relaxed = relaxed;
  }

  async *run(
    setup: Setup,
    tiles: readonly Tile[],
    symmetric: boolean,
    signal?: AbortSignal,
  ): AsyncGenerator<TileResult> {
    const before = this.#busy;
    let release = (): void => {};
    this.#busy = new Promise((resolve) => {
      release = resolve;
    });
    await before;
    const workers = this.#start();
    const job = ++this.#job;
    const inbox = new Inbox(workers, job);
    const counters = [0, 1].map(() => new SharedArrayBuffer(4));
    const stop = (): void => {
      for (const counter of counters) new Counter(counter).stop();
      inbox.wake();
    };
    signal?.addEventListener("abort", stop);
    let running = 0;
    try {
      const post = (message: ToWorker): void => {
        for (const worker of workers) worker.postMessage(message);
        running = workers.length;
      };
      post({ kind: "examples", job, setup, count: setup.layout.lengths.length, counter: counters[0]! });
      while (running > 0) {
        await inbox.next();
        running--;
      }
      signal?.throwIfAborted();
      post({ kind: "tiles", job, tiles, symmetric, counter: counters[1]! });
      while (running > 0) {
        const message = await inbox.next();
        signal?.throwIfAborted();
        if (message.kind === "tile") yield { tile: tiles[message.n]!, values: message.values };
        else running--;
      }
    } finally {
      signal?.removeEventListener("abort", stop);
      for (const counter of counters) new Counter(counter).stop();
      // Whoever leaves early waits until every thread has put its piece down: scratch memory is not shared by jobs.
      while (running > 0 && !inbox.failed) if ((await inbox.next()).kind !== "tile") running--;
      inbox.close();
      release();
    }
  }

  async close(): Promise<void> {
    await this.#busy;
    await Promise.all(this.#workers.map((worker) => worker.terminate()));
    this.#workers = [];
  }

  #start(): readonly Worker[] {
    while (this.#workers.length < this.#size) {
      const workerData = { index: this.#workers.length, relaxed: this.#relaxed };
      const worker = new Worker(new URL("./worker.js", import.meta.url), { workerData });
      // A program that has finished must end although an engine is still open.
      worker.unref();
      this.#workers.push(worker);
    }
    return this.#workers;
  }
}

/** Messages of one job, in the order of arrival. */
class Inbox {
  readonly #messages: FromWorker[] = [];
  readonly #close: () => void;
  #wake: (() => void) | undefined;
  #error: Error | undefined;

  constructor(workers: readonly Worker[], job: number) {
    const receive = (message: FromWorker): void => {
      if (message.job !== job) return;
      if (message.kind === "failed") this.#error = message.error;
      else this.#messages.push(message);
      this.wake();
    };
    const fail = (error: Error): void => {
      this.#error = error;
      this.wake();
    };
    for (const worker of workers) worker.on("message", receive).on("error", fail).ref();
    this.#close = () => {
      for (const worker of workers) worker.off("message", receive).off("error", fail).unref();
    };
  }

  get failed(): boolean {
    return this.#error !== undefined;
  }

  wake(): void {
    this.#wake?.();
  }

  async next(): Promise<FromWorker> {
    for (;;) {
      if (this.#error !== undefined) throw this.#error;
      const message = this.#messages.shift();
      if (message !== undefined) return message;
      await new Promise<void>((resolve) => {
        this.#wake = resolve;
      });
    }
  }

  close(): void {
    this.#close();
  }
}
