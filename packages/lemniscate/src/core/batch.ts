import { LemniscateError } from "./errors.js";
import { need } from "./options.js";
import type { InputPart } from "./shape.js";

/**
 * Inputs of a network: `n` examples on one grid of positions, with `d` channels each.
 *
 * | what | shape |
 * | --- | --- |
 * | feature vectors | (n, d) |
 * | token sequences | (n, T, d) |
 * | images | (n, H, W, d) |
 *
 * `data` is row-major. `mask` has one entry per example and position, **1 = present, 0 = padding**, the
 * opposite of Neural Tangents. Channels of padded positions are ignored, whatever they hold.
 */
export interface Batch<T extends Float32Array | Float64Array = Float32Array | Float64Array> {
  readonly shape: readonly [n: number, ...gridAndChannels: number[]];
  readonly data: T;
  readonly mask?: Uint8Array;
  /** The inputs that its positions belong to, one after another, if it holds several; see `inputs`. */
  readonly parts?: readonly InputPart[];
  /** A graph of each example, whose nodes are its positions; see `withGraphs`. */
  readonly graphs?: Graphs;
}

/**
 * Weighted edges into the nodes of all examples, node after node: those into node s of example n, of S nodes each, have the
 * numbers `starts[n·S + s]` to `starts[n·S + s + 1]` (excluded), and come from the nodes `sources`.
 */
export interface Graphs {
  readonly starts: Int32Array;
  readonly sources: Int32Array;
  readonly weights: Float64Array;
}

/** Refuses what has no shape; its numbers are looked at where they are used, see {@link checkBatch}. */
export function needBatch(where: string, given: unknown): void {
  const { shape } = (given ?? {}) as { readonly shape?: unknown };
  const is = Array.isArray(shape) && shape.length >= 2 && shape.every(Number.isInteger);
  need(is, where, given, "a batch", "Make it with batch() or sequences().");
}

/** Sizes of the position axes, `[]` for feature vectors. */
export function gridOf(batch: Batch): readonly number[] {
  needBatch("gridOf", batch);
  return batch.shape.slice(1, -1);
}

/** Number of channels of each position. */
export function channelsOf(batch: Batch): number {
  needBatch("channelsOf", batch);
  return batch.shape.at(-1) as number;
}

/** Number of positions of each example, padding included; 1 for feature vectors. */
export function positionsOf(batch: Batch): number {
  return gridOf(batch).reduce((product, size) => product * size, 1);
}

/**
 * A checked batch from a shape and its numbers.
 *
 * @throws LemniscateError `ShapeMismatch` if the numbers do not fill the shape or the mask has another size,
 *   `BadInput` if a present entry is NaN or infinite.
 *
 * @example
 * ```ts
 * import { batch } from "lemniscate";
 * batch([2, 3], [1, 2, 3, 4, 5, 6]).shape; // => [2, 3]
 * ```
 */
export function batch(
  shape: readonly number[],
  data: Float32Array | Float64Array | readonly number[],
  mask?: Uint8Array | readonly number[],
): Batch {
  const where = "batch";
  checkShape(where, shape, data);
  const size = data.length;
  const values = data instanceof Float32Array || data instanceof Float64Array ? data : Float64Array.from(data);
  const channels = shape.at(-1) as number;
  const isList = mask === undefined || Array.isArray(mask) || mask instanceof Uint8Array;
  need(isList, `${where}: mask`, mask, "a list of 0 and 1", "Leave it out where nothing is padding.");
  const other = mask?.find((entry) => entry !== 0 && entry !== 1);
  if (other !== undefined)
    throw new LemniscateError({
      code: "BadInput",
      where: `${where}: mask`,
      given: String(other),
      allowed: "0 or 1",
      mend: "Write 1 where a position is present, 0 where it is padding.",
    });
  const presence = mask === undefined ? undefined : Uint8Array.from(mask);
  if (presence !== undefined && presence.length !== size / channels)
    throw new LemniscateError({
      code: "ShapeMismatch",
      where: `${where}: mask`,
      given: `${presence.length} entries`,
      allowed: `${size / channels} entries, one per example and position`,
      mend: "A mask has the shape of the data without the channel axis.",
    });
  let largest = 0;
  for (let i = 0; i < values.length; i++) {
    if (presence !== undefined && presence[Math.floor(i / channels)] === 0) continue;
    const magnitude = Math.abs(values[i]!);
    if (magnitude <= Number.MAX_VALUE) {
      if (magnitude > largest) largest = magnitude;
      continue;
    }
    const index = shape.map(
      (length, axis) => Math.floor(i / shape.slice(axis + 1).reduce((p, s) => p * s, 1)) % length,
    );
    throw new LemniscateError({
      code: "BadInput",
      where,
      given: `${values[i]} at [${index.join(", ")}]`,
      allowed: "finite numbers",
      mend: "Clean the data, or mark the position as padding in the mask.",
    });
  }
  const checked = shape as readonly [number, ...number[]];
  const made: Batch =
    presence === undefined ? { shape: checked, data: values } : { shape: checked, data: values, mask: presence };
  largestOf.set(made, largest);
  return made;
}

