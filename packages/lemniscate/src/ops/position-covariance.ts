import type { Node, Side, StructuralOp } from "./op.js";

/** How the covariance of positional encodings falls with r = Σ_axes |p_a − p_b|^power. */
export type DecayKind = "none" | "inverse" | "inverseSquare" | "exponential" | "given";

export type PositionParameters = {
  readonly grid: readonly number[];
  readonly kind: DecayKind;
  readonly rate: number;
  readonly power: number;
  /** R itself, row by row, if it is given. */
  readonly given: readonly number[];
};

/** R_ab, a constant that depends on the two positions alone; the same for every pair of examples. */
export const positionCovarianceOp: StructuralOp = {
  kind: "structural",
  name: "positionCovariance",
  demands: () => [],
  flops: () => 0,
};

export function positionCovariance(p: Side, q: Side, parameters: PositionParameters): Node {
  const { grid } = parameters;
  return { op: positionCovarianceOp, args: [], parameters, extent: "pair", sides: [p, q], grid };
}

/**
 * R on a whole grid, positions in row-major order: an S×S matrix, row by row.
 *
 * | kind | R_ab |
 * | --- | --- |
 * | none | 1 if a = b, else 0 |
 * | inverse | 1/(1 + rate·r) |
 * | inverseSquare | 1/(1 + rate·r²) |
 * | exponential | exp(−rate·r) |
 * | given | what it is |
 */
export function positionMatrix({ grid, kind, rate, power, given }: PositionParameters): Float64Array {
  if (kind === "given") return Float64Array.from(given);
  const S = grid.reduce((product, size) => product * size, 1);
  const coordinates = Array.from({ length: S }, (_, a) => {
    let rest = a;
    return [...grid].reverse().map((size) => {
      const along = rest % size;
      rest = Math.floor(rest / size);
      return along;
    });
  });
  const decay = (r: number): number => {
    if (kind === "none") return r === 0 ? 1 : 0;
    if (kind === "inverse") return 1 / (1 + rate * r);
    return kind === "inverseSquare" ? 1 / (1 + rate * r * r) : Math.exp(-rate * r);
  };
  const R = new Float64Array(S * S);
  for (let a = 0; a < S; a++)
    for (let b = 0; b <= a; b++) {
      let r = 0;
      for (const [axis, along] of coordinates[a]!.entries()) r += Math.abs(along - coordinates[b]![axis]!) ** power;
      R[a * S + b] = R[b * S + a] = decay(r);
    }
  return R;
}
