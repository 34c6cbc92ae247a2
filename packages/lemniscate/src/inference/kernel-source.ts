import type { Batch } from "../core/batch.js";
import type { Quantity } from "../core/quantity.js";
import type { Matrix } from "../linalg/matrix.js";

/** Kernel matrices between two batches, those that were asked for: (n1, n2). */
export interface KernelMatrices {
  readonly nngp?: Matrix;
  readonly ntk?: Matrix;
}

/** The same of every example with itself: (n). */
export interface KernelDiagonals {
  readonly nngp?: ArrayLike<number>;
  readonly ntk?: ArrayLike<number>;
}

/**
 * What inference needs to know of a kernel: blocks between batches, and diagonals. `kernel(network)` is one; anything
 * of this shape will do. `Run` are options that inference hands on without looking at them, such as an engine,
 * a signal, or a progress callback.
 */
export interface KernelSource<Run = object> {
  /** The kernels between two batches; `null` as the second one means the first one with itself. */
  (x1: Batch, x2: Batch | null, options: Run & { readonly get: readonly Quantity[] }): Promise<KernelMatrices>;
  diagonal(x: Batch, options: Run & { readonly get: readonly Quantity[] }): Promise<KernelDiagonals>;
}

/** Any kernel source, whatever its run options are. */
export type AnyKernelSource = KernelSource<never>;

/** The run options of a kernel source: everything that its calls take beside `get`. */
export type RunOptionsOf<K extends AnyKernelSource> = K extends (
  x1: Batch,
  x2: null,
  options: infer Options,
) => Promise<KernelMatrices>
  ? Omit<Options, "get">
  : never;
