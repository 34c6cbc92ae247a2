/** @module Who computes: worker threads that share memory, or, where there are none, the calling thread itself. */
import { LemniscateError } from "../../core/errors.js";
import type { Tile, TileResult } from "../engine.js";
import { Control } from "./control.js";
import type { FromWorker, StartThread, Thread, ToWorker } from "./messages.js";
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

/** How long the calling thread computes, in milliseconds, before others have a turn. */
const turn = 20;

/** The pool of a place without threads. */
const callingThread: Pool = {
  threads: 1,
  shared: false,
  async *run(prepare, tiles, symmetric, signal) {
    const setup = await prepare();
    const runner = new Runner(setup, 0, () => false);
    let since = performance.now();
    const rest = async (): Promise<void> => {
      if (performance.now() - since < turn) return;
      await new Promise((resolve) => setTimeout(resolve));
      signal?.throwIfAborted();
      since = performance.now();
    };
    for (let e = 0; e < setup.layout.lengths.length; e++) {
      runner.example(e);
      await rest();
    }
    for (const tile of tiles) {
      yield { tile, values: runner.tile(tile, symmetric) };
      signal?.throwIfAborted();
      await rest();
    }
  },
  async close() {},
};

/**
 * Worker threads, started when first needed and kept until the engine is closed. One job runs at a time. Threads wait
 * while too many tiles are unread, unless another job waits for this one: then it is over when all its tiles are made,
 * so that a reader may ask for another meanwhile.
 */
class ThreadPool implements Pool {
  readonly threads: number;
  readonly shared = true;
  readonly #startThread: StartThread;
  #workers: Thread[] = [];
  #job = 0;
  #busy: Promise<void> = Promise.resolve();
  /** How many wait for the job that runs to be over, and how it is told. */
  #waiting = 0;
  #hurry = (): void => {};

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
    await this.#wait(before);
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
    const control = Control.for(workers.length);
    const inbox = new Inbox(workers, job, release);
    this.#hurry = () => {
      control.hurry();
      inbox.keepAlive();
    };
    if (this.#waiting > 0) this.#hurry();
    const stop = (): void => control.stop();
    signal?.addEventListener("abort", stop);
    if (signal?.aborted) stop();
    const pending = new Set<number>();
    const post = (message: ToWorker): void => {
      for (const [index, worker] of workers.entries()) {
        pending.add(index);
        worker.post(message);
      }
    };
    let done = 0;
    // Counted before anything is thrown: nobody hears a second time that a thread is done.
    const next = async (): Promise<FromWorker> => {
      const { thread, message } = await inbox.next();
      if (message.kind !== "tile") pending.delete(thread);
      signal?.throwIfAborted();
      if (message.kind !== "failed") return message;
      const at = control.tileOf(thread);
      throw failure(message.error, at === undefined ? undefined : tiles[at], done, tiles.length);
    };
    try {
      const shared = { job, control: control.buffer };
      post({ kind: "examples", ...shared, setup, count: setup.layout.lengths.length });
      while (pending.size > 0) await next();
      post({ kind: "tiles", ...shared, tiles, symmetric });
      while (pending.size > 0) {
        const message = await next();
        if (message.kind !== "tile") continue;
        control.read();
        done++;
        yield { tile: tiles[message.n]!, values: message.values };
      }
    } finally {
      signal?.removeEventListener("abort", stop);
      control.stop();
      // Whoever leaves early waits until every thread has put its piece down: memory is used again by the next job.
      while (pending.size > 0) {
        const { thread, message } = await inbox.next();
        if (message.kind !== "tile") pending.delete(thread);
      }
      inbox.close();
      if (inbox.bereaved) await this.#stop();
      release();
    }
  }

  async close(): Promise<void> {
    await this.#wait(this.#busy);
    await this.#stop();
  }

  async #wait(before: Promise<void>): Promise<void> {
    this.#waiting++;
    this.#hurry();
    await before;
    this.#waiting--;
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

/** A thread that failed or died, as an error that says where. */
function failure(cause: Error, tile: Tile | undefined, done: number, total: number): LemniscateError {
  const at =
    tile === undefined
      ? "making tapes of examples"
      : `tile [${tile.rowFrom}, ${tile.rowTo}) × [${tile.columnFrom}, ${tile.columnTo})`;
  return new LemniscateError({
    code: "EngineFailed",
    where: `wasm engine: ${at}`,
    given: `a thread that failed: ${cause.message}`,
    allowed: "threads that live until their work is done",
    mend: `${done} of ${total} tiles were delivered before and stay valid. The engine can be used again; if memory ran out, give it fewer threads or a smaller memory option.`,
    cause,
  });
}

interface Received {
  readonly thread: number;
  readonly message: FromWorker;
}

/** Messages of one job, in the order of arrival. That a thread has died is its last one. */
class Inbox {
  readonly #workers: readonly Thread[];
  readonly #messages: Received[] = [];
  readonly #leave: (() => void)[];
  #wake: (() => void) | undefined;
  #needed = false;
  #bereaved = false;

  /** `over` is called when every worker has made its last tile. */
  constructor(workers: readonly Thread[], job: number, over: () => void) {
    this.#workers = workers;
    let busy = workers.length;
    const take = (received: Received): void => {
      this.#messages.push(received);
      this.#wake?.();
    };
    const receive = (thread: number, message: FromWorker): void => {
      if (message.job !== job) return;
      take({ thread, message });
      if (message.kind !== "tiles" || --busy > 0) return;
      this.close();
      over();
    };
    const fail = (thread: number, error: Error): void => {
      this.#bereaved = true;
      take({ thread, message: { kind: "failed", job, error } });
    };
    this.#leave = workers.map((worker, thread) =>
      worker.listen(
        (message) => receive(thread, message),
        (error) => fail(thread, error),
      ),
    );
  }

  /** Whether a thread has died, so that it will never answer again. */
  get bereaved(): boolean {
    return this.#bereaved;
  }

  /** Keeps the program alive until the job is over, as it is while somebody waits for a message. */
  keepAlive(): void {
    if (this.#leave.length === 0) return;
    this.#needed = true;
    this.#hold(true);
  }

  async next(): Promise<Received> {
    for (;;) {
      const received = this.#messages.shift();
      if (received !== undefined) return received;
      this.#hold(true);
      await new Promise<void>((resolve) => {
        this.#wake = resolve;
      });
      this.#hold(this.#needed);
    }
  }

  close(): void {
    // Once: afterwards the threads may be another job's.
    if (this.#leave.length === 0) return;
    this.#needed = false;
    this.#hold(false);
    for (const leave of this.#leave.splice(0)) leave();
  }

  #hold(needed: boolean): void {
    for (const worker of this.#workers) worker.keepAlive(needed);
  }
}
