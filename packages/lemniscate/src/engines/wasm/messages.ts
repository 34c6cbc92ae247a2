/** @module What the engine and its workers say to each other. */
import type { Tile } from "../engine.js";
import type { Setup } from "./runner.js";

export type ToWorker = ToSharing | ToCopying;

/** To threads that share memory. */
export type ToSharing =
  | {
      readonly kind: "examples";
      readonly job: number;
      readonly setup: Setup;
      readonly count: number;
      readonly control: SharedArrayBuffer;
    }
  | {
      readonly kind: "tiles";
      readonly job: number;
      readonly tiles: readonly Tile[];
      readonly symmetric: boolean;
      /** Room for finished tiles of up to `most` entries. */
      readonly slots: SharedArrayBuffer;
      readonly most: number;
      readonly control: SharedArrayBuffer;
    };

/** To threads with a memory of their own. */
export type ToCopying =
  | {
      readonly kind: "open";
      readonly job: number;
      readonly setup: Omit<Setup, "memory">;
      /** What memory holds before scratch memory. */
      readonly image: ArrayBuffer;
    }
  | {
      readonly kind: "tile";
      readonly job: number;
      readonly n: number;
      readonly tile: Tile;
      readonly symmetric: boolean;
    }
  | { readonly kind: "close"; readonly job: number };

export type FromWorker =
  | { readonly kind: "examples"; readonly job: number }
  | {
      readonly kind: "tile";
      readonly job: number;
      readonly n: number;
    }
  | { readonly kind: "tiles"; readonly job: number }
  | { readonly kind: "made"; readonly job: number; readonly n: number; readonly values: ArrayBuffer }
  | { readonly kind: "failed"; readonly job: number; readonly error: Error };

/** A thread as a pool sees it, whatever the platform calls it. */
export interface Thread<To = ToWorker, From = FromWorker> {
  post(message: To, transfer?: readonly ArrayBuffer[]): void;
  /** Hears messages, and that the thread has died, until the returned function is called. */
  listen(receive: (message: From) => void, fail: (error: Error) => void): () => void;
  /** Whether the program stays alive for the thread's sake. */
  keepAlive(needed: boolean): void;
  stop(): Promise<unknown>;
}

/** Starts thread number `index`. */
export type StartThread<To = ToWorker, From = FromWorker> = (index: number) => Thread<To, From>;
