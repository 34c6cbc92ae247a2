/** @module Inner products of features, which lie in panels of examples. */
import type { ModuleBuilder } from "../assembler.js";
import type { Format } from "../vector.js";
import { tileColumns } from "./product.js";
import { emitRegisterTile, loadTile } from "./register-tile.js";
import { i32s } from "./signature.js";

/**
 * Examples of a panel, a multiple of a register tile's rows and of its columns. The numbers of one
 * channel lie side by side, channel after channel, so that a product reads both its factors without a gap.
 */
export function panelOf(format: Format): number {
  return Math.max(24, 3 * tileColumns(format));
}

/** Channels that are summed before the next panel's turn: those of two panels stay in the first cache. */
export const channelBlock = 96;

/** Rows of a register tile, a divisor of a panel: without a fused multiply-add a product needs a register of its own. */
function tileRows({ fma }: Format): number {
  return fma ? 6 : 4;
}

/**
 * gramPanels(a, b, c, panelsA, panelsB, channels, panelBytes, strideC, first, triangle): adds Σ_k a_ki b_kj to c_ij, or
 * sets it if `first` is not 0, over whole panels; with `triangle`, only panels on and above the diagonal. Every entry is summed in the order
 * of k, as in `product`.
 */
export function defineGram(module: ModuleBuilder, format: Format): void {
  const micro = defineMicro(module, format);
  const [panel, columns] = [panelOf(format), tileColumns(format)];
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
          f.while(i, whole, tileRows(format), () => {
            f.get(left).get(i).i32(format.bytes).op("i32.mul", "i32.add");
            f.get(right).get(out).get(channels).get(strideC).get(first).call(micro);
            f.get(out).get(strideC).i32(tileRows(format)).op("i32.mul", "i32.add").set(out);
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
  const stride = panelOf(format) * format.bytes;
  return module.define("gramTile", i32s(6), (f) => {
    const [a, b, c, channels, strideC, first] = [0, 1, 2, 3, 4, 5];
    const next = (): void => {
      f.advance(a, stride).advance(b, stride);
    };
    emitRegisterTile(f, format, { a, b, c, strideC, K: channels, height: tileRows(format) }, next, (sums) => {
      // Locals begin at 0.
      f.get(first)
        .op("i32.eqz")
        .if(() => loadTile(f, sums, c, strideC));
    });
  });
}
