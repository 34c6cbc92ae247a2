/** @module Sparse matrices as tables in memory: of each row the number of its entries, then where they read and what they weigh. */
import { entryBytes, weightAt } from "./kernels/combine.js";
import { strideOf } from "./stride.js";
import type { Format } from "./vector.js";

/** A sparse matrix, row by row. */
type Table = {
  readonly starts: ArrayLike<number>;
  readonly sources: ArrayLike<number>;
  readonly weights: ArrayLike<number>;
};

/** Bytes of a matrix's table. */
export function tableBytes({ starts }: Pick<Table, "starts">): number {
  return entryBytes * (starts.length + starts[starts.length - 1]! - starts[0]!);
}

/** Writes a matrix's table. `numbers` and `words` are views of the same memory. */
export function writeTable(
  { starts, sources, weights }: Table,
  format: Format,
  at: number,
  numbers: Float32Array | Float64Array,
  words: Int32Array,
): void {
  let top = at;
  for (let s = 0; s + 1 < starts.length; s++) {
    words[top / 4] = starts[s + 1]! - starts[s]!;
    top += entryBytes;
    for (let i = starts[s]!; i < starts[s + 1]!; i++) {
      words[top / 4] = sources[i]!;
      numbers[(top + weightAt) / format.bytes] = weights[i]!;
      top += entryBytes;
    }
  }
}

/** Bytes of what stands between the two products, for examples with at most so many positions below and above. */
export function mapSpareBytes(format: Format, below: number, above: number): number {
  return below * strideOf(format, above) + above * strideOf(format, Math.max(below, above));
}
