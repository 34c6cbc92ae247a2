/** @module What the threads of a job and the pool tell each other at once, in shared memory. */

/** Cells: examples and tiles taken, whether to stop, unread tiles, how many may be, a bell, and the tile of each thread. */
const [examples, tiles, stopped, unread, bound, bell, at] = [0, 1, 2, 3, 4, 5, 6];

/** Tiles a thread may have made that nobody has read yet, before it waits. */
export const ahead = 4;

export class Control {
  readonly buffer: SharedArrayBuffer;
  readonly #cells: Int32Array;

  constructor(buffer: SharedArrayBuffer) {
    this.buffer = buffer;
    this.#cells = new Int32Array(buffer);
  }

  static for(threads: number): Control {
    const control = new Control(new SharedArrayBuffer(4 * (at + threads)));
    Atomics.store(control.#cells, bound, ahead * threads);
    return control;
  }

  /** A number that all threads count up: who takes n makes the tape of example n. */
  nextExample(): number {
    return Atomics.add(this.#cells, examples, 1);
  }

  /** The same for tiles. It is noted which tile a thread is at. */
  nextTile(thread: number): number {
    const n = Atomics.add(this.#cells, tiles, 1);
    Atomics.store(this.#cells, at + thread, n + 1);
    return n;
  }

  /** The tile that a thread has taken and not yet made. */
  tileOf(thread: number): number | undefined {
    const n = Atomics.load(this.#cells, at + thread);
    return n === 0 ? undefined : n - 1;
  }

  /** A thread has made its tile. */
  made(thread: number): void {
    Atomics.store(this.#cells, at + thread, 0);
    Atomics.add(this.#cells, unread, 1);
  }

  /** Somebody has read a tile. */
  read(): void {
    Atomics.sub(this.#cells, unread, 1);
    this.#ring();
  }

  /** Pauses a thread while too many tiles are unread. */
  waitForReader(): void {
    for (;;) {
      const heard = Atomics.load(this.#cells, bell);
      if (this.stopped || Atomics.load(this.#cells, unread) < Atomics.load(this.#cells, bound)) return;
      Atomics.wait(this.#cells, bell, heard);
    }
  }

  /** Lets any number of tiles be unread: another job waits for this one to be over. */
  hurry(): void {
    Atomics.store(this.#cells, bound, 2 ** 30);
    this.#ring();
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
