import v8 from "node:v8";
import { hasRelaxedSimd } from "./features.js";

/** Node 20 has relaxed SIMD behind a flag that can be set before a module is compiled. True if it is there now. */
export function switchOnRelaxedSimd(): boolean {
  if (!hasRelaxedSimd()) v8.setFlagsFromString("--experimental-wasm-relaxed-simd");
  return hasRelaxedSimd();
}
