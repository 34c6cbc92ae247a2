import { pairVectors } from "#platform";
import { LemniscateError } from "../core/errors.js";
import { onlyKnown } from "../core/options.js";
import type { Engine, Precision } from "./engine.js";
import { referenceEngine } from "./reference/reference.js";
import { wasmEngine } from "./wasm/wasm.js";

export interface EngineOptions {
  /** Which engine; default `"wasm"`. */
  readonly name?: Engine["name"] | undefined;
  /** Default `"f64"`. The reference engine has no other. */
  readonly precision?: Precision | undefined;
  /** Threads that compute; default: as many as the machine has cores. */
  readonly threads?: number | undefined;
  /**
   * Bits of a vector: 128 (default), which WebAssembly has, or 256, which Node makes of two neighbours from version 22
   * on, where the processor has them: products take about half the time, and results have the same bits. V8 calls it
   * experimental, and it then holds for all WebAssembly that the process compiles, so that it is nobody's default.
   */
  readonly vectorBits?: 128 | 256 | undefined;
}

/**
 * Opens an engine, to be closed with `await using` or `engine[Symbol.asyncDispose]()`.
 *
 * @throws LemniscateError `OptionOutOfRange` for an unknown engine, precision or number of threads, and `NotSupported` for
 *   vectors that this runtime has not
 *
 * @example
 * ```ts
 * import { openEngine } from "lemniscate";
 * await using engine = await openEngine({ precision: "f32", threads: 1 });
 * engine.name; // => "wasm"
 * ```
 */
export async function openEngine(options: EngineOptions = {}): Promise<Engine> {
  onlyKnown("openEngine", options, ["name", "precision", "threads", "vectorBits"]);
  const { name = "wasm", precision = "f64", threads, vectorBits = 128 } = options;
  const refuse = (option: string, given: unknown, allowed: string, mend: string): never => {
    throw new LemniscateError({
      code: "OptionOutOfRange",
      where: `openEngine: ${option}`,
      given: JSON.stringify(given),
      allowed,
      mend,
    });
  };
  if (name !== "wasm" && name !== "reference")
    refuse("name", name, '"wasm" or "reference"', "Leave it out for the fast one.");
  if (precision !== "f64" && precision !== "f32")
    refuse("precision", precision, '"f64" or "f32"', "Leave it out for double.");
  if (threads !== undefined && !(Number.isInteger(threads) && threads > 0 && threads <= 256))
    refuse("threads", threads, "a whole number from 1 to 256", "Leave it out to use every core.");
  if (vectorBits !== 128 && vectorBits !== 256) refuse("vectorBits", vectorBits, "128 or 256", "Leave it out for 128.");
  if (name === "wasm") return wasmEngine({ precision, threads, paired: vectorBits === 256 && pairsVectors() });
  if (precision === "f32")
    refuse('precision of "reference"', precision, '"f64"', 'Use name: "wasm" for single precision.');
  if (vectorBits === 256)
    refuse('vectorBits of "reference"', vectorBits, "128", 'Leave it out: only name: "wasm" has vectors.');
  return referenceEngine();
}

function pairsVectors(): boolean {
  if (pairVectors()) return true;
  throw new LemniscateError({
    code: "NotSupported",
    where: "openEngine: vectorBits",
    given: "256",
    allowed: "128 in browsers and in Node before version 22",
    mend: "Leave it out, or run a later Node.",
  });
}
