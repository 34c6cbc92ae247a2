/** @module Examples that lie side by side in panels, and matrices of their inner products over whole tiles. */

import type { Numbers } from "../engine.js";
import { channelBlock } from "./kernels/gram.js";
import type { Layout } from "./layout.js";
import { strideOf } from "./stride.js";
import type { Format } from "./vector.js";

/** The pairs that a tile's numbers are computed for: the tile begins at (top, left) of it. */
export interface Area {
  /** Its first examples. */
  readonly a: number;
  readonly b: number;
  readonly top: number;
  readonly left: number;
  readonly height: number;
  readonly width: number;
  /** Bytes from row to row. */
  readonly stride: number;
}

/** Addresses of examples' numbers in panels, and of their inner products with themselves. */
export interface Side {
  readonly at: Float64Array;
  readonly squares: Float64Array;
}

/** What panels are worked on with. */
interface Workplace {
  readonly layout: Layout;
  readonly format: Format;
  readonly numbers: Numbers;
  readonly call: Readonly<Record<string, (...args: number[]) => void>>;
  /** Address of scratch memory that no step owns. */
  readonly spare: number;
  /** Throws where work is to end. */
  readonly check: () => void;
}

export class Panels {
  readonly #at: Workplace;

  constructor(at: Workplace) {
    this.#at = at;
  }

  /** Puts the features of a panel's examples in their places, and their inner products with themselves. */
  place(first: number, count: number): void {
    const { layout, format, numbers, call, check } = this.#at;
    const { channels, given, inputs, inputStride, presence, squares } = layout;
    const row = channels * format.bytes;
    // Some channels at a time, so that what is written stays in the first cache until all examples are there.
    for (let c = 0; c < channels; c += channelBlock) {
      check();
      const from = given + first * row + c * format.bytes;
      const some = Math.min(channelBlock, channels - c);
      call["transpose"]!(from, inputs[first]! + c * inputStride, count, some, row, inputStride);
    }
    for (let e = first; e < first + count; e++) {
      if (numbers[presence[e]! / format.bytes] !== 0) continue;
      const at = inputs[e]! / format.bytes;
      for (let c = 0; c < channels; c++) numbers[at + c * (inputStride / format.bytes)] = 0;
    }
    const x = inputs[first]!;
    if (squares.length > 0) call["columnDots"]!(x, x, squares[first]!, count, channels, inputStride, inputStride);
  }

  /** The inner product of a panel's one example with itself, by way of scratch: the neighbours are not ours. */
  square({ at, squares }: Side, e: number): void {
    const { layout, format, numbers, call, spare } = this.#at;
    const { channels, inputStride } = layout;
    const x = at[e]!;
    call["columnDots"]!(x, x, spare, 1, channels, inputStride, inputStride);
    numbers[squares[e]! / format.bytes] = numbers[spare / format.bytes]!;
  }

  /** Where a tile's numbers are computed: in whole panels, from the beginning of its first ones. */
  areaOf(a: number, b: number, rowFrom: number, columnFrom: number, rows: number, columns: number): Area {
    const { layout, format } = this.#at;
    const { panel } = layout;
    const [top, left] = [rowFrom % panel, columnFrom % panel];
    const [height, width] = [top + rows, left + columns];
    const stride = strideOf(format, Math.ceil(width / panel) * panel);
    return { a: a - top, b: b - left, top, left, height, width, stride };
  }

  /** Inner products of whole panels; of those of one batch with itself, the upper triangle. */
  gram(x: Side, y: Side, out: number, area: Area, triangle: boolean): void {
    const { layout, call, check } = this.#at;
    const { channels, panel, inputStride, panelStride } = layout;
    const { a, b, height, width, stride } = area;
    const [panelsA, panelsB] = [Math.ceil(height / panel), Math.ceil(width / panel)];
    for (let c = 0; c < channels; c += channelBlock) {
      check();
      const [left, right] = [x.at[a]! + c * inputStride, y.at[b]! + c * inputStride];
      call["gramPanels"]!(
        left,
        right,
        out,
        panelsA,
        panelsB,
        Math.min(channelBlock, channels - c),
        panelStride,
        stride,
        c === 0 ? 1 : 0,
        triangle ? 1 : 0,
      );
    }
    this.#correct(x, y, out, area, triangle);
  }

  /** Inner products of near-copies among those. */
  #correct(x: Side, y: Side, out: number, { a, b, height, width, stride }: Area, triangle: boolean): void {
    const { layout, format, call, check } = this.#at;
    const { channels, panel, inputStride, panelStride } = layout;
    const { bytes } = format;
    for (let i = 0; i < height; i += panel) {
      check();
      for (let j = triangle ? i : 0; j < width; j += panel)
        call["nearGram"]!(
          x.at[a]! + (i / panel) * panelStride,
          y.at[b]! + (j / panel) * panelStride,
          out + i * stride + j * bytes,
          x.squares[a]! + i * bytes,
          y.squares[b]! + j * bytes,
          Math.min(panel, height - i),
          Math.min(panel, width - j),
          channels,
          inputStride,
          inputStride,
          stride,
        );
    }
  }
}
