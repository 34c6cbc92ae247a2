/** @module Runs the instructions of bands for one band after the other. */
import { convolveOp, type WindowParameters } from "../../ops/window.js";
import type { Program } from "../../program/program.js";
import { bandRow } from "./bands.js";
import type { Call } from "./context.js";
import type { Fused } from "./elementwise.js";
import type { KernelName } from "./kernels/define.js";
import { correctsNearCopies } from "./kernels/near-copies.js";
import type { Layout } from "./layout.js";
import type { Found } from "./places.js";
import type { Bands, Place, Plain } from "./schedule.js";
import { strideOf } from "./stride.js";
import type { Format } from "./vector.js";

/** The functions that a list's bands call. */
export function kernelsOfBands({ instructions, sums, whole }: Bands, input: Program["input"]): readonly KernelName[] {
  const called = instructions.flatMap((instruction): readonly KernelName[] => {
    if (instruction.kind === "fused") return [];
    return [instruction.op === convolveOp.name ? "bandSums" : gramOf(input.channels!)];
  });
  const ends = sums.map(({ weights }): KernelName => (weights.length === 0 ? "sum" : "bilinear"));
  return [...called, ...ends, ...(whole.length > 0 ? (["copyBand"] as const) : [])];
}

function gramOf(channels: number): KernelName {
  return correctsNearCopies(channels) ? "nearBandGram" : "bandGram";
}

/** What bands are run with. */
interface Workplace {
  readonly layout: Layout;
  readonly format: Format;
  /** Sizes of the grid's two axes. */
  readonly grid: readonly [height: number, width: number];
  /** Byte offsets of blocks in bands, and the address that they begin from. */
  readonly offsets: ReadonlyMap<number, number>;
  readonly scratch: number;
  readonly words: Int32Array;
  readonly call: Readonly<Record<string, (...args: number[]) => void>>;
  readonly fused: (fused: Fused) => (frame: number) => void;
  readonly find: (place: Place) => Found;
  readonly read: (address: number) => number;
  readonly write: (address: number, value: number) => void;
  readonly check: () => void;
}

/** One list's bands, as a call for two examples. */
export function bindBands(bands: Bands, at: Workplace): Call {
  const { whole, sums, symmetric } = bands;
  const [height] = at.grid;
  const runner = new BandRunner(at);
  const calls = bands.instructions.map((instruction) => runner.bind(instruction));
  const ends = sums.map((sum) => ({
    to: at.find({ from: "here", step: sum.to }),
    add: runner.sum(sum.from, sum.weights),
  }));
  const copies = whole.map((step) => runner.copy(step));
  return (a, b) => {
    const totals = ends.map(() => 0);
    // A band and its mirror image have one sum.
    for (let apart = symmetric ? 0 : 1 - height; apart < height; apart++) {
      runner.move(apart);
      for (const call of calls) {
        at.check();
        call(a, b);
      }
      for (const [n, { add }] of ends.entries()) totals[n]! += (symmetric && apart > 0 ? 2 : 1) * add(a, b);
      for (const copy of copies) copy(a, b);
    }
    for (const [n, { to }] of ends.entries()) at.write(to.address(a, b), totals[n]!);
  };
}

/** The band at hand. It consists of slices, one for each two rows of the images, in which rows and columns are their pixels. */
class BandRunner {
  readonly #at: Workplace;
  readonly #width: number;
  /** Bytes of the numbers in a row, of a row with what fills it up, and of a slice. */
  readonly #pixels: number;
  readonly #row: number;
  readonly #slice: number;
  #slices = 0;
  /** Bytes of the pixels before the first slice's, on either side. */
  #above = 0;
  #left = 0;

  constructor(at: Workplace) {
    const [, width] = at.grid;
    this.#at = at;
    this.#width = width;
    this.#pixels = width * at.format.bytes;
    this.#row = bandRow(at.format, width);
    this.#slice = width * this.#row;
  }

  /** Turns to the band whose columns lie `apart` rows of the image below its rows. */
  move(apart: number): void {
    const [height] = this.#at.grid;
    this.#slices = height - Math.abs(apart);
    this.#above = Math.max(0, -apart) * this.#pixels;
    this.#left = Math.max(0, apart) * this.#pixels;
  }

  bind(instruction: Plain): Call {
    if (instruction.kind === "fused") return this.#fused(instruction);
    return instruction.op === convolveOp.name ? this.#convolve(instruction) : this.#gram(instruction);
  }

