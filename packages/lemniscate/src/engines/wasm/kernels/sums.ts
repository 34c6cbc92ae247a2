/** @module Sums over all entries of a block. */
import type { Local, ModuleBuilder } from "../assembler.js";
import type { Format } from "../vector.js";
import { i32s } from "./signature.js";

/** Neighbouring vectors that are added up apart, so that no sum waits for the one before. */
const unroll = 4;

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
    const [i, j, groups, whole] = [f.local(), f.local(), f.local(), f.local()];
    const at = pointers.map(() => f.local());
    const sums = Array.from({ length: unroll }, () => f.local("v128"));
    const [row, total] = [f.local("f64"), f.local("f64")];
    const promote = (): void => {
      if (format.scalar === "f32") f.op("f64.promote_f32");
    };
    const addToRow = (): void => {
      promote();
      f.get(row).op("f64.add").set(row);
    };
    /** Adds up `count` vectors. */
    const step = (count: number) => (): void => {
      for (const [u, sum] of sums.slice(0, count).entries()) {
        if (!format.fma || factors === 1) f.get(sum);
        for (const p of pointers) f.get(at[p]!).mem("v128.load", 16 * u);
        if (factors === 1) f.op(`${format.shape}.add`);
        else if (format.fma) f.get(sum).op(`${format.shape}.relaxed_madd`);
        else f.op(`${format.shape}.mul`, `${format.shape}.add`);
        f.set(sum);
      }
      for (const p of pointers) f.advance(at[p]!, 16 * count);
    };
    f.get(columns)
      .i32(-unroll * format.lanes)
      .op("i32.and")
      .set(groups);
    f.get(columns).i32(-format.lanes).op("i32.and").set(whole);
    f.while(i, rows, 1, () => {
      for (const p of pointers) f.get(p).set(at[p]!);
      for (const sum of sums) f.v128(new Uint8Array(16)).set(sum);
      f.f64(0).set(row).i32(0).set(j);
      f.while(j, groups, unroll * format.lanes, step(unroll));
      f.while(j, whole, format.lanes, step(1));
      const [first, ...others] = sums as [Local, ...Local[]];
      f.get(first);
      for (const other of others) f.get(other).op(`${format.shape}.add`);
      f.set(first);
      for (let lane = 0; lane < format.lanes; lane++) {
        f.get(first).lane(`${format.shape}.extract_lane`, lane);
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
