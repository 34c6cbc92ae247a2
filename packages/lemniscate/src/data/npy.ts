import { LemniscateError } from "../core/errors.js";
import { badFile } from "./bad-file.js";
import { readBytes, writeWhole } from "./files.js";
import { formatHeader, parseHeader } from "./npy-header.js";
import { elements, type NpyArray, type NpyData, type NpyType, typeOf } from "./npy-types.js";

export type { NpyArray, NpyData, NpyType } from "./npy-types.js";

const isLittleEndianMachine = new Uint8Array(Uint16Array.of(1).buffer)[0] === 1;

/**
 * The array in the bytes of a `.npy` file, format versions 1.0, 2.0 and 3.0, of either byte order. Fortran order is
 * turned into row-major. Nothing is allocated before the size is checked against the bytes that are there.
 *
 * Integers of 64 bits stay exact: they come as `BigInt64Array` or `BigUint64Array`. {@link numbersOf} makes numbers of
 * them and refuses those that have none. Half precision comes as `Float32Array`, booleans as `Uint8Array` of 0 and 1.
 *
 * @param name - how errors call the file
 * @throws LemniscateError `BadFile` with the byte, for a file that is damaged, cut, too long, or holds Python objects,
 *   text, records, dates or complex numbers.
 *
 * @example
 * ```ts
 * import { formatNpy, parseNpy } from "lemniscate/data";
 * const bytes = formatNpy({ shape: [2, 2], data: Float32Array.of(1, 2, 3, 4) });
 * parseNpy(bytes, "x.npy").shape; // => [2, 2]
 * parseNpy(bytes.subarray(0, 140), "x.npy"); // throws x.npy: byte 140: got the end of the file
 * ```
 */
export function parseNpy(bytes: Uint8Array, name: string): NpyArray {
  const { dtype, isBigEndian, isFortranOrder, shape, start } = parseHeader(bytes, name);
  const size = elements[dtype].bytes;
  const expected = shape.reduce((product, length) => product * length, 1) * size;
  const found = bytes.length - start;
  if (found !== expected)
    throw badFile(
      `${name}: byte ${found < expected ? bytes.length : start + expected}`,
      found < expected ? `the end of the file, ${expected - found} bytes early` : `${found - expected} bytes too many`,
      `${expected} bytes for ${dtype} of shape (${shape.join(", ")}) after a header of ${start}`,
      found < expected
        ? "The file is cut: fetch or write it again."
        : "Keep one array in each file, and fetch this one again if it should hold one.",
    );
  const buffer = new ArrayBuffer(expected);
  const raw = new Uint8Array(buffer);
  raw.set(bytes.subarray(start));
  if (size > 1 && isBigEndian === isLittleEndianMachine)
    for (let at = 0; at < raw.length; at += size) raw.subarray(at, at + size).reverse();
  const data = elements[dtype].from(isFortranOrder ? rowMajor(raw, shape, size) : buffer);
  return { shape, dtype, data };
}

/** Elements of `size` bytes in Fortran order (the first index runs fastest), put into row-major order. */
function rowMajor(raw: Uint8Array, shape: readonly number[], size: number): ArrayBuffer {
  const result = new Uint8Array(raw.length);
  const index = shape.map(() => 0);
  const strides = shape.map((_, axis) => shape.slice(0, axis).reduce((product, length) => product * length, size));
  let from = 0;
  for (let to = 0; to < raw.length; to += size) {
    for (let byte = 0; byte < size; byte++) result[to + byte] = raw[from + byte] as number;
    for (let axis = shape.length - 1; axis >= 0; axis--) {
      const stride = strides[axis] as number;
      from += stride;
      index[axis] = (index[axis] as number) + 1;
      if ((index[axis] as number) < (shape[axis] as number)) break;
      from -= stride * (shape[axis] as number);
      index[axis] = 0;
    }
  }
  return result.buffer;
}

/** Reads a `.npy` file, see {@link parseNpy}. */
export async function readNpy(path: string, { signal }: { readonly signal?: AbortSignal } = {}): Promise<NpyArray> {
  return parseNpy(await readBytes(path, signal), path);
}

