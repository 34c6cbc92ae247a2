import { z } from "zod";
import { LemniscateError } from "../../core/errors.js";
import { describeShape, positionCount, type Shape } from "../../core/shape.js";
import { sandwich } from "../../ops/attend.js";
import { add, affine, multiply } from "../../ops/elementary.js";
import { inverseRoot, normalize } from "../../ops/normalize.js";
import type { Node, Side } from "../../ops/op.js";
import { scaleSides, share } from "../../ops/padding.js";
import { positionCovariance } from "../../ops/position-covariance.js";
import { alongAxes, mapLine, mapPairs, type PositionMap, type Reading, rowsOf } from "../../ops/position-map.js";
import { sumDiagonal } from "../../ops/reductions.js";
import { isZero } from "../../ops/zero.js";
import { divide, subtract, sumAlong } from "../composed.js";
import { squareRoot } from "../elementwise.js";
import type { Covariances, LayerDefinition } from "../layer.js";

export interface NormalizationOptions {
  /**
   * `"channels"` (default): each position by itself. `"all"`: channels and positions together. A list: channels and these
   * axes of positions, 0 being the first.
   */
  readonly over: "channels" | "all" | readonly number[];
  /** ε, added to variances; default 1e-12. */
  readonly epsilon: number;
}

/** Normalisation of what is `centered` first, or not. */
export function normalization(
  about: Pick<LayerDefinition<NormalizationOptions>, "name" | "summary" | "sources">,
  centered: boolean,
): LayerDefinition<NormalizationOptions> {
  return {
    ...about,
    hasWeights: false,
    options: z.strictObject({
      over: z
        .union([z.enum(["channels", "all"]), z.array(z.int().nonnegative())], '"channels", "all", or a list of axes')
        .default("channels"),
      epsilon: z.number().nonnegative().default(1e-12),
    }),
    shape: (input, { over }) => {
      const other = typeof over === "string" ? undefined : over.find((axis) => axis >= input.grid.length);
      if (other !== undefined)
        throw new LemniscateError({
          code: "Misplaced",
          where: about.name,
          given: `axis ${other} of ${describeShape(input)}`,
          allowed: input.grid.length === 0 ? "channels alone" : `axes 0 to ${input.grid.length - 1}`,
          mend: "Axes of positions count from 0; channels are always among those normalised over.",
        });
      if (centered && !input.gaussian && input.mean !== true)
        throw new LemniscateError({
          code: "Misplaced",
          where: about.name,
          given: `${describeShape(input)}, whose mean over channels is not known`,
          allowed: "Gaussian input, or what a nonlinearity made of it",
          mend: "Put dense() before it, or use rmsNorm(), which subtracts no mean.",
        });
      return input;
    },
    kernel: (below, { over, epsilon }, input) => {
      const together = groupsOf(over, input);
      const nngp = centered ? centeredOf(below, together) : below.nngp;
      const means: Covariances["means"] = centered ? (p, q) => affine(below.means!(p, q), 0, 0) : below.means;
      if (together === null) {
        const per =
          (k: Covariances["nngp"]): Covariances["nngp"] =>
          (p, q) =>
            normalize(nngp(p, p), k(p, q), nngp(q, q), epsilon);
        return { nngp: per(nngp), ntk: per(below.ntk), ...(means && { means: per(means) }) };
      }
      const size = epsilon * together.size;
      const scale = (p: Side): Node =>
        together.sums === null
          ? inverseRoot(affine(sumDiagonal(nngp(p, p)), 1, size), sumDiagonal(below.presence(p)))
          : inverseRoot(affine(mapLine(nngp(p, p), together.sums), 1, size), mapLine(below.presence(p), together.sums));
      const by =
        (k: Covariances["nngp"]): Covariances["nngp"] =>
        (p, q) =>
          scaleSides(k(p, q), scale(p), scale(q));
      return { nngp: by(nngp), ntk: by(below.ntk), ...(means && { means: by(means) }) };
    },
    apply: (t, _, x, { over, epsilon }, { input, mask }) => {
      const together = groupsOf(over, input);
      const S = positionCount(input);
      const rows = together === null ? null : rowsOf(together.matrix);
      const sums =
        rows &&
        t.constant(
          [S, S],
          rows.flatMap((row) => dense(row, S)),
        );
      // Sums over channels, and over the positions that are normalised together.
      const sum = (y: typeof x): typeof x => (sums === null ? y : t.einsum("nsc,ps->npc", y, sums));
      const present = mask ?? t.constant([1, S, 1], new Float64Array(S).fill(1));
      const count = sum(present);
      const mean = (y: typeof x): typeof x => divide(t, t.multiply(sum(sumAlong(t, y, 2)), 1 / input.channels), count);
      const kept = (y: typeof x): typeof x => t.multiply(y, present);
      const part = centered ? kept(subtract(t, x, mean(x))) : x;
      const shift = divide(t, t.multiply(present, epsilon * (together?.size ?? 1)), count);
      const all = t.add(mean(t.multiply(part, part)), sums === null ? shift : sharedOf(shift));
      return divide(t, part, t.map(squareRoot, all));

      function sharedOf(y: typeof x): typeof x {
        // The same for all positions of a group, present or not.
        return divide(t, sum(y), count);
      }
    },
  };
}

