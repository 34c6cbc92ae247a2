/** @module What is kept beside a file of rows while its run is unfinished: how far it is, and the paths that go on. */
import { existsSync, readFileSync, renameSync, rmSync, statSync, truncateSync, writeFileSync } from "node:fs";
import type { PathState } from "../../../shaped/paths.js";
import { Misuse } from "../../misuse.js";
import type { Row } from "./row.js";

interface Head {
  readonly settings: string;
  /** Bytes of the file of rows when the run began, and when its last unit was finished. */
  readonly from: number;
  readonly to: number;
  readonly units: number;
  readonly steps?: number;
  /** How many numbers of the state are entries, and how many stopping times. */
  readonly lengths?: readonly [number, number];
}

/** `rows.jsonl.unfinished`: a line of JSON, and behind it the numbers of the paths. It is removed when the run is over. */
export class Unfinished {
  readonly #rows: string;
  readonly #file: string;
  #head: Head;
  /** Where the paths of an earlier run are. */
  readonly state: PathState | undefined;
  /** Rows of units that an earlier run has finished. */
  readonly rows: readonly Row[];

  /** @throws Misuse if the file is of a run with other settings */
  constructor(rows: string, settings: object) {
    this.#rows = rows;
    this.#file = `${rows}.unfinished`;
    const size = existsSync(rows) ? statSync(rows).size : 0;
    this.#head = { settings: JSON.stringify(settings), from: size, to: size, units: 0 };
    this.rows = [];
    if (!existsSync(this.#file)) return;
    const bytes = readFileSync(this.#file);
    const line = bytes.indexOf("\n");
    const head = JSON.parse(bytes.toString("utf8", 0, line)) as Head;
    if (head.settings !== this.#head.settings || size < head.to) throw otherRun(rows, this.#file);
    this.#head = head;
    // What stands behind the last finished unit is made again.
    truncateSync(rows, head.to);
    const text = readFileSync(rows).toString("utf8", head.from);
    this.rows = text
      .split("\n")
      .slice(0, -1)
      .map((row) => JSON.parse(row) as Row);
    if (head.lengths === undefined) return;
    const numbers = new Float64Array(bytes.buffer.slice(bytes.byteOffset + line + 1, bytes.byteOffset + bytes.length));
    const [data, stoppedAfter] = [numbers.subarray(0, head.lengths[0]), numbers.subarray(head.lengths[0])];
    this.state = { steps: head.steps!, data, stoppedAfter };
  }

  /** How many units are finished. */
  get units(): number {
    return this.#head.units;
  }

  /** A unit is finished: its rows are in the file, and this is what the next one begins with. */
  finish(state: PathState | undefined): void {
    const { settings, from, units } = this.#head;
    const to = existsSync(this.#rows) ? statSync(this.#rows).size : 0;
    this.#head = { settings, from, to, units: units + 1 };
    if (state !== undefined)
      this.#head = { ...this.#head, steps: state.steps, lengths: [state.data.length, state.stoppedAfter.length] };
    const arrays = state === undefined ? [] : [state.data, state.stoppedAfter];
    const bytes = arrays.map((array) => Buffer.from(array.buffer, array.byteOffset, array.byteLength));
    // In one move, so that there is always a whole one.
    const temporary = `${this.#file}.${process.pid}`;
    writeFileSync(temporary, Buffer.concat([Buffer.from(`${JSON.stringify(this.#head)}\n`), ...bytes]));
    renameSync(temporary, this.#file);
  }

  remove(): void {
    rmSync(this.#file, { force: true });
  }
}

function otherRun(rows: string, file: string): Misuse {
  return new Misuse({
    code: "BadFile",
    where: "--out",
    given: `${rows}, which has rows of an interrupted run with other settings`,
    allowed: "a new file, or the same command again",
    mend: `Repeat that command to go on with it, or remove ${file} to have other rows behind them.`,
  });
}
