/** @module How much is held at once: blocks of examples whose tapes fit, and tiles of pairs. */
import { describeBytes, parseBytes } from "../core/bytes.js";
import { LemniscateError } from "../core/errors.js";
import { positionCount } from "../core/shape.js";
import type { Engine, Precision } from "../engines/engine.js";
import { totalFlops } from "../program/cost.js";
import type { Program } from "../program/program.js";
import { ranges } from "./plan.js";

/** An amount of memory: bytes, or text such as `"2GiB"` or `"500MB"`. */
export type Memory = number | string;

/** What is held besides results if nobody says how much may be. */
export const usual: number = 2 ** 30;

/** What a computation holds at once, worked out before it runs. */
export interface Holding {
  /** Examples to a side of a tile. */
  readonly side: number;
  /** Examples of each batch whose tapes are held together. */
  readonly rows: number;
  readonly columns: number;
  /** Bytes of tapes, scratch memory of all threads, and tiles that nobody has read yet. */
  readonly working: number;
  /** Bytes of the matrices, 0 if results are read piece by piece. */
  readonly result: number;
}

/** What is to be computed: n1 × n2 entries as matrices or in pieces, or the entries (i, i) of n1 examples. */
export interface Job {
  readonly program: Program;
  readonly n1: number;
  /** Absent if the second batch is the first. */
  readonly n2: number | null;
  readonly as: "matrices" | "pieces" | "diagonal";
}

/**
 * The largest blocks of examples and tiles that fit into some memory, results included. Without a figure results may
 * take what they take, and all else 1 GiB.
 *
 * @throws LemniscateError `OptionOutOfRange` if it is no amount of memory, or less than the result and one pair need
 */
export async function holdingFor(engine: Engine, job: Job, memory: Memory | undefined): Promise<Holding> {
  const { program, n1, n2, as } = job;
  const entry = bytesPerEntry(program, engine.precision);
  const [allRows, allColumns] = [Math.max(1, n1), as === "diagonal" ? 0 : Math.max(1, n2 ?? n1)];
  const result = { matrices: n1 * (n2 ?? n1), diagonal: n1, pieces: 0 }[as] * entry;
  const budget = memory === undefined ? usual + result : bytesOf(memory);
  const need = (rows: number, columns: number, side: number): Promise<number> => {
    // Where everything is one block and symmetric, its rows are its columns.
    const held = n2 === null && rows === allRows ? rows : rows + columns;
    return engine.bytes(program, held, side);
  };
  const fits = async (rows: number, columns: number, side: number): Promise<boolean> =>
    result + (await need(rows, columns, side)) <= budget;
  // Tiles may take a part of the memory, for each thread has its own; blocks of examples take the rest.
  let side = as === "diagonal" ? 1 : Math.min(tileSize(program), Math.max(allRows, allColumns));
  const onePair = (): Promise<number> => need(1, Math.min(1, allColumns), side);
  let least = await onePair();
  while (side > 1 && 4 * least > budget - result) {
    side = Math.ceil(side / 2);
    least = await onePair();
  }
  if (result + least > budget && Number.isFinite(least)) throw tooLittle(job, budget, result, least);
  const all = Math.max(allRows, allColumns);
  const most = (await fits(allRows, allColumns, side))
    ? all
    : await largest(all, (h) => fits(Math.min(h, allRows), Math.min(h, allColumns), side));
  const [rows, columns] = [Math.min(most, allRows), Math.min(most, allColumns)];
  return { side, rows, columns, working: await need(rows, columns, side), result };
}

/** Pairs of ranges of examples that are held together. */
export function blocksOf(
  { rows, columns }: Holding,
  n1: number,
  n2: number | null,
): { rows: readonly [number, number]; columns: readonly [number, number] }[] {
  return ranges(n1, rows).flatMap((some) =>
    ranges(n2 ?? n1, columns)
      .filter((others) => n2 !== null || others[0] >= some[0])
      .map((others) => ({ rows: some, columns: others })),
  );
}

/**
 * The largest number from 1 to `most` that fits, within a hundredth; 1 if none does. From small numbers on, for whoever
 * sizes a job takes as long as it has examples.
 */
async function largest(most: number, fits: (count: number) => Promise<boolean>): Promise<number> {
  let low = 1;
  while (low < most && (await fits(Math.min(most, 2 * low)))) low = Math.min(most, 2 * low);
  let high = Math.min(most + 1, 2 * low);
  while (high - low > Math.max(1, low / 100)) {
    const middle = Math.floor((low + high) / 2);
    if (await fits(middle)) low = middle;
    else high = middle;
  }
  return low;
}

/** Bytes that all results have for one pair of examples. */
export function bytesPerEntry({ get, output }: Program, precision: Precision): number {
  return get.length * positionCount(output) ** 2 * (precision === "f64" ? 8 : 4);
}

export function bytesOf(memory: Memory): number {
  const bytes = typeof memory === "string" ? parseBytes(memory) : memory;
  if (bytes !== undefined && bytes > 0) return bytes;
  throw new LemniscateError({
    code: "OptionOutOfRange",
    where: "kernel: memory",
    given: typeof memory === "string" ? JSON.stringify(memory) : String(memory),
    allowed: 'a number of bytes > 0, or a size such as "512MiB", "2GiB", "2GB"',
    mend: "Leave it out to have 1 GiB besides the results.",
  });
}

function tooLittle({ n1, n2, as, program }: Job, budget: number, result: number, least: number): LemniscateError {
  const size = as === "diagonal" ? `${n1}` : `${n1} × ${n2 ?? n1}`;
  return new LemniscateError({
    code: "OptionOutOfRange",
    where: "kernel: memory",
    given: describeBytes(budget),
    allowed: `${describeBytes(result + least)} or more: ${describeBytes(result)} for the result (${size}, ${program.get.join(", ")}) and ${describeBytes(least)} to compute one pair`,
    mend:
      result > budget / 2
        ? 'Read the result piece by piece with tiles(), take fewer examples, or compute in "f32".'
        : "Give it more, or fewer threads.",
  });
}

/** Operations of a tile: some tens of milliseconds, so that threads share the work evenly and stop soon when asked to. */
const tileFlops = 1e8;

/** The most examples to a side: a multiple of the panels that the fast engine keeps features in, of up to 48. */
const largestSide = 144;

/** Examples to a side of a tile: few where a pair is much work, many where it is a handful of numbers. */
function tileSize(program: Program): number {
  return Math.max(1, Math.min(largestSide, Math.floor(Math.sqrt(tileFlops / totalFlops(program, 2, null).pair))));
}
