import { type Batch, batch } from "../core/batch.js";
import { badFile } from "./bad-file.js";
import { readBytes } from "./files.js";

const classes: readonly string[] = "airplane automobile bird cat deer dog frog horse ship truck".split(" ");
const [side, channels] = [32, 3];
const pixels = side * side;
const record = 1 + channels * pixels;

/** Images with their classes, numbered from 0. */
export interface LabelledImages {
  /** (n, height, width, channels), from 0 (black) to 1. */
  readonly x: Batch;
  readonly labels: readonly number[];
  readonly classes: readonly string[];
}

/**
 * Images of CIFAR-10 in its binary version: records of 3073 bytes, a label and 32 × 32 reds, greens and blues, as many as
 * the file holds.
 *
 * @throws LemniscateError `BadFile` with the byte, for a file of no whole records, and for labels above 9
 * @source Krizhevsky 2009, "Learning multiple layers of features from tiny images", the data set
 *
 * @example
 * ```ts
 * import { parseCifar10 } from "lemniscate/data";
 * const { x, labels, classes } = parseCifar10(new Uint8Array(3073).fill(3), "data_batch_1.bin");
 * x.shape; // => [1, 32, 32, 3]
 * classes[labels[0]!]; // => "cat"
 * ```
 */
export function parseCifar10(bytes: Uint8Array, name: string): LabelledImages {
  const n = Math.floor(bytes.length / record);
  if (n === 0 || n * record !== bytes.length)
    throw badFile(
      `${name}: byte ${n * record}`,
      `${bytes.length - n * record} bytes${bytes[0] === 0x1f && bytes[1] === 0x8b ? " of a gzip stream" : ""}`,
      `whole records of ${record} bytes`,
      "Take the binary version of CIFAR-10, unpacked: data_batch_1.bin to data_batch_5.bin and test_batch.bin.",
    );
  const data = new Float32Array(n * pixels * channels);
  const labels = Array.from({ length: n }, (_, i) => {
    const at = i * record;
    const label = bytes[at]!;
    if (label >= classes.length)
      throw badFile(
        `${name}: byte ${at}`,
        `label ${label} of record ${i}`,
        `labels from 0 to ${classes.length - 1}`,
        "The file is damaged, or of another layout: fetch it again.",
      );
    for (let c = 0; c < channels; c++)
      for (let p = 0; p < pixels; p++) data[(i * pixels + p) * channels + c] = bytes[at + 1 + c * pixels + p]! / 255;
    return label;
  });
  return { x: batch([n, side, side, channels], data), labels, classes };
}

/**
 * Reads a file of CIFAR-10, as {@link parseCifar10} does.
 *
 * @example
 * ```ts no-run
 * import { readCifar10 } from "lemniscate/data";
 * const { x, labels } = await readCifar10("cifar-10-batches-bin/data_batch_1.bin");
 * ```
 */
export async function readCifar10(path: string): Promise<LabelledImages> {
  return parseCifar10(await readBytes(path), path);
}
