/** @module The elementwise function of ten dense and ReLU layers, against the arithmetic that it consists of. */
import { networkFromData } from "lemniscate";
import { Fn, ModuleBuilder } from "../../packages/lemniscate/dist/engines/wasm/assembler.js";
import { defineFused } from "../../packages/lemniscate/dist/engines/wasm/elementwise.js";
import { constantsAt } from "../../packages/lemniscate/dist/engines/wasm/layout.js";
import { lower } from "../../packages/lemniscate/dist/engines/wasm/lower.js";
import { strideOf } from "../../packages/lemniscate/dist/engines/wasm/stride.js";
import { ConstantTable } from "../../packages/lemniscate/dist/engines/wasm/vector.js";
import { compile } from "../../packages/lemniscate/dist/program/compile.js";
import { bestRate, measureRate } from "./rate.mjs";

/** A square tile whose streams fit into the second cache. */
const side = 64;
const layers = Array.from({ length: 10 }, () => [
  { type: "dense", weightStd: Math.SQRT2, biasStd: 0.1 },
  { type: "relu" },
]);
const network = networkFromData({ type: "serial", layers: [...layers.flat(), { type: "dense" }] });

/**
 * Time of a vector of entries over the least time for its arithmetic. `simple` instructions are taken at the rate of
 * the peak; divisions and square roots, which have a unit of their own, at the rate measured for each.
 */
export function measureChain(format, simpleRate) {
  const program = compile(
    network,
    { grid: [], channels: 784, gaussian: false },
    { get: ["nngp", "ntk"], masked: false },
  );
  const fused = lower(program).functions.reduce((a, b) => (a.steps.length > b.steps.length ? a : b));
  const { simple, div, sqrt } = count(format, fused);
  const seconds = 1 / measureVectors(format, fused);
  const slow = div / measureRate(format, "div") + sqrt / measureRate(format, "sqrt");
  const least = Math.max(simple / simpleRate, slow);
  return { simple, div, sqrt, nanoseconds: 1e9 * seconds, slowdown: seconds / least };
}

/** Instructions of the function for one vector of entries, counted as it writes them down. */
function count(format, fused) {
  const found = { simple: 0, div: 0, sqrt: 0, stores: 0 };
  class Counting extends Fn {
    op(...names) {
      for (const name of names) {
        const [, operation] = name.match(/^(?:f32x4|f64x2|i32x4|i64x2|v128)\.(\w+)/) ?? [];
        if (operation === undefined) continue;
        found[operation === "div" || operation === "sqrt" ? operation : "simple"]++;
      }
      return super.op(...names);
    }
    mem(name, offset) {
      if (name === "v128.store") found.stores++;
      return super.mem(name, offset);
    }
  }
  const module = { define: (name, parameters, build) => build(new Counting(name, parameters)) };
  defineFused(module, format, new ConstantTable(format, constantsAt), "chain", fused);
  // The function is written out for several neighbouring vectors; each stores every output once
  const vectors = found.stores / fused.outputs.length;
  return { simple: found.simple / vectors, div: found.div / vectors, sqrt: found.sqrt / vectors };
}

/** Vectors of entries a second. */
function measureVectors(format, fused) {
  const constants = new ConstantTable(format, constantsAt);
  const module = new ModuleBuilder();
  defineFused(module, format, constants, "chain", fused);
  const stride = strideOf(format, side);
  const streams = fused.inputs.length + fused.outputs.length;
  const memory = new WebAssembly.Memory({ initial: 4 + Math.ceil((streams * side * stride) / 65536), maximum: 65536 });
  const Numbers = format.scalar === "f32" ? Float32Array : Float64Array;
  const numbers = new Numbers(memory.buffer);
  for (let i = 0; i < numbers.length; i++) numbers[i] = 0.5 + (i % 97) / 200;
  new Uint8Array(memory.buffer).set(constants.bytes(), constantsAt);
  const frame = 65536;
  const words = [side, side * format.bytes];
  for (let n = 0; n < streams; n++) words.push(2 * 65536 + n * side * stride, stride);
  new Int32Array(memory.buffer).set(words, frame / 4);
  const { exports } = new WebAssembly.Instance(new WebAssembly.Module(module.bytes(false)), { env: { memory } });
  const times = 4;
  const call = () => {
    for (let n = 0; n < times; n++) exports.chain(frame);
  };
  return bestRate(call, (times * side * side) / format.lanes);
}
