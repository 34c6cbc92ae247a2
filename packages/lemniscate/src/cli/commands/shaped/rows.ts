/** @module Rows of numbers: printed in columns as they come, as JSON, and appended to a file. */
import { appendFileSync } from "node:fs";
import type { PathState } from "../../../shaped/paths.js";
import type { ShapedFlags } from "./input.js";
import type { Cell, Row } from "./row.js";
import { Unfinished } from "./unfinished.js";

/** Flags that say where rows go and who computes, not what is in them. */
const others = ["out", "json", "progress", "quiet", "debug", "threads"];

/**
 * Writes rows where the flags say, one after another. With `settings`, what the rows are of besides the flags, a file
 * whose run was interrupted is gone on with: unit by unit, each of which is finished by {@link finish}.
 */
export class Rows {
  readonly #flags: Pick<ShapedFlags, "json" | "out">;
  readonly #unfinished: Unfinished | undefined;
  #headed = false;

  constructor(flags: Pick<ShapedFlags, "json" | "out">, settings?: object) {
    this.#flags = flags;
    if (flags.out === undefined || settings === undefined) return;
    const own = Object.fromEntries(Object.entries(flags).filter(([name]) => !others.includes(name)));
    this.#unfinished = new Unfinished(flags.out, { ...settings, ...own });
  }

  /** How many units an earlier run has finished; their rows are in the file. */
  get units(): number {
    return this.#unfinished?.units ?? 0;
  }

  get earlier(): readonly Row[] {
    return this.#unfinished?.rows ?? [];
  }

  /** Where the paths of an earlier run are, if it kept them. */
  get state(): PathState | undefined {
    return this.#unfinished?.state;
  }

  /** A unit is finished, and the next one begins with this. */
  finish(state?: PathState): void {
    this.#unfinished?.finish(state);
  }

  /** All are. */
  end(): void {
    this.#unfinished?.remove();
  }

  /** What to say of an interruption. */
  get kept(): string {
    return this.#unfinished === undefined
      ? "the rows until then are kept"
      : "the rows until then are kept: the same command goes on";
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
