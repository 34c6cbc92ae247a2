/** @module Sums under windows, run by run: what convolutions and pools are made of. */
import type { Fn, Local, ModuleBuilder } from "../assembler.js";
import type { Format } from "../vector.js";
import { i32s } from "./signature.js";

/** Neighbouring vectors that are summed together. */
const unroll = 4;

/** Taps that have a loop of their own, in which all of them are written out. */
const writtenTaps = 3;

/**
 * sumRuns(src, dst, rows, srcRow, dstRow, groups, srcGroup, dstGroup, runs, step, start, size, first, last, tap, bytes):
 * each row consists of `groups`, each group of `runs` of `bytes`, and run j of a group sums the taps t from `first` to
 * `last` whose index step·j + start + t is in [0, size):
 *
 *   dst_j = Σ_t src[(step·j + start)·bytes + t·tap]
 *
 * A run is written up to whole vectors: what follows must be written later. `addRuns` adds to what is there, exactly.
 */
export function defineRuns(module: ModuleBuilder, format: Format, name: "sumRuns" | "addRuns"): number {
  const add = name === "addRuns";
  return module.define(name, i32s(16), (f) => {
    const [src, dst, rows, srcRow, dstRow, groups, srcGroup, dstGroup, runs] = [0, 1, 2, 3, 4, 5, 6, 7, 8];
    const [step, start, size, first, last, tap, bytes] = [9, 10, 11, 12, 13, 14, 15];
    const [alike, most, length] = [f.local(), f.local(), f.local()];
    const [row, group, run, index, taps, t] = [f.local(), f.local(), f.local(), f.local(), f.local(), f.local()];
    const [from, to, groupFrom, groupTo, at, j] = [f.local(), f.local(), f.local(), f.local(), f.local(), f.local()];
    const [low, high, wide, whole] = [f.local(), f.local(), f.local(), f.local()];
    const scalar = f.local(format.scalar);
    const overTaps = (body: () => void): void => {
      f.get(from).get(j).op("i32.add").set(at).i32(0).set(t);
      f.while(t, taps, 1, () => {
        body();
        f.advanceBy(at, tap);
      });
    };
    // One address for all neighbours, by which V8 knows pairs of them.
    const here = f.local();
    const written = (count: number): void => {
      const ats = Array.from({ length: writtenTaps }, () => f.local());
      f.get(from).get(j).op("i32.add").set(ats[0]!).get(to).get(j).op("i32.add").set(here);
      for (let k = 1; k < writtenTaps; k++)
        f.get(ats[k - 1]!)
          .get(tap)
          .op("i32.add")
          .set(ats[k]!);
      for (let u = 0; u < count; u++) {
        f.get(here);
        for (const [k, place] of ats.entries()) {
          f.get(place).mem("v128.load", 16 * u);
          if (k > 0) f.op(`${format.shape}.add`);
        }
        f.mem("v128.store", 16 * u);
      }
    };
    const vectors = (count: number): void => {
      const sums = Array.from({ length: count }, () => f.local("v128"));
      f.get(to).get(j).op("i32.add").set(here);
      for (const [u, sum] of sums.entries()) {
        if (add) f.get(here).mem("v128.load", 16 * u);
        else f.v128(new Uint8Array(16));
        f.set(sum);
      }
      overTaps(() => {
        for (const [u, sum] of sums.entries())
          f.get(sum)
            .get(at)
            .mem("v128.load", 16 * u)
            .op(`${format.shape}.add`)
            .set(sum);
      });
      for (const [u, sum] of sums.entries())
        f.get(here)
          .get(sum)
          .mem("v128.store", 16 * u);
    };
    const overVectors = (body: (count: number) => void): void => {
      f.while(j, wide, 16 * unroll, () => body(unroll));
      if (!add) f.while(j, length, 16, () => body(1));
    };
    f.while(row, rows, 1, () => {
      f.get(src).set(groupFrom).get(dst).set(groupTo).i32(0).set(group);
      f.while(group, groups, 1, () => {
        f.get(groupTo).set(to).get(start).set(index).i32(0).set(run);
        f.while(run, runs, 0, () => {
          // low = max(first, −index), high = min(last, size − index)
          f.i32(0).get(index).op("i32.sub").set(low);
          f.get(size).get(index).op("i32.sub").set(high);
          larger(f, low, first, low);
          smaller(f, high, last, high);
          f.i32(0).set(taps);
          f.get(low)
            .get(high)
            .op("i32.lt_s")
            .if(() => f.get(high).get(low).op("i32.sub").set(taps));
          // Runs that lie side by side and have all taps, if there are any, are one.
          f.i32(1).set(alike);
          f.get(taps)
            .get(last)
            .get(first)
            .op("i32.sub", "i32.sub", "i32.eqz")
            .get(step)
            .i32(1)
            .op("i32.sub", "i32.eqz", "i32.and")
            .i32(0)
            .get(taps)
            .op("i32.lt_s", "i32.and");
          f.if(() => {
            f.get(runs).get(run).op("i32.sub").set(alike);
            f.get(size).get(last).op("i32.sub").get(index).op("i32.sub").i32(1).op("i32.add").set(most);
            smaller(f, alike, most, alike);
          });
          f.get(bytes).get(alike).op("i32.mul").set(length);
          f.get(length)
            .i32(-16 * unroll)
            .op("i32.and")
            .set(wide);
          f.get(groupFrom).get(index).get(bytes).op("i32.mul", "i32.add").get(low).get(tap).op("i32.mul", "i32.add");
          f.set(from).i32(0).set(j);
          if (!add)
            f.get(taps)
              .i32(writtenTaps)
              .op("i32.sub", "i32.eqz")
              .if(() => overVectors(written));
          overVectors(vectors);
          if (add) {
            // What is added to must not be written beyond its end.
            f.get(length).i32(-16).op("i32.and").set(whole);
            f.while(j, whole, 16, () => vectors(1));
            f.while(j, length, format.bytes, () => {
              f.get(to).get(j).op("i32.add").mem(`${format.scalar}.load`).set(scalar);
              overTaps(() => f.get(scalar).get(at).mem(`${format.scalar}.load`).op(`${format.scalar}.add`).set(scalar));
              f.get(to).get(j).op("i32.add").get(scalar).mem(`${format.scalar}.store`);
            });
          }
          f.advanceBy(to, length).advanceBy(run, alike);
          f.get(step).get(alike).op("i32.mul").get(index).op("i32.add").set(index);
        });
        f.advanceBy(groupFrom, srcGroup).advanceBy(groupTo, dstGroup);
      });
      f.advanceBy(src, srcRow).advanceBy(dst, dstRow);
    });
  });
}

