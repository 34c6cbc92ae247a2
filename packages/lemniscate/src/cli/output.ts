/** @module Files that are there whole or not at all. */
import { accessSync, constants, rmSync } from "node:fs";
import { rename, rm } from "node:fs/promises";
import path from "node:path";
import { interruptible } from "./interrupt.js";
import { Misuse } from "./misuse.js";

const partial = new Set<string>();
process.on("exit", () => {
  for (const file of partial) rmSync(file, { force: true });
});

/** A file to be written: `write` is given the name of a temporary one in the same folder. */
export interface Output {
  readonly file: string;
  readonly write: (temporary: string, signal: AbortSignal) => Promise<void>;
}

/** Writes files under temporary names, and gives them their own when all are complete. */
export async function writeOutputs(outputs: readonly Output[]): Promise<void> {
  const temporaries = outputs.map(({ file }) =>
    path.join(path.dirname(file), `.${path.basename(file)}.${process.pid}.partial`),
  );
  for (const temporary of temporaries) partial.add(temporary);
  try {
    await interruptible(async (signal) => {
      for (const [i, { write }] of outputs.entries()) {
        await write(temporaries[i]!, signal);
        signal.throwIfAborted();
      }
      for (const [i, { file }] of outputs.entries()) await rename(temporaries[i]!, file);
    });
  } finally {
    for (const temporary of temporaries) {
      await rm(temporary, { force: true });
      partial.delete(temporary);
    }
  }
}

/** Refuses an output whose folder is not there, before anything long is computed. */
export function checkOutput(option: string, file: string): void {
  try {
    accessSync(path.dirname(file), constants.W_OK);
  } catch (cause) {
    throw new Misuse({
      code: "BadFile",
      where: option,
      given: JSON.stringify(file),
      allowed: "a file in a folder that is there and can be written to",
      mend: `Make the folder ${path.dirname(file)} first, or choose another.`,
      cause,
    });
  }
}

/** Refuses an input that is not there, before anything long is computed. */
export function checkInput(option: string, file: string): void {
  try {
    accessSync(file, constants.R_OK);
  } catch (cause) {
    throw new Misuse({
      code: "BadFile",
      where: option,
      given: JSON.stringify(file),
      allowed: "a file that is there and can be read",
      mend: "Check the path; relative ones in a spec file start from that file's folder.",
      cause,
    });
  }
}
