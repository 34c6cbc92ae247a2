import { LemniscateError } from "../core/errors.js";
import { checkMatrix, type Matrix, sizeOf, zeros } from "./matrix.js";

/** A block of numbers inside an array: entry (i, k) is `data[offset + i * step + k * stride]`. */
export interface Block {
  readonly data: Float32Array | Float64Array;
  readonly offset: number;
  readonly step: number;
  readonly stride: number;
}

const depthBlock = 256; // products are summed in runs of this length, so that the packed numbers stay in cache
const columnBlock = 64;

/**
 * C ← C + sign · A Bᵀ, for A (rows, depth), B (columns, depth), and C (rows, columns) with neighbours in a row next
 * to each other. With `"lower"`, entries of C right of the diagonal are left in no particular state.
 *
 * Rows are packed in groups of four with the depth running slowest, so that the innermost loop reads eight numbers
 * in sequence and makes sixteen products of them: the register tiling of Goto and van de Geijn (2008, §4), with
 * scalars. Strides of a power of two cost nothing because of the packing.
 */
export function addProduct(
  c: { readonly data: Float64Array; readonly offset: number; readonly step: number },
  a: Block,
  b: Block,
  size: { readonly rows: number; readonly columns: number; readonly depth: number },
  sign: 1 | -1,
  lower: "all" | "lower" = "all",
): void {
  const { rows, columns, depth } = size;
  if (rows === 0 || columns === 0) return;
  for (let k0 = 0; k0 < depth; k0 += depthBlock) {
    const run = Math.min(depthBlock, depth - k0);
    const packedA = pack(a, rows, k0, run);
    const packedB = a === b && rows === columns ? packedA : pack(b, columns, k0, run);
    for (let j0 = 0; j0 < columns; j0 += columnBlock)
      for (let i = lower === "lower" ? j0 : 0; i < rows; i += 4) {
        const last = Math.min(j0 + columnBlock, columns, lower === "lower" ? i + 4 : columns);
        for (let j = j0; j < last; j += 4) {
          const at = c.offset + i * c.step + j;
          if (i + 4 <= rows && j + 4 <= columns)
            tile(c.data, at, c.step, packedA, i * run, packedB, j * run, run, sign);
          else {
            corner.fill(0);
            tile(corner, 0, 4, packedA, i * run, packedB, j * run, run, sign);
            for (let di = 0; di < Math.min(4, rows - i); di++)
              for (let dj = 0; dj < Math.min(4, columns - j); dj++)
                c.data[at + di * c.step + dj] =
                  (c.data[at + di * c.step + dj] as number) + (corner[di * 4 + dj] as number);
          }
        }
      }
  }
}

const corner = new Float64Array(16);

/** Rows of a block in groups of four, the four entries of one depth next to each other; missing rows are zero. */
function pack(from: Block, rows: number, k0: number, run: number): Float64Array {
  const packed = new Float64Array(Math.ceil(rows / 4) * 4 * run);
  const { data, step, stride } = from;
  for (let i = 0; i < rows; i++) {
    let source = from.offset + i * step + k0 * stride;
    let target = (i >> 2) * 4 * run + (i & 3);
    for (let k = 0; k < run; k++, source += stride, target += 4) packed[target] = data[source] as number;
  }
  return packed;
}

/** Sixteen entries of C at once, from four packed rows of A and four of B. */
function tile(
  c: Float64Array,
  at: number,
  step: number,
  a: Float64Array,
  p: number,
  b: Float64Array,
  q: number,
  depth: number,
  sign: 1 | -1,
): void {
  // biome-ignore format: one line per row of the tile
  let c00 = 0, c01 = 0, c02 = 0, c03 = 0;
  // biome-ignore format: one line per row of the tile
  let c10 = 0, c11 = 0, c12 = 0, c13 = 0;
  // biome-ignore format: one line per row of the tile
  let c20 = 0, c21 = 0, c22 = 0, c23 = 0;
  // biome-ignore format: one line per row of the tile
  let c30 = 0, c31 = 0, c32 = 0, c33 = 0;
  for (let k = 0, i = p, j = q; k < depth; k++, i += 4, j += 4) {
    const b0 = b[j] as number;
    const b1 = b[j + 1] as number;
    const b2 = b[j + 2] as number;
    const b3 = b[j + 3] as number;
    let x = a[i] as number;
    c00 += x * b0;
    c01 += x * b1;
    c02 += x * b2;
    c03 += x * b3;
    x = a[i + 1] as number;
    c10 += x * b0;
    c11 += x * b1;
    c12 += x * b2;
    c13 += x * b3;
    x = a[i + 2] as number;
    c20 += x * b0;
    c21 += x * b1;
    c22 += x * b2;
    c23 += x * b3;
    x = a[i + 3] as number;
    c30 += x * b0;
    c31 += x * b1;
    c32 += x * b2;
    c33 += x * b3;
  }
  addRow(c, at, sign, c00, c01, c02, c03);
  addRow(c, at + step, sign, c10, c11, c12, c13);
  addRow(c, at + 2 * step, sign, c20, c21, c22, c23);
  addRow(c, at + 3 * step, sign, c30, c31, c32, c33);
}

function addRow(c: Float64Array, at: number, sign: 1 | -1, x0: number, x1: number, x2: number, x3: number): void {
  c[at] = (c[at] as number) + sign * x0;
  c[at + 1] = (c[at + 1] as number) + sign * x1;
  c[at + 2] = (c[at + 2] as number) + sign * x2;
  c[at + 3] = (c[at + 3] as number) + sign * x3;
}

/**
 * The product A B of A (n, k) and B (k, m), summed in double precision: (n, m).
 *
 * @throws LemniscateError `ShapeMismatch` if the inner sizes differ.
 *
 * @example
 * ```ts
 * import { multiply } from "lemniscate";
 * const a = { rows: 1, columns: 2, data: new Float64Array([1, 2]) };
 * const b = { rows: 2, columns: 1, data: new Float64Array([3, 4]) };
 * multiply(a, b).data[0]; // => 11
 * ```
 */
export function multiply(a: Matrix, b: Matrix): Matrix<Float64Array> {
  for (const side of [a, b]) checkMatrix("multiply", side);
  if (a.columns !== b.rows)
    throw new LemniscateError({
      code: "ShapeMismatch",
      where: "multiply",
      given: `${sizeOf(a)} times ${sizeOf(b)}`,
      allowed: "(n × k) times (k × m)",
      mend: "Transpose one of them, or look for exchanged arguments.",
    });
  const product = zeros(a.rows, b.columns);
  addProduct(
    { data: product.data, offset: 0, step: b.columns },
    { data: a.data, offset: 0, step: a.columns, stride: 1 },
    { data: b.data, offset: 0, step: 1, stride: b.columns },
    { rows: a.rows, columns: b.columns, depth: a.columns },
    1,
  );
  return product;
}
