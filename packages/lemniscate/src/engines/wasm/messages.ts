/** @module What the engine and its workers say to each other. */
import type { Keyed } from "../../program/program.js";
import type { Numbers, Tile } from "../engine.js";
import type { Setup } from "./runner.js";

export type ToWorker =
  | {
      readonly kind: "examples";
      readonly job: number;
      readonly setup: Setup;
      readonly count: number;
      readonly counter: SharedArrayBuffer;
    }
  | {
      readonly kind: "tiles";
      readonly job: number;
      readonly tiles: readonly Tile[];
      readonly symmetric: boolean;
      readonly counter: SharedArrayBuffer;
    };

export type FromWorker =
  | { readonly kind: "examples"; readonly job: number }
  | {
      readonly kind: "tile";
      readonly job: number;
      readonly n: number;
      readonly values: Keyed<Numbers>;
    }
  | { readonly kind: "tiles"; readonly job: number }
  | { readonly kind: "failed"; readonly job: number; readonly error: Error };

/** A number that all threads count up: who takes n does piece n. */
export class Counter {
  readonly #cell: Int32Array;

  constructor(buffer: SharedArrayBuffer) {
    this.#cell = new Int32Array(buffer);
  }

  next(): number {
    return Atomics.add(this.#cell, 0, 1);
  }

  /** Lets every thread find nothing left to do. */
  stop(): void {
    Atomics.store(this.#cell, 0, 2 ** 30);
  }
}

/** A thread as the pool sees it, whatever the platform calls it. */
export interface Thread {
  post(message: ToWorker): void;
  /** Hears messages and failures until the returned function is called; meanwhile the program stays alive. */
  listen(receive: (message: FromWorker) => void, fail: (error: Error) => void): () => void;
  stop(): Promise<unknown>;
}

/** Starts thread number `index`. */
export type StartThread = (index: number) => Thread;
