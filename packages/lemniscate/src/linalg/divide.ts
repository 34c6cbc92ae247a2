/** @module Eigenvectors of tridiagonal matrices: two halves by themselves, then a correction of rank one. */
import type { Matrix } from "./matrix.js";
import { addProduct } from "./product.js";
import { type Root, secularRoot } from "./secular.js";
import { negligible, type Tridiagonal } from "./tridiagonal.js";

const smallest = 24; // halves of this size are left to rotations

/**
 * Eigenvalues of a tridiagonal matrix in ascending order, and its eigenvectors in the rows of `vectors` (n, n), which is
 * to be zero. T is two tridiagonal blocks plus ρ v vᵀ; eigenpairs of the blocks that this leaves alone are kept, and
 * the others are mixed in one matrix product. Kernel matrices, whose eigenvalues crowd near zero, are left alone mostly.
 *
 * @source Cuppen 1981; Gu and Eisenstat 1995, §3, for eigenvectors that are orthogonal; LAPACK working note 69 for when
 *   to leave pairs alone
 */
export function tridiagonalEigen({ diagonal, beside }: Tridiagonal, vectors: Matrix<Float64Array>): Float64Array {
  const values = diagonal.slice();
  const spare = new Float64Array(vectors.data.length);
  conquer(values, beside.slice(), vectors, spare, 0, values.length);
  return values;
}

function conquer(
  d: Float64Array,
  e: Float64Array,
  Z: Matrix<Float64Array>,
  spare: Float64Array,
  from: number,
  to: number,
): void {
  if (to - from <= smallest) {
    rotate(d, e, Z, from, to);
    const rows = Array.from({ length: to - from }, (_, i) => from + i);
    sort(d, Z, spare, from, rows, d.slice(from, to));
    return;
  }
  const middle = (from + to) >> 1;
  const link = e[middle - 1] as number;
  const rho = Math.abs(link);
  d[middle - 1] = (d[middle - 1] as number) - rho;
  d[middle] = (d[middle] as number) - rho;
  conquer(d, e, Z, spare, from, middle);
  conquer(d, e, Z, spare, middle, to);
  join(d, Z, spare, from, middle, to, rho, link < 0 ? -1 : 1);
}

/** Eigenpairs of the two blocks [from, middle) and [middle, to) made into those of both and the link ρ v vᵀ. */
function join(
  values: Float64Array,
  Z: Matrix<Float64Array>,
  spare: Float64Array,
  from: number,
  middle: number,
  to: number,
  rho: number,
  sign: 1 | -1,
): void {
  const n = Z.columns;
  const size = to - from;
  const rows = Array.from({ length: size }, (_, i) => from + i);
  rows.sort((a, b) => (values[a] as number) - (values[b] as number));
  // v in the basis of the eigenvectors: the last row of the first block, the first of the second.
  const v = (row: number): number =>
    row < middle ? (Z.data[row * n + middle - 1] as number) : sign * (Z.data[row * n + middle] as number);
  const z = Float64Array.from(rows, v);
  const d = Float64Array.from(rows, (row) => values[row] as number);
  const active = leaveAlone(d, z, rho, (i, j, c, s) =>
    turnRows(Z, rows[i] as number, rows[j] as number, from, to, c, s),
  );
  const poles = Float64Array.from(active, (i) => d[i] as number);
  const weights = Float64Array.from(active, (i) => z[i] as number);
  const { roots, mixing } = mixed(poles, weights, rho);
  roots.forEach((root, j) => {
    d[active[j] as number] = (poles[root.pole] as number) + root.offset;
  });
  mixRows(
    Z,
    spare,
    active.map((i) => rows[i] as number),
    mixing,
    from,
    middle,
    to,
  );
  sort(values, Z, spare, from, rows, d);
}

