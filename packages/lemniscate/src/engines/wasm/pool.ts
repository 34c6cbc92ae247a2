/** @module Who computes: worker threads that share memory, or, where there are none, the calling thread itself. */
import { LemniscateError } from "../../core/errors.js";
import { pausing } from "../../core/run.js";
import type { Keyed } from "../../program/program.js";
import type { Numbers, Tile, TileResult } from "../engine.js";
import { Control } from "./control.js";
import { Inbox, type Received } from "./inbox.js";
import type { StartThread, Thread, ToWorker } from "./messages.js";
import { Runner, type Setup } from "./runner.js";
import { entriesOf, entryOf, slotBytes, slotOf } from "./slots.js";

/** Runs jobs one after another. A tile's values must be read before anything is awaited: their room is used again. */
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

/**
 * Floating-point operations that the calling thread does before threads are started: to start them takes longer than
 * that. A fresh process has its first result sooner, and one that asks for much has its threads all the same.
 */
const worthThreads = 1e8;

export function openPool(threads: number, start: StartThread | undefined, alone: number = worthThreads): Pool {
  return start === undefined ? callingThread : new ThreadPool(threads, start, alone);
}

/** A job on the calling thread. */
async function* computeHere(
  setup: Setup,
  tiles: readonly Tile[],
  symmetric: boolean,
  signal?: AbortSignal,
): AsyncGenerator<TileResult> {
  const rest = pausing(signal);
  const runner = await makeTapes(setup, rest);
  const most = mostEntries(tiles);
  const room = new ArrayBuffer(slotBytes(runner.entry, most, 1));
  for (const tile of tiles) {
    const values = slotOf(runner.entry, room, most, 0, 0, entriesOf(tile));
    runner.tile(tile, symmetric, values);
    yield { tile, values };
    signal?.throwIfAborted();
    await rest();
  }
}

/** Makes the tapes of all examples on the calling thread, with a runner that may go on with tiles. */
async function makeTapes(setup: Setup, rest: () => Promise<void>): Promise<Runner> {
  const runner = new Runner(setup, 0, () => false);
  for (let e = 0; e < setup.layout.lengths.length; e++) {
    runner.example(e);
    await rest();
  }
  return runner;
}

/** The pool of a place without threads. */
const callingThread: Pool = {
  threads: 1,
  shared: false,
  async *run(prepare, tiles, symmetric, signal) {
    yield* computeHere(await prepare(), tiles, symmetric, signal);
  },
  async close() {},
};

/**
 * Worker threads, started when small jobs have become many or a large one comes, and kept until the engine is closed;
 * until then the calling thread computes. One job runs at a time. Threads wait
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
  #slots = new SharedArrayBuffer(0);
  /** Operations that the calling thread may still do without threads. */
  #alone: number;

  constructor(threads: number, start: StartThread, alone: number) {
    this.threads = threads;
    this.#startThread = start;
    this.#alone = alone;
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
    const most = mostEntries(tiles);
    let setup: Setup;
    let slots: SharedArrayBuffer;
    try {
      signal?.throwIfAborted();
      setup = await prepare();
      const made = await this.#small(setup, tiles, symmetric, signal);
      if (made !== undefined) {
        release();
        for (const result of made) {
          signal?.throwIfAborted();
          yield result;
        }
        return;
      }
      slots = this.#room(setup, most);
      if (setup.tapesHere) await makeTapes(setup, pausing(signal));
    } catch (error) {
      release();
      throw error;
    }
    const workers = this.#start();
    const job = ++this.#job;
    const control = Control.for(workers.length);
    const entry = entryOf(setup.lowered.program, setup.format);
    const valuesOf = (thread: number, made: number, n: number): Keyed<Numbers> =>
      slotOf(entry, slots, most, thread, made, entriesOf(tiles[n]!));
    const inbox = new Inbox(workers, job, valuesOf, (thread) => control.read(thread), release);
    this.#hurry = () => inbox.hurry();
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
    const next = async (): Promise<Received> => {
      const received = await inbox.next();
      const { thread, message } = received;
      if (message.kind !== "tile") pending.delete(thread);
      signal?.throwIfAborted();
      if (message.kind !== "failed") return received;
      const at = control.tileOf(thread);
      throw failure(message.error, at === undefined ? undefined : tiles[at], done, tiles.length);
    };
    try {
      const shared = { job, control: control.buffer };
      post({ kind: "examples", ...shared, setup, count: setup.tapesHere ? 0 : setup.layout.lengths.length });
      while (pending.size > 0) await next();
      post({ kind: "tiles", ...shared, tiles, symmetric, slots, most });
      while (pending.size > 0) {
        const { thread, message, values, kept } = await next();
        if (message.kind !== "tile" || values === undefined) continue;
        done++;
        yield { tile: tiles[message.n]!, values };
        if (!kept) control.read(thread);
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

  /** The tiles of a job that the calling thread does by itself, all at once: a reader may ask for another job meanwhile. */
  async #small(
    setup: Setup,
    tiles: readonly Tile[],
    symmetric: boolean,
    signal: AbortSignal | undefined,
  ): Promise<readonly TileResult[] | undefined> {
    if (this.#workers.length > 0 || !(setup.flops <= this.#alone)) return undefined;
    this.#alone -= setup.flops;
    const made: TileResult[] = [];
    for await (const { tile, values } of computeHere(setup, tiles, symmetric, signal))
      made.push({
        tile,
        values: Object.fromEntries(Object.entries(values).map(([key, own]) => [key, own.slice()])),
      });
    return made;
  }

  #room({ lowered, format }: Setup, most: number): SharedArrayBuffer {
    const bytes = slotBytes(entryOf(lowered.program, format), most, this.threads);
    if (bytes > this.#slots.byteLength) this.#slots = new SharedArrayBuffer(bytes);
    return this.#slots;
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

function mostEntries(tiles: readonly Tile[]): number {
  return tiles.reduce((most, tile) => Math.max(most, entriesOf(tile)), 0);
}
