import { existsSync } from "node:fs";
import { readdir } from "node:fs/promises";
import path from "node:path";
import { fileURLToPath } from "node:url";
import { isLemniscateError, type LemniscateError } from "../../src/core/errors.js";

/** The folder of real data beside the checkout; tests that need it skip where it is absent. */
export const shared: string = path.resolve(fileURLToPath(new URL("../../../../../shared/data", import.meta.url)));
export const hasShared: boolean = existsSync(path.join(shared, "broken/LIST.tsv"));
export const needsShared: string = hasShared ? "" : " (skipped: needs ../shared/data beside the checkout)";

export const filesIn = async (folder: string): Promise<string[]> => (await readdir(path.join(shared, folder))).sort();

/** The error of ours that an action ends with, or `undefined` if it succeeds. */
export async function errorOf(action: () => unknown): Promise<LemniscateError | undefined> {
  try {
    await action();
  } catch (error) {
    if (isLemniscateError(error)) return error;
    throw error;
  }
  return undefined;
}

export const bytesOf = (text: string): Uint8Array => new TextEncoder().encode(text);
