/** @module Random positional encodings: their options, their covariance, and the state of activations with them. */
import { z } from "zod";
import { LemniscateError } from "../core/errors.js";
import { positionCount, type Shape } from "../core/shape.js";
import { cholesky } from "../linalg/cholesky.js";
import { add, affine } from "../ops/elementary.js";
import type { Node, Side } from "../ops/op.js";
import { keep } from "../ops/padding.js";
import { type PositionParameters, positionCovariance, positionMatrix } from "../ops/position-covariance.js";
import type { ArrayOperations } from "./arrays.js";
import { needChannels } from "./checks.js";
import { concat } from "./composed.js";
import type { Covariances, FinitePlace } from "./layer.js";
import { std, width } from "./options.js";
import { refuseIndefinite } from "./positive.js";

/** Random positional encodings: columns of an S×d_p matrix, independent N(0, R), shared by all examples. */
export interface PositionOptions {
  /** `"sum"`: added to the activations. `"concat"`: as further channels, so that the widths mix the two. */
  readonly combine: "sum" | "concat";
  /** How R falls with r = Σ_axes |p_a − p_b|^power; `"none"` is R = identity. */
  readonly decay: "none" | "inverse" | "inverseSquare" | "exponential";
  /** λ in 1/(1 + λr), 1/(1 + λr²), exp(−λr); default 1. */
  readonly rate: number;
  /** Default 2, so that `"inverse"` is 1/(1 + λ|Δ|²). */
  readonly power: number;
  /** R itself, a symmetric matrix over positions in row-major order, instead of a decay. */
  readonly covariance?: readonly (readonly number[])[] | undefined;
  /** Standard deviation of the encodings; default 1. */
  readonly std: number;
  /** Channels of concatenated encodings; default as many as the input has. */
  readonly width?: number | undefined;
  /** Whether values see the encodings too, or queries and keys alone; default false. */
  readonly values: boolean;
  /** What queries and keys see: `"both"` (default), or `"encodings"` alone, so that weights are the same for all examples. */
  readonly logits: "both" | "encodings";
  /**
   * What to do about a decay that is no covariance on this grid, such as 1/(1 + r²) with power 2: `"refuse"`
   * (default), or `"accept"` and get numbers that are the kernel of no network, as Neural Tangents does.
   */
  readonly indefinite: "refuse" | "accept";
}

export const positionOptions: z.ZodType<PositionOptions> = z.strictObject({
  combine: z.enum(["sum", "concat"]).default("sum"),
  decay: z.enum(["none", "inverse", "inverseSquare", "exponential"]).default("none"),
  rate: z.number().positive().default(1),
  power: z.number().positive().default(2),
  covariance: z.array(z.array(z.number())).min(1).optional(),
  std: std.default(1),
  width: width.optional(),
  values: z.boolean().default(false),
  logits: z.enum(["both", "encodings"]).default("both"),
  indefinite: z.enum(["refuse", "accept"]).default("refuse"),
});

/** Refuses encodings that no finite network has on this grid, or whose weight nobody knows. */
export function checkEncodings(options: PositionOptions, input: Shape): void {
  mixture(options, input);
  const S = positionCount(input);
  const { covariance } = options;
  if (covariance !== undefined) refuseOtherSize("attention: position.covariance", covariance, S);
  const R = positionMatrix(parametersOf(options, input));
  for (let a = 0; a < S; a++)
    for (let b = 0; b < a; b++)
      if (R[a * S + b] !== R[b * S + a])
        throw new LemniscateError({
          code: "OptionOutOfRange",
          where: "attention: position.covariance",
          given: `${R[a * S + b]} at (${a}, ${b}) and ${R[b * S + a]} at (${b}, ${a})`,
          allowed: "a symmetric matrix",
          mend: "A covariance is the same both ways: average the two.",
        });
  if (options.indefinite === "refuse") refuseIndefinite("attention: position", R, S);
}

/** Refuses a matrix over positions that is not S×S. */
export function refuseOtherSize(where: string, rows: readonly (readonly unknown[])[], S: number): void {
  const odd = rows.find((row) => row.length !== S);
  if (rows.length === S && odd === undefined) return;
  throw new LemniscateError({
    code: "ShapeMismatch",
    where,
    given: odd === undefined ? `${rows.length} rows` : `${rows.length} rows, one of ${odd.length} numbers`,
    allowed: `${S} × ${S}, for as many positions`,
    mend: "Give a row and a column for each position, padding included, in row-major order.",
  });
}

/** The state with positional encodings, kept at zero on padding. */
export function encode(below: Covariances, options: PositionOptions, input: Shape): Covariances {
  const { content, encoding } = mixture(options, input);
  const R = (p: Side, q: Side): Node => affine(positionCovariance(p, q, parametersOf(options, input)), encoding, 0);
  const kept = (k: Node, p: Side, q: Side): Node => keep(k, below.presence(p), below.presence(q));
  return {
    nngp: (p, q) => kept(add(affine(below.nngp(p, q), content, 0), R(p, q)), p, q),
    ntk: (p, q) => kept(add(affine(below.ntk(p, q), content, 0), R(p, q)), p, q),
    presence: below.presence,
  };
}

/** The encodings alone, as queries and keys see them that do not look at the content. */
export function encodingsAlone(below: Covariances, options: PositionOptions, input: Shape): Covariances {
  const R = (p: Side, q: Side): Node => {
    const all = affine(positionCovariance(p, q, parametersOf(options, input)), options.std ** 2, 0);
    return keep(all, below.presence(p), below.presence(q));
  };
  return { nngp: R, ntk: R, presence: below.presence };
}

/** The weights of content and encodings. */
function mixture(options: PositionOptions, input: Shape): { content: number; encoding: number } {
  if (options.combine === "sum") return { content: 1, encoding: options.std ** 2 };
  const d = needChannels("attention", "Concatenated encodings are weighed by it", input);
  const dp = options.width ?? d;
  return { content: d / (d + dp), encoding: (options.std ** 2 * dp) / (d + dp) };
}

/** R, as operations are told of it. */
export function parametersOf(options: PositionOptions, input: Shape): PositionParameters {
  const { decay, rate, power, covariance } = options;
  const given = covariance?.flat() ?? [];
  return { grid: input.grid, kind: covariance === undefined ? decay : "given", rate, power, given };
}

/** Activations (n, S, d) with encodings, and encodings by themselves: noise with the covariance R over positions. */
export function encodedActivations<A>(
  t: ArrayOperations<A>,
  x: A,
  noise: A,
  options: PositionOptions,
  { input, mask }: FinitePlace<A>,
): { readonly both: A; readonly alone: A } {
  const S = positionCount(input);
  const { factor } = cholesky({ rows: S, columns: S, data: positionMatrix(parametersOf(options, input)) });
  const rows = t.multiply(t.einsum("ab,bd->ad", t.constant([S, S], factor.data), noise), options.std);
  const [n] = t.shape(x) as [number];
  const each = t.einsum("n,ad->nad", t.constant([n], new Float64Array(n).fill(1)), rows);
  const kept = (of: A): A => (mask === null ? of : t.multiply(of, mask));
  return { both: kept(options.combine === "sum" ? t.add(x, each) : concat(t, [x, each], 2)), alone: kept(each) };
}
