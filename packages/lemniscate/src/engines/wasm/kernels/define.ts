/** @module The hand-written functions of the engine: matrix products, softmax, sums. */
import type { ModuleBuilder } from "../assembler.js";
import type { ConstantTable, Format } from "../vector.js";
import { defineBandGram, defineBandSums, defineCopyBand, defineNearBandGram } from "./bands.js";
import { defineColumnDots } from "./column-dots.js";
import { defineCombine } from "./combine.js";
import { defineGram } from "./gram.js";
import { defineNearDots, defineNearGram } from "./near-copies.js";
import { defineProduct } from "./product.js";
import { defineGutters, defineMaskedRuns, defineRuns } from "./runs.js";
import { defineSoftmax } from "./softmax.js";
import { defineSum } from "./sums.js";
import { defineTranspose } from "./transpose.js";

export type KernelName =
  | "product"
  | "columnDots"
  | "gram"
  | "gramDots"
  | "gramPanels"
  | "nearGram"
  | "nearDots"
  | "softmax"
  | "maskedSoftmax"
  | "transpose"
  | "sumRuns"
  | "addRuns"
  | "maskedRuns"
  | "gutters"
  | "bandGram"
  | "nearBandGram"
  | "bandSums"
  | "copyBand"
  | "sum"
  | "inner"
  | "bilinear"
  | "combineRows";

type Define = (module: ModuleBuilder, format: Format, constants: ConstantTable) => unknown;

// Of few channels, where a second look at every entry would cost more than it: rounding every product makes x·x' of
// nearly equal x and x' err alike, so that their distance survives the difference.
const rounding = (format: Format): Format => ({ ...format, fma: false });

/** The functions of this folder. Strides are in bytes; blocks are read and written up to whole tiles. */
const kernels: Readonly<Record<KernelName, Define>> = {
  product: (module, format) => defineProduct(module, format, "product"),
  columnDots: (module, format) => defineColumnDots(module, format, "columnDots"),
  gram: (module, format) => defineProduct(module, rounding(format), "gram"),
  gramDots: (module, format) => defineColumnDots(module, rounding(format), "gramDots"),
  gramPanels: defineGram,
  nearGram: defineNearGram,
  nearDots: defineNearDots,
  softmax: (module, format, constants) => defineSoftmax(module, format, constants, "softmax"),
  maskedSoftmax: (module, format, constants) => defineSoftmax(module, format, constants, "maskedSoftmax"),
  transpose: defineTranspose,
  sumRuns: (module, format) => defineRuns(module, format, "sumRuns"),
  addRuns: (module, format) => defineRuns(module, format, "addRuns"),
  maskedRuns: defineMaskedRuns,
  gutters: defineGutters,
  bandGram: (module, format) => defineBandGram(module, rounding(format)),
  nearBandGram: defineNearBandGram,
  bandSums: defineBandSums,
  copyBand: defineCopyBand,
  sum: (module, format) => defineSum(module, format, "sum", 1),
  inner: (module, format) => defineSum(module, format, "inner", 2),
  bilinear: (module, format) => defineSum(module, format, "bilinear", 2),
  combineRows: defineCombine,
};

/** Defines those functions that are wanted: to write and compile all of them takes as long as a small job. */
export function defineKernels(
  module: ModuleBuilder,
  format: Format,
  constants: ConstantTable,
  wanted: ReadonlySet<KernelName>,
): void {
  for (const name of wanted) kernels[name](module, format, constants);
}
