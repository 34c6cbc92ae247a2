/** @module Sums under windows, run by run: what convolutions and pools are made of. */
import type { Fn, Local, ModuleBuilder } from "../assembler.js";
import type { Format } from "../vector.js";
import { i32s } from "./signature.js";

/** Neighbouring vectors that are summed together. */
const unroll = 4;

/**
 * sumRuns(src, dst, rows, srcRow, dstRow, groups, srcGroup, dstGroup, runs, dstRun, step, start, size, pitch, first,
 * last, tap, bytes): each row consists of `groups`, each group of `runs` of `bytes`, and run j of a group sums the
 * taps t from `first` to `last` whose index step·j + start + t is in [0, size):
 *
 *   dst_j = Σ_t src[(step·j + start)·pitch + t·tap]
 *
 * A run is written up to whole vectors: what follows must be written later. `addRuns` adds to what is there, exactly.
 */
export function defineRuns(module: ModuleBuilder, format: Format, name: "sumRuns" | "addRuns"): void {
  const add = name === "addRuns";
  module.define(name, i32s(18), (f) => {
    const [src, dst, rows, srcRow, dstRow, groups, srcGroup, dstGroup, runs, dstRun] = [0, 1, 2, 3, 4, 5, 6, 7, 8, 9];
    const [step, start, size, pitch, first, last, tap, bytes] = [10, 11, 12, 13, 14, 15, 16, 17];
    const [row, group, run, index, taps, t] = [f.local(), f.local(), f.local(), f.local(), f.local(), f.local()];
    const [from, to, groupFrom, groupTo, at, j] = [f.local(), f.local(), f.local(), f.local(), f.local(), f.local()];
    const [low, high, wide, whole] = [f.local(), f.local(), f.local(), f.local()];
    const scalar = f.local(format.scalar);
    f.get(bytes)
      .i32(-16 * unroll)
      .op("i32.and")
      .set(wide);
    // What is added to must not be written beyond its end.
    f.get(bytes).i32(-16).op("i32.and").set(whole);
    const overTaps = (body: () => void): void => {
      f.get(from).get(j).op("i32.add").set(at).i32(0).set(t);
      f.while(t, taps, 1, () => {
        body();
        f.advanceBy(at, tap);
      });
    };
    const vectors = (count: number): void => {
      const sums = Array.from({ length: count }, () => f.local("v128"));
      for (const [u, sum] of sums.entries()) {
        if (add)
          f.get(to)
            .get(j)
            .op("i32.add")
            .mem("v128.load", 16 * u);
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
        f.get(to)
          .get(j)
          .op("i32.add")
          .get(sum)
          .mem("v128.store", 16 * u);
    };
    f.while(row, rows, 1, () => {
      f.get(src).set(groupFrom).get(dst).set(groupTo).i32(0).set(group);
      f.while(group, groups, 1, () => {
        f.get(groupTo).set(to).get(start).set(index).i32(0).set(run);
        f.while(run, runs, 1, () => {
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
          f.get(groupFrom).get(index).get(pitch).op("i32.mul", "i32.add").get(low).get(tap).op("i32.mul", "i32.add");
          f.set(from).i32(0).set(j);
          f.while(j, wide, 16 * unroll, () => vectors(unroll));
          if (add) {
            f.while(j, whole, 16, () => vectors(1));
            f.while(j, bytes, format.bytes, () => {
              f.get(to).get(j).op("i32.add").mem(`${format.scalar}.load`).set(scalar);
              overTaps(() => f.get(scalar).get(at).mem(`${format.scalar}.load`).op(`${format.scalar}.add`).set(scalar));
              f.get(to).get(j).op("i32.add").get(scalar).mem(`${format.scalar}.store`);
            });
          } else f.while(j, bytes, 16, () => vectors(1));
          f.advanceBy(to, dstRun).advanceBy(index, step);
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
