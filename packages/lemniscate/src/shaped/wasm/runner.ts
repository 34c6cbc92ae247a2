/** @module One instance of a compiled step, which moves a group of paths at a time. */
import type { RandomKey } from "../../core/random.js";
import { type Moving, type Paths, phaseOf } from "../paths.js";
import type { CompiledStep } from "./compile.js";

/** Has a memory of its own, so that every thread has one. */
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

  /**
   * Moves the paths from `from` on, as many as are moved together, unless all of them have stopped. After each step
   * there is a pause; who leaves for good in one leaves the paths as they were.
   */
  *group(
    { tokens: m, states, count, data, stoppedAfter }: Paths,
    from: number,
    first: number,
    steps: number,
    { key, radius, shown }: Pick<Moving, "key" | "radius" | "shown">,
  ): Generator<void> {
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
    for (let s = 0, e = 0; s < states; s++)
      for (let i = 0; i < m; i++)
        for (let j = 0; j < m; j++, e++)
          if (j <= i) numbers.set(data.subarray(e * count + from, e * count + from + here), this.#entry(e));
    for (let s = first; s < first + steps; s++) {
      numbers.fill(s + 1, places.now / 8, places.now / 8 + 2);
      const phase = phaseOf(s, shown);
      for (const one of places.phased) numbers.fill(one.numbers[phase], one.at / 8, one.at / 8 + 2);
      this.#step(s);
      yield;
    }
    for (let s = 0; s < states; s++)
      for (let i = 0; i < m; i++)
        for (let j = 0; j <= i; j++) {
          const [e, mirrored] = [(s * m + i) * m + j, (s * m + j) * m + i];
          const made = numbers.subarray(this.#entry(e), this.#entry(e) + here);
          data.set(made, e * count + from);
          if (i !== j) data.set(made, mirrored * count + from);
        }
    stoppedAfter.set(numbers.subarray(places.stoppedAfter / 8, places.stoppedAfter / 8 + here), from);
  }

  #entry(e: number): number {
    return this.#compiled.places.state / 8 + e * this.#compiled.paths;
  }
}

/** Philox's key schedule, as it is to lie in memory: keys of ten rounds, each word in all lanes. */
function keySchedule([key0, key1]: RandomKey["key"]): Int32Array {
  return Int32Array.from({ length: 80 }, (_, i) => {
    const [round, word] = [Math.floor(i / 8), Math.floor(i / 4) % 2];
    return word === 0 ? key0 + Math.imul(round, 0x9e3779b9) : key1 + Math.imul(round, 0xbb67ae85);
  });
}
