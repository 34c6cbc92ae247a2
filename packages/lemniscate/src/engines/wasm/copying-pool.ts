/** @module Threads that share no memory: each has a copy of what a job begins with, and hands over what it has made. */
import { pausing } from "../../core/run.js";
import type { Tile, TileResult } from "../engine.js";
import { computeHere, makeTapes, type Pool } from "./calling-thread.js";
import type { FromWorker, StartThread } from "./messages.js";
import type { Setup } from "./runner.js";
import { entriesOf, entryOf, slotOf } from "./slots.js";
import { failure } from "./thread-failure.js";
import { Workers } from "./workers.js";

/** Tiles that a thread has been given and nobody has read: with two it has work while one is on its way. */
const ahead = 2;

/** A message of a thread, or its death. */
interface Received {
  readonly thread: number;
  readonly message: FromWorker;
}

/**
 * Worker threads of places where memory cannot be shared, such as pages that are not cross-origin isolated. Each makes
 * the tapes of all examples in a memory of its own, so that memory and the time for tapes are those of one thread, times
 * their number. Jobs do not wait for each other.
 */
export class CopyingPool implements Pool {
  readonly threads: number;
  readonly shared = false;
  readonly memories: number;
  readonly #workers: Workers;
  #job = 0;
  /** How many jobs wait for a thread, for which the program stays alive. */
  #waiting = 0;
  /** What has all tiles of a job made, read or not, and says when that is done. */
  readonly #finish = new Set<() => Promise<void>>();

  constructor(threads: number, start: StartThread, alone: number) {
    this.threads = threads;
    this.memories = threads + 1;
    this.#workers = new Workers(threads, start, alone);
  }

  async *run(
    prepare: () => Promise<Setup>,
    tiles: readonly Tile[],
    symmetric: boolean,
    signal?: AbortSignal,
  ): AsyncGenerator<TileResult> {
    const setup = await prepare();
    if (this.#workers.leave(setup.flops)) {
      yield* computeHere(setup, tiles, symmetric, signal);
      return;
    }
    if (setup.tapesHere) await makeTapes(setup, pausing(signal));
    const job = ++this.#job;
    const workers = this.#workers.start();
    const received: Received[] = [];
    let [next, made, done] = [0, 0, 0];
    let wake = (): void => {};
    let end = (): void => {};
    const over = new Promise<void>((resolve) => {
      end = resolve;
    });
    const take = (one: Received): void => {
      received.push(one);
      wake();
      if (one.message.kind === "failed" || (one.message.kind === "made" && ++made === tiles.length)) end();
    };
    const leave = workers.map((worker, thread) =>
      worker.listen(
        (message) => message.job === job && take({ thread, message }),
        (error) => take({ thread, message: { kind: "failed", job, error } }),
      ),
    );
    const stop = (): void => wake();
    signal?.addEventListener("abort", stop);
    const given: number[][] = workers.map(() => []);
    const give = (thread: number): void => {
      if (next === tiles.length) return;
      given[thread]!.push(next);
      workers[thread]!.post({ kind: "tile", job, n: next, tile: tiles[next]!, symmetric });
      next++;
    };
    const finish = (): Promise<void> => {
      for (let thread = 0; next < tiles.length; thread = (thread + 1) % workers.length) give(thread);
      return over;
    };
    this.#finish.add(finish);
    const entry = entryOf(setup.lowered.program, setup.format);
    try {
      const { memory, ...plain } = setup;
      // What scratch memory holds is of no use to others.
      for (const worker of workers) {
        const image = (memory.buffer as ArrayBuffer).slice(0, setup.layout.scratch);
        worker.post({ kind: "open", job, setup: plain, image }, [image]);
      }
      for (let n = 0; n < ahead; n++) for (const thread of workers.keys()) give(thread);
      while (done < tiles.length) {
        signal?.throwIfAborted();
        const one = received.shift();
        if (one === undefined) {
          await this.#hold(
            () =>
              new Promise<void>((resolve) => {
                wake = resolve;
              }),
          );
          continue;
        }
        const { thread, message } = one;
        if (message.kind === "failed") {
          await this.#workers.stop();
          const at = given[thread]![0];
          throw failure(message.error, at === undefined ? undefined : tiles[at], done, tiles.length);
        }
        if (message.kind !== "made") continue;
        given[thread]!.shift();
        done++;
        const tile = tiles[message.n]!;
        const entries = entriesOf(tile);
        yield { tile, values: slotOf(entry, message.values, entries, 0, 0, entries) };
        give(thread);
      }
    } finally {
      this.#finish.delete(finish);
      end();
      signal?.removeEventListener("abort", stop);
      for (const off of leave) off();
      for (const worker of workers) worker.post({ kind: "close", job });
    }
  }

  async close(): Promise<void> {
    await Promise.all([...this.#finish].map((finish) => finish()));
    await this.#workers.stop();
  }

  /** Keeps the program alive while a job waits for its threads. */
  async #hold(wait: () => Promise<void>): Promise<void> {
    this.#waiting++;
    for (const worker of this.#workers.started) worker.keepAlive(true);
    await wait();
    if (--this.#waiting === 0) for (const worker of this.#workers.started) worker.keepAlive(false);
  }
}
