/** @module The threads of a pool: started when small jobs have become many or a large one comes, and kept. */
import type { StartThread, Thread } from "./messages.js";

export class Workers {
  readonly count: number;
  readonly #startThread: StartThread;
  #threads: Thread[] = [];
  /** Operations that the calling thread may still do without threads. */
  #alone: number;

  constructor(count: number, start: StartThread, alone: number) {
    this.count = count;
    this.#startThread = start;
    this.#alone = alone;
  }

  /** Whether the calling thread does a job of so many operations, which are then no longer its to do. */
  leave(flops: number): boolean {
    if (this.#threads.length > 0 || !(flops <= this.#alone)) return false;
    this.#alone -= flops;
    return true;
  }

  /** All of them. */
  start(): readonly Thread[] {
    while (this.#threads.length < this.count) this.#threads.push(this.#startThread(this.#threads.length));
    return this.#threads;
  }

  /** Those that have been started. */
  get started(): readonly Thread[] {
    return this.#threads;
  }

  /** Ends all threads. Whoever needs some later starts new ones. */
  async stop(): Promise<void> {
    const threads = this.#threads;
    this.#threads = [];
    await Promise.all(threads.map((thread) => thread.stop()));
  }
}
