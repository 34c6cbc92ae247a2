import type { Batch } from "../core/batch.js";
import type { RunOptions } from "../core/run.js";
import type { Keyed, Program } from "../program/program.js";

/** Numbers of one precision: double ("f64") or single ("f32"). */
export type Precision = "f64" | "f32";
export type Numbers = Float64Array | Float32Array;

/** Random draws that a program reads, by their keys: of every example M blocks of S×S numbers, padding included. */
export type Draws = Readonly<Record<string, Float64Array>>;

/** A batch, with the draws of its examples if a program reads any. */
export type EngineBatch = Batch & { readonly draws?: Draws };

/** A rectangle of a kernel matrix: examples `rowFrom` to `rowTo` (excluded) against `columnFrom` to `columnTo`. */
export interface Tile {
  readonly rowFrom: number;
  readonly rowTo: number;
  readonly columnFrom: number;
  readonly columnTo: number;
}

/**
 * A finished tile: for each result its entries, row by row; a network that ends with S positions has S·S an entry. An engine
 * may use the room again: read the values before anything is awaited.
 */
export interface TileResult {
  readonly tile: Tile;
  readonly values: Keyed<Numbers>;
}

/**
 * Runs programs. An engine keeps no results: it makes the tapes of the batches it is given, fills the tiles it is
 * asked for, and forgets both. Engines differ in speed and rounding alone; `reference` says what is meant.
 */
export interface Engine extends AsyncDisposable {
  readonly name: "reference" | "wasm";
  readonly precision: Precision;
  readonly threads: number;
  /** Bits that one instruction computes with: 64, a number, of `reference`. */
  readonly vectorBits: 64 | 128 | 256;
  /**
   * The tiles of K(a, b), or of K(a, a) if `b` is null, in any order. Then entries with equal row and column run the
   * program's `self` list, which knows that both sides are the same units.
   */
  tiles(
    program: Program,
    a: EngineBatch,
    b: EngineBatch | null,
    tiles: readonly Tile[],
    options?: Pick<RunOptions, "signal">,
  ): AsyncIterable<TileResult>;
  /**
   * Bytes that a job holds: tapes of `examples` examples without padding, and what all threads need for tiles of `side`
   * examples to a side, unread ones included. `Infinity` if that is more than the engine can address.
   */
  bytes(program: Program, examples: number, side: number): Promise<number>;
  /** K(x, x) of each example of a batch. */
  self(program: Program, a: EngineBatch, options?: Pick<RunOptions, "signal">): Promise<TileResult["values"]>;
}
