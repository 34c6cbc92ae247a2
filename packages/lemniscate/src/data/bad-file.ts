import { LemniscateError } from "../core/errors.js";

/**
 * The error of every reader of this room: `where` is the file and the place in it, `"train.csv:12"` for a line or
 * `"x.npy: byte 214"` for a byte, both counted as an editor counts them: lines from 1, bytes from 0.
 */
export function badFile(where: string, given: string, allowed: string, mend: string, cause?: unknown): LemniscateError {
  return new LemniscateError({ code: "BadFile", where, given, allowed, mend, cause });
}

/** A piece of the file as a message can show it: quoted, on one line, at most `length` characters. */
export function shown(text: string, length = 40): string {
  const characters = [...text];
  return JSON.stringify(characters.length > length ? `${characters.slice(0, length).join("")}…` : text);
}
