/** @module What the WebAssembly of this machine can do. */
import { ModuleBuilder } from "./assembler.js";

/** A module whose only function uses one SIMD instruction, to be validated. */
function probe(instruction: "f32x4.add" | "f32x4.relaxed_madd"): Uint8Array<ArrayBuffer> {
  const module = new ModuleBuilder();
  module.define("probe", ["i32"], (f) => {
    const v = f.local("v128");
    f.get(v).get(v);
    if (instruction === "f32x4.relaxed_madd") f.get(v);
    f.op(instruction).set(v);
  });
  return module.bytes(false);
}

export function hasSimd(): boolean {
  return WebAssembly.validate(probe("f32x4.add"));
}

/** Relaxed SIMD brings a fused multiply-add. Node 20 has it behind a flag, see `platform/node.ts`. */
export function validatesRelaxedSimd(): boolean {
  return WebAssembly.validate(probe("f32x4.relaxed_madd"));
}
