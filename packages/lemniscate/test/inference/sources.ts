import { type Batch, batch } from "../../src/core/batch.js";
import type { Quantity } from "../../src/core/quantity.js";
import type { Matrix } from "../../src/linalg/matrix.js";

/** What was asked of a source, call by call. */
export type Call = { readonly kind: "block" | "diagonal"; readonly sizes: readonly number[]; readonly options: object };

export interface SourceOptions {
  readonly get: readonly Quantity[];
  readonly engine?: { readonly name: string } | undefined;
  readonly signal?: AbortSignal | undefined;
  readonly onProgress?: ((done: number, total: number) => void) | undefined;
}

/** Typed like the kernel of a network: keys of the result follow `get`, which may be one word. */
export interface TestSource {
  (
    x1: Batch,
    x2: Batch | null | undefined,
    options: Omit<SourceOptions, "get"> & { readonly get: Quantity },
  ): Promise<Matrix>;
  <const Get extends readonly Quantity[]>(
    x1: Batch,
    x2: Batch | null | undefined,
    options: Omit<SourceOptions, "get"> & { readonly get: Get },
  ): Promise<{ readonly [Q in Get[number]]: Matrix }>;
  diagonal<const Get extends readonly Quantity[]>(
    x: Batch,
    options: Omit<SourceOptions, "get"> & { readonly get: Get },
  ): Promise<{ readonly [Q in Get[number]]: Float32Array | Float64Array }>;
  readonly calls: Call[];
}

/** Two smooth kernels of feature vectors: exponentials of squared distances for `nngp`, with a linear part for `ntk`. */
export function evaluate(quantity: Quantity, a: ArrayLike<number>, b: ArrayLike<number>): number {
  let square = 0;
  let inner = 0;
  for (let k = 0; k < a.length; k++) {
    square += (a[k]! - b[k]!) ** 2;
    inner += a[k]! * b[k]!;
  }
  return quantity === "nngp" ? Math.exp(-square / 2) : 2 * Math.exp(-square / 3) + 0.5 * inner + 0.3;
}

export function rowsOf(x: Batch): Float64Array[] {
  const d = x.shape[1]!;
  return Array.from({ length: x.shape[0] }, (_, i) => Float64Array.from(x.data.subarray(i * d, (i + 1) * d)));
}

export function matrixOf(quantity: Quantity, x1: Batch, x2: Batch): Matrix<Float64Array> {
  const [a, b] = [rowsOf(x1), rowsOf(x2)];
  return {
    rows: a.length,
    columns: b.length,
    data: Float64Array.from(a.flatMap((p) => b.map((q) => evaluate(quantity, p, q)))),
  };
}

/** A kernel source that writes down how it was called. */
export function testSource(storage: "double" | "single" = "double"): TestSource {
  const calls: Call[] = [];
  const store = (m: Matrix<Float64Array>): Matrix =>
    storage === "double" ? m : { ...m, data: Float32Array.from(m.data) };
  const source = async (x1: Batch, x2: Batch | null | undefined, options: SourceOptions) => {
    const other = x2 ?? x1;
    options.signal?.throwIfAborted();
    calls.push({ kind: "block", sizes: [x1.shape[0], x2?.shape[0] ?? -1], options });
    return Object.fromEntries(options.get.map((q) => [q, store(matrixOf(q, x1, other))]));
  };
  const diagonal = async (x: Batch, options: SourceOptions) => {
    calls.push({ kind: "diagonal", sizes: [x.shape[0]], options });
    return Object.fromEntries(options.get.map((q) => [q, Float64Array.from(rowsOf(x), (p) => evaluate(q, p, p))]));
  };
  return Object.assign(source, { diagonal, calls }) as unknown as TestSource;
}

export function points(rows: readonly (readonly number[])[]): Batch {
  return batch([rows.length, rows[0]!.length], rows.flat());
}
