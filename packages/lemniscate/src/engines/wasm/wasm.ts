import { defaultThreads, hasRelaxedSimd, sharesMemory, startThread } from "#platform";
import type { Batch } from "../../core/batch.js";
import { LemniscateError } from "../../core/errors.js";
import { activateOp } from "../../ops/attend.js";
import { isUsersFunction } from "../../ops/registry.js";
import { flopsOf } from "../../program/cost.js";
import type { Program } from "../../program/program.js";
import type { Engine, EngineBatch, Precision, Tile } from "../engine.js";
import { fillMemory } from "./fill.js";
import { constantsAt, layoutOf } from "./layout.js";
import { type Lowered, lower } from "./lower.js";
import type { StartThread } from "./messages.js";
import { generate } from "./module.js";
import { openPool } from "./pool.js";
import { emptyResults, type Setup } from "./runner.js";
import { entriesOf, entryOf, slotBytes } from "./slots.js";
import { type Format, formatOf } from "./vector.js";

const page = 65536;
/** WebAssembly addresses 4 GiB. */
const largestMemory = 65536 * page;

export interface WasmOptions {
  readonly precision: Precision;
  readonly threads?: number | undefined;
  /** Whether code is written for a runtime that pairs vectors; see {@link Format.paired}. */
  readonly paired?: boolean | undefined;
  /** How threads are started; `null` where there are none, so that the calling thread computes. */
  readonly start?: StartThread | null | undefined;
  /** Whether threads share memory; default: if they can. */
  readonly shares?: boolean | undefined;
  /** Operations that the calling thread does before threads are started; default: about as long as it takes to start them. */
  readonly alone?: number | undefined;
  /** Positions from which on blocks are computed band by band; default: where that is faster. */
  readonly banded?: number | undefined;
}

/** A program in the engine's terms. */
interface Translated {
  readonly format: Format;
  readonly lowered: Lowered;
  readonly constants: Uint8Array;
  readonly module: WebAssembly.Module;
  /** Operations for one example and for one pair. */
  readonly flops: { readonly example: number; readonly pair: number };
}

/** The latest translations: engines are opened and closed, for every call of a kernel, while programs stay the same. */
const known = new Map<string, Promise<Translated>>();
const mostKnown = 64;

async function translate(program: Program, format: Format, shared: boolean, banded?: number): Promise<Translated> {
  const lowered = lower(program, banded);
  const { bytes, constants } = generate(lowered, format, shared);
  const module = await WebAssembly.compile(bytes);
  const flops = {
    example: flopsOf(lowered.program, lowered.program.example),
    pair: flopsOf(lowered.program, lowered.program.pair),
  };
  return { format, lowered, constants, module, flops };
}

/** The translation of a program, made at once or known already. */
function translated(program: Program, format: Format, shared: boolean, banded?: number): Promise<Translated> {
  const key = JSON.stringify([format, shared, banded, program]);
  const found = known.get(key) ?? translate(program, format, shared, banded);
  // Behind all others, as the one that was used last.
  known.delete(key);
  known.set(key, found);
  found.catch(() => known.delete(key));
  if (known.size > mostKnown) known.delete(known.keys().next().value!);
  return found;
}

/**
 * The fast engine: WebAssembly with SIMD, made at run time for one program, on worker threads that share memory. Small
 * jobs are done by the thread that calls it, until they are so many that threads are worth starting.
 * Where memory cannot be shared (pages that are not cross-origin isolated) each thread has a copy of what a job begins with.
 * Results do not depend on the number of threads.
 */
