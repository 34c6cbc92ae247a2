import type { Numbers } from "../../engines/engine.js";
import type { Tensor, Tolerance } from "./format.js";

/**
 * What single precision is held to: |a − b| ≤ rtol·|b| + atol·max|b|, or the file's own tolerance where that is
 * larger. A correlation of nearly 1 is stored to 6e-8, which moves its angle by 3.5e-4: hence rtol. Loose entries lose half
 * of single precision's digits, as they lose half of double's in the files.
 */
const singlePrecision: { readonly rtol: number; readonly atol: number; readonly loose: number } = {
  rtol: 1e-3,
  atol: 2e-5,
  loose: 2e-3,
};

/**
 * The largest difference in units of the tolerance, or the reason why the values do not agree. Entries that are not
 * finite in the file are not compared: a finite limit is as good there.
 */
export function compare(
  values: ArrayLike<number>,
  expected: Tensor,
  level: Tolerance | undefined,
  single: boolean,
): number | string {
  if (level === undefined) return "has no tolerance";
  const scalar = expected.shape.length === 0 && values.length > 1;
  if (!scalar && values.length !== expected.data.length)
    return `has ${values.length} entries, expected ${expected.data.length}`;
  const loose = new Set(level.loose?.indices);
  const scale = expected.data.reduce<number>(
    (max, b) => (Number.isFinite(Number(b)) ? Math.max(max, Math.abs(Number(b))) : max),
    0,
  );
  let worst = 0;
  let where = 0;
  for (let i = 0; i < values.length; i++) {
    const a = values[i]!;
    const b = Number(expected.data[scalar ? 0 : i]);
    if (!Number.isFinite(b) || a === b) continue;
    const { rtol, atol } = loose.has(i) ? level.loose! : level;
    const file = atol + rtol * Math.abs(b);
    const floor = loose.has(i)
      ? singlePrecision.loose * scale
      : singlePrecision.rtol * Math.abs(b) + singlePrecision.atol * scale;
    const difference = Math.abs(a - b) / (single ? Math.max(file, floor) : file);
    const ratio = Number.isNaN(difference) ? Number.POSITIVE_INFINITY : difference;
    if (ratio > worst) [worst, where] = [ratio, i];
  }
  if (worst <= 1) return worst;
  const wanted = expected.data[scalar ? 0 : where];
  return `differs at [${where}]: got ${values[where]}, expected ${wanted} (${worst.toPrecision(3)} × the tolerance)`;
}

/** Our layout [n1, n2, (h, w), (h', w')] as the format's [n1, n2, h, h', w, w']. */
export function interleaved(values: Numbers, { shape }: Tensor): Numbers {
  const grid = shape.slice(2).filter((_, axis) => axis % 2 === 0);
  if (grid.length < 2) return values;
  const S = grid.reduce((product, size) => product * size, 1);
  const out = values.slice();
  for (let i = 0; i < values.length; i++) {
    const [block, s, t] = [Math.floor(i / (S * S)), Math.floor(i / S) % S, i % S];
    let at = block;
    for (const [axis, size] of grid.entries()) {
      const stride = grid.slice(axis + 1).reduce((product, length) => product * length, 1);
      at = (at * size + (Math.floor(s / stride) % size)) * size + (Math.floor(t / stride) % size);
    }
    out[at] = values[i]!;
  }
  return out;
}

/** Of blocks S × S their diagonals, for cases that have each spatial axis once. */
export function diagonals(values: Numbers, { shape }: Tensor): Numbers {
  const S = shape.slice(2).reduce((product, size) => product * size, 1);
  return values.filter((_, i) => Math.floor(i / S) % S === i % S);
}
