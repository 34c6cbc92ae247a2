/** @module Room for finished tiles in shared memory, used again and again: a few tiles a thread that nobody has read. */
import { positionCount } from "../../core/shape.js";
import type { Keyed, Program } from "../../program/program.js";
import type { Numbers, Tile } from "../engine.js";
import { ahead } from "./control.js";
import type { Format } from "./vector.js";

/** What the results of one pair are made of. */
export interface Entry {
  readonly keys: readonly string[];
  /** Numbers of each: S·S if the network ends with S positions. */
  readonly size: number;
  readonly format: Format;
}

export function entryOf({ get, output }: Program, format: Format): Entry {
  return { keys: get, size: positionCount(output) ** 2, format };
}

/** Entries of a tile. */
export function entriesOf({ rowFrom, rowTo, columnFrom, columnTo }: Tile): number {
  return (rowTo - rowFrom) * (columnTo - columnFrom);
}

/** Bytes of one tile's values. */
export function tileBytes({ keys, size, format }: Entry, entries: number): number {
  return entries * keys.length * size * format.bytes;
}

/** Bytes that tiles of up to `entries` entries take, of all threads. */
export function slotBytes(entry: Entry, entries: number, threads: number): number {
  return threads * ahead * tileBytes(entry, entries);
}

/** The room of a thread's tile number `made`, counted from 0, among those of all threads in a buffer. */
export function slotOf(
  entry: Entry,
  buffer: ArrayBufferLike,
  most: number,
  thread: number,
  made: number,
  entries: number,
): Keyed<Numbers> {
  const { keys, size, format } = entry;
  const array = format.scalar === "f32" ? Float32Array : Float64Array;
  const from = (thread * ahead + (made % ahead)) * tileBytes(entry, most);
  const length = entries * size;
  return Object.fromEntries(
    keys.map((key, n) => [key, new array(buffer as ArrayBuffer, from + n * length * format.bytes, length)]),
  );
}
