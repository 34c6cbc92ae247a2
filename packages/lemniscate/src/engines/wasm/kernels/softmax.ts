/** @module Softmax over rows. */
import type { Fn, Local, ModuleBuilder } from "../assembler.js";
import { type ConstantTable, emitVectors, type Format, VectorAlgebra } from "../vector.js";
import { i32s } from "./signature.js";

/** Neighbouring vectors that are computed together, so that their latencies overlap. */
const unroll = 4;

/**
 * softmax(logits, presence, out, rows, columns, stride): each row's exponentials over their sum, among columns whose
 * presence is not 0. The presence line is 0 from `columns` to the end of its last vector. maskedSoftmax(…, mask,
 * maskStride) counts entries as absent where a block of ones and zeros is 0, too.
 */
export function defineSoftmax(
  module: ModuleBuilder,
  format: Format,
  constants: ConstantTable,
  name: "softmax" | "maskedSoftmax",
): void {
  const masked = name === "maskedSoftmax";
  module.define(name, i32s(masked ? 8 : 6), (f) => {
    const [logits, presence, out, rows, columns, stride, mask, maskStride] = [0, 1, 2, 3, 4, 5, 6, 7];
    const [i, j, whole, at, here, target] = [f.local(), f.local(), f.local(), f.local(), f.local(), f.local()];
    const seen = f.local();
    const pointers = masked ? [at, here, target, seen] : [at, here, target];
    const vectors = <T>(make: (u: number) => T): T[] => Array.from({ length: unroll }, (_, u) => make(u));
    const [tops, sums, values] = [0, 1, 2].map(() => vectors(() => f.local("v128"))) as [Local[], Local[], Local[]];
    const [top, total] = [tops[0]!, sums[0]!];
    const { shape } = format;
    const least = format.scalar === "f32" ? -3e38 : -1e308;
    f.get(columns)
      .i32(-unroll * format.lanes)
      .op("i32.and")
      .set(whole);
    /** Walks over a row, `body` for `count` vectors at a time. */
    const overRow = (body: (count: number) => void): void => {
      f.get(logits).set(at).get(presence).set(here).get(out).set(target).i32(0).set(j);
      if (masked) f.get(mask).set(seen);
      const step = (count: number) => (): void => {
        body(count);
        for (const pointer of pointers) f.advance(pointer, 16 * count);
      };
      f.while(j, whole, unroll * format.lanes, step(unroll));
      f.while(j, columns, format.lanes, step(1));
    };
    // 0 < NaN is false: behind the last column a mask may hold anything.
    const present = (u: number): void => {
      constants.push(f, 0);
      f.get(here).mem("v128.load", 16 * u);
      if (masked)
        f.get(seen)
          .mem("v128.load", 16 * u)
          .op(`${shape}.mul`);
      f.op(`${shape}.lt`);
    };
    f.while(i, rows, 1, () => {
      for (const each of tops) {
        constants.push(f, least);
        f.set(each);
      }
      overRow((count) => {
        for (const [u, each] of tops.slice(0, count).entries()) {
          f.get(each);
          f.get(at).mem("v128.load", 16 * u);
          constants.push(f, least);
          present(u);
          f.op("v128.bitselect", `${shape}.pmax`).set(each);
        }
      });
      gather(f, format, tops, `${shape}.pmax`);
      for (const each of sums) f.v128(new Uint8Array(16)).set(each);
      overRow((count) => {
        const used = values.slice(0, count);
        for (const [u, value] of used.entries())
          f.get(at)
            .mem("v128.load", 16 * u)
            .get(top)
            .op(`${shape}.sub`)
            .set(value);
        const algebra = new VectorAlgebra(format);
        const [exponentials] = emitVectors(f, constants, [algebra.exp(algebra.input(0))], [used], count);
        for (const [u, value] of used.entries()) {
          f.get(exponentials![u]!);
          constants.push(f, 0);
          present(u);
          f.op("v128.bitselect").set(value);
          f.get(target)
            .get(value)
            .mem("v128.store", 16 * u);
          f.get(sums[u]!).get(value).op(`${shape}.add`).set(sums[u]!);
        }
      });
      gather(f, format, sums, `${shape}.add`);
      // A row without keys sums to 0 and stays 0.
      constants.push(f, 1);
      f.get(total);
      f.get(total);
      constants.push(f, 0);
      f.op(`${shape}.le`, "v128.bitselect").set(total);
      overRow((count) => {
        for (let u = 0; u < count; u++)
          f.get(target)
            .get(target)
            .mem("v128.load", 16 * u)
            .get(total)
            .op(`${shape}.div`)
            .mem("v128.store", 16 * u);
      });
      f.advanceBy(logits, stride).advanceBy(out, stride);
      if (masked) f.advanceBy(mask, maskStride);
    });
  });
}

/** Combines all lanes of some vectors and puts the result into all lanes of the first. */
function gather(
  f: Fn,
  format: Format,
  vectors: readonly Local[],
  op: "f32x4.pmax" | "f64x2.pmax" | "f32x4.add" | "f64x2.add",
): void {
  const [first, ...others] = vectors as [Local, ...Local[]];
  f.get(first);
  for (const other of others) f.get(other).op(op);
  f.set(first);
  const lane = (index: number): void => {
    f.get(first).lane(`${format.shape}.extract_lane`, index).op(`${format.shape}.splat`);
  };
  lane(0);
  for (let index = 1; index < format.lanes; index++) {
    lane(index);
    f.op(op);
  }
  f.set(first);
}