function dense(row: readonly Reading[], S: number): number[] {
  const values: number[] = new Array(S).fill(0);
  for (const [at, weight] of row) values[at] = weight;
  return values;
}

/** Positions that are normalised together. */
interface Groups {
  /** How many, padding included. */
  readonly size: number;
  /** Sums over the group of each position; null where all are one group, whose sum is one number. */
  readonly sums: PositionMap | null;
  readonly matrix: PositionMap;
  /** The matrix as E Eᵀ: groups on a grid of their own, and E, which gives each position its group. */
  readonly groups: readonly number[];
  readonly spread: PositionMap;
}

/** The groups of positions, or null if each is one. */
function groupsOf(over: NormalizationOptions["over"], input: Shape): Groups | null {
  if (over === "channels" || input.grid.length === 0 || (typeof over !== "string" && over.length === 0)) return null;
  const among = (axis: number): boolean => over === "all" || over.includes(axis);
  const same = (n: number): Reading[][] => Array.from({ length: n }, (_, s) => [[s, 1]]);
  const whole = (n: number, rows: number): Reading[][] =>
    Array.from({ length: rows }, () => Array.from({ length: n }, (_, t): Reading => [t, 1]));
  const matrix = alongAxes(
    input.grid,
    input.grid.map((n, axis) => (among(axis) ? whole(n, n) : same(n))),
  );
  const groups = input.grid.map((n, axis) => (among(axis) ? 1 : n));
  const spread = alongAxes(
    groups,
    input.grid.map((n, axis) => (among(axis) ? whole(1, n) : same(n))),
  );
  const size = input.grid.reduce((all, n, axis) => (among(axis) ? all * n : all), 1);
  return { size, sums: size === positionCount(input) ? null : matrix, matrix, groups, spread };
}

/**
 * E (f_a − μ)(f_b' − μ') with the mean μ over channels and the group of a: κ_ab − m_a m_b' + (m_a − μ)(m_b' − μ'), where
 * m_a is the mean over channels.
 */
function centeredOf(below: Covariances, together: Groups | null): Covariances["nngp"] {
  const means = (p: Side, q: Side): Node => below.means!(p, q);
  const without: Covariances["nngp"] = (p, q) => add(below.nngp(p, q), affine(means(p, q), -1, 0));
  if (together === null) return without;
  const identity = { kind: "none", rate: 1, power: 1, given: [] } as const;
  // C = 1 − (the mean over the group): (m_a − μ)(m_b' − μ') are the entries of C m m'ᵀ C'ᵀ.
  const center = (p: Side): Node => {
    const { grid } = below.nngp(p, p);
    const u = below.presence(p);
    const count = mapLine(u, together.matrix);
    const block = mapPairs(positionCovariance(p, p, { ...identity, grid: together.groups }), together.spread);
    const mean = scaleSides(block, multiply(u, share(count)), u);
    return add(positionCovariance(p, p, { ...identity, grid }), affine(mean, -1, 0));
  };
  return (p, q) =>
    isZero(means(p, q)) ? below.nngp(p, q) : add(without(p, q), sandwich(center(p), means(p, q), center(q)));
}
