/** @module Paths moved one after another, on the calling thread. */
import type { RandomKey } from "../core/random.js";
import { pausing } from "../core/run.js";
import { type Mover, phaseOf } from "./paths.js";
import type { Phase } from "./steps/steps.js";

/** What a step knows of where it stands, and draws its numbers from: the path's own sequence, its own counters from `first` on. */
export interface Draws {
  readonly phase: Phase;
  readonly sequence: RandomKey;
  readonly first: number;
}

/** A mover from a function that moves one path a step on: `state` is its matrices, row by row, to be overwritten. */
export function oneByOne(
  tokens: number,
  states: number,
  step: (state: Float64Array, draws: Draws, path: number) => void,
): Mover {
  return {
    shared: false,
    close() {},
    async advance({ count, data, stoppedAfter }, first, steps, { key, radius, signal, moved, shown }) {
      const size = states * tokens ** 2;
      const state = new Float64Array(size);
      const pause = pausing(signal);
      for (let p = 0; p < count; p++) {
        if (stoppedAfter[p]! > first) {
          const sequence = { key, stream: [p >>> 0, Math.floor(p / 2 ** 32)] } as const;
          for (let e = 0; e < size; e++) state[e] = data[e * count + p]!;
          for (let s = first; s < first + steps && stoppedAfter[p] === Number.POSITIVE_INFINITY; s++) {
            const before = state.slice();
            step(state, { phase: phaseOf(s, shown), sequence, first: s * 2 ** 32 }, p);
            const finite = state.every(Number.isFinite);
            if (!finite) {
              const scale = (2 * radius) / trace(before, tokens, states);
              state.set(before.map((x) => x * scale));
            }
            if (!finite || trace(state, tokens, states) > radius) stoppedAfter[p] = s + 1;
          }
          for (let e = 0; e < size; e++) data[e * count + p] = state[e]!;
        }
        moved(steps);
        await pause();
      }
    },
  };
}

/** Of the mean of a state's matrices. */
function trace(state: Float64Array, tokens: number, states: number): number {
  let sum = 0;
  for (let s = 0; s < states; s++) for (let i = 0; i < tokens; i++) sum += state[(s * tokens + i) * tokens + i]!;
  return sum / states;
}
