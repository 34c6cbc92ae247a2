import { tapSharesOp, type WindowParameters, windowCenters, windowOps } from "../ops/window.js";
import type { Program, Step } from "./program.js";

/**
 * How many positions matter on each grid of a program, of an example that has `length` on the input's: behind a window,
 * those whose window has its middle in them, at least one. Further positions are padding, and 0.
 */
export function lengthsOn({ spaces, trimmed, example, pair, self }: Program, length: number): readonly number[] {
  const sizes = spaces.map((grid) => grid.reduce((product, size) => product * size, 1));
  if (!trimmed || spaces.length === 1) return sizes.map((size, space) => (space === 0 ? length : size));
  const windows = [...example, ...pair, ...self].filter(({ op }) => op in windowOps);
  const lengths = sizes.map((_, space) => (space === 0 ? length : 1));
  // Windows never enlarge a grid, so that grids by size are grids in the order of computation.
  const order = [...sizes.keys()].sort((x, y) => sizes[y]! - sizes[x]!);
  for (const space of order)
    for (const window of windows.filter((step) => step.space === space)) {
      const parameters = window.parameters as WindowParameters;
      const below = spaces.findIndex((grid) => grid.join() === parameters.grid.join());
      if (below === space) continue;
      const present = windowCenters(parameters).filter((center) => center < lengths[below]!).length;
      lengths[space] = Math.max(lengths[space]!, present);
    }
  return lengths;
}

/**
 * A program as text, without what only says how long the padding is: the grids of positional encodings, and those of
 * windows to which zeros outside are what padding is inside.
 */
export function withoutLengths({ example, pair, self, results, output }: Program): string {
  const plain = ({ op, parameters, ...step }: Step): object => {
    const { grid: _, to: __, ...others } = parameters;
    const fixed = op in windowOps && (parameters["padding"] !== "same" || op === tapSharesOp.name);
    return { op, ...step, parameters: fixed ? parameters : others };
  };
  return JSON.stringify([...[example, pair, self].map((list) => list.map(plain)), results, output.grid]);
}