export function wasmEngine(options: WasmOptions): Engine {
  const { precision, threads = defaultThreads(), paired = false, start = startThread ?? null, alone, banded } = options;
  const { shares = sharesMemory } = options;
  const ours = formatOf(precision, hasRelaxedSimd(), paired);
  const pool = openPool(threads, start ?? undefined, alone, shares);
  // Jobs come one after another and leave nothing behind, so shared memory is used again; a new one for each would stay
  // until the garbage collector notices. Without threads jobs may take turns, and each has its own.
  let kept: WebAssembly.Memory | undefined;
  const sharing = pool.shared ? pool.threads : 1;
  const room = (bytes: number): WebAssembly.Memory => {
    const pages = Math.ceil(bytes / page);
    const missing = pages - (kept?.buffer.byteLength ?? 0) / page;
    if (kept === undefined) {
      const made = new WebAssembly.Memory({ initial: pages, maximum: 65536, shared: pool.shared });
      if (pool.shared) kept = made;
      return made;
    }
    if (missing > 0) kept.grow(missing);
    return kept;
  };
  const prepare = async (program: Program, batches: readonly EngineBatch[], tiles: readonly Tile[]): Promise<Setup> => {
    const { format, lowered, constants, module, flops } = await translated(program, ours, pool.shared, banded);
    const tileSize = tiles.reduce((max, t) => Math.max(max, t.rowTo - t.rowFrom, t.columnTo - t.columnFrom), 1);
    const layout = layoutOf(lowered, format, constants.length, batches, tileSize, sharing);
    if (layout.bytes > largestMemory) throw tooLarge(layout.bytes);
    const memory = room(layout.bytes);
    new Uint8Array(memory.buffer).set(constants, constantsAt);
    fillMemory(layout, format, memory.buffer, batches);
    const pairs = tiles.reduce((sum, tile) => sum + entriesOf(tile), 0);
    const all = flops.example * layout.lengths.length + flops.pair * pairs;
    const tapesHere = lowered.program.example.some(
      ({ op, parameters }) => op === activateOp.name && isUsersFunction(parameters["of"] as string),
    );
    return { lowered, layout, format, module, memory, flops: all, tapesHere };
  };
  return {
    name: "wasm",
    precision,
    threads: pool.threads,
    vectorBits: paired ? 256 : 128,
    async *tiles(program, a, b, tiles, { signal } = {}) {
      signal?.throwIfAborted();
      const batches = b === null ? [a] : [a, b];
      yield* pool.run(() => prepare(program, batches, tiles), tiles, b === null, signal);
    },
    async bytes(program, count, side) {
      const { format, lowered, constants } = await translated(program, ours, pool.shared, banded);
      const { grid, channels } = program.input;
      // Nothing is laid out for examples of which the inputs alone are too many.
      if (count * channels! * format.bytes > largestMemory) return Number.POSITIVE_INFINITY;
      const batch: Batch = { shape: [count, ...grid, channels!], data: new Float32Array(0) };
      const { bytes } = layoutOf(lowered, format, constants.length, [batch], side, sharing);
      const pieces = slotBytes(entryOf(program, format), side ** 2, pool.threads);
      return bytes > largestMemory ? Number.POSITIVE_INFINITY : bytes * pool.memories + pieces;
    },
    async self(program, a, { signal } = {}) {
      signal?.throwIfAborted();
      const tiles = Array.from({ length: a.shape[0] }, (_, e) => ({
        rowFrom: e,
        rowTo: e + 1,
        columnFrom: e,
        columnTo: e + 1,
      }));
      const values = emptyResults(program, ours, a.shape[0]);
      const setUp = (): Promise<Setup> => prepare(program, [a], tiles);
      for await (const { tile, values: own } of pool.run(setUp, tiles, true, signal))
        for (const key of program.get) values[key]!.set(own[key]!, tile.rowFrom * own[key]!.length);
      return values;
    },
    [Symbol.asyncDispose]: () => pool.close(),
  };
}

function tooLarge(bytes: number): LemniscateError {
  return new LemniscateError({
    code: "NotSupported",
    where: "wasm engine",
    given: `examples that need ${(bytes / 2 ** 30).toFixed(1)} GiB`,
    allowed: "4 GiB, what WebAssembly addresses",
    mend: "Not even two examples fit: cut them into shorter ones, or pool their positions early.",
  });
}
