import type { Matrix } from "./matrix.js";
import { addProduct } from "./product.js";

/** Width of the diagonal blocks: 64 × 64 doubles are 32 KiB, which stays close to the processor. */
export const blockSize = 64;

/** A region of a row-major array of doubles. */
export interface Region {
  readonly data: Float64Array;
  readonly offset: number;
  readonly step: number;
  readonly rows: number;
}

/**
 * X ← X L⁻ᵀ in place, for a lower triangular L (n, n) and X (m, n): every row x becomes the solution of L z = x.
 * Blocked: a small substitution for 64 columns, then one product to the columns that are left.
 */
export function forwardRows(lower: Matrix<Float64Array>, x: Matrix<Float64Array>): void {
  const n = lower.rows;
  for (let j0 = 0; j0 < n; j0 += blockSize) {
    const j1 = Math.min(j0 + blockSize, n);
    forwardBlock(lower.data, j0 * n + j0, n, { data: x.data, offset: j0, step: n, rows: x.rows }, j1 - j0);
    addProduct(
      { data: x.data, offset: j1, step: n },
      { data: x.data, offset: j0, step: n, stride: 1 },
      { data: lower.data, offset: j1 * n + j0, step: n, stride: 1 },
      { rows: x.rows, columns: n - j1, depth: j1 - j0 },
      -1,
    );
  }
}

/** X ← X L⁻¹ in place: every row x becomes the solution of Lᵀ z = x. Blocked as {@link forwardRows}, from the right. */
export function backwardRows(lower: Matrix<Float64Array>, x: Matrix<Float64Array>): void {
  const n = lower.rows;
  for (let j0 = Math.floor((n - 1) / blockSize) * blockSize; j0 >= 0; j0 -= blockSize) {
    const width = Math.min(blockSize, n - j0);
    backwardBlock(lower.data, j0 * n + j0, n, { data: x.data, offset: j0, step: n, rows: x.rows }, width);
    addProduct(
      { data: x.data, offset: 0, step: n },
      { data: x.data, offset: j0, step: n, stride: 1 },
      { data: lower.data, offset: j0 * n, step: 1, stride: n },
      { rows: x.rows, columns: j0, depth: width },
      -1,
    );
  }
}

/** Forward substitution of all rows of a region with one small triangle, four rows at a time. */
export function forwardBlock(l: Float64Array, start: number, step: number, x: Region, width: number): void {
  const { data } = x;
  let row = 0;
  for (; row + 4 <= x.rows; row += 4) {
    const x0 = x.offset + row * x.step;
    const x1 = x0 + x.step;
    const x2 = x1 + x.step;
    const x3 = x2 + x.step;
    for (let j = 0; j < width; j++) {
      const at = start + j * step;
      let s0 = data[x0 + j] as number;
      let s1 = data[x1 + j] as number;
      let s2 = data[x2 + j] as number;
      let s3 = data[x3 + j] as number;
      for (let k = 0; k < j; k++) {
        const factor = l[at + k] as number;
        s0 -= factor * (data[x0 + k] as number);
        s1 -= factor * (data[x1 + k] as number);
        s2 -= factor * (data[x2 + k] as number);
        s3 -= factor * (data[x3 + k] as number);
      }
      const pivot = l[at + j] as number;
      data[x0 + j] = s0 / pivot;
      data[x1 + j] = s1 / pivot;
      data[x2 + j] = s2 / pivot;
      data[x3 + j] = s3 / pivot;
    }
  }
  for (; row < x.rows; row++) {
    const x0 = x.offset + row * x.step;
    for (let j = 0; j < width; j++) {
      const at = start + j * step;
      let s0 = data[x0 + j] as number;
      for (let k = 0; k < j; k++) s0 -= (l[at + k] as number) * (data[x0 + k] as number);
      data[x0 + j] = s0 / (l[at + j] as number);
    }
  }
}

/** Backward substitution with Lᵀ: once an entry is known, its share leaves the entries before it. */
function backwardBlock(l: Float64Array, start: number, step: number, x: Region, width: number): void {
  const { data } = x;
  for (let row = 0; row < x.rows; row++) {
    const x0 = x.offset + row * x.step;
    for (let j = width - 1; j >= 0; j--) {
      const at = start + j * step;
      const value = (data[x0 + j] as number) / (l[at + j] as number);
      data[x0 + j] = value;
      for (let k = 0; k < j; k++) data[x0 + k] = (data[x0 + k] as number) - value * (l[at + k] as number);
    }
  }
}
