import { LemniscateError } from "../core/errors.js";
import { badFile } from "./bad-file.js";

/** How the bytes of a text file become characters. */
export interface TextOptions {
  /**
   * Name of the encoding, as `TextDecoder` knows it: `"windows-1252"`, `"utf-16le"`. UTF-8 if absent, and then bytes
   * that are no UTF-8 are refused rather than replaced.
   */
  readonly encoding?: string | undefined;
}

const mark = [0xef, 0xbb, 0xbf] as const;

/** Whether the bytes start with the UTF-8 byte order mark. */
export function hasByteOrderMark(bytes: Uint8Array): boolean {
  return mark.every((byte, i) => bytes[i] === byte);
}

function decoder(encoding: string): TextDecoder {
  try {
    return new TextDecoder(encoding, { fatal: true });
  } catch (cause) {
    throw new LemniscateError({
      code: "OptionOutOfRange",
      where: "encoding",
      given: JSON.stringify(encoding),
      allowed: "an encoding that TextDecoder knows",
      mend: 'Common ones are "utf-8", "windows-1252" and "utf-16le".',
      cause,
    });
  }
}

const decodes = (bytes: Uint8Array, stream: boolean): boolean => {
  try {
    new TextDecoder("utf-8", { fatal: true }).decode(bytes, { stream });
    return true;
  } catch {
    return false;
  }
};

/** Position of the first byte that is no UTF-8, or -1. */
export function firstBadByte(bytes: Uint8Array): number {
  if (decodes(bytes, false)) return -1;
  let [sound, broken] = [0, bytes.length + 1]; // lengths of a beginning that decodes, and of one that does not
  while (broken - sound > 1) {
    const middle = (sound + broken) >> 1;
    if (middle <= bytes.length && decodes(bytes.subarray(0, middle), true)) sound = middle;
    else broken = middle;
  }
  // `sound` may end inside a character: step back to where it began.
  while (sound > 0 && !decodes(bytes.subarray(0, sound), false)) sound--;
  return sound;
}

/**
 * The characters of a text file. A UTF-8 byte order mark is dropped.
 *
 * @throws LemniscateError `BadFile` naming the byte, for UTF-16, for bytes that are not of the encoding, and for NUL.
 */
export function decodeText(bytes: Uint8Array, name: string, { encoding }: TextOptions = {}): string {
  if (encoding === undefined) {
    const [a, b] = bytes;
    if ((a === 0xff && b === 0xfe) || (a === 0xfe && b === 0xff)) {
      const which = a === 0xff ? "utf-16le" : "utf-16be";
      throw badFile(
        `${name}: byte 0`,
        `the byte order mark of ${which.toUpperCase()}`,
        "UTF-8 text",
        `Save the file as UTF-8, or pass encoding: "${which}".`,
      );
    }
    const bad = firstBadByte(bytes);
    if (bad >= 0)
      throw badFile(
        `${name}: byte ${bad}`,
        `0x${bytes[bad]?.toString(16).padStart(2, "0")}, which is no UTF-8 there`,
        "UTF-8 text",
        'Save the file as UTF-8, or name its encoding, often encoding: "windows-1252".',
      );
    const nul = bytes.indexOf(0);
    if (nul >= 0)
      throw badFile(
        `${name}: byte ${nul}`,
        "a NUL byte",
        "text without control bytes",
        "The file is damaged or not a text file: fetch it again, or remove the byte.",
      );
  }
  try {
    return decoder(encoding ?? "utf-8").decode(bytes);
  } catch (cause) {
    if (cause instanceof LemniscateError) throw cause;
    throw badFile(name, "bytes that the encoding does not hold", `${encoding} text`, "Name another encoding.", cause);
  }
}
