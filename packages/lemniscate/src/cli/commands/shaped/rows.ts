/** @module Rows of numbers: printed in columns as they come, as JSON, and appended to a file. */
import { appendFileSync } from "node:fs";
import type { Estimate } from "../../../shaped/statistics/summary.js";
import type { ShapedFlags } from "./input.js";

export type Cell = string | number | Estimate;
export type Row = Readonly<Record<string, Cell>>;

/** Writes rows where the flags say, one after another. */
export class Rows {
  readonly #flags: Pick<ShapedFlags, "json" | "out">;
  #headed = false;

  constructor(flags: Pick<ShapedFlags, "json" | "out">) {
    this.#flags = flags;
  }

  write(row: Row): void {
    const text = JSON.stringify(row);
    if (this.#flags.out !== undefined) appendFileSync(this.#flags.out, `${text}\n`);
    if (this.#flags.json === true) {
      console.log(text);
      return;
    }
    if (!this.#headed) console.log(line(Object.entries(row).map(([name, cell]) => [name, cell] as const)));
    this.#headed = true;
    console.log(line(Object.values(row).map((cell) => [shown(cell), cell] as const)));
  }
}

/** Texts to the left, numbers to the right, in columns that are wide enough for either. */
function line(cells: readonly (readonly [text: string, cell: Cell])[]): string {
  return cells
    .map(([text, cell]) => {
      if (typeof cell === "string") return text.padEnd(12);
      return text.padStart(typeof cell === "number" ? 9 : 14);
    })
    .join(" ")
    .trimEnd();
}

/** 0.12345 ± 0.0021 → 0.1235(21). */
function shown(cell: Cell): string {
  if (typeof cell === "string") return cell;
  if (typeof cell === "number") return Number.isInteger(cell) ? String(cell) : short(cell);
  const { value, error } = cell;
  if (!(error > 1e-12 * Math.abs(value)) || !Number.isFinite(error)) return short(value);
  const digits = Math.max(0, Math.min(9, 1 - Math.floor(Math.log10(error))));
  return `${value.toFixed(digits)}(${Math.round(error * 10 ** digits)})`;
}

function short(value: number): string {
  if (value !== 0 && Math.abs(value) < 1e-3) return value.toExponential(0);
  return Number(value.toPrecision(4)).toString();
}
