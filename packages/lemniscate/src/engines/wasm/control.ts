/** @module What the threads of a job and the pool tell each other at once, in shared memory. */

/** Cells: examples and tiles taken, whether to stop, a bell, and for each thread its tile and how many are unread. */
const [examples, tiles, stopped, bell, own] = [0, 1, 2, 3, 4];

/** Tiles of a thread that nobody has read yet: with so many it waits. */
export const ahead = 4;

export class Control {
  readonly buffer: SharedArrayBuffer;
  readonly #cells: Int32Array;

  constructor(buffer: SharedArrayBuffer) {
    this.buffer = buffer;
    this.#cells = new Int32Array(buffer);
  }

  static for(threads: number): Control {
    return new Control(new SharedArrayBuffer(4 * (own + 2 * threads)));
  }

  /** A number that all threads count up: who takes n makes the tape of example n. */
  nextExample(): number {
    return Atomics.add(this.#cells, examples, 1);
  }

  /** The same for tiles. It is noted which tile a thread is at. */
  nextTile(thread: number): number {
    const n = Atomics.add(this.#cells, tiles, 1);
    Atomics.store(this.#cells, own + 2 * thread, n + 1);
    return n;
  }

  /** The tile that a thread has taken and not yet made. */
  tileOf(thread: number): number | undefined {
    const n = Atomics.load(this.#cells, own + 2 * thread);
    return n === 0 ? undefined : n - 1;
  }

  /** A thread has made its tile. */
  made(thread: number): void {
    Atomics.store(this.#cells, own + 2 * thread, 0);
    Atomics.add(this.#cells, own + 2 * thread + 1, 1);
  }

  /** Somebody has read a thread's tile, so that its room is free. */
  read(thread: number): void {
    Atomics.sub(this.#cells, own + 2 * thread + 1, 1);
    this.#ring();
  }

  /** Pauses a thread while too many of its tiles are unread. */
  waitForReader(thread: number): void {
    for (;;) {
      const heard = Atomics.load(this.#cells, bell);
      if (this.stopped || Atomics.load(this.#cells, own + 2 * thread + 1) < ahead) return;
      Atomics.wait(this.#cells, bell, heard);
    }
  }

  /** Ends the job, also within a tile. */
  stop(): void {
    Atomics.store(this.#cells, stopped, 1);
    this.#ring();
  }

  get stopped(): boolean {
    return Atomics.load(this.#cells, stopped) !== 0;
  }

  #ring(): void {
    Atomics.add(this.#cells, bell, 1);
    Atomics.notify(this.#cells, bell);
  }
}
