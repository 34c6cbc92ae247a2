/** @module Inner products of near-copies, from their distance. */
import type { Fn, Local, ModuleBuilder } from "../assembler.js";
import type { Format } from "../vector.js";
import { i32s } from "./signature.js";

/** Vectors are near-copies, or opposites of some, where |x·x'| exceeds so much of the larger of x·x and x'·x'. */
const near = 1 - 2 ** -8;

/** Channels from which on inner products of positions are corrected: of fewer, the products themselves cost less. */
const manyChannels = 16;

export function correctsNearCopies(channels: number): boolean {
  return channels >= manyChannels;
}

/** Neighbouring vectors of columns that are walked down together. */
const together = 2;

/** The locals of one pass over a few vectors of columns. */
interface Columns {
  readonly entry: readonly Local[];
  /** The larger inner product with itself, and by how much it is larger. */
  readonly larger: readonly Local[];
  readonly excess: readonly Local[];
  readonly sign: readonly Local[];
  readonly isNear: readonly Local[];
  readonly apart: readonly Local[];
}

/** What both functions are written with. */
interface Correction {
  readonly columnsOf: (f: Fn, count: number) => Columns;
  readonly test: (f: Fn, columns: Columns, v: number, row: Local, column: Local) => Fn;
  readonly replace: (
    f: Fn,
    columns: Columns,
    left: (v: number) => void,
    right: Local,
    overK: (body: () => void) => void,
  ) => void;
}

/**
 * Sums of rounded products are off by some units in the last place, which is all that is left of 1 − ρ where x is nearly
 * x'. There
 *
 *   x·x' = ±[p − (p − q + |x ∓ x'|²)/2],   p ≥ q: x·x and x'·x',
 *
 * whose only error that counts is the last rounding: p − q is exact. It is symmetric, and x·x bit for bit where x = x'.
 */
function correction(format: Format): Correction {
  const { shape, bytes } = format;
  const fill = (f: Fn, value: number): Fn =>
    f.f64(value).op(...(bytes === 4 ? (["f32.demote_f64"] as const) : []), `${shape}.splat`);

  /** Leaves on the stack whether a pair of this vector is near, after noting which are. */
  const test = (f: Fn, { entry, larger, excess, sign, isNear }: Columns, v: number, row: Local, column: Local): Fn => {
    f.get(row).get(column).op(`${shape}.pmax`).tee(larger[v]!);
    f.get(row).get(column).op(`${shape}.pmin`, `${shape}.sub`).set(excess[v]!).get(larger[v]!);
    fill(f, near).op(`${shape}.mul`).get(entry[v]!).op(`${shape}.abs`, `${shape}.lt`).set(isNear[v]!);
    fill(f, -0).get(entry[v]!).op("v128.and").set(sign[v]!);
    return f.get(isNear[v]!).op("v128.any_true");
  };

  /** Replaces near entries; `left` leaves row k's factor on the stack. */
  const replace = (
    f: Fn,
    { entry, larger, excess, sign, isNear, apart }: Columns,
    left: (v: number) => void,
    right: Local,
    overK: (body: () => void) => void,
  ): void => {
    const [difference, size, rest] = [f.local("v128"), f.local("v128"), f.local("v128")];
    for (const sum of apart) f.v128(new Uint8Array(16)).set(sum);
    overK(() => {
      for (const [v, sum] of apart.entries()) {
        left(v);
        f.get(right)
          .mem("v128.load", 16 * v)
          .get(sign[v]!)
          .op("v128.xor", `${shape}.sub`)
          .set(difference);
        if (!format.fma) f.get(sum);
        f.get(difference).get(difference);
        if (format.fma) f.get(sum).op(`${shape}.relaxed_madd`).set(sum);
        else f.op(`${shape}.mul`, `${shape}.add`).set(sum);
      }
    });
    for (const [v, sum] of apart.entries()) {
      f.get(larger[v]!).get(excess[v]!).get(sum).op(`${shape}.add`);
      fill(f, 0.5).op(`${shape}.mul`, `${shape}.sub`).set(size);
      // What p + q − 2|x·x'| has become by rounding. If 0 is nearer to |x ∓ x'|² than this, x·x' is rounded up instead.
      f.get(larger[v]!).get(size).op(`${shape}.sub`);
      f.get(larger[v]!).get(excess[v]!).op(`${shape}.sub`).get(size).op(`${shape}.sub`, `${shape}.add`).set(rest);
      f.get(size).get(sum).get(sum).op(`${shape}.add`).get(rest).op(`${shape}.lt`).get(rest);
      f.op("v128.and", `${shape}.add`).get(sign[v]!).op("v128.xor");
      f.get(entry[v]!).get(isNear[v]!).op("v128.bitselect").set(entry[v]!);
    }
  };

  const columnsOf = (f: Fn, count: number): Columns => {
    const locals = (): Local[] => Array.from({ length: count }, () => f.local("v128"));
    return { entry: locals(), larger: locals(), excess: locals(), sign: locals(), isNear: locals(), apart: locals() };
  };

  return { columnsOf, test, replace };
}

