/** @module Symmetric matrices as Q T Qᵀ with a tridiagonal T: the first and the last step of an eigendecomposition. */
import { type Matrix, zeros } from "./matrix.js";
import { addProduct } from "./product.js";

/** A symmetric tridiagonal matrix: its diagonal (n) and what stands beside it (n − 1). */
export interface Tridiagonal {
  readonly diagonal: Float64Array;
  readonly beside: Float64Array;
}

/** T = Qᵀ A Q, with Q = H_0 H_1 … of the reflections H_j = I − scale_j v_j v_jᵀ. */
export interface Reduction extends Tridiagonal {
  /** (n, n): row j is v_j, which is 0 up to column j; from there on rows below it are in no particular state. */
  readonly reflectors: Matrix<Float64Array>;
  readonly scales: Float64Array;
}

/** Beside a matrix whose largest entry is about 1, as it must be here: squares of smaller numbers would underflow. */
export const negligible = 1e-150;

const panelSize = 32;

/**
 * The reduction of a symmetric matrix, whose lower triangle is read and whose storage is used up. Its largest entry is to
 * be about 1.
 *
 * Columns are reduced in panels. Within one the matrix stays as it is, and its products with a vector are corrected by
 * the panel's own vectors; then all corrections are subtracted at once, as one matrix product of depth 64.
 *
 * @source Golub and Van Loan 2013, §8.3.1; Dongarra, Sorensen and Hammarling 1989, §3, for the panels
 */
export function reduce(matrix: Matrix<Float64Array>): Reduction {
  const { rows: n, data } = matrix;
  const diagonal = new Float64Array(n);
  const beside = new Float64Array(Math.max(0, n - 1));
  const scales = new Float64Array(n);
  for (let j0 = 0; j0 < n; j0 += panelSize) {
    const width = Math.min(panelSize, n - j0);
    const V = zeros(width, n);
    const W = zeros(width, n);
    for (let j = j0; j < j0 + width; j++) {
      const column = data.subarray(j * n, (j + 1) * n); // v_j takes the place of the row, right of the diagonal
      const own = correctedColumn(data, n, j, V, W, j - j0);
      diagonal[j] = own[j] as number;
      if (j === n - 1) break;
      const { scale, end } = reflect(own, j + 1);
      scales[j] = scale;
      beside[j] = end;
      const v = V.data.subarray((j - j0) * n, (j - j0 + 1) * n);
      v.set(own.subarray(j + 1), j + 1);
      column.set(v.subarray(j + 1), j + 1);
      companion(data, n, j + 1, v, scale, V, W, j - j0);
    }
    const next = j0 + width;
    // A ← A − V Wᵀ − W Vᵀ behind the panel.
    const rows = n - next;
    const trailing = { data, offset: next * n + next, step: n };
    const [v, w] = [V, W].map((of) => ({ data: of.data, offset: next, step: 1, stride: n }));
    addProduct(trailing, v!, w!, { rows, columns: rows, depth: width }, -1, "lower");
    addProduct(trailing, w!, v!, { rows, columns: rows, depth: width }, -1, "lower");
  }
  return { diagonal, beside, scales, reflectors: matrix };
}

/** Column j of the matrix from its diagonal on, less what the panel's vectors so far take from it. */
function correctedColumn(
  data: Float64Array,
  n: number,
  j: number,
  V: Matrix<Float64Array>,
  W: Matrix<Float64Array>,
  known: number,
): Float64Array {
  const column = new Float64Array(n);
  for (let i = j; i < n; i++) column[i] = data[i * n + j] as number;
  for (let k = 0; k < known; k++) {
    const at = k * n;
    const v = V.data[at + j] as number;
    const w = W.data[at + j] as number;
    for (let i = j; i < n; i++)
      column[i] = (column[i] as number) - (V.data[at + i] as number) * w - (W.data[at + i] as number) * v;
  }
  return column;
}

/** Makes of x, from index `from` on, the v of a reflection with first entry 1 that sends x to `end` times e_from. */
function reflect(x: Float64Array, from: number): { scale: number; end: number } {
  const first = x[from] as number;
  let tail = 0;
  for (let i = from + 1; i < x.length; i++) tail += (x[i] as number) ** 2;
  if (tail <= negligible ** 2) {
    x[from] = 1;
    return { scale: 0, end: first };
  }
  const norm = Math.sqrt(first * first + tail);
  const end = first > 0 ? -norm : norm;
  const pivot = first - end;
  for (let i = from + 1; i < x.length; i++) x[i] = (x[i] as number) / pivot;
  x[from] = 1;
  return { scale: -pivot / end, end };
}

