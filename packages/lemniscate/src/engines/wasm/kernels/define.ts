/** @module The hand-written functions of the engine: matrix products, softmax, sums. */
import type { ModuleBuilder } from "../assembler.js";
import type { ConstantTable, Format } from "../vector.js";
import { defineColumnDots } from "./column-dots.js";
import { defineGram } from "./gram.js";
import { defineProduct } from "./product.js";
import { defineGutters, defineMaskedRuns, defineRuns } from "./runs.js";
import { defineSoftmax } from "./softmax.js";
import { defineSum } from "./sums.js";
import { defineTranspose } from "./transpose.js";

/** Defines all functions of this folder. Strides are in bytes; blocks are read and written up to whole tiles. */
export function defineKernels(module: ModuleBuilder, format: Format, constants: ConstantTable): void {
  defineProduct(module, format, "product");
  defineColumnDots(module, format, "columnDots");
  // Rounding every product makes x·x' of nearly equal x and x' err alike, so that their distance survives the difference.
  const rounding = { ...format, fma: false };
  defineProduct(module, rounding, "gram");
  defineColumnDots(module, rounding, "gramDots");
  defineGram(module, format);
  defineSoftmax(module, format, constants);
  defineTranspose(module, format);
  defineRuns(module, format, "sumRuns");
  defineRuns(module, format, "addRuns");
  defineMaskedRuns(module, format);
  defineGutters(module, format);
  defineSum(module, format, "sum", 1);
  defineSum(module, format, "inner", 2);
  defineSum(module, format, "bilinear", 2);
}
