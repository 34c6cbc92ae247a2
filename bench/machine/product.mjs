/** @module The engine's matrix product by itself, on operands as large as an attention tile's. */
import { ModuleBuilder } from "../../packages/lemniscate/dist/engines/wasm/assembler.js";
import { defineKernels } from "../../packages/lemniscate/dist/engines/wasm/kernels/define.js";
import { constantsAt } from "../../packages/lemniscate/dist/engines/wasm/layout.js";
import { strideOf } from "../../packages/lemniscate/dist/engines/wasm/stride.js";
import { ConstantTable } from "../../packages/lemniscate/dist/engines/wasm/vector.js";
import { bestRate } from "./rate.mjs";

/** Floating-point operations a second of an S × S × S product. */
export function measureProduct(format, S) {
  const module = new ModuleBuilder();
  defineKernels(module, format, new ConstantTable(format, constantsAt), new Set(["product"]));
  const stride = strideOf(format, S);
  const room = (S + 8) * stride;
  const [a, b, c] = [65536, 65536 + room, 65536 + 2 * room];
  const memory = new WebAssembly.Memory({ initial: 2 + Math.ceil((3 * room) / 65536), maximum: 65536 });
  const Numbers = format.scalar === "f32" ? Float32Array : Float64Array;
  new Numbers(memory.buffer).fill(0.5);
  const { exports } = new WebAssembly.Instance(new WebAssembly.Module(module.bytes(false)), { env: { memory } });
  const times = Math.ceil(4e6 / S ** 3);
  const call = () => {
    for (let n = 0; n < times; n++) exports.product(a, b, c, S, S, S, stride, stride, stride);
  };
  return bestRate(call, times * 2 * S ** 3);
}
