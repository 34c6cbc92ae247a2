import { LemniscateError } from "../core/errors.js";
import { need, onlyKnown } from "../core/options.js";
import { checkGet, type Quantity } from "../core/quantity.js";
import type { RunOptions } from "../core/run.js";
import type { Engine, Numbers, Precision, Tile } from "../engines/engine.js";
import type { Memory } from "./memory.js";

export interface KernelOptions extends RunOptions {
  /** The engine to run on; default: one with the best this machine has, opened and closed by the call. */
  readonly engine?: Engine | undefined;
  /** Precision of the default engine; default `"f64"`. An engine that is given has its own. */
  readonly precision?: Precision | undefined;
  /**
   * Memory that the call may take, its results included: bytes, or a size such as `"2GiB"`. Larger jobs are cut into
   * blocks of examples, whose tapes are made more than once. Default: 1 GiB besides the results. Threads have some
   * 10 MB each of their own.
   */
  readonly memory?: Memory | undefined;
  /**
   * Whether matrices of a network that averages over random draws say how far each entry errs (default). It takes as long
   * again, for the spread among averages over parts of the draws is what tells.
   */
  readonly standardErrors?: boolean | undefined;
}

/** A finished piece of a kernel matrix. */
export interface KernelTile extends Tile {
  readonly values: Readonly<Partial<Record<Quantity, Numbers>>>;
  /** Whether the mirror image of this piece, below the diagonal, is not among the pieces. */
  readonly symmetric: boolean;
  /** Entries finished so far, this tile included, of `total`; what symmetry gives for free is not counted. */
  readonly done: number;
  readonly total: number;
}

export interface ExplainOptions {
  /** Default: both. */
  readonly get?: readonly Quantity[] | undefined;
  /** Default `"f64"`. */
  readonly precision?: Precision | undefined;
  /** Number of examples in x2; without it x2 is x1. */
  readonly columns?: number | undefined;
}

export interface EstimateOptions extends ExplainOptions, Pick<KernelOptions, "engine" | "memory"> {
  /** Threads of the default engine; default: as many as the machine has cores. */
  readonly threads?: number | undefined;
}

/** One quantity, or a list. */
export type AnyGet = { readonly get: Quantity | readonly Quantity[] };

export function listOf(get: Quantity | readonly Quantity[]): readonly Quantity[] {
  return typeof get === "string" ? [get] : get;
}

export type ListOptions = KernelOptions & { readonly get: readonly Quantity[] };

export function checkSizes(shape: readonly number[], columns: number | undefined): void {
  const counts = (size: number): boolean => Number.isInteger(size) && size > 0;
  if (columns !== undefined && !counts(columns))
    throw new LemniscateError({
      code: "OptionOutOfRange",
      where: "kernel: columns",
      given: String(columns),
      allowed: "a whole number > 0",
      mend: "Leave it out if x2 is x1.",
    });
  const axes: readonly number[] = Array.isArray(shape) ? shape : [];
  if (axes.length >= 2 && axes.every(counts)) return;
  throw new LemniscateError({
    code: "ShapeMismatch",
    where: "kernel: shape",
    given: Array.isArray(shape) ? `(${shape.join(", ")})` : String(shape),
    allowed: "(n, d), (n, T, d), (n, H, W, d), of whole numbers > 0",
    mend: "Give the shape of x1, examples first and channels last.",
  });
}

const known = ["get", "engine", "precision", "memory", "standardErrors", "signal", "onProgress"] as const;

export function checkOptions(options: ListOptions): void {
  onlyKnown("kernel", options, known);
  checkKernelGet(options.get);
  checkEngine(options.engine);
}

export function checkEngine(engine: Engine | undefined): void {
  const isEngine = engine === undefined || typeof engine?.tiles === "function";
  need(isEngine, "kernel: engine", engine, "an engine", "Open it with openEngine(), or leave it out.");
}

export function checkKernelGet(get: readonly string[]): void {
  checkGet("kernel", get, '"nngp", "ntk", or a list of them');
}

export function precisionOf({ engine, precision }: KernelOptions): Precision {
  return engine?.precision ?? precision ?? "f64";
}
