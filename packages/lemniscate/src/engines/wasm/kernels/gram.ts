/** @module Inner products of features, which lie in panels of examples. */
import type { ModuleBuilder } from "../assembler.js";
import type { Format } from "../vector.js";
import { i32s } from "./signature.js";

/**
 * Examples of a panel, a multiple of a register tile's rows and of its columns in both precisions. The numbers of one
 * channel lie side by side, channel after channel, so that a product reads both its factors without a gap.
 */
export const panel = 24;

/** Channels that are summed before the next panel's turn: those of two panels stay in the first cache. */
export const channelBlock = 96;

/** A register tile: 12 sums, 2 vectors of columns, 1 of rows. */
const tileRows = 6;
const tileVectors = 2;

const unrolledSteps = 4;

/**
 * gramPanels(a, b, c, panelsA, panelsB, channels, panelBytes, strideC, first, triangle): adds Σ_k a_ki b_kj to c_ij, or
 * sets it if `first` is not 0, over whole panels; with `triangle`, only panels on and above the diagonal. Every entry is summed in the order
 * of k and every product is rounded, as in `gramDots`.
 */
export function defineGram(module: ModuleBuilder, format: Format): void {
  const micro = defineMicro(module, format);
  const columns = tileVectors * format.lanes;
  module.define("gramPanels", i32s(10), (f) => {
    const [a, b, c, panelsA, panelsB, channels, panelBytes, strideC, first, triangle] = [0, 1, 2, 3, 4, 5, 6, 7, 8, 9];
    const [q, p, end, j, i] = [f.local(), f.local(), f.local(), f.local(), f.local()];
    const [left, right, row, out] = [f.local(), f.local(), f.local(), f.local()];
    const whole = f.local();
    f.i32(panel).set(whole);
    f.get(panelsA).set(end);
    f.while(q, panelsB, 1, () => {
      f.get(triangle).if(() => f.get(q).i32(1).op("i32.add").set(end));
      f.get(a).set(left).get(c).set(row).i32(0).set(p);
      f.while(p, end, 1, () => {
        f.get(b).set(right).i32(0).set(j);
        f.while(j, whole, columns, () => {
          f.get(row).get(j).i32(format.bytes).op("i32.mul", "i32.add").set(out).i32(0).set(i);
          f.while(i, whole, tileRows, () => {
            f.get(left).get(i).i32(format.bytes).op("i32.mul", "i32.add");
            f.get(right).get(out).get(channels).get(strideC).get(first).call(micro);
            f.get(out).get(strideC).i32(tileRows).op("i32.mul", "i32.add").set(out);
          });
          f.advance(right, columns * format.bytes);
        });
        f.advanceBy(left, panelBytes);
        f.get(row).get(strideC).i32(panel).op("i32.mul", "i32.add").set(row);
      });
      f.advanceBy(b, panelBytes).advance(c, panel * format.bytes);
    });
  });
}

/** One register tile: (a, b, c, channels, strideC, first). */
function defineMicro(module: ModuleBuilder, format: Format): number {
  const stride = panel * format.bytes;
  return module.define("gramTile", i32s(6), (f) => {
    const [a, b, c, channels, strideC, first] = [0, 1, 2, 3, 4, 5];
    const at = f.local();
    const each = (body: (sum: number, i: number, v: number) => void): void => {
      for (let i = 0; i < tileRows; i++) for (let v = 0; v < tileVectors; v++) body(sums + i * tileVectors + v, i, v);
    };
    const sums = f.local("v128");
    for (let n = 1; n < tileRows * tileVectors; n++) f.local("v128");
    const overRows = (body: (sum: number, v: number) => void): void => {
      f.get(c).set(at);
      each((sum, _, v) => {
        body(sum, v);
        if (v === tileVectors - 1) f.advanceBy(at, strideC);
      });
    };
    // Locals begin at 0.
    f.get(first)
      .op("i32.eqz")
      .if(() =>
        overRows((sum, v) =>
          f
            .get(at)
            .mem("v128.load", 16 * v)
            .set(sum),
        ),
      );
    const [k, end] = [f.local(), f.local()];
    const steps = (count: number): void => {
      const lefts = Array.from({ length: count }, () => Array.from({ length: tileRows }, () => f.local("v128")));
      const rights = Array.from({ length: count }, () => Array.from({ length: tileVectors }, () => f.local("v128")));
      // All steps of one sum are nested into one expression; other orders make V8 spill the sums.
      each((sum, i, v) => {
        f.get(sum);
        for (let u = 0; u < count; u++) {
          if (v === 0)
            f.get(a)
              .mem(format.splat, u * stride + i * format.bytes)
              .tee(lefts[u]![i]!);
          else f.get(lefts[u]![i]!);
          if (i === 0)
            f.get(b)
              .mem("v128.load", u * stride + 16 * v)
              .tee(rights[u]![v]!);
          else f.get(rights[u]![v]!);
          f.op(`${format.shape}.mul`, `${format.shape}.add`);
        }
        f.set(sum);
      });
      f.advance(a, count * stride).advance(b, count * stride);
    };
    f.get(channels).i32(-unrolledSteps).op("i32.and").set(end);
    f.while(k, end, unrolledSteps, () => steps(unrolledSteps));
    f.while(k, channels, 1, () => steps(1));
    overRows((sum, v) =>
      f
        .get(at)
        .get(sum)
        .mem("v128.store", 16 * v),
    );
  });
}
