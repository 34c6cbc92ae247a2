import { LemniscateError } from "../core/errors.js";
import type { Quantity } from "../core/quantity.js";
import { type Matrix, toDouble } from "../linalg/matrix.js";
import { addProduct, multiply } from "../linalg/product.js";
import { solveRows, whitenRows } from "../linalg/solve.js";
import type { Fit } from "./fit.js";
import type { KernelDiagonals, KernelMatrices } from "./kernel-source.js";
import { needMatrix } from "./options.js";

/**
 * What predicts.
 *
 * | value | meaning |
 * | --- | --- |
 * | `"nngp"` | the Bayesian posterior of an infinitely wide network: Gaussian process with the NNGP kernel |
 * | `"ntk"` | networks trained by gradient descent until nothing changes: mean and spread over initial weights |
 * | `"ntkgp"` | the Gaussian process that has the NTK as its covariance |
 */
export type Method = "nngp" | "ntk" | "ntkgp";

/** How much to say about the error: `"none"`, `"variance"` of every test example, or their whole `"covariance"`. */
export type Uncertainty = "none" | "variance" | "covariance";

/** Kernels that involve test examples. */
export interface TestKernels {
  /** (test, train): of the kernel that predicts, and for `"ntk"` with uncertainty also of the NNGP kernel. */
  readonly testTrain: KernelMatrices;
  /** (test, test), for the covariance; the diagonal is then taken from here. */
  readonly testTest?: KernelMatrices;
  /** Every test example with itself, (test): enough for the variance. */
  readonly testDiagonal?: KernelDiagonals;
}

/** A prediction at m test examples. All outputs share one variance, because they share one kernel. */
export type Prediction<U extends Uncertainty = "variance"> = {
  /** (m, outputs), in the unit of the targets. */
  readonly mean: Matrix<Float64Array>;
} & (U extends "none" ? unknown : { readonly variance: Float64Array }) &
  (U extends "covariance" ? { readonly covariance: Matrix<Float64Array> } : unknown);

/** The kernel whose inverse predicts, and the one whose diagonal is the variance before training. */
export const kernelsOf: { readonly [M in Method]: { readonly prior: Quantity; readonly spread: Quantity } } = {
  nngp: { prior: "nngp", spread: "nngp" },
  ntk: { prior: "ntk", spread: "nngp" },
  ntkgp: { prior: "ntk", spread: "ntk" },
};

/** What a posterior needs to predict. */
export interface Trained {
  readonly get: Method;
  readonly fit: Fit;
  readonly priorMean: Float64Array;
  /** The NNGP kernel of the training set, for the spread of trained networks. */
  readonly nngp: Matrix | undefined;
}

/** The mean k* α at test examples, plus the prior mean. */
export function predictMean(where: string, trained: Trained, test: TestKernels): Matrix<Float64Array> {
  const { weights } = trained.fit;
  const { prior } = kernelsOf[trained.get];
  const mean = multiply(
    needMatrix(`${where}: testTrain.${prior}`, test?.testTrain?.[prior], undefined, weights.rows),
    weights,
  );
  for (let i = 0; i < mean.data.length; i++)
    mean.data[i] = (mean.data[i] as number) + (trained.priorMean[i % mean.columns] as number);
  return mean;
}

/**
 * Variances (and covariances, if `testTest` is to be used in full) of the latent function at m test examples.
 *
 *   nngp, ntkgp:  k** − k* (K + λ)⁻¹ k*ᵀ
 *   ntk:          k** + A K Aᵀ − A k*ᵀ − k* Aᵀ,   A = θ* (Θ + λ)⁻¹, k the NNGP kernel
 */
export function predictSpread(
  where: string,
  trained: Trained,
  test: TestKernels,
  uncertainty: "variance" | "covariance",
): { variance: Float64Array; covariance?: Matrix<Float64Array> } {
  const { prior, spread } = kernelsOf[trained.get];
  const n = trained.fit.weights.rows;
  const cross = needMatrix(`${where}: testTrain.${prior}`, test.testTrain[prior], undefined, n);
  const m = cross.rows;
  const products: SignedProduct[] = [];
  if (trained.get === "ntk") {
    const nngpCross = needMatrix(`${where}: testTrain.nngp`, test.testTrain.nngp, m, n);
    const nngp = needMatrix(`${where}: trainTrain.nngp`, trained.nngp, n, n);
    const pull = solveRows(trained.fit.factored, cross);
    products.push({ left: multiply(pull, nngp), right: pull, sign: 1 });
    products.push({ left: pull, right: nngpCross, sign: -1 }, { left: nngpCross, right: pull, sign: -1 });
  } else {
    const white = whitenRows(trained.fit.factored, cross);
    products.push({ left: white, right: white, sign: -1 });
  }
  const rough = products.some(({ right }) => right.data instanceof Float32Array) || cross.data instanceof Float32Array;
  return addProducts(where, test, spread, products, uncertainty, rough);
}

