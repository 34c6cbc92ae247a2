/** @module Which keys each query may read, whatever the example: causal, local, or any other pattern. */
import type { Node, Side, StructuralOp } from "./op.js";

export type TokenMaskParameters = {
  readonly grid: readonly number[];
  /** Whether keys behind the query, in row-major order, are hidden from it. */
  readonly causal: boolean;
  /** How far keys may be from the query along each axis, at most; −1 is anywhere. */
  readonly band: number;
  /** How many positions at the end are keys for all others and read nothing themselves; 0 if all are both. */
  readonly memory: number;
  /** Ones and zeros over queries and keys, row by row; empty for no further pattern. */
  readonly allowed: readonly number[];
};

/** m_ab = 1 where query a may read key b, else 0: a constant, the same for every example. */
export const tokenMaskOp: StructuralOp = {
  kind: "structural",
  name: "tokenMask",
  demands: () => [],
  flops: () => 0,
};

export function tokenMask(p: Side, parameters: TokenMaskParameters): Node {
  return { op: tokenMaskOp, args: [], parameters, extent: "pair", sides: [p, p], grid: parameters.grid };
}

/** The mask on a whole grid: an S×S matrix, row by row. */
export function maskMatrix({ grid, causal, band, memory, allowed }: TokenMaskParameters): Float64Array {
  const S = grid.reduce((product, size) => product * size, 1);
  const along = (a: number, axis: number): number => {
    const inner = grid.slice(axis + 1).reduce((product, size) => product * size, 1);
    return Math.floor(a / inner) % grid[axis]!;
  };
  const near = (a: number, b: number): boolean =>
    band < 0 || grid.every((_, axis) => Math.abs(along(a, axis) - along(b, axis)) <= band);
  const remembered = (a: number, b: number): boolean => memory === 0 || (a < S - memory && b >= S - memory);
  const mask = new Float64Array(S * S);
  for (let a = 0; a < S; a++)
    for (let b = 0; b < S; b++)
      if (!(causal && b > a) && near(a, b) && remembered(a, b) && (allowed.length === 0 || allowed[a * S + b] !== 0))
        mask[a * S + b] = 1;
  return mask;
}
