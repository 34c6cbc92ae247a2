/** @module The hand-written functions of the engine: matrix products, softmax, sums. */
import type { Fn, Local, ModuleBuilder } from "./assembler.js";
import { type ConstantTable, emitVectors, type Format, VectorAlgebra } from "./vector.js";

/** Rows of a register tile. With two vectors of columns it fills the registers: 12 sums, 2 columns, 1 row. */
const tileRows = 6;
const tileVectors = 2;

/** Steps of the inner loop that are written out. */
const unrolledSteps = 4;

/** Columns that all strides are rounded up to, so that whole register tiles may be written. */
export function tileColumns(format: Format): number {
  return tileVectors * format.lanes;
}

const i32s = (count: number): "i32"[] => Array.from({ length: count }, () => "i32");

/** Defines all functions of this file. Strides are in bytes; blocks are read and written up to whole tiles. */
export function defineKernels(module: ModuleBuilder, format: Format, constants: ConstantTable): void {
  defineProduct(module, format, "product");
  defineColumnDots(module, format, "columnDots");
  // Rounding every product makes x·x' of nearly equal x and x' err alike, so that their distance survives the difference.
  const rounding = { ...format, fma: false };
  defineProduct(module, rounding, "gram");
  defineColumnDots(module, rounding, "gramDots");
  defineSoftmax(module, format, constants);
  defineTranspose(module, format);
  defineSum(module, format, "sum", 1);
  defineSum(module, format, "inner", 2);
  defineSum(module, format, "bilinear", 2);
}

/**
 * product(a, b, c, rows, columns, K, strideA, strideB, strideC): c_ij = Σ_k a_ki b_kj, the sum over *rows* of both.
 * Every entry is summed in the order of k, whatever tile it is in, so equal inputs give equal bits.
 */
function defineProduct(module: ModuleBuilder, format: Format, name: string): void {
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

/** columnDots(a, b, out, columns, K, strideA, strideB): out_j = Σ_k a_kj b_kj, summed in the order of k. */
function defineColumnDots(module: ModuleBuilder, format: Format, name: string): void {
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

/**
 * softmax(logits, presence, out, rows, columns, stride): each row's exponentials over their sum, among columns whose
 * presence is not 0. The presence line is 0 from `columns` to the end of its last vector.
 */
function defineSoftmax(module: ModuleBuilder, format: Format, constants: ConstantTable): void {
  module.define("softmax", i32s(6), (f) => {
    const [logits, presence, out, rows, columns, stride] = [0, 1, 2, 3, 4, 5];
    const [i, j, at, here, target] = [f.local(), f.local(), f.local(), f.local(), f.local()];
    const [top, sum, value] = [f.local("v128"), f.local("v128"), f.local("v128")];
    const least = format.scalar === "f32" ? -3e38 : -1e308;
    const overRow = (body: () => void): void => {
      f.get(logits).set(at).get(presence).set(here).get(out).set(target).i32(0).set(j);
      f.while(j, columns, format.lanes, () => {
        body();
        f.advance(at, 16).advance(here, 16).advance(target, 16);
      });
    };
    const absent = (): void => {
      f.get(here).mem("v128.load");
      constants.push(f, 0);
      f.op(`${format.shape}.le`);
    };
    f.while(i, rows, 1, () => {
      constants.push(f, least);
      f.set(top);
      overRow(() => {
        f.get(top);
        constants.push(f, least);
        f.get(at).mem("v128.load");
        absent();
        f.op("v128.bitselect", `${format.shape}.max`).set(top);
      });
      spread(f, format, top, `${format.shape}.max`);
      f.v128(new Uint8Array(16)).set(sum);
      overRow(() => {
        f.get(at).mem("v128.load").get(top).op(`${format.shape}.sub`).set(value);
        const algebra = new VectorAlgebra(format);
        const exponential = emitVectors(f, constants, [algebra.exp(algebra.input(0))], [[value]], 1)[0]![0]!;
        constants.push(f, 0);
        f.get(exponential);
        absent();
        f.op("v128.bitselect").set(value);
        f.get(target).get(value).mem("v128.store");
        f.get(sum).get(value).op(`${format.shape}.add`).set(sum);
      });
      spread(f, format, sum, `${format.shape}.add`);
      // A row without keys sums to 0 and stays 0.
      constants.push(f, 1);
      f.get(sum);
      f.get(sum);
      constants.push(f, 0);
      f.op(`${format.shape}.le`, "v128.bitselect").set(sum);
      overRow(() => {
        f.get(target).get(target).mem("v128.load").get(sum).op(`${format.shape}.div`).mem("v128.store");
      });
      f.advanceBy(logits, stride).advanceBy(out, stride);
    });
  });
}

/** Combines the lanes of a vector and puts the result into all of them. */
function spread(f: Fn, format: Format, vector: Local, op: "f32x4.max" | "f64x2.max" | "f32x4.add" | "f64x2.add"): void {
  const extract = `${format.shape}.extract_lane` as const;
  const lane = (index: number): void => {
    f.get(vector).lane(extract, index).op(`${format.shape}.splat`);
  };
  const total = f.local("v128");
  lane(0);
  for (let index = 1; index < format.lanes; index++) {
    lane(index);
    f.op(op);
  }
  f.set(total).get(total).set(vector);
}

/** transpose(from, to, rows, columns, strideFrom, strideTo): to_ji = from_ij. */
function defineTranspose(module: ModuleBuilder, format: Format): void {
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

/**
 * sum(x, out, rows, columns, strideX) = Σ x_ij, inner(x, y, out, rows, columns, strideX, strideY) = Σ x_ij y_ij and
 * bilinear(…, u) = Σ u_i x_ij y_ij, written as one number. Single precision sums each row in single and the rows in double
 * precision.
 */
function defineSum(module: ModuleBuilder, format: Format, name: "sum" | "inner" | "bilinear", factors: 1 | 2): void {
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

function grid<T>(rows: number, columns: number, make: () => T): T[][] {
  return Array.from({ length: rows }, () => Array.from({ length: columns }, make));
}
