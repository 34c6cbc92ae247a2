import { z } from "zod";
import { LemniscateError } from "../../core/errors.js";
import { describeShape, positionCount } from "../../core/shape.js";
import { end } from "../../ops/end.js";
import type { Node, Side } from "../../ops/op.js";
import { any } from "../../ops/padding.js";
import { mapLine, mapOf, mapPairs, type PositionMap } from "../../ops/position-map.js";
import { bilinear, sumDiagonal } from "../../ops/reductions.js";
import type { Elementwise } from "../arrays.js";
import { needPositions } from "../checks.js";
import { anyOf } from "../composed.js";
import type { Covariances, LayerDefinition, LayerNetwork } from "../layer.js";
import { makeLayer } from "../make.js";
import type { PoolPlacement } from "../placement.js";

export interface TokenOptions {
  /** `"first"` or `"last"`: of the positions that are present. A number: that position, from 0, in row-major order. */
  readonly at: "first" | "last" | number;
}

/**
 * One position of each example as features: K = κ_{i(x) i(x')}(x, x'), Θ likewise. The last one is the last before the
 * padding of each example, so that sequences of different lengths end with their own.
 */
export const tokenDefinition: LayerDefinition<TokenOptions> = {
  name: "token",
  summary: "One position of each example: its first, its last, or a certain one.",
  sources: ["derived: covariances of some of the positions"],
  hasWeights: false,
  options: z.strictObject({
    at: z.union([z.enum(["first", "last"]), z.int().nonnegative()], '"first", "last", or a number ≥ 0'),
  }),
  shape: (input, { at }) => {
    needPositions("token", input);
    if (typeof at === "number" && at >= positionCount(input))
      throw new LemniscateError({
        code: "Misplaced",
        where: "token",
        given: `position ${at} of ${describeShape(input)}`,
        allowed: `positions 0 to ${positionCount(input) - 1}`,
        mend: 'Positions count from 0; "last" is the last one that is present.',
      });
    return { ...input, grid: [] };
  },
  kernel: (below, { at }, input) => {
    const { nngp, ntk, means } = below;
    const of = typeof at === "number" ? certain(at, input.grid) : ended(below, at);
    const presence: Covariances["presence"] = (p) =>
      typeof at === "number" ? mapLine(below.presence(p), only(at, input.grid)) : any(sumDiagonal(below.presence(p)));
    return { nngp: of(nngp), ntk: of(ntk), ...(means && { means: of(means) }), presence };
  },
  apply: (t, _, x, { at }, { input, mask }) => {
    const S = positionCount(input);
    if (typeof at === "number") return t.take(x, 1, [at]);
    if (mask === null) return t.take(x, 1, [at === "first" ? 0 : S - 1]);
    // Present, with nothing present before it, or behind.
    const beyond = Array.from({ length: S * S }, (_, i) => {
      const [s, other] = [Math.floor(i / S), i % S];
      return (at === "first" ? other < s : other > s) ? 1 : 0;
    });
    const none: Elementwise = { value: (count) => (count < 0.5 ? 1 : 0), slope: null };
    const alone = t.map(none, t.einsum("nsc,ps->npc", mask, t.constant([S, S], beyond)));
    const [n, , d] = t.shape(x) as [number, number, number];
    return t.reshape(t.einsum("nsd,nsc->nd", x, t.multiply(mask, alone)), [n, 1, d]);
  },
  mask: (mask, { at }) => (typeof at === "number" ? mask.subarray(at, at + 1) : anyOf(mask)),
};

type Of = (k: (p: Side, q: Side) => Node) => (p: Side, q: Side) => Node;

function only(at: number, grid: readonly number[]): PositionMap {
  return mapOf(grid, [], [[[at, 1]]]);
}

function certain(at: number, grid: readonly number[]): Of {
  const map = only(at, grid);
  return (k) => (p, q) => mapPairs(k(p, q), map);
}

function ended(below: Covariances, at: "first" | "last"): Of {
  return (k) => (p, q) => bilinear(end(below.presence(p), at), k(p, q), end(below.presence(q), at));
}

/**
 * One position of each example as features: the first or the last of those that are present, as a class token is read out,
 * or a certain one.
 *
 * @throws LemniscateError `OptionOutOfRange` for other words or negative numbers, `Misplaced` on features and for a position
 *   that is not there
 * @source derived: covariances of some of the positions
 *
 * @example
 * ```ts
 * import { kernel, sequences, serial, token } from "lemniscate";
 * const x = sequences([[[1], [5]], [[3]]]);
 * (await kernel(serial(token({ at: "last" })))(x, null, { get: "nngp" })).data; // => new Float64Array([25, 15, 15, 9])
 * ```
 */
export function token(options: TokenOptions): LayerNetwork<TokenOptions, PoolPlacement<"token">> {
  return makeLayer(tokenDefinition, options);
}
