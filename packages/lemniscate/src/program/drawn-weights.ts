/** @module Random logits as attention weights, with what their derivatives are made of. */
import type { DrawParameters } from "../ops/draws.js";
import { sparsemax } from "../ops/sparsemax.js";
import { maskMatrix, type TokenMaskParameters } from "../ops/token-mask.js";

/** Turns S×S logits of an example into the parts of a draw; `presence` is 1 at its positions, or absent without padding. */
export type Weigher = (logits: Float64Array, presence: ArrayLike<number> | undefined, part: string) => Float64Array;

export function weigherOf(draws: DrawParameters): { readonly S: number; readonly weigh: Weigher } {
  const { below, above, weights } = draws;
  const allowed = maskMatrix(draws as unknown as TokenMaskParameters);
  const S = Math.sqrt(allowed.length);
  const weigh: Weigher = (logits, presence, part) => {
    const out = new Float64Array(S * S);
    for (let a = 0; a < S; a++) {
      if (presence?.[a] === 0) continue;
      const keys: number[] = [];
      for (let i = 0; i < S; i++) if (allowed[a * S + i] !== 0 && presence?.[i] !== 0) keys.push(i);
      const row = keys.map((i) => logits[a * S + i]!);
      const found =
        weights === "rectifier" ? row.map((g) => rectified(g, below, above, part)) : normalized(row, weights, part);
      for (const [n, i] of keys.entries()) out[a * S + i] = found[n]!;
    }
    return out;
  };
  return { S, weigh };
}

/** φ of a logit, or its slope. */
function rectified(g: number, below: number, above: number, part: string): number {
  return (g > 0 ? above : below) * (part === "slopes" ? 1 : g);
}

/** A row of weights that sum to 1. Sparsemax has the slopes 1 on its support, and equal shares there. */
function normalized(row: readonly number[], weights: "softmax" | "sparsemax", part: string): readonly number[] {
  if (weights === "softmax") {
    const top = row.reduce((max, g) => Math.max(max, g), Number.NEGATIVE_INFINITY);
    const e = row.map((g) => Math.exp(g - top));
    const sum = e.reduce((total, x) => total + x, 0);
    return e.map((x) => x / sum);
  }
  const found = sparsemax(row);
  if (part === "weights") return found;
  const support = found.filter((x) => x > 0).length;
  return found.map((x) => (x > 0 ? 1 / (part === "slopes" ? 1 : support) : 0));
}
