import { badFile, shown } from "./bad-file.js";
import { elements, type NpyType } from "./npy-types.js";

/** What stands before the numbers of a `.npy` file. */
export interface NpyHeader {
  readonly dtype: NpyType;
  readonly isBigEndian: boolean;
  readonly isFortranOrder: boolean;
  readonly shape: readonly number[];
  /** Position of the first byte after the header. */
  readonly start: number;
}

// The format, versions 1.0 to 3.0: magic, version, length of the header, and a Python dictionary in text.
// https://numpy.org/doc/stable/reference/generated/numpy.lib.format.html
const magic = [0x93, 0x4e, 0x55, 0x4d, 0x50, 0x59] as const;

const kinds: Readonly<Record<string, string>> = {
  O: "Python objects, which can only be unpickled, and unpickling runs code from the file",
  U: "text",
  S: "byte strings",
  V: "raw records",
  c: "complex numbers",
  M: "dates",
  m: "time spans",
};

export function parseHeader(bytes: Uint8Array, name: string): NpyHeader {
  const wrongByte = magic.findIndex((byte, i) => bytes[i] !== byte);
  if (wrongByte >= 0)
    throw badFile(
      `${name}: byte ${wrongByte}`,
      wrongByte < bytes.length ? `0x${bytes[wrongByte]?.toString(16).padStart(2, "0")}` : "the end of the file",
      `0x${magic[wrongByte]?.toString(16)}, for a .npy file starts with 93 4e 55 4d 50 59`,
      "Write the array with numpy.save, or fetch the file again.",
    );
  const version = bytes[6] as number;
  if (bytes.length < 12)
    throw badFile(
      `${name}: byte ${bytes.length}`,
      "the end of the file",
      "a version and a header",
      "Fetch the file again.",
    );
  if (version < 1 || version > 3)
    throw badFile(
      `${name}: byte 6`,
      `format version ${version}.${bytes[7]}`,
      "1.0, 2.0 or 3.0",
      "Write the array again with a current NumPy.",
    );
  const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength);
  const [from, length] = version === 1 ? [10, view.getUint16(8, true)] : [12, view.getUint32(8, true)];
  const start = from + length;
  if (start > bytes.length)
    throw badFile(
      `${name}: byte ${bytes.length}`,
      "the end of the file inside the header",
      `a header of ${length} bytes that ends at byte ${start}`,
      "The file is cut: fetch or write it again.",
    );
  const text = new TextDecoder(version === 3 ? "utf-8" : "latin1").decode(bytes.subarray(from, start));
  const where = `${name}: byte ${from}`;
  return {
    ...parseType(text, where),
    isFortranOrder: field(text, where, "fortran_order", /(True|False)/) === "True",
    shape: parseShape(field(text, where, "shape", /\(([\dL,\s]*)\)/)),
    start,
  };
}

function field(text: string, where: string, key: string, value: RegExp): string {
  const found = new RegExp(`['"]${key}['"]\\s*:\\s*${value.source}\\s*[,}]`).exec(text)?.[1];
  if (found !== undefined) return found;
  throw badFile(
    where,
    `the header ${shown(text.trim(), 100)}`,
    `a header with "${key}"`,
    "The header is damaged, or the array is a structured one: write a plain array with numpy.save.",
  );
}

const parseShape = (text: string): number[] =>
  text
    .split(",")
    .map((size) => size.trim().replace(/L$/, ""))
    .filter((size) => size !== "")
    .map(Number);

function parseType(text: string, where: string): { dtype: NpyType; isBigEndian: boolean } {
  const descr = field(text, where, "descr", /['"]([^'"]*)['"]/);
  const [, order, letters] = /^([<>|=]?)(.*)$/.exec(descr) as unknown as [string, string, string];
  const dtype = letters === "b1" || letters === "?" ? "bool" : letters;
  if (dtype in elements) return { dtype: dtype as NpyType, isBigEndian: order === ">" };
  const kind = kinds[letters.charAt(0)];
  throw badFile(
    where,
    `element type "${descr}"${kind === undefined ? "" : ` (${kind})`}`,
    "f2, f4, f8, i1 to i8, u1 to u8 or bool, of either byte order",
    "Convert the array first: numpy.save(path, array.astype('float64')).",
  );
}

/** A header of version 1.0, or 2.0 if it is too long for that, padded so that the numbers start at a multiple of 64. */
export function formatHeader(dtype: NpyType, shape: readonly number[]): Uint8Array {
  const order = elements[dtype].bytes === 1 ? "|" : "<";
  const sizes = shape.length === 1 ? `(${shape[0]},)` : `(${shape.join(", ")})`;
  const text = `{'descr': '${order}${dtype === "bool" ? "b1" : dtype}', 'fortran_order': False, 'shape': ${sizes}, }`;
  const isLong = text.length + 64 > 0xffff;
  const from = isLong ? 12 : 10;
  const length = Math.ceil((from + text.length + 1) / 64) * 64 - from;
  const bytes = new Uint8Array(from + length);
  bytes.set([...magic, isLong ? 2 : 1, 0]);
  const view = new DataView(bytes.buffer);
  if (isLong) view.setUint32(8, length, true);
  else view.setUint16(8, length, true);
  bytes.set(new TextEncoder().encode(`${text.padEnd(length - 1)}\n`), from);
  return bytes;
}
