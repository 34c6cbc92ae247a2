/** @module Structural operations as calls of the engine's own functions. */

import type { StructuralName } from "../../ops/op.js";
import type { Program } from "../../program/program.js";
import type { Call, Context } from "./context.js";
import { dualSums, rectifierSums } from "./dual-sums.js";
import type { KernelName } from "./kernels/define.js";
import { correctsNearCopies } from "./kernels/near-copies.js";
import { activate, sparsemaxRows } from "./logits.js";
import { aggregate, end, mapLine, mapPairs } from "./maps.js";
import { meanJacobian, meanSandwich } from "./means.js";
import { strideOf } from "./stride.js";
import { convolve, pickCenters, tapShares, windowSums } from "./windows.js";

const ofNumbers: readonly KernelName[] = ["gramPanels", "columnDots", "nearGram", "nearDots"];
const ofPositions: readonly KernelName[] = ["product", "columnDots", "nearGram", "nearDots"];

/** The functions that the lowering of an operation calls. */
export function kernelsOf(op: StructuralName, { grid, channels }: Program["input"]): readonly KernelName[] {
  if (op !== "gram" && op !== "mixedGram") return called[op];
  if (grid.length === 0) return ofNumbers;
  return correctsNearCopies(channels!) ? ofPositions : ["gram", "gramDots"];
}

const called: { readonly [Name in Exclude<StructuralName, "gram" | "mixedGram">]: readonly KernelName[] } = {
  mix: ["transpose", "product"],
  mixLine: ["product"],
  poolInputs: ["inner"],
  pooledGram: ofNumbers,
  positionCovariance: [],
  presence: [],
  tokenMask: [],
  softmaxRows: ["softmax", "maskedSoftmax"],
  sparsemaxRows: [],
  activate: [],
  dualSums: ["sum"],
  draws: [],
  meanSandwich: ["product"],
  meanJacobian: ["product", "transpose"],
  rectifierSums: ["sum"],
  sandwich: ["product", "columnDots"],
  compose: ["product"],
  cross: ["product"],
  inner: ["inner"],
  weigh: ["product"],
  bilinear: ["bilinear"],
  sumPairs: ["sum"],
  sumDiagonal: ["sum"],
  takeDiagonal: [],
  scaleDiagonal: [],
  convolve: ["sumRuns", "addRuns", "maskedRuns", "gutters"],
  windowSums: ["sumRuns", "addRuns", "maskedRuns", "gutters"],
  pickCenters: [],
  tapShares: [],
  onlyDiagonal: [],
  mapPairs: ["combineRows", "transpose"],
  mapLine: [],
  aggregate: ["combineRows", "transpose"],
  end: [],
};

/** Columns of a matrix in memory: where it is, how many they are, bytes from row to row. */
interface Columns {
  readonly at: number;
  readonly count: number;
  readonly stride: number;
}

/** Inner products of columns: all of them or, `alone`, of each with its like; `squares` finds those of each with itself. */
function innerProducts(
  call: Context["call"],
  { channels, corrects, alone }: { readonly channels: number; readonly corrects: boolean; readonly alone: boolean },
  x: Columns,
  y: Columns,
  out: { readonly at: number; readonly stride: number },
  squares: () => readonly [p: number, q: number],
): void {
  if (alone) {
    // An input with itself needs no correction.
    const dots: KernelName = corrects ? (x.at === y.at ? "columnDots" : "nearDots") : "gramDots";
    call[dots]!(x.at, y.at, out.at, Math.min(x.count, y.count), channels, x.stride, y.stride);
    return;
  }
  const sizes = [x.count, y.count, channels, x.stride, y.stride, out.stride] as const;
  call[corrects ? "product" : "gram"]!(x.at, y.at, out.at, ...sizes);
  if (corrects) call["nearGram"]!(x.at, y.at, out.at, ...squares(), ...sizes);
}

