/** Our side of the race: one workload (JSON in argv[2]), timed once for each line on stdin. */
import { createInterface } from "node:readline";
import { attention, batch, dense, flatten, globalAvgPool, kernel, openEngine, relu, serial } from "lemniscate";

const work = JSON.parse(process.argv[2]);
const size = work.shape.reduce((product, length) => product * length, 1);
const hidden = () => dense({ weightStd: Math.SQRT2, biasStd: 0.1 });

function network() {
  if (work.kind === "dense")
    return serial(...Array.from({ length: work.layers }, () => [hidden(), relu()]).flat(), dense());
  const pool = work.readout === "flatten" ? flatten() : globalAvgPool();
  return serial(hidden(), attention(), relu(), hidden(), attention(), relu(), pool, dense());
}

/** Normal numbers; which ones does not matter, but equal ones would be cheap. */
let state = 1;
const uniform = () => {
  state = (Math.imul(state, 1664525) + 1013904223) >>> 0;
  return (state + 1) / (2 ** 32 + 1);
};
const normal = () => Math.sqrt(-2 * Math.log(uniform())) * Math.cos(2 * Math.PI * uniform());

const x = batch(work.shape, Float64Array.from({ length: size }, normal));
const k = kernel(network());
const engine = await openEngine({ precision: work.precision });
const run = () => k(x, null, { get: ["nngp", "ntk"], engine });
await run();
console.log("ready");
for await (const _ of createInterface({ input: process.stdin })) {
  const started = performance.now();
  await run();
  const seconds = (performance.now() - started) / 1000;
  console.log(JSON.stringify({ seconds, peak: process.resourceUsage().maxRSS / 1024 }));
}
await engine[Symbol.asyncDispose]();
