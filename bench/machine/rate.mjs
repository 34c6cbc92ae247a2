/** @module How many vector instructions of a kind a thread executes in a second, with all operands in registers. */
import { ModuleBuilder } from "../../packages/lemniscate/dist/engines/wasm/assembler.js";

/** Independent results, so that no instruction waits for another one; they and two constants fill the registers. */
const chains = 12;
const unrolled = 8;

/**
 * Instructions a second, the best of several tries; `mul+add` counts each pair once.
 *
 * @param instruction `relaxed_madd`, `mul+add`, or the name of an instruction on one or two vectors
 */
export function measureRate(format, instruction) {
  const { shape } = format;
  const unary = instruction === "sqrt";
  const module = new ModuleBuilder();
  module.define("loop", ["i32"], (f) => {
    const [i, factor, term] = [f.local(), f.local("v128"), f.local("v128")];
    const sums = Array.from({ length: chains }, () => f.local("v128"));
    const Numbers = format.scalar === "f32" ? Float32Array : Float64Array;
    const constant = (value, local) => f.v128(new Uint8Array(new Numbers(format.lanes).fill(value).buffer)).set(local);
    // x ← 0.999999 x + 0.000001 and its like stay near 1, where no operand is special
    constant(0.999999, factor);
    constant(0.000001, term);
    for (const [n, sum] of sums.entries()) constant(1 + n / 16, sum);
    f.while(i, 0, 1, () => {
      for (let u = 0; u < unrolled; u++)
        for (const sum of sums) {
          f.get(sum);
          if (!unary) f.get(factor);
          if (instruction === "relaxed_madd") f.get(term).op(`${shape}.relaxed_madd`);
          else if (instruction === "mul+add") f.op(`${shape}.mul`).get(term).op(`${shape}.add`);
          else f.op(`${shape}.${instruction}`);
          f.set(sum);
        }
    });
    // What nobody reads would not be computed
    for (const [n, sum] of sums.entries())
      f.i32(16 * n)
        .get(sum)
        .mem("v128.store");
  });
  const memory = new WebAssembly.Memory({ initial: 1, maximum: 65536 });
  const { exports } = new WebAssembly.Instance(new WebAssembly.Module(module.bytes(false)), { env: { memory } });
  const count = 4000; // short calls, so that some are not interrupted
  return bestRate(() => exports.loop(count), count * unrolled * chains);
}

/** Units a second of the fastest of the calls that fit into 150 milliseconds. */
export function bestRate(call, units) {
  const started = performance.now();
  let best = Number.POSITIVE_INFINITY;
  while (performance.now() - started < 150) {
    const before = performance.now();
    call();
    best = Math.min(best, performance.now() - before);
  }
  return units / (best / 1000);
}
