/** @module Softmax over rows. */
import type { Fn, Local, ModuleBuilder } from "../assembler.js";
import { type ConstantTable, emitVectors, type Format, VectorAlgebra } from "../vector.js";
import { i32s } from "./signature.js";

/**
 * softmax(logits, presence, out, rows, columns, stride): each row's exponentials over their sum, among columns whose
 * presence is not 0. The presence line is 0 from `columns` to the end of its last vector.
 */
export function defineSoftmax(module: ModuleBuilder, format: Format, constants: ConstantTable): void {
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
