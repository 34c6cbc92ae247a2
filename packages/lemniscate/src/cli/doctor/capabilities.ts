import os from "node:os";
import v8 from "node:v8";

/** What the machine and this Node can do, as far as kernels profit from it. */
export interface Capabilities {
  readonly node: { readonly version: string; readonly v8: string };
  readonly platform: { readonly system: string; readonly architecture: string; readonly cores: number };
  readonly memory: { readonly total: number; readonly free: number };
  readonly wasm: {
    readonly simd: boolean;
    readonly relaxedSimd: "yes" | "with a flag" | "no";
    readonly threads: boolean;
  };
  readonly sharedMemory: boolean;
  readonly workerThreads: boolean;
  readonly relaxedSimdFlag: string;
}

const relaxedSimdFlag = "--experimental-wasm-relaxed-simd";

// The smallest modules that a machine without the feature refuses: header, one type, one function, its code.
const header = [0, 97, 115, 109, 1, 0, 0, 0];
const vectorFunction = [1, 5, 1, 96, 0, 1, 123, 3, 2, 1, 0];
/** i32.const 0, i8x16.splat, i8x16.popcnt */
const simd = [...header, ...vectorFunction, 10, 10, 1, 8, 0, 65, 0, 253, 15, 253, 98, 11];
/** i32.const 1, i8x16.splat, i32.const 2, i8x16.splat, i8x16.relaxed_swizzle */
const relaxedSimd = [
  ...[...header, ...vectorFunction],
  ...[10, 15, 1, 13, 0, 65, 1, 253, 15, 65, 2, 253, 15, 253, 128, 2, 11],
];
/** A shared memory of one page, and i32.const 0, i32.atomic.load, drop */
const threads = [
  ...[...header, 1, 4, 1, 96, 0, 0, 3, 2, 1, 0, 5, 4, 1, 3, 1, 1],
  ...[10, 11, 1, 9, 0, 65, 0, 254, 16, 2, 0, 26, 11],
];

const accepts = (module: readonly number[]): boolean => WebAssembly.validate(Uint8Array.from(module));

export function capabilities(): Capabilities {
  return {
    node: { version: process.version, v8: process.versions.v8 },
    platform: { system: `${os.type()} ${os.release()}`, architecture: process.arch, cores: os.availableParallelism() },
    memory: { total: os.totalmem(), free: os.freemem() },
    wasm: { simd: accepts(simd), relaxedSimd: relaxed(), threads: accepts(threads) },
    sharedMemory: typeof SharedArrayBuffer === "function",
    workerThreads: process.getBuiltinModule?.("node:worker_threads") !== undefined,
    relaxedSimdFlag,
  };
}

function relaxed(): Capabilities["wasm"]["relaxedSimd"] {
  if (accepts(relaxedSimd)) return "yes";
  // Node 20 has it behind a flag, later ones without; an unknown flag would be answered on stderr.
  if (!process.version.startsWith("v20.")) return "no";
  v8.setFlagsFromString(relaxedSimdFlag);
  return accepts(relaxedSimd) ? "with a flag" : "no";
}
