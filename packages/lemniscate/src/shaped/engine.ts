/** @module Who moves the paths. */
import { hasRelaxedSimd } from "#platform";
import type { Mover } from "./paths.js";
import { referenceMover } from "./reference.js";
import type { StepProgram } from "./steps/steps.js";
import { compileStep } from "./wasm/compile.js";
import { wasmMover } from "./wasm/mover.js";

/** Options of who moves the paths. */
export interface EngineOptions {
  /**
   * `"reference"` moves paths one by one in plain loops and defines what is meant; `"wasm"`, the default, does the same in
   * SIMD where it can, and leaves many tokens (from about 20 on) and Euler's scheme to the reference.
   */
  readonly engine?: "wasm" | "reference" | undefined;
}

export function moverOf(program: StepProgram, { engine = "wasm" }: EngineOptions): Mover {
  const compiled = engine === "wasm" ? compileStep(program, hasRelaxedSimd()) : undefined;
  return compiled === undefined ? referenceMover(program) : wasmMover(compiled);
}
