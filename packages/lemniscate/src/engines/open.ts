import type { Engine, Precision } from "./engine.js";
import { referenceEngine } from "./reference/reference.js";

export interface EngineOptions {
  /** Which engine; default `"wasm"`. */
  readonly name?: "wasm" | "reference" | undefined;
  /** Default `"f64"`. The reference engine has no other. */
  readonly precision?: Precision | undefined;
  /** Threads that compute; default: as many as the machine has cores. */
  readonly threads?: number | undefined;
}

/**
 * Opens an engine, to be closed with `await using` or `engine[Symbol.asyncDispose]()`.
 *
 * @example
 * ```ts
 * import { openEngine } from "lemniscate";
 * await using engine = await openEngine({ name: "reference" });
 * engine.precision; // => "f64"
 * ```
 */
export async function openEngine(_options: EngineOptions = {}): Promise<Engine> {
  return referenceEngine();
}
