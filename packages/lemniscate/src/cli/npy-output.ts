import { open } from "node:fs/promises";
import { formatHeader } from "../data/npy-header.js";
import { typeOf } from "../data/npy-types.js";
import type { Matrix } from "../linalg/matrix.js";

const pieceBytes = 16 * 2 ** 20;

/** Writes numbers of a shape as `.npy` piece by piece, so that they are never in memory twice. */
export async function writeNumbers(
  file: string,
  shape: readonly number[],
  data: Matrix["data"],
  signal: AbortSignal,
): Promise<void> {
  const handle = await open(file, "w");
  try {
    await handle.writeFile(formatHeader(typeOf(data), shape));
    for (let from = 0; from < data.byteLength; from += pieceBytes) {
      signal.throwIfAborted();
      const length = Math.min(pieceBytes, data.byteLength - from);
      await handle.writeFile(new Uint8Array(data.buffer, data.byteOffset + from, length));
    }
    await handle.sync();
  } finally {
    await handle.close();
  }
}