/** out = max(x, y), signed. */
function larger(f: Fn, x: Local, y: Local, out: Local): void {
  f.get(x).get(y).get(x).get(y).op("i32.gt_s", "select").set(out);
}

/** out = min(x, y), signed. */
function smaller(f: Fn, x: Local, y: Local, out: Local): void {
  f.get(x).get(y).get(x).get(y).op("i32.lt_s", "select").set(out);
}

/**
 * maskedRuns(src, dst, rows, srcRow, dstRow, taps, tap, masks, mask, bytes): dst = Σ_t src[t·tap] & masks[t·mask], row by
 * row, where the bits of a mask are 1 where a tap lies on the grid. What is read and not on it may be anything.
 */
export function defineMaskedRuns(module: ModuleBuilder, format: Format): number {
  return module.define("maskedRuns", i32s(10), (f) => {
    const [src, dst, rows, srcRow, dstRow, taps, tap, masks, mask, bytes] = [0, 1, 2, 3, 4, 5, 6, 7, 8, 9];
    const [row, j, t, at, bits, wide] = [f.local(), f.local(), f.local(), f.local(), f.local(), f.local()];
    const here = f.local();
    const written = (count: number): void => {
      const ats = Array.from({ length: writtenTaps }, () => [f.local(), f.local()] as const);
      for (const [k, [from, bits]] of ats.entries()) {
        const before = ats[k - 1];
        if (before === undefined) f.get(src).get(j).op("i32.add").set(from).get(masks).get(j).op("i32.add").set(bits);
        else f.get(before[0]).get(tap).op("i32.add").set(from).get(before[1]).get(mask).op("i32.add").set(bits);
      }
      f.get(dst).get(j).op("i32.add").set(here);
      for (let u = 0; u < count; u++) {
        f.get(here);
        for (const [k, [from, bits]] of ats.entries()) {
          f.get(from)
            .mem("v128.load", 16 * u)
            .get(bits)
            .mem("v128.load", 16 * u)
            .op("v128.and");
          if (k > 0) f.op(`${format.shape}.add`);
        }
        f.mem("v128.store", 16 * u);
      }
    };
    const vectors = (count: number): void => {
      const sums = Array.from({ length: count }, () => f.local("v128"));
      for (const sum of sums) f.v128(new Uint8Array(16)).set(sum);
      f.get(src).get(j).op("i32.add").set(at).get(masks).get(j).op("i32.add").set(bits);
      f.get(dst).get(j).op("i32.add").set(here).i32(0).set(t);
      f.while(t, taps, 1, () => {
        for (const [u, sum] of sums.entries())
          f.get(sum)
            .get(at)
            .mem("v128.load", 16 * u)
            .get(bits)
            .mem("v128.load", 16 * u)
            .op("v128.and", `${format.shape}.add`)
            .set(sum);
        f.advanceBy(at, tap).advanceBy(bits, mask);
      });
      for (const [u, sum] of sums.entries())
        f.get(here)
          .get(sum)
          .mem("v128.store", 16 * u);
    };
    const overVectors = (body: (count: number) => void): void => {
      f.while(j, wide, 16 * unroll, () => body(unroll));
      f.while(j, bytes, 16, () => body(1));
    };
    f.get(bytes)
      .i32(-16 * unroll)
      .op("i32.and")
      .set(wide);
    f.while(row, rows, 1, () => {
      f.i32(0).set(j);
      f.get(taps)
        .i32(writtenTaps)
        .op("i32.sub", "i32.eqz")
        .if(() => overVectors(written));
      overVectors(vectors);
      f.advanceBy(src, srcRow).advanceBy(dst, dstRow);
    });
  });
}