/** Puts eigenpairs in ascending order behind `from`: `found[i]` is the eigenvalue of row `rows[i]`. */
function sort(
  values: Float64Array,
  Z: Matrix<Float64Array>,
  spare: Float64Array,
  from: number,
  rows: readonly number[],
  found: Float64Array,
): void {
  const n = Z.columns;
  const to = from + rows.length;
  const order = Array.from(found, (_, i) => i).sort((a, b) => (found[a] as number) - (found[b] as number));
  for (const [at, i] of order.entries()) {
    values[from + at] = found[i] as number;
    const row = (rows[i] as number) * n;
    spare.set(Z.data.subarray(row + from, row + to), (from + at) * n + from);
  }
  for (let row = from; row < to; row++) Z.data.set(spare.subarray(row * n + from, row * n + to), row * n + from);
}

/**
 * Which eigenpairs the correction changes. Those that v hardly touches stay; of two with nearly the same eigenvalue, a
 * rotation takes v out of the first.
 */
function leaveAlone(
  d: Float64Array,
  z: Float64Array,
  rho: number,
  turn: (i: number, j: number, c: number, s: number) => void,
): number[] {
  const size = d.length;
  const scale = Math.max(Math.abs(d[0] as number), Math.abs(d[size - 1] as number), rho);
  const tolerance = 8 * Number.EPSILON * scale + negligible;
  const active: number[] = [];
  for (let i = 0; i < size; i++) {
    if (rho * Math.abs(z[i] as number) <= tolerance) continue;
    const before = active.at(-1);
    if (before !== undefined) {
      const [x, y] = [z[before] as number, z[i] as number];
      const length = Math.hypot(x, y);
      const [c, s] = [y / length, -x / length];
      const apart = (d[i] as number) - (d[before] as number);
      if (Math.abs(apart * c * s) <= tolerance) {
        turn(before, i, c, s);
        z[i] = length;
        z[before] = 0;
        const [low, high] = [d[before] as number, d[i] as number];
        d[before] = low * c * c + high * s * s;
        d[i] = low * s * s + high * c * c;
        active.pop();
      }
    }
    active.push(i);
  }
  return active;
}

/** Rows i and j ← (c·i + s·j, c·j − s·i), between two columns. */
function turnRows(Z: Matrix<Float64Array>, i: number, j: number, from: number, to: number, c: number, s: number): void {
  const n = Z.columns;
  for (let k = from; k < to; k++) {
    const x = Z.data[i * n + k] as number;
    const y = Z.data[j * n + k] as number;
    Z.data[i * n + k] = c * x + s * y;
    Z.data[j * n + k] = c * y - s * x;
  }
}

/** Eigenvalues of diag(d) + ρ z zᵀ, and its eigenvectors: column j of `mixing` (k, k). */
function mixed(d: Float64Array, z: Float64Array, rho: number): { roots: Root[]; mixing: Float64Array } {
  const k = d.length;
  const z2 = z.map((x) => x * x);
  const roots = Array.from(d, (_, j) => secularRoot(d, z2, rho, j));
  const apart = (i: number, { pole, offset }: Root): number => (d[i] as number) - (d[pole] as number) - offset;
  // The z whose exact eigenvalues the roots are: with it eigenvectors are orthogonal, however close the roots.
  const exact = Float64Array.from(d, (di, i) => {
    let product = -apart(i, roots[i] as Root);
    for (let j = 0; j < k; j++) if (j !== i) product *= apart(i, roots[j] as Root) / (di - (d[j] as number));
    return Math.sqrt(Math.max(0, product)) * Math.sign(z[i] as number);
  });
  const mixing = new Float64Array(k * k);
  for (let j = 0; j < k; j++) {
    let norm = 0;
    for (let i = 0; i < k; i++) {
      const entry = (exact[i] as number) / apart(i, roots[j] as Root);
      mixing[i * k + j] = entry;
      norm += entry * entry;
    }
    const scale = 1 / Math.sqrt(norm);
    for (let i = 0; i < k; i++) mixing[i * k + j] = (mixing[i * k + j] as number) * scale;
  }
  return { roots, mixing };
}

