/** @module Inner products and sums under windows, in bands: slices one behind the other, whose rows and columns move on alike. */
import type { ModuleBuilder } from "../assembler.js";
import type { Format } from "../vector.js";
import { defineNearGram } from "./near-copies.js";
import { defineProduct } from "./product.js";
import { defineMaskedRuns, defineRuns } from "./runs.js";
import { i32s } from "./signature.js";

/**
 * bandGram(a, b, c, slices, slice, rows, K, strideA, strideB, strideC): c_sij = Σ_k a_k(s·rows+i) b_k(s·rows+j).
 */
export function defineBandGram(module: ModuleBuilder, format: Format): void {
  const gram = defineProduct(module, format, "gram");
  module.define("bandGram", i32s(10), (f) => {
    const [a, b, c, slices, slice, rows, K, strideA, strideB, strideC] = [0, 1, 2, 3, 4, 5, 6, 7, 8, 9];
    const [s, bytes] = [f.local(), f.local()];
    f.get(rows).i32(format.bytes).op("i32.mul").set(bytes);
    f.while(s, slices, 1, () => {
      for (const argument of [a, b, c, rows, rows, K, strideA, strideB, strideC]) f.get(argument);
      f.call(gram);
      f.advanceBy(a, bytes).advanceBy(b, bytes).advanceBy(c, slice);
    });
  });
}

/** nearBandGram(a, b, c, slices, slice, rows, K, strideA, strideB, strideC, squaresA, squaresB): the same as `nearGram` corrects it. */
export function defineNearBandGram(module: ModuleBuilder, format: Format): void {
  const [product, near] = [defineProduct(module, format, "product"), defineNearGram(module, format)];
  module.define("nearBandGram", i32s(12), (f) => {
    const [a, b, c, slices, slice, rows, K, strideA, strideB, strideC, squaresA, squaresB] = [
      0, 1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11,
    ];
    const [s, bytes] = [f.local(), f.local()];
    f.get(rows).i32(format.bytes).op("i32.mul").set(bytes);
    f.while(s, slices, 1, () => {
      for (const argument of [a, b, c, rows, rows, K, strideA, strideB, strideC]) f.get(argument);
      f.call(product);
      for (const argument of [a, b, c, squaresA, squaresB, rows, rows, K, strideA, strideB, strideC]) f.get(argument);
      f.call(near);
      for (const pointer of [a, b, squaresA, squaresB]) f.advanceBy(pointer, bytes);
      f.advanceBy(c, slice);
    });
  });
}

/**
 * bandSums(src, dst, slices, slice, rows, row, filter, before, strip, tap, taps, first, masks, mask, bytes): a band is
 * `slices` of `rows` each. Slice s of the result sums the slices s + t − before for t < filter that there are, into the
 * strip, and of those rows what `maskedRuns` sums, from `first` bytes before them on. Around the rows of the strip must be zeros.
 */
export function defineBandSums(module: ModuleBuilder, format: Format): void {
  const [sum, masked] = [defineRuns(module, format, "sumRuns"), defineMaskedRuns(module, format)];
  module.define("bandSums", i32s(15), (f) => {
    const [src, dst, slices, slice, rows, row, filter, before, strip, tap, taps, first, masks, mask, bytes] = [
      0, 1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11, 12, 13, 14,
    ];
    const [s, start, out] = [f.local(), f.local(), f.local()];
    const zero = f.local();
    const one = f.local();
    f.i32(1).set(one).i32(0).get(before).op("i32.sub").set(start).get(dst).set(out);
    f.while(s, slices, 1, () => {
      // One run of one group in one row: a whole slice.
      f.get(src).get(strip).get(one).get(zero).get(zero).get(one).get(zero).get(zero).get(one).get(one);
      f.get(start).get(slices).get(zero).get(filter).get(slice).get(slice).call(sum);
      f.get(strip).get(first).op("i32.sub").get(out).get(rows).get(row).get(row).get(taps).get(tap);
      f.get(masks).get(mask).get(bytes).call(masked);
      f.advance(start, 1).advanceBy(out, slice);
    });
  });
}

/**
 * copyBand(src, dst, slices, slice, rows, row, slide, stride, bytes): `bytes` of each row to rows of a whole block, whose
 * next slice begins `slide` bytes further on, and nothing beyond them.
 */
export function defineCopyBand(module: ModuleBuilder, { bytes: size, scalar }: Format): void {
  module.define("copyBand", i32s(9), (f) => {
    const [src, dst, slices, slice, rows, row, slide, stride, bytes] = [0, 1, 2, 3, 4, 5, 6, 7, 8];
    const [s, i, j, from, to, whole] = [f.local(), f.local(), f.local(), f.local(), f.local(), f.local()];
    f.get(bytes).i32(-16).op("i32.and").set(whole);
    const move = (
      load: "v128.load" | `${typeof scalar}.load`,
      store: "v128.store" | `${typeof scalar}.store`,
    ): void => {
      f.get(to).get(j).op("i32.add").get(from).get(j).op("i32.add").mem(load).mem(store);
    };
    f.while(s, slices, 1, () => {
      f.get(src).set(from).get(dst).set(to).i32(0).set(i);
      f.while(i, rows, 1, () => {
        f.i32(0).set(j);
        f.while(j, whole, 16, () => move("v128.load", "v128.store"));
        f.while(j, bytes, size, () => move(`${scalar}.load`, `${scalar}.store`));
        f.advanceBy(from, row).advanceBy(to, stride);
      });
      f.advanceBy(src, slice).advanceBy(dst, slide);
    });
  });
}