/**
 * The elements as numbers in double precision.
 *
 * @param inexact - what to do with 64-bit integers beyond 2⁵³ that no double equals: `"refuse"` (default) or `"round"`
 *   to the nearest double
 * @throws LemniscateError `BadInput` naming the element.
 *
 * @example
 * ```ts
 * import { numbersOf } from "lemniscate/data";
 * const big = { shape: [2], dtype: "i8", data: BigInt64Array.of(7n, 2n ** 53n + 1n) } as const;
 * numbersOf(big); // throws element 1: got 9007199254740993
 * numbersOf(big, { inexact: "round" }); // => Float64Array.of(7, 2 ** 53)
 * ```
 */
export function numbersOf(
  array: NpyArray,
  { inexact = "refuse" }: { readonly inexact?: "refuse" | "round" } = {},
): Float64Array {
  const { data } = array;
  if (!(data instanceof BigInt64Array || data instanceof BigUint64Array)) return Float64Array.from(data);
  return Float64Array.from(data as ArrayLike<bigint>, (value, i) => {
    const number = Number(value);
    if (inexact === "round" || BigInt(number) === value) return number;
    throw new LemniscateError({
      code: "BadInput",
      where: `numbersOf: element ${i}`,
      given: `${value}, which is no double`,
      allowed: "integers that a double holds exactly",
      mend: 'Pass inexact: "round" if the nearest double will do, or work on the BigInt array.',
    });
  });
}

/**
 * The bytes of a `.npy` file that NumPy reads back with the same shape, type and numbers.
 *
 * @param array - `shape` and `data`, row-major; the type follows the array, except that `dtype: "bool"` writes a
 *   `Uint8Array` of 0 and 1 as booleans. Half precision cannot be written.
 * @throws LemniscateError `ShapeMismatch` if the numbers do not fill the shape, `OptionOutOfRange` for a `dtype` that
 *   the array is not.
 */
export function formatNpy(array: {
  readonly shape: readonly number[];
  readonly data: NpyData;
  readonly dtype?: NpyType;
}): Uint8Array {
  const { shape, data } = array;
  const own = typeOf(data);
  const dtype = array.dtype ?? own;
  const size = shape.reduce((product, length) => product * length, 1);
  if (size !== data.length || shape.some((length) => !Number.isInteger(length) || length < 0))
    throw new LemniscateError({
      code: "ShapeMismatch",
      where: "formatNpy",
      given: `${data.length} numbers for shape (${shape.join(", ")})`,
      allowed: "one number for each entry of the shape",
      mend: "Pass the numbers row by row.",
    });
  if (dtype !== own && !(dtype === "bool" && data instanceof Uint8Array && data.every((value) => value < 2)))
    throw new LemniscateError({
      code: "OptionOutOfRange",
      where: "formatNpy: dtype",
      given: `"${dtype}" for a ${data.constructor.name}`,
      allowed: own === "u1" ? '"u1", or "bool" for 0 and 1' : `"${own}"`,
      mend: "Convert the numbers to the array of the type that you want, or leave dtype out.",
    });
  const header = formatHeader(dtype, shape);
  const bytes = new Uint8Array(header.length + data.byteLength);
  bytes.set(header);
  bytes.set(new Uint8Array(data.buffer, data.byteOffset, data.byteLength), header.length);
  const width = elements[dtype].bytes;
  if (!isLittleEndianMachine && width > 1)
    for (let at = header.length; at < bytes.length; at += width) bytes.subarray(at, at + width).reverse();
  return bytes;
}

/**
 * Writes a `.npy` file, whole or not at all, see {@link formatNpy} for what. The bytes go to a file beside it first: a
 * call that fails or is stopped removes that file, a process that is killed may leave it, ending in `.part`.
 */
export async function writeNpy(
  path: string,
  array: { readonly shape: readonly number[]; readonly data: NpyData; readonly dtype?: NpyType },
  { signal }: { readonly signal?: AbortSignal } = {},
): Promise<void> {
  await writeWhole(path, formatNpy(array), signal);
}
