/** @module Diagonals of products: a number for each column of two matrices. */
import type { ModuleBuilder } from "../assembler.js";
import type { Format } from "../vector.js";
import { i32s } from "./signature.js";

/** columnDots(a, b, out, columns, K, strideA, strideB): out_j = Σ_k a_kj b_kj, summed in the order of k. */
export function defineColumnDots(module: ModuleBuilder, format: Format, name: string): void {
  module.define(name, i32s(7), (f) => {
    const [a, b, out, columns, K, strideA, strideB] = [0, 1, 2, 3, 4, 5, 6];
    const [j, k, left, right, sum] = [f.local(), f.local(), f.local(), f.local(), f.local("v128")];
    f.while(j, columns, format.lanes, () => {
      f.get(a).set(left).get(b).set(right).v128(new Uint8Array(16)).set(sum).i32(0).set(k);
      f.while(k, K, 1, () => {
        if (format.fma) {
          f.get(left).mem("v128.load").get(right).mem("v128.load").get(sum);
          f.op(`${format.shape}.relaxed_madd`).set(sum);
        } else {
          f.get(sum).get(left).mem("v128.load").get(right).mem("v128.load");
          f.op(`${format.shape}.mul`, `${format.shape}.add`).set(sum);
        }
        f.advanceBy(left, strideA).advanceBy(right, strideB);
      });
      f.get(out).get(sum).mem("v128.store");
      f.advance(a, 16).advance(b, 16).advance(out, 16);
    });
  });
}