  /** Sums over the band, by a number in scratch. */
  sum(from: number, weights: readonly Place[]): (a: number, b: number) => number {
    const { call, read, layout, scratch, find } = this.#at;
    const [k, out] = [this.#block(from), scratch + layout.product];
    const [u, v] = weights.map(find);
    if (u === undefined || v === undefined)
      return () => {
        call["sum"]!(k, out, this.#slices * this.#width, this.#width, this.#row);
        return read(out);
      };
    return (a, b) => {
      let total = 0;
      let [rows, columns] = [u.address(a, b) + this.#above, v.address(a, b) + this.#left];
      for (let s = 0; s < this.#slices; s++, rows += this.#pixels, columns += this.#pixels) {
        call["bilinear"]!(k + s * this.#slice, columns, out, this.#width, this.#width, this.#row, 0, rows);
        total += read(out);
      }
      return total;
    };
  }

  /** Copies a band to its place in the whole block. */
  copy(step: number): Call {
    const { call, find, format } = this.#at;
    const copy = call["copyBand"]!;
    const [from, block] = [this.#block(step), find({ from: "here", step })];
    return (a, b) => {
      const stride = block.stride(a, b);
      const to = block.address(a, b) + (this.#above / format.bytes) * stride + this.#left;
      const slide = this.#width * stride + this.#pixels;
      copy(from, to, this.#slices, this.#slice, this.#width, this.#row, slide, stride, this.#pixels);
    };
  }

  #block(step: number): number {
    return this.#at.scratch + this.#at.offsets.get(step)!;
  }

  #fused({ inputs, outputs, fused }: Plain & { readonly kind: "fused" }): Call {
    const { words, scratch, layout, find, offsets } = this.#at;
    const run = this.#at.fused(fused);
    const frame = scratch + layout.frame;
    const streams = inputs.map((place, n) => {
      const inBand = place.from === "here" && offsets.has(place.step);
      const at = inBand ? this.#block(place.step) : 0;
      return { access: fused.inputs[n]!, address: inBand ? () => at : find(place).address };
    });
    const written = outputs.map((step) => this.#block(step));
    return (a, b) => {
      let word = frame / 4;
      words[word++] = this.#slices;
      words[word++] = this.#width;
      // With what fills a row up it is whole register tiles, which take less time than some single vectors.
      words[word++] = this.#row;
      words[word++] = this.#pixels;
      for (const { access, address } of streams) {
        words[word++] = address(a, b) + (access === "row" ? this.#above : access === "column" ? this.#left : 0);
        words[word++] = this.#row;
      }
      for (const address of written) {
        words[word++] = address;
        words[word++] = this.#row;
      }
      run(frame);
    };
  }

  #gram(instruction: Plain & { readonly kind: "structural" }): Call {
    const { layout, call } = this.#at;
    const { inputs, strides, squares, channels } = layout;
    const gram = call[gramOf(channels)]!;
    const out = this.#block(instruction.output);
    return (a, b) => {
      const [p, q, width] = [this.#above, this.#left, this.#width];
      // Without a correction nobody reads the squares, which then are nowhere.
      const [x, y] = [inputs[a]! + p, inputs[b]! + q];
      gram(
        x,
        y,
        out,
        this.#slices,
        this.#slice,
        width,
        channels,
        strides[a]!,
        strides[b]!,
        this.#row,
        squares[a]! + p,
        squares[b]! + q,
      );
    };
  }

  #convolve(instruction: Plain & { readonly kind: "structural" }): Call {
    const { layout, call, format, scratch, words } = this.#at;
    const { filter, before } = instruction.parameters as WindowParameters;
    const [down, across] = filter as readonly [number, number];
    const [above, left] = before as readonly [number, number];
    const [from, to] = [this.#block(instruction.inputs[0]!.step), this.#block(instruction.output)];
    const [row, slice, tap] = [this.#row, this.#slice, this.#row + format.bytes];
    const strip = scratch + layout.product + left * row;
    const end = strip + slice;
    const masks = layout.masks.get(JSON.stringify(instruction.parameters))!;
    const mask = strideOf(format, this.#width * this.#at.grid[0]);
    return () => {
      words.fill(0, (strip - left * row) / 4, strip / 4);
      words.fill(0, end / 4, (end + (across - 1 - left) * row) / 4);
      call["bandSums"]!(
        from,
        to,
        this.#slices,
        slice,
        this.#width,
        row,
        down,
        above,
        strip,
        tap,
        across,
        left * tap,
        masks,
        mask,
        row,
      );
    };
  }
}
