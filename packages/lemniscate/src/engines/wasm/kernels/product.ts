/** @module Matrix products c = aᵀb, in register tiles. */
import type { ModuleBuilder } from "../assembler.js";
import type { Format } from "../vector.js";
import { emitRegisterTile, loadTile, tileVectors } from "./register-tile.js";
import { i32s } from "./signature.js";

/** Rows of a register tile, which fills the registers: sums, 2 (pairs of) vectors of columns, 1 of a row, and its product. */
function tileRows({ fma }: Format): number {
  return fma ? 6 : 5;
}

/** Columns that all strides are rounded up to, so that whole register tiles may be written. */
export function tileColumns(format: Format): number {
  return tileVectors(format) * format.lanes;
}

/** Rows of both factors that are summed before the next ones' turn: those of blocks of 512 positions stay in the second cache. */
const rowBlock = 128;

/**
 * product(a, b, c, rows, columns, K, strideA, strideB, strideC): c_ij = Σ_k a_ki b_kj, the sum over *rows* of both.
 * Every entry is summed in the order of k, whatever tile it is in, so equal inputs give equal bits.
 */
export function defineProduct(module: ModuleBuilder, format: Format, name: string): number {
  const tallest = tileRows(format);
  const micro = Array.from({ length: tallest }, (_, i) => defineMicro(module, format, `${name}${i + 1}`, i + 1));
  return module.define(name, i32s(9), (f) => {
    const [a, b, c, rows, columns, K, strideA, strideB, strideC] = [0, 1, 2, 3, 4, 5, 6, 7, 8];
    const [j, i, k, left, right, top, out] = [
      f.local(),
      f.local(),
      f.local(),
      f.local(),
      f.local(),
      f.local(),
      f.local(),
    ];
    const [end, rest, count] = [f.local(), f.local(), f.local()];
    const tile = (height: number): void => {
      f.get(left)
        .get(right)
        .get(out)
        .get(count)
        .get(strideA)
        .get(strideB)
        .get(strideC)
        .get(k)
        .call(micro[height - 1]!);
    };
    f.get(rows)
      .i32(tallest)
      .op("i32.lt_u")
      .if(() => f.i32(0).set(end));
    f.get(rows)
      .i32(tallest)
      .op("i32.lt_u", "i32.eqz")
      .if(() =>
        f
          .get(rows)
          .i32(tallest - 1)
          .op("i32.sub")
          .set(end),
      );
    f.while(k, K, rowBlock, () => {
      f.get(K).get(k).op("i32.sub").set(count);
      f.i32(rowBlock)
        .get(count)
        .op("i32.lt_u")
        .if(() => f.i32(rowBlock).set(count));
      f.get(b).set(right).get(c).set(top).i32(0).set(j);
      f.while(j, columns, tileColumns(format), () => {
        f.get(a).set(left).get(top).set(out).i32(0).set(i);
        f.while(i, end, tallest, () => {
          tile(tallest);
          f.advance(left, tallest * format.bytes);
          f.get(out).get(strideC).i32(tallest).op("i32.mul", "i32.add").set(out);
        });
        f.get(rows).get(i).op("i32.sub").set(rest);
        for (let height = 1; height < tallest; height++)
          f.get(rest)
            .i32(height)
            .op("i32.sub", "i32.eqz")
            .if(() => tile(height));
        f.advance(right, tileColumns(format) * format.bytes).advance(top, tileColumns(format) * format.bytes);
      });
      f.get(a).get(strideA).i32(rowBlock).op("i32.mul", "i32.add").set(a);
      f.get(b).get(strideB).i32(rowBlock).op("i32.mul", "i32.add").set(b);
    });
  });
}

/** One register tile of `height` rows: (a, b, c, K, strideA, strideB, strideC, before); it adds to c if `before` is not 0. */
function defineMicro(module: ModuleBuilder, format: Format, name: string, height: number): number {
  return module.define(name, i32s(8), (f) => {
    const [a, b, c, K, strideA, strideB, strideC, before] = [0, 1, 2, 3, 4, 5, 6, 7];
    const next = (): void => {
      f.advanceBy(a, strideA).advanceBy(b, strideB);
    };
    emitRegisterTile(f, format, { a, b, c, strideC, K, height }, next, (sums) => {
      f.get(before).if(() => loadTile(f, sums, c, strideC));
    });
  });
}
