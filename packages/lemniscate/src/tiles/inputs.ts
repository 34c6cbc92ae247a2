/** @module The two batches of a kernel: whether they fit together, and whether they are one and the same. */
import {
  type Batch,
  channelsOf,
  checkBatch,
  gridOf,
  hasHoles,
  hasPadding,
  padded,
  positionsOf,
} from "../core/batch.js";
import { LemniscateError } from "../core/errors.js";
import type { Quantity } from "../core/quantity.js";
import { describeShape, type Shape } from "../core/shape.js";
import type { Precision } from "../engines/engine.js";
import { compileAll, type Networks } from "../program/compile.js";
import { withoutLengths } from "../program/lengths.js";
import { type Program, readsGraphs } from "../program/program.js";

/** The inputs of kernels, brought to one shape, and the program for them. */
export interface Inputs {
  readonly x1: Batch;
  /** Absent if the second batch is the first. */
  readonly x2: Batch | null;
  readonly program: Program;
}

/** The largest numbers of each precision. */
const limits: Readonly<Record<Precision, number>> = { f64: Number.MAX_VALUE, f32: (2 - 2 ** -23) * 2 ** 127 };

/** @throws LemniscateError `BadInput` or `ShapeMismatch` if one is no batch, or has numbers that cannot be computed with */
export function checkInputs(x1: Batch, x2: Batch | null | undefined, precision: Precision): void {
  checkBatch(x1, "kernel: x1", limits[precision]);
  if (x2 !== null && x2 !== undefined) checkBatch(x2, "kernel: x2", limits[precision]);
}

/**
 * Brings two batches together. Token sequences padded to different lengths are padded to the longer one, if no network
 * tells how much padding there is.
 *
 * @throws LemniscateError `ShapeMismatch` if their examples have different shapes, or `Misplaced` from a layer
 */
export function inputsOf(
  networks: Networks,
  first: Batch,
  second: Batch | null | undefined,
  get: readonly Quantity[],
): Inputs {
  if (second === null || second === undefined || equal(first, second))
    return { x1: first, x2: null, program: programFor(networks, get, [first]) };
  const [x1, x2] = sameLength(networks, first, second, get);
  return { x1, x2, program: programFor(networks, get, [x1, x2]) };
}

export function programFor(networks: Networks, get: readonly Quantity[], batches: readonly Batch[]): Program {
  const program = compileAll(networks, inputShape(batches[0]!), {
    get,
    masked: batches.some(hasHoles),
    padded: batches.some(hasPadding),
    self: batches.length === 1,
  });
  if (readsGraphs(program) && batches.some(({ graphs }) => graphs === undefined))
    throw new LemniscateError({
      code: "BadInput",
      where: "kernel: aggregate",
      given: "a batch without graphs",
      allowed: "batches with a graph for each example",
      mend: "Add them to x1, and to x2 if there is one, with withGraphs().",
    });
  return program;
}

/** What a network is given. */
export function inputShape(batch: Batch): Shape {
  const { parts } = batch;
  const shape = { grid: gridOf(batch), channels: channelsOf(batch), gaussian: false };
  return parts === undefined ? shape : { ...shape, parts };
}

function sameLength(networks: Networks, x1: Batch, x2: Batch, get: readonly Quantity[]): readonly [Batch, Batch] {
  const [grid1, grid2] = [gridOf(x1), gridOf(x2)];
  if (JSON.stringify(x1.parts) !== JSON.stringify(x2.parts))
    throw unequal(x2, describeShape(inputShape(x1)), "Give both batches the same inputs, of the same shapes.");
  if (channelsOf(x1) === channelsOf(x2) && grid1.join() === grid2.join()) return [x1, x2];
  const graphs = x1.graphs !== undefined || x2.graphs !== undefined;
  if (channelsOf(x1) !== channelsOf(x2) || grid1.length !== 1 || grid2.length !== 1 || graphs)
    throw unequal(
      x2,
      `(${x1.shape.slice(1).join(", ")}), the shape of x1's examples`,
      "Give both batches examples of one shape.",
    );
  if (knowsLength(networks, inputShape(x1), inputShape(x2), get))
    throw unequal(
      x2,
      `tokens (n, ${grid1[0]}, ${channelsOf(x1)}), as x1 has: this network depends on the padded length`,
      'Pad training and test data to one length, for flatten(), layerNorm over positions and windows that are not "same" count it.',
    );
  const length = Math.max(grid1[0]!, grid2[0]!);
  return [padded(x1, length), padded(x2, length)];
}

function unequal(x2: Batch, allowed: string, mend: string): LemniscateError {
  const given = `examples of shape (${x2.shape.slice(1).join(", ")})`;
  return new LemniscateError({ code: "ShapeMismatch", where: "kernel: x2", given, allowed, mend });
}

/** Whether some network computes other things for longer padding. */
function knowsLength(networks: Networks, a: Shape, b: Shape, get: readonly Quantity[]): boolean {
  const work = (input: Shape): string =>
    withoutLengths(compileAll(networks, input, { get, masked: true, rewrite: false }));
  return work(a) !== work(b);
}

/** Whether two batches hold the same examples, entry by entry, so that entry (i, i) is an example with itself. */
function equal(x1: Batch, x2: Batch): boolean {
  if (x1 === x2) return true;
  if (x1.shape.join() !== x2.shape.join() || JSON.stringify(x1.parts) !== JSON.stringify(x2.parts)) return false;
  if (!sameGraphs(x1, x2)) return false;
  const [m1, m2] = [x1.mask, x2.mask];
  const positions = positionsOf(x1);
  for (let i = 0; i < x1.shape[0] * positions; i++) if ((m1?.[i] ?? 1) !== (m2?.[i] ?? 1)) return false;
  const channels = channelsOf(x1);
  for (let i = 0; i < x1.data.length; i++)
    if (x1.data[i] !== x2.data[i] && (m1?.[Math.floor(i / channels)] ?? 1) !== 0) return false;
  return true;
}

function sameGraphs({ graphs: a }: Batch, { graphs: b }: Batch): boolean {
  if (a === b) return true;
  if (a === undefined || b === undefined) return false;
  const same = (x: ArrayLike<number>, y: ArrayLike<number>): boolean =>
    x.length === y.length && Array.prototype.every.call(x, (value, i) => value === y[i]);
  return same(a.starts, b.starts) && same(a.sources, b.sources) && same(a.weights, b.weights);
}
