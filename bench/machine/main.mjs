/** Prints as JSON: peak rates, and how near to them the engine's small products and elementwise functions come. */
import { availableParallelism } from "node:os";
import { Worker } from "node:worker_threads";
import { hasRelaxedSimd, pairVectors } from "../../packages/lemniscate/dist/engines/wasm/platform/node.js";
import { formatOf } from "../../packages/lemniscate/dist/engines/wasm/vector.js";
import { measureChain } from "./chain.mjs";
import { measureProduct } from "./product.mjs";
import { measureRate } from "./rate.mjs";

const fma = hasRelaxedSimd();
const peakInstruction = fma ? "relaxed_madd" : "mul+add";

/** The sum of the rates of as many threads as there are cores, all at once. */
async function together(precision) {
  const script = new URL("peak-thread.mjs", import.meta.url);
  const rates = Array.from({ length: availableParallelism() }, () => {
    const worker = new Worker(script, { workerData: { precision, instruction: peakInstruction } });
    return new Promise((resolve, reject) => worker.on("message", resolve).on("error", reject));
  });
  return (await Promise.all(rates)).reduce((sum, rate) => sum + rate);
}

const sizes = [32, 64, 128];
const precisions = {};
for (const precision of ["f32", "f64"]) {
  const format = formatOf(precision, fma);
  const perInstruction = 2 * format.lanes; // a multiplication and an addition in each lane
  const rate = measureRate(format, peakInstruction);
  const products = sizes.map((S) => {
    const flops = measureProduct(format, S);
    return { S, flops, share: flops / (rate * perInstruction) };
  });
  precisions[precision] = {
    one: rate * perInstruction,
    all: (await together(precision)) * perInstruction,
    products,
    chain: measureChain(format, rate),
  };
}
// Last, for it holds for all that is compiled behind it
const pairs = pairVectors();
if (pairs)
  for (const [precision, found] of Object.entries(precisions)) {
    const format = formatOf(precision, fma, true);
    const products = sizes.map((S, i) => ({ S, faster: measureProduct(format, S) / found.products[i].flops }));
    found.paired = { products, chain: found.chain.nanoseconds / measureChain(format, 1).nanoseconds };
  }
console.log(JSON.stringify({ node: process.versions.node, fma, pairs, precisions }));
