/** @module What the WebAssembly of this machine can do. */
import { ModuleBuilder } from "./assembler.js";

/** Relaxed SIMD brings a fused multiply-add. Node 20 has it behind a flag, see `platform/node.ts`. */
export function validatesRelaxedSimd(): boolean {
  const module = new ModuleBuilder();
  module.define("probe", ["i32"], (f) => {
    const v = f.local("v128");
    f.get(v).get(v).get(v).op("f32x4.relaxed_madd").set(v);
  });
  return WebAssembly.validate(module.bytes(false));
}
