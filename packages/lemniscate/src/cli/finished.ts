/** @module Pieces of long work, kept in a file: what an earlier run has finished is not done again. */
import { createHash } from "node:crypto";
import { appendFileSync, existsSync, readFileSync, statSync, truncateSync, writeFileSync } from "node:fs";
import { Misuse } from "./misuse.js";
import { checkOutput } from "./output.js";

/**
 * Finished pieces by name. With a file, each is a line of JSON in it as soon as it is there, behind a first line with
 * the settings of the run, which a run that goes on must share.
 */
export class Finished<T> {
  readonly #file: string | undefined;
  readonly #pieces = new Map<string, T>();

  constructor(option: string, file: string | undefined, settings: object) {
    this.#file = file;
    if (file === undefined) return;
    checkOutput(option, file);
    const head = JSON.stringify(settings);
    if (!existsSync(file) || statSync(file).size === 0) writeFileSync(file, `${head}\n`);
    const text = readFileSync(file, "utf8");
    // A run that was killed may have left half a line.
    const whole = text.slice(0, text.lastIndexOf("\n") + 1);
    const [first, ...lines] = whole.split("\n").slice(0, -1);
    if (first !== head) throw otherRun(option, file, first, settings);
    if (whole.length < text.length) truncateSync(file, Buffer.byteLength(whole));
    for (const line of lines) {
      const { name, piece } = JSON.parse(line) as { readonly name: string; readonly piece: T };
      this.#pieces.set(name, piece);
    }
  }

  get(name: string): T | undefined {
    return this.#pieces.get(name);
  }

  add(name: string, piece: T): void {
    this.#pieces.set(name, piece);
    if (this.#file !== undefined) appendFileSync(this.#file, `${JSON.stringify({ name, piece })}\n`);
  }

  /** What to say of an interruption. */
  get kept(): string {
    return this.#file === undefined ? "what is printed was finished" : `${this.#file} has what was finished`;
  }
}

function otherRun(option: string, file: string, first: string | undefined, settings: object): Misuse {
  const found = parsed(first);
  const different = Object.entries(settings)
    .filter(([key, value]) => JSON.stringify(found?.[key]) !== JSON.stringify(value))
    .map(([key]) => key);
  return new Misuse({
    code: "BadFile",
    where: option,
    given:
      found === undefined
        ? `${file}, which no run has written`
        : `${file}, of a run with other ${different.join(", ")}`,
    allowed: "a new file, or that of a run with the same settings",
    mend: "Name another file, or repeat the options of the run that is to go on.",
  });
}

function parsed(line: string | undefined): Readonly<Record<string, unknown>> | undefined {
  try {
    const found: unknown = JSON.parse(line ?? "");
    return typeof found === "object" && found !== null && "command" in found ? { ...found } : undefined;
  } catch {
    return undefined;
  }
}

/** A name for numbers, by which those of another run are told from these. */
export function fingerprint(...arrays: readonly ArrayLike<number>[]): string {
  const hash = createHash("sha256");
  for (const array of arrays) hash.update(Float64Array.from(array)).update("|");
  return hash.digest("hex").slice(0, 16);
}
