import { ModuleBuilder } from "./assembler.js";
import { defineFused } from "./elementwise.js";
import { defineKernels } from "./kernels/define.js";
import { constantsAt } from "./layout.js";
import type { Lowered } from "./lower.js";
import { ConstantTable, type Format } from "./vector.js";

/** The WebAssembly of a program: the engine's own functions and the program's fused ones. */
export interface Code {
  readonly bytes: Uint8Array<ArrayBuffer>;
  /** The table of constants, to be copied to {@link constantsAt}. */
  readonly constants: Uint8Array;
}

export function generate(lowered: Lowered, format: Format, shared: boolean): Code {
  const module = new ModuleBuilder();
  const constants = new ConstantTable(format, constantsAt);
  defineKernels(module, format, constants);
  for (const [i, fused] of lowered.functions.entries()) defineFused(module, format, constants, `fused${i}`, fused);
  return { bytes: module.bytes(shared), constants: constants.bytes() };
}