export const lowerings: { readonly [Name in StructuralName]: (context: Context) => Call } = {
  gram: ({ layout, form, output, call }) => {
    const { inputs, lengths, strides, channels, features, inputStride, squares, together } = layout;
    const what = { channels, corrects: features || correctsNearCopies(channels), alone: form !== "block" };
    const columns = (e: number): Columns => ({
      at: inputs[e]!,
      count: features ? together[e]! : lengths[e]!,
      stride: features ? inputStride : strides[e]!,
    });
    return (a, b) => {
      const out = { at: output.address(a, b), stride: output.stride(a, b) };
      innerProducts(call, what, columns(a), columns(b), out, () => [squares[a]!, squares[b]!]);
    };
  },

  // Inputs lie channel by channel, so that (A x)ᵀ is a product of x, position by position, and Aᵀ.
  mix:
    ({ layout, inputs: [A, x], output, spare, format, call }) =>
    (a, b) => {
      const [length, stride, channels] = [layout.lengths[a]!, layout.strides[a]!, layout.channels];
      const row = strideOf(format, channels);
      call["transpose"]!(x?.address(a, b) ?? layout.inputs[a]!, spare, channels, length, stride, row);
      call["product"]!(spare, A!.address(a, b), output.address(a, b), channels, length, length, row, stride, stride);
    },

  mixedGram: ({ layout: { channels }, space, form, inputs: [x, y], output, spare, format, call }) => {
    const { lengths, strides, longest } = space;
    const what = { channels, corrects: correctsNearCopies(channels), alone: form !== "block" };
    return (a, b) => {
      const left = { at: x!.address(a, b), count: lengths[a]!, stride: strides[a]! };
      const right = { at: y!.address(a, b), count: lengths[b]!, stride: strides[b]! };
      const out = { at: output.address(a, b), stride: output.stride(a, b) };
      innerProducts(call, what, left, right, out, () => {
        const [p, q] = [spare, spare + strideOf(format, longest)];
        call["columnDots"]!(left.at, left.at, p, left.count, channels, left.stride, left.stride);
        call["columnDots"]!(right.at, right.at, q, right.count, channels, right.stride, right.stride);
        return [p, q];
      });
    };
  },

  // A line is a product with one row.
  mixLine:
    ({ space: { lengths, strides }, inputs: [A, u], output, format: { bytes }, call }) =>
    (a, b) => {
      const [length, stride] = [lengths[a]!, strides[a]!];
      call["product"]!(
        u!.address(a, b),
        A!.address(a, b),
        output.address(a, b),
        1,
        length,
        length,
        bytes,
        stride,
        stride,
      );
    },

  poolInputs:
    ({ layout, inputs: [u, x], output, call }) =>
    (a, b) => {
      const [length, stride] = [layout.lengths[a]!, layout.strides[a]!];
      const [line, from, to] = [u!.address(a, b), x?.address(a, b) ?? layout.inputs[a]!, output.address(a, b)];
      for (let c = 0; c < layout.channels; c++)
        call["inner"]!(from + c * stride, line, to + c * layout.inputStride, 1, length, 0, 0);
    },

  pooledGram:
    ({ layout: { channels, inputStride }, inputs: [x, y], output, call }) =>
    (a, b) =>
      call["nearDots"]!(
        x!.address(a, b),
        y!.address(a, b),
        output.address(a, b),
        1,
        channels,
        inputStride,
        inputStride,
      ),

  softmaxRows:
    ({ space: { lengths }, inputs: [logits, presence, mask], output, call }) =>
    (a, b) =>
      call[mask === undefined ? "softmax" : "maskedSoftmax"]!(
        logits!.address(a, b),
        presence!.address(a, b),
        output.address(a, b),
        lengths[a]!,
        lengths[b]!,
        logits!.stride(a, b),
        mask?.address(a, b) ?? 0,
        mask?.stride(a, b) ?? 0,
      ),

  sparsemaxRows: sparsemaxRows,
  activate: activate,
  dualSums,
  rectifierSums,
  draws: () => () => {},
  meanSandwich,
  meanJacobian,

  // Products sum over the rows of both factors: first (A k)ᵀ from k and Aᵀ, then A k Bᵀ from that and Bᵀ.
  sandwich:
    ({ space: { lengths, strides }, form, inputs: [A, k, B], output, spare, call }) =>
    (a, b) => {
      const [rows, columns, strideA, strideB] = [lengths[a]!, lengths[b]!, strides[a]!, strides[b]!];
      const out = output.address(a, b);
      call["product"]!(
        k!.address(a, b),
        A!.address(a, b),
        spare,
        columns,
        rows,
        rows,
        k!.stride(a, b),
        strideA,
        strideA,
      );
      if (form === "block")
        call["product"]!(spare, B!.address(a, b), out, rows, columns, columns, strideA, strideB, output.stride(a, b));
      else call["columnDots"]!(spare, B!.address(a, b), out, Math.min(rows, columns), columns, strideA, strideB);
    },

  compose:
    ({ space: { lengths, strides }, inputs: [A, C], output, call }) =>
    (a, b) => {
      const [length, stride] = [lengths[a]!, strides[a]!];
      const [left, right] = [A!.address(a, b), C!.address(a, b)];
      call["product"]!(left, right, output.address(a, b), length, length, length, stride, stride, stride);
    },

  cross:
    ({ space: { lengths, strides }, inputs: [A, B], output, call }) =>
    (a, b) => {
      const [rows, columns] = [lengths[a]!, lengths[b]!];
      call["product"]!(
        A!.address(a, b),
        B!.address(a, b),
        output.address(a, b),
        rows,
        columns,
        Math.min(rows, columns),
        strides[a]!,
        strides[b]!,
        output.stride(a, b),
      );
    },

  inner:
    ({ space: { lengths }, inputs: [x, y], output, call }) =>
    (a, b) =>
      call["inner"]!(
        x!.address(a, b),
        y!.address(a, b),
        output.address(a, b),
        lengths[a]!,
        lengths[b]!,
        x!.stride(a, b),
        y!.stride(a, b),
      ),

  weigh:
    ({ space: { lengths, strides }, inputs: [A, u], output, format: { bytes }, call }) =>
    (a, b) => {
      const [length, stride] = [lengths[a]!, strides[a]!];
      const [weights, line] = [A!.address(a, b), u!.address(a, b)];
      call["product"]!(line, weights, output.address(a, b), 1, length, length, bytes, A!.stride(a, b), stride);
    },

  bilinear:
    ({ space: { lengths }, inputs: [u, k, v], output, call }) =>
    (a, b) =>
      call["bilinear"]!(
        k!.address(a, b),
        v!.address(a, b),
        output.address(a, b),
        lengths[a]!,
        lengths[b]!,
        k!.stride(a, b),
        0,
        u!.address(a, b),
      ),

  sumPairs:
    ({ space: { lengths }, inputs: [k], output, call }) =>
    (a, b) =>
      call["sum"]!(k!.address(a, b), output.address(a, b), lengths[a]!, lengths[b]!, k!.stride(a, b)),

  sumDiagonal:
    ({ space: { lengths }, inputs: [k], output, call }) =>
    (a, b) =>
      call["sum"]!(k!.address(a, b), output.address(a, b), 1, Math.min(lengths[a]!, lengths[b]!), 0),

  takeDiagonal:
    ({ space: { lengths }, inputs: [k], output, format: { bytes }, read, write }) =>
    (a, b) => {
      const step = k!.stride(a, b) + bytes;
      const [from, to] = [k!.address(a, b), output.address(a, b)];
      for (let s = 0; s < Math.min(lengths[a]!, lengths[b]!); s++) write(to + s * bytes, read(from + s * step));
    },

  scaleDiagonal: ({
    space: { lengths },
    form,
    parameters,
    inputs: [k],
    output,
    format: { bytes },
    read,
    write,
    copy,
  }) => {
    const factor = parameters["factor"] as number;
    return (a, b) => {
      const stride = form === "block" ? output.stride(a, b) : 0;
      const to = output.address(a, b);
      copy(k!.address(a, b), to, form === "block" ? lengths[a]! * stride : output.stride(a, b));
      for (let s = 0; s < Math.min(lengths[a]!, lengths[b]!); s++) {
        const at = to + s * (stride + bytes);
        write(at, read(at) * factor);
      }
    };
  },

  presence:
    ({ layout, form, output, format: { bytes }, copy }) =>
    (a, b) =>
      copy(
        layout.presence[a]!,
        output.address(a, b),
        form === "value" ? layout.together[a]! * bytes : layout.strides[a]!,
      ),

  onlyDiagonal:
    ({ space: { lengths }, form, inputs: [k], output, format: { bytes }, read, write, copy, clear }) =>
    (a, b) => {
      const [from, to, stride] = [k!.address(a, b), output.address(a, b), output.stride(a, b)];
      if (form !== "block") {
        copy(from, to, stride);
        return;
      }
      clear(to, lengths[a]! * stride);
      for (let s = 0; s < Math.min(lengths[a]!, lengths[b]!); s++)
        write(to + s * (stride + bytes), read(from + s * bytes));
    },

  convolve,
  windowSums,
  pickCenters,
  tapShares,
  mapPairs,
  mapLine,
  aggregate,
  end,

  // Lies in memory already; `findPlace` says where.
  positionCovariance: () => () => {},
  tokenMask: () => () => {},
};