/** @throws LemniscateError `ShapeMismatch` unless it is the shape of a batch, and there are as many numbers */
function checkShape(where: string, shape: readonly number[], data: ArrayLike<number>): void {
  const axes: readonly number[] = Array.isArray(shape) ? shape : [];
  const size = axes.reduce((product, length) => product * length, 1);
  const possible = axes.every((length, axis) => Number.isInteger(length) && length >= (axis === 0 ? 0 : 1));
  if (axes.length < 2 || !possible)
    throw new LemniscateError({
      code: "ShapeMismatch",
      where,
      given: Array.isArray(shape) ? `shape (${shape.join(", ")})` : `shape ${String(shape)}`,
      allowed: "(n, d), (n, T, d), (n, H, W, d)",
      mend: "The first axis counts examples and the last one channels; only the first one may be 0.",
    });
  if (data?.length !== size)
    throw new LemniscateError({
      code: "ShapeMismatch",
      where,
      given: `${data?.length ?? "no"} numbers for shape (${shape.join(", ")})`,
      allowed: `${size} numbers`,
      mend: "Pass the numbers row by row, padded positions included.",
    });
}

/** The largest magnitude in each batch that has been looked through, so that none is twice. */
const largestOf = new WeakMap<Batch, number>();

/**
 * Looks through what is given as a batch, unless it is known to come from {@link batch}.
 *
 * @param limit - the largest number that an engine knows: inputs are multiplied with each other, and summed
 * @throws LemniscateError `BadInput` if it is no batch or the products are beyond the limit, and whatever {@link batch}
 *   would say about its numbers
 */
export function checkBatch(given: Batch, where: string, limit: number): void {
  const largest = lookThrough(given, where);
  if (largest ** 2 * channelsOf(given) <= limit) return;
  throw new LemniscateError({
    code: "BadInput",
    where,
    given: `numbers up to ${largest.toPrecision(3)}`,
    allowed: `numbers up to ${Math.sqrt(limit / channelsOf(given)).toPrecision(3)}, whose products this precision holds`,
    mend: "Standardise the data, or use double precision.",
  });
}

function lookThrough(given: Batch, where: string): number {
  const known = typeof given === "object" && given !== null ? largestOf.get(given) : undefined;
  if (known !== undefined) return known;
  const { shape, data, mask } = given ?? {};
  const numbers = data instanceof Float32Array || data instanceof Float64Array;
  if (!Array.isArray(shape) || !numbers || (mask !== undefined && !(mask instanceof Uint8Array)))
    throw new LemniscateError({
      code: "BadInput",
      where,
      given:
        given === null || typeof given !== "object"
          ? String(given)
          : `an object with ${Object.keys(given).slice(0, 5).join(", ") || "nothing"}`,
      allowed: "a batch: { shape, data, mask? } with data in a Float64Array or Float32Array and mask in a Uint8Array",
      mend: "Make it with batch() or sequences().",
    });
  const largest = largestOf.get(batch(shape, data, mask))!;
  largestOf.set(given, largest);
  return largest;
}

/**
 * A batch of token sequences of different lengths, given as nested arrays: padded to the longest one
 * (or to `length`) and masked.
 *
 * @example
 * ```ts
 * import { sequences } from "lemniscate";
 * const x = sequences([[[1, 2]], [[3, 4], [5, 6]]]);
 * x.shape; // => [2, 2, 2]
 * x.mask; // => new Uint8Array([1, 0, 1, 1])
 * ```
 */
export function sequences(tokens: readonly (readonly (readonly number[])[])[], length?: number): Batch {
  const isList = (given: unknown): given is ArrayLike<unknown> => Array.isArray(given) || ArrayBuffer.isView(given);
  const nested = isList(tokens) && tokens.every((sequence) => isList(sequence) && sequence.every(isList));
  if (!nested)
    throw new LemniscateError({
      code: "BadInput",
      where: "sequences",
      given: JSON.stringify(tokens)?.slice(0, 60) ?? String(tokens),
      allowed: "a list of sequences, each a list of tokens, each a list of numbers",
      mend: "Write one sequence of two tokens as [[[1, 2], [3, 4]]].",
    });
  const longest = tokens.reduce((max, sequence) => Math.max(max, sequence.length), 1);
  const T = length ?? longest;
  const d = tokens.find((sequence) => sequence.length > 0)?.[0]?.length ?? 0;
  const data = new Float64Array(tokens.length * T * d);
  const mask = new Uint8Array(tokens.length * T);
  for (const [n, sequence] of tokens.entries())
    for (const [t, token] of sequence.slice(0, T).entries()) {
      if (token.length !== d)
        throw new LemniscateError({
          code: "ShapeMismatch",
          where: `sequences: token [${n}][${t}]`,
          given: `${token.length} channels`,
          allowed: `${d} channels, as the first token has`,
          mend: "Give every token a vector of the same size.",
        });
      data.set(token, (n * T + t) * d);
      mask[n * T + t] = 1;
    }
  return batch([tokens.length, T, d], data, mask);
}

