import { badFile } from "./bad-file.js";
import { hasByteOrderMark } from "./text.js";

/** One line of a stream of bytes, without its line end (LF or CRLF). */
export interface ByteLine {
  /** Counted from 1. */
  readonly line: number;
  /** Valid until the next line is asked for. */
  readonly bytes: Uint8Array;
  /** Position of the first byte of the line in the file. */
  readonly at: number;
  /** Whether the file ends here without a line end. */
  readonly isCut: boolean;
}

/**
 * The lines of a file that comes in pieces, so that files larger than memory can be read. Blank lines are allowed at
 * the end only.
 *
 * @param onBytes - called after each piece with the number of bytes so far
 */
export async function* linesOf(
  chunks: AsyncIterable<Uint8Array>,
  name: string,
  { signal, onBytes }: { readonly signal?: AbortSignal | undefined; readonly onBytes?: (done: number) => void } = {},
): AsyncGenerator<ByteLine> {
  let [line, at, done, blank] = [0, 0, 0, 0];
  let rest = new Uint8Array(0);
  const take = (bytes: Uint8Array, isCut: boolean): ByteLine | undefined => {
    line++;
    const from = at;
    at += bytes.length + 1;
    const start = from === 0 && hasByteOrderMark(bytes) ? 3 : 0;
    const end = bytes.at(-1) === 13 ? bytes.length - 1 : bytes.length;
    if (end === start) {
      blank ||= line;
      return undefined;
    }
    if (blank > 0)
      throw badFile(`${name}:${blank}`, "a blank line", "blank lines at the end only", "Remove the blank line.");
    return { line, bytes: bytes.subarray(start, end), at: from + start, isCut };
  };
  for await (const chunk of chunks) {
    signal?.throwIfAborted();
    const bytes = rest.length === 0 ? chunk : joined(rest, chunk);
    let from = 0;
    for (let to = bytes.indexOf(10, rest.length); to >= 0; to = bytes.indexOf(10, from)) {
      const found = take(bytes.subarray(from, to), false);
      from = to + 1;
      if (found !== undefined) yield found;
    }
    rest = bytes.slice(from);
    done += chunk.length;
    onBytes?.(done);
  }
  if (rest.length === 0) return;
  const last = take(rest, true);
  if (last !== undefined) yield last;
}

function joined(a: Uint8Array, b: Uint8Array): Uint8Array<ArrayBuffer> {
  const both = new Uint8Array(a.length + b.length);
  both.set(a);
  both.set(b, a.length);
  return both;
}
