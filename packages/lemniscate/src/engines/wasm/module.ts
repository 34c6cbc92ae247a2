import type { StructuralName } from "../../ops/op.js";
import { ModuleBuilder } from "./assembler.js";
import { kernelsOfBands } from "./band-calls.js";
import { defineFused } from "./elementwise.js";
import { defineKernels, type KernelName } from "./kernels/define.js";
import { constantsAt } from "./layout.js";
import type { Lowered } from "./lower.js";
import { kernelsOf } from "./structural.js";
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
  defineKernels(module, format, constants, calledBy(lowered));
  for (const [i, fused] of lowered.functions.entries()) defineFused(module, format, constants, `fused${i}`, fused);
  return { bytes: module.bytes(shared), constants: constants.bytes() };
}

/** The hand-written functions that a program calls. */
function calledBy({ program, example, pair, tile, transposed }: Lowered): ReadonlySet<KernelName> {
  const names = [...example, ...pair, ...tile].flatMap((instruction) => {
    if (instruction.kind === "bands") return kernelsOfBands(instruction, program.input);
    return instruction.kind === "structural" ? kernelsOf(instruction.op as StructuralName, program.input) : [];
  });
  // Features are put into panels by it, also where nothing else is done to them.
  const transposes = transposed.length > 0 || program.input.grid.length === 0;
  return new Set<KernelName>(transposes ? [...names, "transpose"] : names);
}
