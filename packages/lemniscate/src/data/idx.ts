import { batch } from "../core/batch.js";
import { badFile } from "./bad-file.js";
import type { LabelledImages } from "./cifar10.js";
import { readBytes } from "./files.js";

/** The types of elements, by their code: bytes, and how one is read. */
const types: Readonly<Record<number, readonly [bytes: number, get: (view: DataView, at: number) => number]>> = {
  8: [1, (view, at) => view.getUint8(at)],
  9: [1, (view, at) => view.getInt8(at)],
  11: [2, (view, at) => view.getInt16(at)],
  12: [4, (view, at) => view.getInt32(at)],
  13: [4, (view, at) => view.getFloat32(at)],
  14: [8, (view, at) => view.getFloat64(at)],
};

/** An array of numbers, row by row. */
export interface IdxArray {
  readonly shape: readonly number[];
  readonly data: Float64Array;
}

/**
 * The array in the bytes of an IDX file, the format of MNIST, of any type of numbers.
 *
 * @throws LemniscateError `BadFile` with the byte, for what is no IDX file, and for one that is cut or too long
 *
 * @example
 * ```ts
 * import { parseIdx } from "lemniscate/data";
 * parseIdx(Uint8Array.of(0, 0, 8, 1, 0, 0, 0, 2, 7, 5), "labels").data; // => new Float64Array([7, 5])
 * ```
 */
export function parseIdx(bytes: Uint8Array, name: string): IdxArray {
  const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength);
  const type = bytes[0] === 0 && bytes[1] === 0 ? types[bytes[2]!] : undefined;
  const rank = bytes[3] ?? 0;
  const start = 4 + 4 * rank;
  if (type === undefined || rank === 0 || bytes.length < start)
    throw badFile(
      `${name}: byte ${type === undefined ? 0 : bytes.length}`,
      type === undefined ? `the bytes ${[...bytes.subarray(0, 4)].join(", ")}` : "the end of the file",
      "0, 0, a type of numbers (8, 9, 11 to 14), the number of axes and their sizes",
      "Take the file of a data set in the IDX format, such as train-images-idx3-ubyte.",
    );
  const [size, get] = type;
  const shape = Array.from({ length: rank }, (_, axis) => view.getUint32(4 + 4 * axis));
  const count = shape.reduce((product, length) => product * length, 1);
  if (bytes.length !== start + count * size)
    throw badFile(
      `${name}: byte ${Math.min(bytes.length, start + count * size)}`,
      `${bytes.length - start} bytes of numbers`,
      `${count * size} bytes for an array of (${shape.join(", ")})`,
      "Fetch the file again: it is cut, or more stands in it than it says.",
    );
  const data = new Float64Array(count);
  for (let i = 0; i < count; i++) data[i] = get(view, start + i * size);
  return { shape, data };
}

/**
 * Reads an IDX file, as {@link parseIdx} does, packed with gzip or not.
 *
 * @example
 * ```ts no-run
 * import { readIdx } from "lemniscate/data";
 * (await readIdx("mnist/t10k-labels-idx1-ubyte.gz")).shape; // => [10000]
 * ```
 */
export async function readIdx(path: string): Promise<IdxArray> {
  const bytes = await readBytes(path);
  return parseIdx(bytes[0] === 0x1f && bytes[1] === 0x8b ? await unpacked(bytes, path) : bytes, path);
}

/**
 * Reads images of MNIST, or of a data set in its form, with their labels.
 *
 * @throws LemniscateError `BadFile` as {@link readIdx}, where images and labels do not belong together, and for numbers that
 *   are no bytes
 *
 * @example
 * ```ts no-run
 * import { readMnist } from "lemniscate/data";
 * const { x, labels } = await readMnist("train-images-idx3-ubyte.gz", "train-labels-idx1-ubyte.gz");
 * x.shape; // => [60000, 28, 28, 1]
 * ```
 */
export async function readMnist(images: string, labels: string): Promise<LabelledImages> {
  // One after the other, so that of two bad files the same one is named each time.
  const pictures = await readIdx(images);
  const numbers = await readIdx(labels);
  const [n, height, width] = pictures.shape as [number, number, number];
  if (pictures.shape.length !== 3)
    throw badFile(images, `an array of (${pictures.shape.join(", ")})`, "(n, height, width)", "Name the images' file.");
  if (numbers.shape.join() !== String(n))
    throw badFile(labels, `an array of (${numbers.shape.join(", ")})`, `(${n}), as ${images} has`, "Name its labels.");
  checkBytes(images, pictures);
  checkBytes(labels, numbers);
  const data = new Float32Array(pictures.data.length);
  for (let i = 0; i < data.length; i++) data[i] = pictures.data[i]! / 255;
  const classes = Array.from({ length: numbers.data.reduce((a, b) => Math.max(a, b), 0) + 1 }, (_, i) => String(i));
  return {
    x: batch([n, height, width, 1], data),
    labels: [...numbers.data],
    classes,
  };
}

/** Pixels are counted in parts of 255, and classes by their labels. */
function checkBytes(path: string, { data }: IdxArray): void {
  const at = data.findIndex((value) => !(Number.isInteger(value) && value >= 0 && value <= 255));
  if (at >= 0)
    throw badFile(
      `${path}: number ${at}`,
      String(data[at]),
      "whole numbers from 0 to 255",
      "Take a data set in the form of MNIST, or read other arrays with readIdx().",
    );
}

async function unpacked(bytes: Uint8Array, path: string): Promise<Uint8Array> {
  try {
    const stream = new Blob([bytes as Uint8Array<ArrayBuffer>]).stream().pipeThrough(new DecompressionStream("gzip"));
    return new Uint8Array(await new Response(stream).arrayBuffer());
  } catch (error) {
    throw badFile(path, "a gzip stream that ends early or is damaged", "a whole one", "Fetch the file again.", error);
  }
}
