/** @module Paths moved by WebAssembly, a group of them at a time. */
import type { Mover, Moving, Paths } from "../paths.js";
import type { CompiledStep } from "./compile.js";
import { keySchedule } from "./random.js";

/** How long others wait for their turn, in milliseconds. */
const turn = 20;

/** One instance of a compiled step with a memory of its own. */
export class StepRunner {
  readonly #step: (step: number) => void;
  readonly #compiled: CompiledStep;
  readonly #memory: WebAssembly.Memory;

  constructor(compiled: CompiledStep, module: WebAssembly.Module) {
    this.#compiled = compiled;
    const pages = Math.ceil(compiled.memory / 65536);
    this.#memory = new WebAssembly.Memory({ initial: pages, maximum: 65536 });
    for (const { at, bytes } of compiled.tables) new Uint8Array(this.#memory.buffer).set(bytes, at);
    const { exports } = new WebAssembly.Instance(module, { env: { memory: this.#memory } });
    this.#step = exports["step"] as (step: number) => void;
  }

  /** Moves the paths from `from` on, as many as are moved together, unless all of them have stopped. */
  group(
    { tokens: m, states, count, data, stoppedAfter }: Paths,
    from: number,
    first: number,
    steps: number,
    { key, radius }: Pick<Moving, "key" | "radius">,
  ): void {
    const { paths, places } = this.#compiled;
    const here = Math.min(paths, count - from);
    if (stoppedAfter.subarray(from, from + here).every(Number.isFinite)) return;
    const { buffer } = this.#memory;
    const numbers = new Float64Array(buffer);
    const words = new Int32Array(buffer);
    words.set(keySchedule(key), places.keys / 4);
    for (let p = 0; p < paths; p++) {
      words[places.streams[0] / 4 + p] = from + p;
      words[places.streams[1] / 4 + p] = Math.floor((from + p) / 2 ** 32);
    }
    numbers.fill(radius, places.radius / 8, places.radius / 8 + 2);
    // Places of the group beyond the last path are those of paths that have stopped.
    numbers.fill(0, places.stoppedAfter / 8, places.stoppedAfter / 8 + paths);
    numbers.set(stoppedAfter.subarray(from, from + here), places.stoppedAfter / 8);
    const lower = Array.from({ length: states * m * m }, (_, e) => e).filter((e) => e % m <= Math.floor(e / m) % m);
    for (const e of lower)
      numbers.set(data.subarray(e * count + from, e * count + from + here), places.state / 8 + e * paths);
    for (let s = first; s < first + steps; s++) {
      numbers.fill(s + 1, places.now / 8, places.now / 8 + 2);
      this.#step(s);
    }
    for (const e of lower) {
      const made = numbers.subarray(places.state / 8 + e * paths, places.state / 8 + e * paths + here);
      const [s, i, j] = [Math.floor(e / m / m), Math.floor(e / m) % m, e % m];
      data.set(made, e * count + from);
      data.set(made, ((s * m + j) * m + i) * count + from);
    }
    stoppedAfter.set(numbers.subarray(places.stoppedAfter / 8, places.stoppedAfter / 8 + here), from);
  }
}

/** Moves paths on the calling thread, with a turn for others every 20 ms. */
export function wasmMover(compiled: CompiledStep): Mover {
  let runner: StepRunner | undefined;
  return {
    async advance(paths, first, steps, moving) {
      runner ??= new StepRunner(compiled, await WebAssembly.compile(compiled.bytes));
      let since = performance.now();
      for (let from = 0; from < paths.count; from += compiled.paths) {
        runner.group(paths, from, first, steps, moving);
        moving.moved(Math.min(compiled.paths, paths.count - from) * steps);
        if (performance.now() - since < turn) continue;
        await new Promise((resolve) => setTimeout(resolve));
        moving.signal?.throwIfAborted();
        since = performance.now();
      }
    },
  };
}
