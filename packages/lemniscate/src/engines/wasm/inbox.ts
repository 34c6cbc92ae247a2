/** @module What the threads of a job have sent and nobody has read yet. */
import type { Keyed } from "../../program/program.js";
import type { Numbers } from "../engine.js";
import type { FromWorker, Thread } from "./messages.js";

/** A thread's message; of a tile, with its values. */
export interface Received {
  readonly thread: number;
  readonly message: FromWorker;
  /** Of a tile. */
  readonly values?: Keyed<Numbers>;
  /** Whether the values are a copy, so that their room is free. */
  readonly kept?: boolean;
}

/** Messages of one job, in the order of arrival. That a thread has died is its last one. */
export class Inbox {
  readonly #workers: readonly Thread[];
  readonly #free: (thread: number) => void;
  #messages: Received[] = [];
  readonly #leave: (() => void)[];
  #wake: (() => void) | undefined;
  #hurried = false;
  #bereaved = false;

  /**
   * `valuesOf` finds the values of a thread's tile, given how many it has made before; `free` tells that their room is
   * free. `over` is called when every worker has made its last tile.
   */
  constructor(
    workers: readonly Thread[],
    job: number,
    valuesOf: (thread: number, made: number, n: number) => Keyed<Numbers>,
    free: (thread: number) => void,
    over: () => void,
  ) {
    this.#workers = workers;
    this.#free = free;
    const made = workers.map(() => 0);
    let busy = workers.length;
    const take = (received: Received): void => {
      this.#messages.push(this.#hurried ? this.#keep(received) : received);
      this.#wake?.();
    };
    const receive = (thread: number, message: FromWorker): void => {
      if (message.job !== job) return;
      if (message.kind === "tile") take({ thread, message, values: valuesOf(thread, made[thread]!++, message.n) });
      else take({ thread, message });
      if (message.kind !== "tiles" || --busy > 0) return;
      this.#keepAll();
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

  /** Lets any number of tiles be unread, and the program live, until the job is over: another one waits for it. */
  hurry(): void {
    if (this.#leave.length === 0) return;
    this.#hurried = true;
    this.#hold(true);
    this.#keepAll();
  }

  async next(): Promise<Received> {
    for (;;) {
      const received = this.#messages.shift();
      if (received !== undefined) return received;
      this.#hold(true);
      await new Promise<void>((resolve) => {
        this.#wake = resolve;
      });
      this.#hold(this.#hurried);
    }
  }

  close(): void {
    // Once: afterwards the threads may be another job's.
    if (this.#leave.length === 0) return;
    this.#hurried = false;
    this.#hold(false);
    for (const leave of this.#leave.splice(0)) leave();
  }

  /** Copies what nobody has read, for its room is needed. */
  #keepAll(): void {
    this.#messages = this.#messages.map((received) => this.#keep(received));
  }

  #keep(received: Received): Received {
    const { thread, values, kept } = received;
    if (values === undefined || kept) return received;
    const copies = Object.fromEntries(Object.entries(values).map(([key, data]) => [key, data.slice()]));
    this.#free(thread);
    return { ...received, values: copies, kept: true };
  }

  #hold(needed: boolean): void {
    for (const worker of this.#workers) worker.keepAlive(needed);
  }
}
