import { badFile, shown } from "./bad-file.js";
import { readBytes } from "./files.js";
import type { LabelledTexts } from "./labels.js";
import { decodeText, type TextOptions } from "./text.js";

const classes = ["ABBR", "DESC", "ENTY", "HUM", "LOC", "NUM"] as const;

/**
 * Questions of the TREC data set with their six coarse classes, in alphabetical order: a line each, `COARSE:fine text …`,
 * tokens divided by blanks. The files are ISO-8859-1, which is the default here.
 *
 * @throws LemniscateError `BadFile` with the line, for a class that is none of the six and for a question without words.
 * @source Li and Roth 2002, "Learning question classifiers", the data set
 *
 * @example
 * ```ts
 * import { parseTrec } from "lemniscate/data";
 * const { texts, labels } = parseTrec(new TextEncoder().encode("NUM:date When was Ozzy born ?\n"), "TREC.train");
 * texts; // => ["When was Ozzy born ?"]
 * labels; // => [5]
 * ```
 */
export function parseTrec(
  bytes: Uint8Array,
  name: string,
  { encoding = "iso-8859-1" }: TextOptions = {},
): LabelledTexts & { readonly classes: typeof classes } {
  const lines = decodeText(bytes, name, { encoding }).split(/\r?\n/);
  if (lines.at(-1) === "") lines.pop();
  const labels: number[] = [];
  const texts = lines.map((line, i) => {
    const [, label, text] = /^([A-Z]+):\S+ +(.*\S)/.exec(line) ?? [];
    const number = (classes as readonly (string | undefined)[]).indexOf(label);
    if (number < 0 || text === undefined)
      throw badFile(
        `${name}:${i + 1}`,
        shown(line),
        `a question such as "NUM:date When was Ozzy born ?", of the classes ${classes.join(", ")}`,
        "Mend the line, or fetch the file again.",
      );
    labels.push(number);
    return text;
  });
  return { texts, labels, classes, names: lines.map((_, i) => `${name}:${i + 1}`) };
}

/**
 * Reads questions from a file of the TREC data set, as {@link parseTrec} does.
 *
 * @example
 * ```ts no-run
 * import { readTrec } from "lemniscate/data";
 * const { texts, labels, classes } = await readTrec("trec/TREC.train");
 * ```
 */
export async function readTrec(path: string, options: TextOptions = {}): Promise<ReturnType<typeof parseTrec>> {
  return parseTrec(await readBytes(path), path, options);
}
