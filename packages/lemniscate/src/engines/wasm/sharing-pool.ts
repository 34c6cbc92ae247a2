/** @module Threads that share memory. */
import { pausing } from "../../core/run.js";
import type { Keyed } from "../../program/program.js";
import type { Numbers, Tile, TileResult } from "../engine.js";
import { computeHere, makeTapes, mostEntries, type Pool } from "./calling-thread.js";
import { Control } from "./control.js";
import { Inbox, type Received } from "./inbox.js";
import type { StartThread, ToSharing } from "./messages.js";
import type { Setup } from "./runner.js";
import { entriesOf, entryOf, slotBytes, slotOf } from "./slots.js";
import { failure } from "./thread-failure.js";
import { Workers } from "./workers.js";

/**
 * Worker threads, started when small jobs have become many or a large one comes, and kept until the engine is closed;
 * until then the calling thread computes. One job runs at a time. Threads wait
 * while too many tiles are unread, unless another job waits for this one: then it is over when all its tiles are made,
 * so that a reader may ask for another meanwhile.
 */
export class SharingPool implements Pool {
  readonly threads: number;
  readonly shared = true;
  readonly memories = 1;
  readonly #workers: Workers;
  #job = 0;
  #busy: Promise<void> = Promise.resolve();
  /** How many wait for the job that runs to be over, and how it is told. */
  #waiting = 0;
  #hurry = (): void => {};
  #slots = new SharedArrayBuffer(0);

  constructor(threads: number, start: StartThread, alone: number) {
    this.threads = threads;
    this.#workers = new Workers(threads, start, alone);
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
    const workers = this.#workers.start();
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
    const post = (message: ToSharing): void => {
      for (const [index, worker] of workers.entries()) {
        worker.post(message);
        // Nobody answers what could not be sent.
        pending.add(index);
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
      if (inbox.bereaved) await this.#workers.stop();
      release();
    }
  }

  async close(): Promise<void> {
    await this.#wait(this.#busy);
    await this.#workers.stop();
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
    if (!this.#workers.leave(setup.flops)) return undefined;
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
}
