/** @module Who computes: worker threads that share memory, or, where there are none, the calling thread itself. */
import type { Tile, TileResult } from "../engine.js";
import { Counter, type FromWorker, type StartThread, type Thread, type ToWorker } from "./messages.js";
import { Runner, type Setup } from "./runner.js";

/** Runs jobs one after another. */
export interface Pool {
  readonly threads: number;
  /** Whether jobs must come with shared memory. */
  readonly shared: boolean;
  /** Runs a job that `prepare` sets up when its turn has come, so that memory may be used again. */
  run(
    prepare: () => Promise<Setup>,
    tiles: readonly Tile[],
    symmetric: boolean,
    signal?: AbortSignal,
  ): AsyncGenerator<TileResult>;
  close(): Promise<void>;
}

export function openPool(threads: number, start: StartThread | undefined): Pool {
  return start === undefined ? callingThread : new ThreadPool(threads, start);
}

/** The pool of a place without threads. It lets others have a turn after every tile. */
const callingThread: Pool = {
  threads: 1,
  shared: false,
  async *run(prepare, tiles, symmetric, signal) {
    const setup = await prepare();
    const runner = new Runner(setup, 0);
    const turn = (): Promise<void> => new Promise((resolve) => setTimeout(resolve));
    for (let e = 0; e < setup.layout.lengths.length; e++) {
      runner.example(e);
      if (e % 16 === 15) await turn();
      signal?.throwIfAborted();
    }
    for (const tile of tiles) {
      yield { tile, values: runner.tile(tile, symmetric) };
      await turn();
      signal?.throwIfAborted();
    }
  },
  async close() {},
};

/**
 * Worker threads, started when first needed and kept until the engine is closed. One job runs at a time; it is over
 * when all its tiles are made, whether or not anybody has read them, so that a reader may ask for another meanwhile.
 */
class ThreadPool implements Pool {
  readonly threads: number;
  readonly shared = true;
  readonly #startThread: StartThread;
  #workers: Thread[] = [];
  #job = 0;
  #busy: Promise<void> = Promise.resolve();

  constructor(threads: number, start: StartThread) {
    this.threads = threads;
    this.#startThread = start;
  }

  async *run(
    prepare: () => Promise<Setup>,
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
    let setup: Setup;
    try {
      signal?.throwIfAborted();
      setup = await prepare();
    } catch (error) {
      release();
      throw error;
    }
    const workers = this.#start();
    const job = ++this.#job;
    const inbox = new Inbox(workers, job, release);
    const counters = [0, 1].map(() => new SharedArrayBuffer(4));
    const stop = (): void => {
      for (const counter of counters) new Counter(counter).stop();
      inbox.wake();
    };
    signal?.addEventListener("abort", stop);
    if (signal?.aborted) stop();
    let running = 0;
    try {
      const post = (message: ToWorker): void => {
        for (const worker of workers) worker.post(message);
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
        // Counted before anything is thrown: nobody hears a second time that a thread is done.
        if (message.kind !== "tile") running--;
        signal?.throwIfAborted();
        if (message.kind === "tile") yield { tile: tiles[message.n]!, values: message.values };
      }
    } finally {
      signal?.removeEventListener("abort", stop);
      for (const counter of counters) new Counter(counter).stop();
      // Whoever leaves early waits until every thread has put its piece down: scratch memory is not shared by jobs.
      while (running > 0 && !inbox.failed) if ((await inbox.next()).kind !== "tile") running--;
      inbox.close();
      if (inbox.broken) await this.#stop();
      release();
    }
  }

  async close(): Promise<void> {
    await this.#busy;
    await this.#stop();
  }

  /** Ends all threads. Whoever needs some later starts new ones. */
  async #stop(): Promise<void> {
    const workers = this.#workers;
    this.#workers = [];
    await Promise.all(workers.map((worker) => worker.stop()));
  }

  #start(): readonly Thread[] {
    while (this.#workers.length < this.threads) this.#workers.push(this.#startThread(this.#workers.length));
    return this.#workers;
  }
}

/** Messages of one job, in the order of arrival. */
class Inbox {
  readonly #messages: FromWorker[] = [];
  readonly #leave: (() => void)[];
  #wake: (() => void) | undefined;
  #error: Error | undefined;
  #broken = false;

  /** `over` is called when every worker has made its last tile. */
  constructor(workers: readonly Thread[], job: number, over: () => void) {
    let busy = workers.length;
    const receive = (message: FromWorker): void => {
      if (message.job !== job) return;
      if (message.kind === "failed") this.#error = message.error;
      else this.#messages.push(message);
      this.wake();
      if (message.kind !== "tiles" || --busy > 0) return;
      this.close();
      over();
    };
    const fail = (error: Error): void => {
      this.#error = error;
      this.#broken = true;
      this.wake();
    };
    this.#leave = workers.map((worker) => worker.listen(receive, fail));
  }

  get failed(): boolean {
    return this.#error !== undefined;
  }

  /** Whether a thread has died, so that it will never answer again. */
  get broken(): boolean {
    return this.#broken;
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
    for (const leave of this.#leave.splice(0)) leave();
  }
}
