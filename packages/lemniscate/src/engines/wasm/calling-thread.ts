/** @module Who computes, and the simplest of them: the calling thread. */
import { pausing } from "../../core/run.js";
import type { Tile, TileResult } from "../engine.js";
import { Runner, type Setup } from "./runner.js";
import { entriesOf, slotOf, tileBytes } from "./slots.js";

/** Runs jobs. A tile's values must be read before anything is awaited: their room is used again. */
export interface Pool {
  readonly threads: number;
  /** Whether jobs must come with shared memory. */
  readonly shared: boolean;
  /** How many memories hold what a job begins with. */
  readonly memories: number;
  /** Runs a job that `prepare` sets up when its turn has come, so that memory may be used again. */
  run(
    prepare: () => Promise<Setup>,
    tiles: readonly Tile[],
    symmetric: boolean,
    signal?: AbortSignal,
  ): AsyncGenerator<TileResult>;
  close(): Promise<void>;
}

/** A job on the calling thread. */
export async function* computeHere(
  setup: Setup,
  tiles: readonly Tile[],
  symmetric: boolean,
  signal?: AbortSignal,
): AsyncGenerator<TileResult> {
  const rest = pausing(signal);
  const runner = await makeTapes(setup, rest);
  const most = mostEntries(tiles);
  const room = new ArrayBuffer(tileBytes(runner.entry, most));
  for (const tile of tiles) {
    const values = slotOf(runner.entry, room, most, 0, 0, entriesOf(tile));
    runner.tile(tile, symmetric, values);
    yield { tile, values };
    signal?.throwIfAborted();
    await rest();
  }
}

/** Makes the tapes of all examples on the calling thread, with a runner that may go on with tiles. */
export async function makeTapes(setup: Setup, rest: () => Promise<void>): Promise<Runner> {
  const runner = new Runner(setup, 0, () => false);
  for (let e = 0; e < setup.layout.lengths.length; e++) {
    runner.example(e);
    await rest();
  }
  return runner;
}

/** The pool of a place without threads. */
export const callingThread: Pool = {
  threads: 1,
  shared: false,
  memories: 1,
  async *run(prepare, tiles, symmetric, signal) {
    yield* computeHere(await prepare(), tiles, symmetric, signal);
  },
  async close() {},
};

/** Entries of the largest tile. */
export function mostEntries(tiles: readonly Tile[]): number {
  return tiles.reduce((most, tile) => Math.max(most, entriesOf(tile)), 0);
}
