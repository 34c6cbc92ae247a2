import { badFile } from "./bad-file.js";

// Node's file modules are loaded when a path is read, not when this module is: so that the parsers, which take bytes,
// also load in a browser.

const reasons: Readonly<Record<string, string>> = {
  ENOENT: "no such file or folder",
  EISDIR: "a folder",
  ENOTDIR: "a file where a folder should be",
  EACCES: "a file that this user may not open",
};

/** The system's failure to open or write `path`, as one of ours; anything else, such as an abort, is given back. */
function fileError(error: unknown, path: string, allowed: string): unknown {
  const code = (error as { readonly code?: unknown } | undefined)?.code;
  if (typeof code !== "string" || !/^E[A-Z0-9]+$/.test(code)) return error;
  return badFile(path, reasons[code] ?? code, allowed, "Check the path and its permissions.", error);
}

/** All bytes of a file. */
export async function readBytes(path: string, signal?: AbortSignal): Promise<Uint8Array> {
  signal?.throwIfAborted();
  const { readFile } = await import("node:fs/promises");
  try {
    return await readFile(path, signal === undefined ? {} : { signal });
  } catch (error) {
    signal?.throwIfAborted();
    throw fileError(error, path, "a readable file");
  }
}

/** The entries of a folder, in no particular order. */
export async function listFolder(path: string): Promise<string[]> {
  const { readdir } = await import("node:fs/promises");
  try {
    return await readdir(path);
  } catch (error) {
    throw fileError(error, path, "a readable folder");
  }
}

/** Size of a file in bytes, and its bytes in pieces: for files that are too large for memory. */
export async function streamBytes(path: string): Promise<{ size: number; chunks: AsyncIterable<Uint8Array> }> {
  const { open } = await import("node:fs/promises");
  try {
    const file = await open(path);
    const { size } = await file.stat();
    return { size, chunks: file.createReadStream({ highWaterMark: 1 << 20 }) };
  } catch (error) {
    throw fileError(error, path, "a readable file");
  }
}

/**
 * Writes a file whole or not at all: the bytes go to a temporary file in the same folder, which is renamed at the end
 * and removed if anything fails. An interrupted run leaves the old file, if there was one, as it was.
 */
export async function writeWhole(path: string, bytes: Uint8Array, signal?: AbortSignal): Promise<void> {
  signal?.throwIfAborted();
  const { rename, rm, writeFile } = await import("node:fs/promises");
  const temporary = `${path}.${process.pid}-${Math.random().toString(36).slice(2, 10)}.part`;
  try {
    await writeFile(temporary, bytes, signal === undefined ? { flag: "wx" } : { flag: "wx", signal });
    signal?.throwIfAborted();
    await rename(temporary, path);
  } catch (error) {
    await rm(temporary, { force: true }).catch(() => undefined); // the first failure is the one to tell
    signal?.throwIfAborted();
    throw fileError(error, path, "a file that can be written");
  }
}
