/** Element types of `.npy` files that this library reads and writes, by NumPy's letters: kind and bytes. */
export type NpyType = "f2" | "f4" | "f8" | "i1" | "i2" | "i4" | "i8" | "u1" | "u2" | "u4" | "u8" | "bool";

/** The array that holds elements of each type. Half precision is widened to `Float32Array`, which holds it exactly. */
export type NpyData =
  | Float32Array
  | Float64Array
  | Int8Array
  | Int16Array
  | Int32Array
  | BigInt64Array
  | Uint8Array
  | Uint16Array
  | Uint32Array
  | BigUint64Array;

/** An array with its shape, row-major: the last index runs fastest. */
export interface NpyArray {
  /** Sizes of the axes; `[]` for a single number. */
  readonly shape: readonly number[];
  /** Type of the elements in the file. */
  readonly dtype: NpyType;
  readonly data: NpyData;
}

interface Element {
  readonly bytes: number;
  /** Elements from a buffer that holds them in this machine's byte order. */
  readonly from: (buffer: ArrayBuffer) => NpyData;
}

/** IEEE 754 half precision: sign, 5 bits of exponent, 10 of fraction. */
function widen(half: number): number {
  const sign = half & 0x8000 ? -1 : 1;
  const exponent = (half >> 10) & 0x1f;
  const fraction = half & 0x3ff;
  if (exponent === 0x1f) return fraction === 0 ? sign * Number.POSITIVE_INFINITY : Number.NaN;
  return exponent === 0 ? sign * fraction * 2 ** -24 : sign * (1024 + fraction) * 2 ** (exponent - 25);
}

export const elements: Readonly<Record<NpyType, Element>> = {
  f2: { bytes: 2, from: (buffer) => Float32Array.from(new Uint16Array(buffer), widen) },
  f4: { bytes: 4, from: (buffer) => new Float32Array(buffer) },
  f8: { bytes: 8, from: (buffer) => new Float64Array(buffer) },
  i1: { bytes: 1, from: (buffer) => new Int8Array(buffer) },
  i2: { bytes: 2, from: (buffer) => new Int16Array(buffer) },
  i4: { bytes: 4, from: (buffer) => new Int32Array(buffer) },
  i8: { bytes: 8, from: (buffer) => new BigInt64Array(buffer) },
  u1: { bytes: 1, from: (buffer) => new Uint8Array(buffer) },
  u2: { bytes: 2, from: (buffer) => new Uint16Array(buffer) },
  u4: { bytes: 4, from: (buffer) => new Uint32Array(buffer) },
  u8: { bytes: 8, from: (buffer) => new BigUint64Array(buffer) },
  bool: { bytes: 1, from: (buffer) => new Uint8Array(buffer) },
};

/** The type that an array is written as. */
export function typeOf(data: NpyData): Exclude<NpyType, "f2" | "bool"> {
  if (data instanceof Float32Array) return "f4";
  if (data instanceof Float64Array) return "f8";
  if (data instanceof Int8Array) return "i1";
  if (data instanceof Int16Array) return "i2";
  if (data instanceof Int32Array) return "i4";
  if (data instanceof BigInt64Array) return "i8";
  if (data instanceof Uint8Array) return "u1";
  if (data instanceof Uint16Array) return "u2";
  return data instanceof Uint32Array ? "u4" : "u8";
}
