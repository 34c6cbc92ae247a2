import { batch } from "../../core/batch.js";
import type { EngineOptions } from "../../engines/open.js";
import { openEngine } from "../../engines/open.js";
import { networkFromData } from "../../network/json.js";
import type { Network } from "../../network/placement.js";
import { kernel } from "../../tiles/kernel.js";

/** How an engine did on a small kernel whose values the reference engine defines. */
export interface EngineTest {
  readonly engine: string;
  readonly precision: string;
  readonly threads: number;
  readonly passed: boolean;
  /** Largest difference to the reference, relative to the largest entry; `null` if there was no result. */
  readonly difference: number | null;
  readonly milliseconds: number;
  readonly detail: string;
  /** Whether this is what runs unless something else is asked for. */
  readonly isDefault: boolean;
}

const dense = { type: "dense", weightStd: 1.5, biasStd: 0.1 };
const network: Network = networkFromData({
  type: "serial",
  layers: [dense, { type: "relu" }, { type: "attention" }, { type: "gelu" }, { type: "globalAvgPool" }, dense],
});

/** Sixteen sequences of eight tokens, the same on every machine; single precision holds every number exactly. */
const x = batch(
  [16, 8, 4],
  Array.from({ length: 16 * 8 * 4 }, (_, i) => (((i * 7919) % 256) - 128) / 64),
  Array.from({ length: 16 * 8 }, (_, i) => (i % 8 < 3 + (i >> 3) / 3 ? 1 : 0)),
);

const tolerance = { f64: 1e-10, f32: 1e-3 } as const;

/** Every engine on a small kernel, compared with the reference. */
export async function selfTest(): Promise<readonly EngineTest[]> {
  const wanted = await kernelOn({ name: "reference" });
  const tests: EngineTest[] = [];
  for (const name of ["reference", "wasm"] as const)
    for (const precision of ["f64", "f32"] as const) {
      if (name === "reference" && precision === "f32") continue; // it has no other than double
      tests.push(await tested({ name, precision }, wanted.values));
    }
  const { name, precision } = await defaults();
  return tests.map((test) => ({ ...test, isDefault: test.engine === name && test.precision === precision }));
}

async function defaults(): Promise<{ name: string; precision: string }> {
  await using engine = await openEngine();
  return { name: engine.name, precision: engine.precision };
}

async function tested(options: Required<Pick<EngineOptions, "name" | "precision">>, wanted: Float64Array) {
  const about = { engine: options.name as string, precision: options.precision as string, isDefault: false };
  try {
    const { values, milliseconds, threads, engine } = await kernelOn(options);
    const largest = wanted.reduce((max, value) => Math.max(max, Math.abs(value)), 0);
    const difference = values.reduce((max, value, i) => Math.max(max, Math.abs(value - wanted[i]!)), 0) / largest;
    const right = difference <= tolerance[options.precision as "f64" | "f32"];
    const detail =
      options.name === "reference"
        ? `defines the results, ${milliseconds.toFixed(0)} ms`
        : `differs by ${difference.toExponential(1)}, ${milliseconds.toFixed(0)} ms`;
    const there = engine.name === options.name && engine.precision === options.precision;
    if (!there)
      return {
        ...{ ...about, threads, passed: false, difference, milliseconds },
        detail: `not available here, openEngine() gave ${engine.name} ${engine.precision}`,
      };
    return { ...about, threads, passed: right, difference, milliseconds, detail };
  } catch (error) {
    const { message } = error as Error;
    return { ...about, threads: 0, passed: false, difference: null, milliseconds: 0, detail: message };
  }
}

async function kernelOn(options: EngineOptions) {
  await using engine = await openEngine(options);
  const started = performance.now();
  const { nngp, ntk } = await kernel(network)(x, null, { get: ["nngp", "ntk"], engine });
  const milliseconds = performance.now() - started;
  const { name, precision, threads } = engine;
  return { values: Float64Array.from([...nngp.data, ...ntk.data]), milliseconds, threads, engine: { name, precision } };
}