/**
 * nearGram(a, b, c, squaresA, squaresB, rows, columns, K, strideA, strideB, strideC): puts that into c_ij = Σ_k a_ki b_kj
 * where column i of a and column j of b are near-copies; `squares` hold the inner products of columns with themselves.
 */
export function defineNearGram(module: ModuleBuilder, format: Format): number {
  const { bytes, lanes } = format;
  const { columnsOf, test, replace } = correction(format);
  return module.define("nearGram", i32s(11), (f) => {
    const [a, b, c, squaresA, squaresB, rows, columns, K, strideA, strideB, strideC] = [
      0, 1, 2, 3, 4, 5, 6, 7, 8, 9, 10,
    ];
    const [i, j, k, left, right, offset] = [f.local(), f.local(), f.local(), f.local(), f.local(), f.local()];
    const [row, column] = [f.local("v128"), f.local("v128")];
    const pass = columnsOf(f, together);
    f.while(i, rows, 1, () => {
      f.get(squaresA).mem(format.splat).set(row).i32(0).set(j);
      f.while(j, columns, together * lanes, () => {
        f.get(j).i32(bytes).op("i32.mul").set(offset);
        for (let v = 0; v < together; v++) {
          f.get(c)
            .get(offset)
            .op("i32.add")
            .mem("v128.load", 16 * v)
            .set(pass.entry[v]!);
          f.get(squaresB)
            .get(offset)
            .op("i32.add")
            .mem("v128.load", 16 * v)
            .set(column);
          test(f, pass, v, row, column);
          if (v > 0) f.op("i32.or");
        }
        f.if(() => {
          f.get(a).set(left).get(b).get(offset).op("i32.add").set(right).i32(0).set(k);
          replace(
            f,
            pass,
            () => f.get(left).mem(format.splat),
            right,
            (body) =>
              f.while(k, K, 1, () => {
                body();
                f.advanceBy(left, strideA).advanceBy(right, strideB);
              }),
          );
          for (const [v, entry] of pass.entry.entries())
            f.get(c)
              .get(offset)
              .op("i32.add")
              .get(entry)
              .mem("v128.store", 16 * v);
        });
      });
      f.advance(a, bytes).advance(squaresA, bytes).advanceBy(c, strideC);
    });
  });
}

/** nearDots(a, b, out, columns, K, strideA, strideB): out_j = Σ_k a_kj b_kj, summed and corrected likewise. */
export function defineNearDots(module: ModuleBuilder, format: Format): void {
  const { shape, lanes } = format;
  const { columnsOf, test, replace } = correction(format);
  module.define("nearDots", i32s(7), (f) => {
    const [a, b, out, columns, K, strideA, strideB] = [0, 1, 2, 3, 4, 5, 6];
    const [j, k, left, right] = [f.local(), f.local(), f.local(), f.local()];
    const [row, column, x, y] = [f.local("v128"), f.local("v128"), f.local("v128"), f.local("v128")];
    const pass = columnsOf(f, 1);
    const sums = [
      [x, y, pass.entry[0]!],
      [x, x, row],
      [y, y, column],
    ] as const;
    const begin = (): void => {
      f.get(a).set(left).get(b).set(right).i32(0).set(k);
    };
    const overK = (body: () => void): void => {
      f.while(k, K, 1, () => {
        body();
        f.advanceBy(left, strideA).advanceBy(right, strideB);
      });
    };
    f.while(j, columns, lanes, () => {
      for (const [, , sum] of sums) f.v128(new Uint8Array(16)).set(sum);
      begin();
      overK(() => {
        f.get(left).mem("v128.load").set(x).get(right).mem("v128.load").set(y);
        for (const [one, other, sum] of sums)
          if (format.fma) f.get(one).get(other).get(sum).op(`${shape}.relaxed_madd`).set(sum);
          else f.get(sum).get(one).get(other).op(`${shape}.mul`, `${shape}.add`).set(sum);
      });
      test(f, pass, 0, row, column).if(() => {
        begin();
        replace(f, pass, () => f.get(left).mem("v128.load"), right, overK);
      });
      f.get(out).get(pass.entry[0]!).mem("v128.store");
      for (const pointer of [a, b, out]) f.advance(pointer, 16);
    });
  });
}
