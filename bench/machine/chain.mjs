/** @module The elementwise functions of ten dense and ReLU layers, against the arithmetic that they consist of. */
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
  const input = { grid: [], channels: 784, gaussian: false };
  const { tile } = lower(compile(network, input, { get: ["nngp", "ntk"], masked: false }));
  const functions = tile.flatMap((instruction) => (instruction.kind === "fused" ? [instruction.fused] : []));
  const { simple, div, sqrt } = count(format, functions);
  const seconds = 1 / measureVectors(format, functions);
  const slow = div / measureRate(format, "div") + sqrt / measureRate(format, "sqrt");
  const least = Math.max(simple / simpleRate, slow);
  return { simple, div, sqrt, nanoseconds: 1e9 * seconds, slowdown: seconds / least };
}

/** Instructions of the functions for one vector of entries, counted as they write them down. */
function count(format, functions) {
  const total = { simple: 0, div: 0, sqrt: 0 };
  for (const fused of functions) {
    class Counting extends Fn {
      op(...names) {
        for (const name of names) {
          const [, operation] = name.match(/^(?:f32x4|f64x2|i32x4|i64x2|v128)\.(\w+)/) ?? [];
          if (operation === undefined) continue;
          total[operation === "div" || operation === "sqrt" ? operation : "simple"]++;
        }
        return super.op(...names);
      }
    }
    const module = { define: (name, parameters, build) => build(new Counting(name, parameters)) };
    // The narrow form is written out once, without what is remembered of rows and columns.
    defineFused(module, format, new ConstantTable(format, constantsAt), "chain", { ...fused, narrow: true });
  }
  return total;
}

/** Vectors of entries a second, through all functions. Inputs stay as they are: nobody reads the outputs. */
function measureVectors(format, functions) {
  const constants = new ConstantTable(format, constantsAt);
  const module = new ModuleBuilder();
  for (const [i, fused] of functions.entries()) defineFused(module, format, constants, `chain${i}`, fused);
  const stride = strideOf(format, side);
  const most = (list) => Math.max(...functions.map((fused) => fused[list].length));
  const streams = most("inputs") + most("outputs");
  const memory = new WebAssembly.Memory({ initial: 4 + Math.ceil((streams * side * stride) / 65536), maximum: 65536 });
  const Numbers = format.scalar === "f32" ? Float32Array : Float64Array;
  const numbers = new Numbers(memory.buffer);
  for (let i = 0; i < numbers.length; i++) numbers[i] = 0.5 + (i % 97) / 200;
  new Uint8Array(memory.buffer).set(constants.bytes(), constantsAt);
  const frameOf = (i) => 65536 + 4096 * i;
  for (const [i, { inputs, outputs }] of functions.entries()) {
    const places = [...inputs.keys(), ...[...outputs.keys()].map((n) => streams - 1 - n)];
    const pointers = places.flatMap((place) => [2 * 65536 + place * side * stride, stride]);
    new Int32Array(memory.buffer).set([1, side, side * format.bytes, 0, ...pointers], frameOf(i) / 4);
  }
  const { exports } = new WebAssembly.Instance(new WebAssembly.Module(module.bytes(false)), { env: { memory } });
  const times = 4;
  const call = () => {
    for (let n = 0; n < times; n++) for (let i = 0; i < functions.length; i++) exports[`chain${i}`](frameOf(i));
  };
  return bestRate(call, (times * side * side) / format.lanes);
}
