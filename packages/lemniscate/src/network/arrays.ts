/**
 * @module The few operations on arrays that finite networks are written in. A layer's `apply` is one function of them;
 * plain numbers, derivatives forwards and backwards, and batches of networks are different answers to the same calls.
 */
import type { RandomKey } from "../core/random.js";
/**
 * A function of a number, with a derivative written in the operations themselves so that it can be derived again.
 * `null` is a function that counts as constant, such as a step.
 */
export interface Elementwise {
  readonly value: (x: number) => number;
  readonly slope: null | (<A>(t: ArrayOperations<A>, x: A) => A);
}

/** What a finite network is computed with. `A` is an array of numbers: their values, or more than that. */
export interface ArrayOperations<A> {
  shape(x: A): readonly number[];
  constant(shape: readonly number[], data: ArrayLike<number>): A;
  /** A constant with numbers for each example, which the first axis counts: `shape` is that of one of them. */
  examples(shape: readonly number[], data: ArrayLike<number>): A;
  /** Random constants, uniform in (0, 1): others for each example. */
  uniforms(sequence: RandomKey, shape: readonly number[]): A;
  /**
   * Einstein's summation over one array or two: `einsum("nsd,dk->nsk", x, w)` sums the products of entries over every
   * letter that the result lacks. A letter stands once in each place at most, and in the result only if in an array.
   */
  einsum(rule: string, x: A, y?: A): A;
  /** Sums, with axes of length 1 (and missing first axes) repeated as often as the other array needs. */
  add(x: A, y: A | number): A;
  /** Products, repeated likewise. */
  multiply(x: A, y: A | number): A;
  map(f: Elementwise, x: A): A;
  /** The same numbers in the same order under another shape. */
  reshape(x: A, shape: readonly number[]): A;
  /** Entry i of an axis becomes the former entry `indices[i]`; zeros where that is −1. Slices, padding, windows. */
  take(x: A, axis: number, indices: readonly number[]): A;
  /** What `take` undoes: entry i is added to entry `indices[i]` of an axis of some length, or dropped where that is −1. */
  give(x: A, axis: number, indices: readonly number[], length: number): A;
  /** The largest entry along an axis, which stays with length 1. A constant for derivatives. */
  largest(x: A, axis: number): A;
}