/** sign · left · rightᵀ, for matrices (m, n). */
export interface SignedProduct {
  readonly left: Matrix;
  readonly right: Matrix;
  readonly sign: 1 | -1;
}

/**
 * The covariance before training plus a few products, of which the variance is the diagonal. `rough` says that
 * kernels are in single precision, whose rounding may leave variances a little below zero.
 */
export function addProducts(
  where: string,
  test: TestKernels,
  spread: Quantity,
  products: readonly SignedProduct[],
  uncertainty: "variance" | "covariance",
  rough: boolean,
): { variance: Float64Array; covariance?: Matrix<Float64Array> } {
  const { rows: m, columns: n } = (products[0] as SignedProduct).left;
  const diagonal = startDiagonal(where, test, spread, m);
  const variance = Float64Array.from(diagonal);
  for (const { left, right, sign } of products)
    for (let i = 0; i < m; i++) variance[i] = (variance[i] as number) + sign * rowProduct(left, right, i);
  roundUp(where, variance, diagonal, rough);
  if (uncertainty === "variance") return { variance };
  const covariance = toDouble(needMatrix(`${where}: testTest.${spread}`, test.testTest?.[spread], m, m));
  for (const { left, right, sign } of products)
    addProduct(
      { data: covariance.data, offset: 0, step: m },
      block(left),
      block(right),
      { rows: m, columns: m, depth: n },
      sign,
    );
  for (let i = 0; i < m; i++)
    for (let j = 0; j < i; j++) {
      const average = ((covariance.data[i * m + j] as number) + (covariance.data[j * m + i] as number)) / 2;
      covariance.data[i * m + j] = average;
      covariance.data[j * m + i] = average;
    }
  for (let i = 0; i < m; i++) covariance.data[i * m + i] = variance[i] as number;
  return { variance, covariance };
}

function startDiagonal(where: string, test: TestKernels, spread: Quantity, m: number): ArrayLike<number> {
  const given = test.testDiagonal?.[spread];
  if (given === undefined) {
    const full = needMatrix(`${where}: testDiagonal.${spread} or testTest.${spread}`, test.testTest?.[spread], m, m);
    return Float64Array.from({ length: m }, (_, i) => full.data[i * m + i] as number);
  }
  if (given.length === m) return given;
  throw new LemniscateError({
    code: "ShapeMismatch",
    where: `${where}: testDiagonal.${spread}`,
    given: `${given.length} numbers`,
    allowed: `${m} numbers, one per test example`,
    mend: "Pass the kernel of every test example with itself.",
  });
}

/** Variances a little below zero are rounding and become 0; others say that the kernels do not belong together. */
function roundUp(where: string, variance: Float64Array, start: ArrayLike<number>, rough: boolean): void {
  const tolerance = Math.sqrt(rough ? 2 ** -23 : Number.EPSILON);
  for (let i = 0; i < variance.length; i++) {
    const value = variance[i] as number;
    if (value >= 0) continue;
    if (!(value >= -tolerance * (start[i] as number)))
      throw new LemniscateError({
        code: "NotPositiveDefinite",
        where: `${where}: variance`,
        given: `${value.toPrecision(3)} at test example ${i}, where the kernel is ${start[i]}`,
        allowed: "variances ≥ 0 up to rounding",
        mend: 'Check that all kernels are of one network, raise the noise, or ask for uncertainty: "none".',
      });
    variance[i] = 0;
  }
}

function rowProduct(a: Matrix, b: Matrix, row: number): number {
  let sum = 0;
  for (let k = row * a.columns; k < (row + 1) * a.columns; k++) sum += (a.data[k] as number) * (b.data[k] as number);
  return sum;
}

function block(matrix: Matrix) {
  return { data: matrix.data, offset: 0, step: matrix.columns, stride: 1 };
}
