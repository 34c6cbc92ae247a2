/** @module Sums over all entries of a block. */
import type { ModuleBuilder } from "../assembler.js";
import type { Format } from "../vector.js";
import { i32s } from "./signature.js";

/**
 * sum(x, out, rows, columns, strideX) = Σ x_ij, inner(x, y, out, rows, columns, strideX, strideY) = Σ x_ij y_ij and
 * bilinear(…, u) = Σ u_i x_ij y_ij, written as one number. Single precision sums each row in single and the rows in double
 * precision.
 */
export function defineSum(
  module: ModuleBuilder,
  format: Format,
  name: "sum" | "inner" | "bilinear",
  factors: 1 | 2,
): void {
  const weighted = name === "bilinear";
  module.define(name, i32s((factors === 1 ? 5 : 7) + (weighted ? 1 : 0)), (f) => {
    const weights = 7;
    const pointers = factors === 1 ? [0] : [0, 1];
    const out = factors;
    const [rows, columns] = [factors + 1, factors + 2];
    const strides = pointers.map((p) => factors + 3 + p);
    const [i, j, whole] = [f.local(), f.local(), f.local()];
    const at = pointers.map(() => f.local());
    const [sum, row, total] = [f.local("v128"), f.local("f64"), f.local("f64")];
    const promote = (): void => {
      if (format.scalar === "f32") f.op("f64.promote_f32");
    };
    const addToRow = (): void => {
      promote();
      f.get(row).op("f64.add").set(row);
    };
    f.get(columns).i32(-format.lanes).op("i32.and").set(whole);
    f.while(i, rows, 1, () => {
      for (const p of pointers) f.get(p).set(at[p]!);
      f.v128(new Uint8Array(16)).set(sum).f64(0).set(row).i32(0).set(j);
      f.while(j, whole, format.lanes, () => {
        f.get(sum);
        for (const p of pointers) f.get(at[p]!).mem("v128.load");
        if (factors === 2) f.op(`${format.shape}.mul`);
        f.op(`${format.shape}.add`).set(sum);
        for (const p of pointers) f.advance(at[p]!, 16);
      });
      for (let lane = 0; lane < format.lanes; lane++) {
        f.get(sum).lane(`${format.shape}.extract_lane`, lane);
        addToRow();
      }
      f.while(j, columns, 1, () => {
        for (const p of pointers) f.get(at[p]!).mem(`${format.scalar}.load`);
        if (factors === 2) f.op(`${format.scalar}.mul`);
        addToRow();
        for (const p of pointers) f.advance(at[p]!, format.bytes);
      });
      f.get(row);
      if (weighted) {
        f.get(weights).mem(`${format.scalar}.load`);
        promote();
        f.op("f64.mul").advance(weights, format.bytes);
      }
      f.get(total).op("f64.add").set(total);
      for (const p of pointers) f.advanceBy(p, strides[p]!);
    });
    f.get(out).get(total);
    if (format.scalar === "f32") f.op("f32.demote_f64");
    f.mem(`${format.scalar}.store`);
  });
}