/**
 * gutters(at, rows, row, groups, group, before, bytes, after, from): writes what is around each group's `bytes`, of
 * which `before` come first: zeros, or, if `from` is not 0, what is `from` bytes further on (in front) or back (behind).
 */
export function defineGutters(module: ModuleBuilder, format: Format): void {
  module.define("gutters", i32s(9), (f) => {
    const [at, rows, row, groups, group, before, bytes, after, from] = [0, 1, 2, 3, 4, 5, 6, 7, 8];
    const [r, g, here, j, to, distance] = [f.local(), f.local(), f.local(), f.local(), f.local(), f.local()];
    const fill = (length: Local): void => {
      f.i32(0).set(j);
      f.while(j, length, format.bytes, () => {
        f.get(to).get(to).get(distance).op("i32.add").mem(`${format.scalar}.load`);
        zero(format.scalar);
        f.get(from).op("select").mem(`${format.scalar}.store`).advance(to, format.bytes);
      });
    };
    const zero = (scalar: "f32" | "f64"): void => {
      f.f64(0);
      if (scalar === "f32") f.op("f32.demote_f64");
    };
    f.while(r, rows, 1, () => {
      f.get(at).set(here).i32(0).set(g);
      f.while(g, groups, 1, () => {
        f.get(here).set(to).get(from).set(distance);
        fill(before);
        f.advanceBy(to, bytes).i32(0).get(from).op("i32.sub").set(distance);
        fill(after);
        f.advanceBy(here, group);
      });
      f.advanceBy(at, row);
    });
  });
}