/** The rows named ← mixingᵀ times these rows. Rows of one block are zero in the columns of the other, which is skipped. */
function mixRows(
  Z: Matrix<Float64Array>,
  spare: Float64Array,
  rows: readonly number[],
  mixing: Float64Array,
  from: number,
  middle: number,
  to: number,
): void {
  const n = Z.columns;
  const k = rows.length;
  for (const [left, right] of [
    [from, middle],
    [middle, to],
  ] as const) {
    const width = right - left;
    const there = rows.flatMap((row, i) => (isZeroBetween(Z, row, left, right) ? [] : [i]));
    const depth = there.length;
    const block = new Float64Array(depth * width);
    const weights = new Float64Array(depth * k);
    for (const [at, i] of there.entries()) {
      const start = (rows[i] as number) * n;
      block.set(Z.data.subarray(start + left, start + right), at * width);
      weights.set(mixing.subarray(i * k, (i + 1) * k), at * k);
    }
    const made = spare.subarray(0, k * width).fill(0);
    addProduct(
      { data: made, offset: 0, step: width },
      { data: weights, offset: 0, step: 1, stride: k },
      { data: block, offset: 0, step: 1, stride: width },
      { rows: k, columns: width, depth },
      1,
    );
    for (const [j, row] of rows.entries()) Z.data.set(made.subarray(j * width, (j + 1) * width), row * n + left);
  }
}

function isZeroBetween(Z: Matrix<Float64Array>, row: number, left: number, right: number): boolean {
  for (let k = row * Z.columns + left; k < row * Z.columns + right; k++) if (Z.data[k] !== 0) return false;
  return true;
}

/**
 * The rows and columns [from, to) by implicit QL steps, rotating the rows of Z, which begin as those of the identity.
 *
 * @source Golub and Van Loan 2013, alg. 8.3.2, with Wilkinson's shift
 */
function rotate(d: Float64Array, e: Float64Array, Z: Matrix<Float64Array>, from: number, to: number): void {
  for (let i = from; i < to; i++) Z.data[i * Z.columns + i] = 1;
  for (let l = from; l < to; l++)
    for (let m = split(d, e, l, to); m !== l; m = split(d, e, l, to)) {
      const el = e[l] as number;
      const half = ((d[l + 1] as number) - (d[l] as number)) / (2 * el);
      const length = Math.hypot(half, 1);
      let g = (d[m] as number) - (d[l] as number) + el / (half + (half < 0 ? -length : length));
      let [s, c, p] = [1, 1, 0];
      let i = m - 1;
      for (; i >= l; i--) {
        const f = s * (e[i] as number);
        const b = c * (e[i] as number);
        const r = Math.hypot(f, g);
        e[i + 1] = r;
        if (r === 0) {
          d[i + 1] = (d[i + 1] as number) - p;
          break;
        }
        s = f / r;
        c = g / r;
        g = (d[i + 1] as number) - p;
        const turn = ((d[i] as number) - g) * s + 2 * c * b;
        p = s * turn;
        d[i + 1] = g + p;
        g = c * turn - b;
        turnRows(Z, i, i + 1, from, to, c, -s);
      }
      e[m] = 0; // at the end of the block that is the link, which has been read
      if (i >= l) continue;
      d[l] = (d[l] as number) - p;
      e[l] = g;
    }
}

/** The first index from l on whose number beside the diagonal is rounding; the last one if none is. */
function split(d: Float64Array, e: Float64Array, l: number, to: number): number {
  let m = l;
  for (; m < to - 1; m++) {
    const unit = Math.abs(d[m] as number) + Math.abs(d[m + 1] as number);
    if (Math.abs(e[m] as number) <= Number.EPSILON * unit + negligible) break;
  }
  return m;
}
