/** @module Several inputs of one network, by name: a batch whose positions are those of all of them, one after another. */
import { type Batch, batch, channelsOf, gridOf, positionsOf } from "./batch.js";
import { LemniscateError } from "./errors.js";
import type { InputPart } from "./shape.js";

/**
 * Several inputs of one network, each a batch of the same examples, under names that `input(name)` calls them by.
 *
 * @throws LemniscateError `BadInput` without an input, `ShapeMismatch` if one has another number of examples
 *
 * @example
 * ```ts
 * import { batch, inputs, sequences } from "lemniscate";
 * const x = inputs({ text: sequences([[[1, 2]], [[3, 4], [5, 6]]]), table: batch([2, 3], [1, 2, 3, 4, 5, 6]) });
 * x.parts?.map(({ name }) => name); // => ["text", "table"]
 * ```
 */
export function inputs(named: Readonly<Record<string, Batch>>): Batch {
  const list = Object.entries(named ?? {});
  const [first] = list;
  if (first === undefined)
    throw new LemniscateError({
      code: "BadInput",
      where: "inputs",
      given: "no inputs",
      allowed: "one or more, as in { text: x }",
      mend: "Give every input a name of its own.",
    });
  const odd = list.find(([, x]) => !Array.isArray(x?.shape));
  if (odd !== undefined)
    throw new LemniscateError({
      code: "BadInput",
      where: `inputs: ${odd[0]}`,
      given: String(odd[1]),
      allowed: "a batch",
      mend: "Make it with batch() or sequences().",
    });
  const n = first[1].shape[0];
  const other = list.find(([, { shape }]) => shape[0] !== n);
  if (other !== undefined)
    throw new LemniscateError({
      code: "ShapeMismatch",
      where: `inputs: ${other[0]}`,
      given: `${other[1].shape[0]} examples`,
      allowed: `${n}, as ${first[0]} has`,
      mend: "Every input says something about each of the examples.",
    });
  const S = list.reduce((sum, [, x]) => sum + positionsOf(x), 0);
  const d = list.reduce((most, [, x]) => Math.max(most, channelsOf(x)), 0);
  const data = new Float64Array(n * S * d);
  const mask = new Uint8Array(n * S).fill(1);
  let from = 0;
  for (const [, x] of list) {
    const [positions, channels] = [positionsOf(x), channelsOf(x)];
    for (let i = 0; i < n; i++)
      for (let s = 0; s < positions; s++) {
        const [row, to] = [i * positions + s, i * S + from + s];
        if (x.mask?.[row] === 0) mask[to] = 0;
        else data.set(x.data.subarray(row * channels, (row + 1) * channels), to * d);
      }
    from += positions;
  }
  const together = batch([n, S, d], data, list.some(([, x]) => x.mask !== undefined) ? mask : undefined);
  const parts = list.map(([name, x]): InputPart => ({ name, grid: gridOf(x), channels: channelsOf(x) }));
  return { ...together, parts };
}
