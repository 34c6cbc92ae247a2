/** @module Diagonals of products: a number for each column of two matrices. */
import type { ModuleBuilder } from "../assembler.js";
import type { Format } from "../vector.js";
import { i32s } from "./signature.js";

/** Neighbouring vectors of columns that are walked down together: a cache line of them, with a sum each. */
const unroll = 4;

/** columnDots(a, b, out, columns, K, strideA, strideB): out_j = Σ_k a_kj b_kj, summed in the order of k. */
export function defineColumnDots(module: ModuleBuilder, format: Format, name: string): void {
  module.define(name, i32s(7), (f) => {
    const [a, b, out, columns, K, strideA, strideB] = [0, 1, 2, 3, 4, 5, 6];
    const [j, k, whole, left, right] = [f.local(), f.local(), f.local(), f.local(), f.local()];
    const sums = Array.from({ length: unroll }, () => f.local("v128"));
    const step = (count: number) => (): void => {
      const used = [...sums.slice(0, count).entries()];
      f.get(a).set(left).get(b).set(right).i32(0).set(k);
      for (const [, sum] of used) f.v128(new Uint8Array(16)).set(sum);
      f.while(k, K, 1, () => {
        for (const [u, sum] of used) {
          if (!format.fma) f.get(sum);
          f.get(left)
            .mem("v128.load", 16 * u)
            .get(right)
            .mem("v128.load", 16 * u);
          if (format.fma) f.get(sum).op(`${format.shape}.relaxed_madd`).set(sum);
          else f.op(`${format.shape}.mul`, `${format.shape}.add`).set(sum);
        }
        f.advanceBy(left, strideA).advanceBy(right, strideB);
      });
      for (const [u, sum] of used)
        f.get(out)
          .get(sum)
          .mem("v128.store", 16 * u);
      for (const pointer of [a, b, out]) f.advance(pointer, 16 * count);
    };
    f.get(columns)
      .i32(-unroll * format.lanes)
      .op("i32.and")
      .set(whole);
    f.while(j, whole, unroll * format.lanes, step(unroll));
    f.while(j, columns, format.lanes, step(1));
  });
}
