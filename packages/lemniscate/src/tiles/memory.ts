/** @module How much is held at once: blocks of examples whose tapes fit, and tiles of pairs. */
import { LemniscateError } from "../core/errors.js";
import type { Precision } from "../engines/engine.js";
import { entriesOf, tapeOf } from "../program/cost.js";
import type { Program } from "../program/program.js";
import { ranges } from "./plan.js";

/** Pairs of ranges of examples whose tapes fit into memory together. */
export function blocks(
  program: Program,
  n1: number,
  n2: number | null,
  precision: Precision,
  bytes: number,
): { rows: readonly [number, number]; columns: readonly [number, number] }[] {
  const size = Math.max(1, Math.floor(examplesAtOnce(program, precision, bytes) / 2));
  const step = n1 + (n2 ?? 0) <= 2 * size ? Math.max(n1, n2 ?? n1, 1) : size;
  return ranges(n1, step).flatMap((rows) =>
    ranges(n2 ?? n1, step)
      .filter((columns) => n2 !== null || columns[0] >= rows[0])
      .map((columns) => ({ rows, columns })),
  );
}

/** How many examples' tapes fit into memory; at least one is tried. */
export function examplesAtOnce(program: Program, precision: Precision, bytes: number): number {
  const S = program.input.grid.reduce((product, size) => product * size, 1);
  const numbers = tapeOf(program).reduce(
    (sum, i) => sum + entriesOf(program, program.example[i]!),
    S * (program.input.channels ?? 1),
  );
  return Math.max(1, Math.floor(bytes / (numbers * (precision === "f64" ? 8 : 4))));
}

export function tapeBytesOf({ tapeBytes = 2 ** 30 }: { readonly tapeBytes?: number | undefined }): number {
  if (tapeBytes > 0) return tapeBytes;
  throw new LemniscateError({
    code: "OptionOutOfRange",
    where: "kernel: tapeBytes",
    given: String(tapeBytes),
    allowed: "a number of bytes > 0",
    mend: "Leave it out for 1 GiB. However small it is, two examples are held at once.",
  });
}

/** Examples to a side of a tile: few where a pair is much work, many where it is a handful of numbers. */
export function tileSize(program: Program): number {
  const S = program.input.grid.reduce((product, size) => product * size, 1);
  return Math.max(4, Math.min(128, Math.round(512 / S)));
}
