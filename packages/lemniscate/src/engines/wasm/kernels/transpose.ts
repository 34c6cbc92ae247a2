/** @module Transposed copies. */
import type { ModuleBuilder } from "../assembler.js";
import type { Format } from "../vector.js";
import { i32s } from "./signature.js";

/** transpose(from, to, rows, columns, strideFrom, strideTo): to_ji = from_ij. */
export function defineTranspose(module: ModuleBuilder, format: Format): void {
  module.define("transpose", i32s(6), (f) => {
    const [from, to, rows, columns, strideFrom, strideTo] = [0, 1, 2, 3, 4, 5];
    const [i, j, source, target] = [f.local(), f.local(), f.local(), f.local()];
    f.while(i, rows, 1, () => {
      f.get(from).set(source).get(to).set(target).i32(0).set(j);
      f.while(j, columns, 1, () => {
        f.get(target).get(source).mem(`${format.scalar}.load`).mem(`${format.scalar}.store`);
        f.advance(source, format.bytes).advanceBy(target, strideTo);
      });
      f.advanceBy(from, strideFrom).advance(to, format.bytes);
    });
  });
}
