/** @module Who moves the paths. */
import { defaultThreads, hasRelaxedSimd, sharesMemory, startThread } from "#platform";
import { LemniscateError } from "../core/errors.js";
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
  /**
   * Threads that move paths; default one per core. Paths have the same bits with any number. Short runs, pages that are not
   * cross-origin isolated and the reference do without.
   */
  readonly threads?: number | undefined;
}

export function moverOf(program: StepProgram, paths: number, { engine = "wasm", threads }: EngineOptions): Mover {
  if (threads !== undefined && !(Number.isInteger(threads) && threads >= 1 && threads <= 256))
    throw new LemniscateError({
      code: "OptionOutOfRange",
      where: "threads",
      given: String(threads),
      allowed: "a whole number from 1 to 256",
      mend: "Leave it out to have one per core.",
    });
  if (engine !== "wasm" && engine !== "reference")
    throw new LemniscateError({
      code: "OptionOutOfRange",
      where: "engine",
      given: JSON.stringify(engine),
      allowed: '"wasm", "reference"',
      mend: "Leave it out to have the fast one.",
    });
  const count = sharesMemory ? (threads ?? defaultThreads()) : 1;
  const compiled = engine === "wasm" ? compileStep(program, hasRelaxedSimd(), Math.ceil(paths / count)) : undefined;
  if (compiled === undefined) return referenceMover(program);
  const start = count > 1 ? startThread : undefined;
  return wasmMover(compiled, start && { count, start });
}
