/** @module Seeded random numbers of the tests, and batches made of them. */
import { type Batch, batch } from "lemniscate";

export interface Random {
  /** Uniform in [0, 1). */
  uniform(): number;
  normal(): number;
  integer(below: number): number;
}

/** Mulberry32 with the polar method of Marsaglia: small, fast, and good enough for averages of some thousand draws. */
export function random(seed: number): Random {
  let state = seed | 0;
  let spare: number | undefined;
  const uniform = (): number => {
    state = (state + 0x6d2b79f5) | 0;
    let t = Math.imul(state ^ (state >>> 15), 1 | state);
    t = (t + Math.imul(t ^ (t >>> 7), 61 | t)) ^ t;
    return ((t ^ (t >>> 14)) >>> 0) / 2 ** 32;
  };
  const normal = (): number => {
    if (spare !== undefined) {
      const found = spare;
      spare = undefined;
      return found;
    }
    for (;;) {
      const [u, v] = [2 * uniform() - 1, 2 * uniform() - 1];
      const s = u * u + v * v;
      if (s >= 1 || s === 0) continue;
      const factor = Math.sqrt((-2 * Math.log(s)) / s);
      spare = v * factor;
      return u * factor;
    }
  };
  return { uniform, normal, integer: (below) => Math.floor(uniform() * below) };
}

/** A batch of normal numbers. Padded channels hold numbers too, which nobody may read. */
export function randomBatch(seed: number, shape: readonly number[], mask?: readonly number[]): Batch {
  const { normal } = random(seed);
  const data = Float64Array.from({ length: shape.reduce((product, size) => product * size, 1) }, normal);
  return mask === undefined ? batch(shape, data) : batch(shape, data, mask);
}

/** Whether numbers are the same to the bit. */
export function sameBits(a: Float64Array | Float32Array, b: Float64Array | Float32Array): boolean {
  const [x, y] = [a, b].map(({ buffer, byteOffset, byteLength }) => Buffer.from(buffer, byteOffset, byteLength));
  return x!.equals(y!);
}

/** The largest |a − b|, in units of the largest |b|; infinite where one of them is no number. */
export function difference(a: ArrayLike<number>, b: ArrayLike<number>): number {
  if (a.length !== b.length) return Number.POSITIVE_INFINITY;
  let [worst, scale] = [0, 0];
  for (let i = 0; i < b.length; i++) {
    const d = Math.abs(a[i]! - b[i]!);
    worst = Number.isNaN(d) ? Number.POSITIVE_INFINITY : Math.max(worst, d);
    scale = Math.max(scale, Math.abs(b[i]!));
  }
  return worst === 0 ? 0 : worst / scale;
}