/**
 * The batch that Neural Tangents means by `mask_constant`: entries equal to the constant, which may be NaN, become
 * zero, and a position is padding if all its channels were.
 */
export function maskedBy(constant: number, shape: readonly number[], data: ArrayLike<number>): Batch {
  checkShape("maskedBy", shape, data);
  const channels = shape.at(-1) as number;
  const values = Float64Array.from(data);
  const mask = new Uint8Array(values.length / channels);
  for (let i = 0; i < values.length; i++) {
    if (Object.is(values[i], constant) || values[i] === constant) values[i] = 0;
    else mask[Math.floor(i / channels)] = 1;
  }
  return batch(shape, values, mask);
}

/** Rows `from` to `to` (excluded) of a batch, as a view of the same numbers. */
export function examples(of: Batch, from: number, to: number): Batch {
  const positions = positionsOf(of);
  const stride = positions * channelsOf(of);
  const inside = Number.isInteger(from) && Number.isInteger(to) && 0 <= from && from <= to && to <= of.shape[0];
  need(inside, "examples", [from, to].join(" to "), `0 ≤ from ≤ to ≤ ${of.shape[0]}`, "The end is not among them.");
  need(ArrayBuffer.isView(of.data), "examples", of.data, "a batch with its numbers", "Make it with batch().");
  const shape = [to - from, ...of.shape.slice(1)] as const;
  const data = of.data.subarray(from * stride, to * stride);
  const mask = of.mask === undefined ? {} : { mask: of.mask.subarray(from * positions, to * positions) };
  const { graphs } = of;
  const edges =
    graphs === undefined
      ? {}
      : { graphs: { ...graphs, starts: graphs.starts.subarray(from * positions, to * positions + 1) } };
  const part: Batch = { ...of, shape, data, ...mask, ...edges };
  const largest = largestOf.get(of);
  if (largest !== undefined) largestOf.set(part, largest);
  return part;
}

/** One example, without the padding behind its last present position. */
export interface Example {
  /** Number of positions that are kept, at least 1. */
  readonly length: number;
  /** 1 at present positions, 0 at padding between them; length as above. */
  readonly presence: Uint8Array;
}

/**
 * The positions of each example that matter: padding at the end is cut off unless `cut` is false, padding between
 * positions stays.
 */
export function trimmed(of: Batch, cut = true): readonly Example[] {
  const positions = positionsOf(of);
  const { mask } = of;
  if (mask === undefined) {
    const whole: Example = { length: positions, presence: new Uint8Array(positions).fill(1) };
    return new Array<Example>(of.shape[0]).fill(whole);
  }
  return Array.from({ length: of.shape[0] }, (_, n) => {
    const presence = mask.subarray(n * positions, (n + 1) * positions);
    const length = cut ? Math.max(1, presence.lastIndexOf(1) + 1) : positions;
    return { length, presence: presence.subarray(0, length) };
  });
}

/** Whether there is padding at all. */
export function hasPadding(of: Batch): boolean {
  return of.mask?.includes(0) === true;
}

/** Whether padding is left in some example after {@link trimmed}: holes, or examples of padding alone. */
export function hasHoles(of: Batch): boolean {
  return of.mask !== undefined && trimmed(of).some(({ presence }) => presence.includes(0));
}

/** A batch of token sequences with padding behind, up to `length` tokens. */
export function padded(of: Batch, length: number): Batch {
  const [n, T, d] = [of.shape[0], positionsOf(of), channelsOf(of)];
  if (T === length) return of;
  const make = of.data.constructor as new (size: number) => Float32Array | Float64Array;
  const data = new make(n * length * d);
  const mask = new Uint8Array(n * length);
  for (let i = 0; i < n; i++) {
    data.set(of.data.subarray(i * T * d, (i + 1) * T * d), i * length * d);
    mask.set(of.mask?.subarray(i * T, (i + 1) * T) ?? new Uint8Array(T).fill(1), i * length);
  }
  return { shape: [n, length, d], data, mask };
}
