/** @module Matrix products c = aᵀb, in register tiles. */
import type { Local, ModuleBuilder } from "../assembler.js";
import type { Format } from "../vector.js";
import { i32s } from "./signature.js";

/** Rows of a register tile. With two vectors of columns it fills the registers: 12 sums, 2 columns, 1 row. */
const tileRows = 6;
const tileVectors = 2;

/** Steps of the inner loop that are written out. */
const unrolledSteps = 4;

/** Columns that all strides are rounded up to, so that whole register tiles may be written. */
export function tileColumns(format: Format): number {
  return tileVectors * format.lanes;
}

/**
 * product(a, b, c, rows, columns, K, strideA, strideB, strideC): c_ij = Σ_k a_ki b_kj, the sum over *rows* of both.
 * Every entry is summed in the order of k, whatever tile it is in, so equal inputs give equal bits.
 */
export function defineProduct(module: ModuleBuilder, format: Format, name: string): void {
  const micro = Array.from({ length: tileRows }, (_, i) => defineMicro(module, format, `${name}${i + 1}`, i + 1));
  module.define(name, i32s(9), (f) => {
    const [a, b, c, rows, columns, K, strideA, strideB, strideC] = [0, 1, 2, 3, 4, 5, 6, 7, 8];
    const [j, i, left, out, end, rest] = [f.local(), f.local(), f.local(), f.local(), f.local(), f.local()];
    const tile = (height: number): void => {
      f.get(left)
        .get(b)
        .get(out)
        .get(K)
        .get(strideA)
        .get(strideB)
        .get(strideC)
        .call(micro[height - 1]!);
    };
    f.get(rows)
      .i32(tileRows)
      .op("i32.lt_u")
      .if(() => f.i32(0).set(end));
    f.get(rows)
      .i32(tileRows)
      .op("i32.lt_u", "i32.eqz")
      .if(() =>
        f
          .get(rows)
          .i32(tileRows - 1)
          .op("i32.sub")
          .set(end),
      );
    f.i32(0).set(j);
    f.while(j, columns, tileColumns(format), () => {
      f.get(a).set(left).get(c).set(out).i32(0).set(i);
      f.while(i, end, tileRows, () => {
        tile(tileRows);
        f.advance(left, tileRows * format.bytes);
        f.get(out).get(strideC).i32(tileRows).op("i32.mul", "i32.add").set(out);
      });
      f.get(rows).get(i).op("i32.sub").set(rest);
      for (let height = 1; height < tileRows; height++)
        f.get(rest)
          .i32(height)
          .op("i32.sub", "i32.eqz")
          .if(() => tile(height));
      f.advance(b, tileVectors * 16).advance(c, tileVectors * 16);
    });
  });
}

/** One register tile of `height` rows: (a, b, c, K, strideA, strideB, strideC). */
function defineMicro(module: ModuleBuilder, format: Format, name: string, height: number): number {
  return module.define(name, i32s(7), (f) => {
    const [a, b, c, K, strideA, strideB, strideC] = [0, 1, 2, 3, 4, 5, 6];
    const sums = grid(height, tileVectors, () => f.local("v128"));
    const [k, end] = [f.local(), f.local()];
    const steps = (count: number): void => {
      const rowsAt = Array.from({ length: count }, () => ({ a: f.local(), b: f.local() }));
      for (const [u, at] of rowsAt.entries()) {
        const before = rowsAt[u - 1];
        if (before === undefined) f.get(a).set(at.a).get(b).set(at.b);
        else f.get(before.a).get(strideA).op("i32.add").set(at.a).get(before.b).get(strideB).op("i32.add").set(at.b);
      }
      const lefts = grid(count, height, () => f.local("v128"));
      const rights = grid(count, tileVectors, () => f.local("v128"));
      const seen = new Set<Local>();
      const once = (local: Local, load: () => void): void => {
        if (seen.has(local)) f.get(local);
        else {
          seen.add(local);
          load();
          f.tee(local);
        }
      };
      const left = (u: number, i: number): void =>
        once(lefts[u]![i]!, () => f.get(rowsAt[u]!.a).mem(format.splat, i * format.bytes));
      const right = (u: number, v: number): void =>
        once(rights[u]![v]!, () => f.get(rowsAt[u]!.b).mem("v128.load", 16 * v));
      // All steps of one sum are nested into one expression; other orders make V8 spill the sums.
      for (let i = 0; i < height; i++)
        for (let v = 0; v < tileVectors; v++) {
          const nest = (u: number): void => {
            if (u < 0) {
              f.get(sums[i]![v]!);
              return;
            }
            if (!format.fma) nest(u - 1);
            left(u, i);
            right(u, v);
            if (format.fma) {
              nest(u - 1);
              f.op(`${format.shape}.relaxed_madd`);
            } else f.op(`${format.shape}.mul`, `${format.shape}.add`);
          };
          nest(count - 1);
          f.set(sums[i]![v]!);
        }
      const last = rowsAt.at(-1)!;
      f.get(last.a).get(strideA).op("i32.add").set(a).get(last.b).get(strideB).op("i32.add").set(b);
    };
    f.get(K).i32(-unrolledSteps).op("i32.and").set(end);
    f.while(k, end, unrolledSteps, () => steps(unrolledSteps));
    f.while(k, K, 1, () => steps(1));
    for (let i = 0; i < height; i++) {
      for (let v = 0; v < tileVectors; v++)
        f.get(c)
          .get(sums[i]![v]!)
          .mem("v128.store", 16 * v);
      f.advanceBy(c, strideC);
    }
  });
}

function grid<T>(rows: number, columns: number, make: () => T): T[][] {
  return Array.from({ length: rows }, () => Array.from({ length: columns }, make));
}
