/** @module Rows as weighted sums of other rows, which a table in memory says: sparse matrices times blocks. */
import type { ModuleBuilder } from "../assembler.js";
import type { Format } from "../vector.js";
import { i32s } from "./signature.js";

/** Bytes of a head of a row in a table, which is how many entries follow, and of an entry: which row is read, its weight. */
export const entryBytes = 16;
/** Where the weight stands in an entry. */
export const weightAt = 8;

/** Vectors of a row that are summed together; rows are padded to as many. */
const unroll = 2;

/**
 * combineRows(from, to, table, rows, strideFrom, strideTo, bytes, count): to_s = Σ w·from_r over the entries (r, w) of row
 * s of the table with r < count.
 */
export function defineCombine(module: ModuleBuilder, format: Format): void {
  module.define("combineRows", i32s(8), (f) => {
    const [from, to, table, rows, strideFrom, strideTo, bytes, count] = [0, 1, 2, 3, 4, 5, 6, 7];
    const [row, j, end, index, source] = [f.local(), f.local(), f.local(), f.local(), f.local()];
    const weight = f.local("v128");
    const vectors = (store: (u: number) => void): void => {
      f.i32(0).set(j);
      f.while(j, bytes, 16 * unroll, () => {
        for (let u = 0; u < unroll; u++) {
          f.get(to).get(j).op("i32.add");
          store(u);
          f.mem("v128.store", 16 * u);
        }
      });
    };
    f.while(row, rows, 1, () => {
      f.get(table).mem("i32.load").i32(entryBytes).op("i32.mul").advance(table, entryBytes).get(table).op("i32.add");
      f.set(end);
      vectors(() => f.v128(new Uint8Array(16)));
      f.while(table, end, entryBytes, () => {
        f.get(table).mem("i32.load").set(index);
        f.get(index)
          .get(count)
          .op("i32.lt_u")
          .if(() => {
            f.get(table)
              .mem(format.scalar === "f32" ? "v128.load32_splat" : "v128.load64_splat", weightAt)
              .set(weight);
            f.get(index).get(strideFrom).op("i32.mul").get(from).op("i32.add").set(source);
            vectors((u) => {
              f.get(source)
                .get(j)
                .op("i32.add")
                .mem("v128.load", 16 * u)
                .get(weight)
                .op(`${format.shape}.mul`);
              f.get(to)
                .get(j)
                .op("i32.add")
                .mem("v128.load", 16 * u)
                .op(`${format.shape}.add`);
            });
          });
      });
      f.advanceBy(to, strideTo);
    });
  });
}