/** The w with H A H = A − v wᵀ − w vᵀ, behind index `from`; it becomes row `known` of W. */
function companion(
  data: Float64Array,
  n: number,
  from: number,
  v: Float64Array,
  scale: number,
  V: Matrix<Float64Array>,
  W: Matrix<Float64Array>,
  known: number,
): void {
  const w = W.data.subarray(known * n, (known + 1) * n);
  if (scale === 0) return;
  timesLower(data, n, from, v, w);
  for (let k = 0; k < known; k++) {
    const at = k * n;
    let alongV = 0;
    let alongW = 0;
    for (let i = from; i < n; i++) {
      alongV += (V.data[at + i] as number) * (v[i] as number);
      alongW += (W.data[at + i] as number) * (v[i] as number);
    }
    for (let i = from; i < n; i++)
      w[i] = (w[i] as number) - (V.data[at + i] as number) * alongW - (W.data[at + i] as number) * alongV;
  }
  let overlap = 0;
  for (let i = from; i < n; i++) {
    w[i] = scale * (w[i] as number);
    overlap += (w[i] as number) * (v[i] as number);
  }
  for (let i = from; i < n; i++) w[i] = (w[i] as number) - 0.5 * scale * overlap * (v[i] as number);
}

/** w = A v behind index `from`, from the lower triangle of A alone: two rows at a time, each number read once. */
function timesLower(data: Float64Array, n: number, from: number, v: Float64Array, w: Float64Array): void {
  let i = from;
  if ((n - from) % 2 === 1) {
    w[i] = (data[i * n + i] as number) * (v[i] as number);
    i++;
  }
  for (; i < n; i += 2) {
    const upper = i * n;
    const lower = upper + n;
    const vi = v[i] as number;
    const vj = v[i + 1] as number;
    let si = 0;
    let sj = 0;
    for (let k = from; k < i; k++) {
      const a = data[upper + k] as number;
      const b = data[lower + k] as number;
      const vk = v[k] as number;
      si += a * vk;
      sj += b * vk;
      w[k] = (w[k] as number) + (a * vi + b * vj);
    }
    const beside = data[lower + i] as number;
    w[i] = si + (data[upper + i] as number) * vi + beside * vj;
    w[i + 1] = sj + beside * vi + (data[lower + i + 1] as number) * vj;
  }
}

/**
 * Z ← Z Qᵀ in place: rows that are eigenvectors of T become eigenvectors of A. Reflections are applied a panel at a
 * time, as I − Vᵀ S V with a triangular S, from the last panel to the first.
 *
 * @source Schreiber and Van Loan 1989, §2
 */
export function reflectRows({ reflectors, scales }: Reduction, rows: Matrix<Float64Array>): void {
  const n = reflectors.rows;
  const last = Math.floor(Math.max(0, n - 2) / panelSize) * panelSize;
  for (let j0 = last; j0 >= 0; j0 -= panelSize) {
    const width = Math.min(panelSize, n - 1 - j0);
    if (width <= 0) continue;
    const from = j0 + 1; // no vector of the panel reaches further up
    const depth = n - from;
    const V = zeros(width, depth);
    for (let k = 0; k < width; k++) {
      const at = (j0 + k) * n;
      V.data.set(reflectors.data.subarray(at + j0 + k + 1, at + n), k * depth + k);
    }
    const S = triangle(V, scales.subarray(j0, j0 + width));
    const shadow = zeros(rows.rows, width); // Z Vᵀ
    addProduct(
      { data: shadow.data, offset: 0, step: width },
      { data: rows.data, offset: from, step: n, stride: 1 },
      { data: V.data, offset: 0, step: depth, stride: 1 },
      { rows: rows.rows, columns: width, depth },
      1,
    );
    for (let r = 0; r < rows.rows; r++) {
      const row = shadow.data.subarray(r * width, (r + 1) * width);
      // row ← row Sᵀ, in place: entry k needs entries from k on, S being upper triangular.
      for (let k = 0; k < width; k++) {
        let sum = 0;
        for (let l = k; l < width; l++) sum += (S[k * width + l] as number) * (row[l] as number);
        row[k] = sum;
      }
    }
    addProduct(
      { data: rows.data, offset: from, step: n },
      { data: shadow.data, offset: 0, step: width, stride: 1 },
      { data: V.data, offset: 0, step: 1, stride: depth },
      { rows: rows.rows, columns: depth, depth: width },
      -1,
    );
  }
}

/** The upper triangular S with H_0 … H_{w−1} = I − Vᵀ S V. */
function triangle(V: Matrix<Float64Array>, scales: Float64Array): Float64Array {
  const { rows: width, columns: depth, data } = V;
  const S = new Float64Array(width * width);
  for (let k = 0; k < width; k++) {
    const scale = scales[k] as number;
    const overlaps = Float64Array.from({ length: k }, (_, l) => {
      let sum = 0;
      for (let i = k; i < depth; i++) sum += (data[l * depth + i] as number) * (data[k * depth + i] as number);
      return sum;
    });
    for (let l = 0; l < k; l++) {
      let sum = 0;
      for (let m = l; m < k; m++) sum += (S[l * width + m] as number) * (overlaps[m] as number);
      S[l * width + k] = -scale * sum;
    }
    S[k * width + k] = scale;
  }
  return S;
}
