import { z } from "zod";
import { LemniscateError } from "../../core/errors.js";
import { positionCount, type Shape } from "../../core/shape.js";
import { cholesky } from "../../linalg/cholesky.js";
import { magnitude, rectify, sandwich, softmaxRows } from "../../ops/attend.js";
import { add, affine, multiply } from "../../ops/elementary.js";
import type { Node, Side } from "../../ops/op.js";
import { keep } from "../../ops/padding.js";
import { positionCovariance, positionMatrix } from "../../ops/position-covariance.js";
import { inner } from "../../ops/reductions.js";
import type { ArrayOperations } from "../arrays.js";
import { needChannels, needPositions } from "../checks.js";
import { concat, softmax } from "../composed.js";
import { magnitude as absolute, rectifier } from "../elementwise.js";
import type { Covariances, LayerCovariances, LayerDefinition, LayerNetwork } from "../layer.js";
import { makeLayer } from "../make.js";
import { biasStd, std, width } from "../options.js";
import type { AttentionPlacement } from "../placement.js";
import { refuseIndefinite } from "../positive.js";

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
  /** Standard deviation of the encodings; default 1. */
  readonly std: number;
  /** Channels of concatenated encodings; default as many as the input has. */
  readonly width?: number | undefined;
  /** Whether values see the encodings too, or queries and keys alone; default false. */
  readonly values: boolean;
  /**
   * What to do about a decay that is no covariance on this grid, such as 1/(1 + r²) with power 2: `"refuse"`
   * (default), or `"accept"` and get numbers that are the kernel of no network, as Neural Tangents does.
   */
  readonly indefinite: "refuse" | "accept";
}

export interface AttentionOptions {
  /** ζ: what turns logits into weights; default softmax over the keys. */
  readonly weights: "softmax" | "identity" | "relu" | "abs";
  /** `"linear"`: logits over d, queries tied to keys (default). `"sqrt"`: logits over √d, queries and keys apart. */
  readonly scaling: "linear" | "sqrt";
  readonly queryStd: number;
  readonly keyStd: number;
  readonly valueStd: number;
  readonly outStd: number;
  /** Standard deviation of the output bias; default 0. */
  readonly biasStd: number | null;
  readonly position: PositionOptions | null;
  /** Number of output channels of a finite network; needed only where a kernel depends on it. */
  readonly width?: number | undefined;
}

const position = z.strictObject({
  combine: z.enum(["sum", "concat"]).default("sum"),
  decay: z.enum(["none", "inverse", "inverseSquare", "exponential"]).default("none"),
  rate: z.number().positive().default(1),
  power: z.number().positive().default(2),
  std: std.default(1),
  width: width.optional(),
  values: z.boolean().default(false),
  indefinite: z.enum(["refuse", "accept"]).default("refuse"),
});

/**
 * Self-attention with infinitely many heads of infinite width. I is the state that queries and keys see, V the one
 * that values see; both are the input (κ, Θ) unless there are positional encodings. R is the encodings' covariance:
 *
 *   I_κ = u κ + v R,  I_Θ = u Θ + v R         u = 1, v = std² (sum);  u, v = d, d_p std² over d + d_p (concat)
 *
 * Linear scaling, with A(x) = ζ(σ_Q σ_K I_κ(x, x)), rows over the present keys, and σ = σ_O σ_V:
 *
 *   K = σ² A(x) V_κ A(x')ᵀ + σ_b²
 *   Θ = σ² A(x) (V_Θ + 2 V_κ) A(x')ᵀ + σ_b²   (queries and keys add nothing: their gradients vanish with 1/d)
 *
 * Square-root scaling with identity weights, and s = (σ_Q σ_K σ)²:
 *
 *   K = s ⟨I_κ, V_κ⟩ I_κ + σ_b²
 *   Θ = s [ (4 ⟨I_κ, V_κ⟩ + ⟨I_κ, V_Θ⟩ + ⟨V_κ, I_Θ⟩) I_κ + ⟨I_κ, V_κ⟩ I_Θ ] + σ_b²
 */
export const attentionDefinition: LayerDefinition<AttentionOptions, AttentionWeight> = {
  name: "attention",
  summary: "Self-attention with infinitely many heads.",
  sources: ["Hron et al. 2020, arXiv:2006.10540, Table 1"],
  hasWeights: true,
  options: z.strictObject({
    weights: z.enum(["softmax", "identity", "relu", "abs"]).default("softmax"),
    scaling: z.enum(["linear", "sqrt"]).default("linear"),
    queryStd: std.default(1),
    keyStd: std.default(1),
    valueStd: std.default(1),
    outStd: std.default(1),
    biasStd: biasStd.default(0),
    position: position.nullable().default(null),
    width: width.optional(),
  }),

  shape: (input, options) => {
    needPositions("attention", input);
    if (options.scaling === "sqrt" && options.weights !== "identity")
      throw new LemniscateError({
        code: "NoClosedForm",
        where: 'attention: weights with scaling "sqrt"',
        given: `"${options.weights}"`,
        allowed: '"identity"',
        mend: 'Use scaling: "linear", whose kernel is known for every kind of weights.',
      });
    if (options.position !== null) {
      mixture(options.position, input);
      if (options.position.indefinite === "refuse")
        refuseIndefinite("attention: position", positionMatrix(decayOf(options.position, input)), positionCount(input));
    }
    return { grid: input.grid, channels: options.width, gaussian: true };
  },

  kernel: (below, options, input) => {
    const encoded = options.position === null ? below : encode(below, options.position, input);
    const values = options.position?.values === true ? encoded : below;
    return options.scaling === "linear" ? linear(encoded, values, options) : squareRoot(encoded, values, options);
  },

  weights: (input, { scaling, position, biasStd, width }, { heads, keys, values }) => {
    const d = input.channels;
    const encodings = position?.combine === "concat" ? (position.width ?? d) : d;
    const seen = position?.combine === "concat" ? d + encodings : d;
    return {
      query: scaling === "linear" ? null : { shape: [heads, seen, keys] },
      key: { shape: [heads, seen, keys] },
      value: { shape: [heads, position?.values === true ? seen : d, values] },
      out: { shape: [values, heads, width] },
      bias: biasStd === null ? null : { shape: [width] },
      encodings: position === null ? null : { shape: [positionCount(input), encodings] },
    };
  },

  apply: (t, w, x, options, { input, mask }) => {
    const seen = w.encodings === null ? x : encoded(t, x, w.encodings, options.position!, input, mask);
    const from = options.position?.values === true ? seen : x;
    const [heads, d, keys] = t.shape(w.key!) as [number, number, number];
    const [, into, values] = t.shape(w.value!) as [number, number, number];

    const key = t.einsum("nsd,hdk->nhsk", seen, w.key!);
    const query = w.query === null ? key : t.einsum("nsd,hdk->nhsk", seen, w.query);
    const scale = (options.queryStd * options.keyStd) / (d * (w.query === null ? keys : Math.sqrt(keys)));
    const logits = t.multiply(t.einsum("nhak,nhbk->nhab", query, key), scale);
    const A = finiteWeights(t, logits, mask, options.weights);

    const mixed = t.einsum("nhab,nhbv->nhav", A, t.einsum("nsd,hdv->nhsv", from, w.value!));
    const std = (options.outStd * options.valueStd) / Math.sqrt(heads * values * into);
    const y = t.multiply(t.einsum("nhsv,vhk->nsk", mixed, w.out!), std);
    return w.bias === null ? y : t.add(y, t.multiply(w.bias, options.biasStd!));
  },
};

type AttentionWeight = "query" | "key" | "value" | "out" | "bias" | "encodings";

/** Activations with positional encodings: noise with the covariance R over positions. */
function encoded<A>(t: ArrayOperations<A>, x: A, noise: A, options: PositionOptions, input: Shape, mask: A | null): A {
  const S = positionCount(input);
  const { factor } = cholesky({ rows: S, columns: S, data: positionMatrix(decayOf(options, input)) });
  const rows = t.multiply(t.einsum("ab,bd->ad", t.constant([S, S], factor.data), noise), options.std);
  const [n] = t.shape(x) as [number];
  const each = t.einsum("n,ad->nad", t.constant([n], new Float64Array(n).fill(1)), rows);
  const mixed = options.combine === "sum" ? t.add(x, each) : concat(t, [x, each], 2);
  return mask === null ? mixed : t.multiply(mixed, mask);
}

/** ζ of logits (n, heads, S, S), whose padded keys are 0 already. */
function finiteWeights<A>(t: ArrayOperations<A>, logits: A, mask: A | null, kind: AttentionOptions["weights"]): A {
  if (kind === "identity") return logits;
  if (kind !== "softmax") return t.map(kind === "relu" ? rectifier : absolute, logits);
  const [n, , , S] = t.shape(logits) as [number, number, number, number];
  return softmax(t, logits, mask === null ? null : t.reshape(mask, [n, 1, 1, S]));
}

function linear(logits: Covariances, values: Covariances, o: AttentionOptions): LayerCovariances {
  const bias2 = (o.biasStd ?? 0) ** 2;
  const A = (p: Side): Node =>
    weights(affine(logits.nngp(p, p), o.queryStd * o.keyStd, 0), logits.presence(p), o.weights);
  const through = (k: Node, p: Side, q: Side): Node =>
    affine(sandwich(A(p), k, A(q)), (o.outStd * o.valueStd) ** 2, bias2);
  return {
    nngp: (p, q) => through(values.nngp(p, q), p, q),
    ntk: (p, q) => through(add(values.ntk(p, q), affine(values.nngp(p, q), 2, 0)), p, q),
  };
}

function squareRoot(I: Covariances, V: Covariances, o: AttentionOptions): LayerCovariances {
  const s = (o.queryStd * o.keyStd * o.outStd * o.valueStd) ** 2;
  const bias2 = (o.biasStd ?? 0) ** 2;
  const norm = (p: Side, q: Side): Node => affine(inner(I.nngp(p, q), V.nngp(p, q)), s, 0);
  return {
    nngp: (p, q) => affine(multiply(norm(p, q), I.nngp(p, q)), 1, bias2),
    ntk: (p, q) => {
      const crossed = add(inner(I.nngp(p, q), V.ntk(p, q)), inner(V.nngp(p, q), I.ntk(p, q)));
      const onKernel = multiply(add(affine(norm(p, q), 4, 0), affine(crossed, s, 0)), I.nngp(p, q));
      return affine(add(onKernel, multiply(norm(p, q), I.ntk(p, q))), 1, bias2);
    },
  };
}

/** ζ of a block of logits. Logits of padded keys are 0 already, where the elementwise kinds of weights vanish too. */
function weights(logits: Node, presence: Node, kind: AttentionOptions["weights"]): Node {
  if (kind === "softmax") return softmaxRows(logits, presence);
  if (kind === "identity") return logits;
  return kind === "relu" ? rectify(logits) : magnitude(logits);
}

/** The state with positional encodings, kept at zero on padding. */
function encode(below: Covariances, options: PositionOptions, input: Shape): Covariances {
  const { content, encoding } = mixture(options, input);
  const mixed = (k: Node, p: Side, q: Side): Node => {
    const R = positionCovariance(p, q, decayOf(options, input));
    return keep(add(affine(k, content, 0), affine(R, encoding, 0)), below.presence(p), below.presence(q));
  };
  return {
    nngp: (p, q) => mixed(below.nngp(p, q), p, q),
    ntk: (p, q) => mixed(below.ntk(p, q), p, q),
    presence: below.presence,
  };
}

/** u and v above: the weights of content and encodings. */
function mixture(options: PositionOptions, input: Shape): { content: number; encoding: number } {
  if (options.combine === "sum") return { content: 1, encoding: options.std ** 2 };
  const d = needChannels("attention", "Concatenated encodings are weighed by it", input);
  const dp = options.width ?? d;
  return { content: d / (d + dp), encoding: (options.std ** 2 * dp) / (d + dp) };
}

function decayOf(options: PositionOptions, input: Shape): Parameters<typeof positionMatrix>[0] {
  return { grid: input.grid, kind: options.decay, rate: options.rate, power: options.power };
}

/**
 * Self-attention with infinitely many heads.
 *
 * @param options - see {@link AttentionOptions}; `position` see {@link PositionOptions}
 * @throws LemniscateError `Misplaced` on features, `NoClosedForm` for `"sqrt"` scaling with other weights than
 *   `"identity"`, `OptionOutOfRange` if the covariance of the encodings is not positive semidefinite
 * @source Hron et al. 2020, arXiv:2006.10540, Table 1
 *
 * @example
 * ```ts
 * import { attention, dense, globalAvgPool, serial } from "lemniscate";
 * const layer = attention({ keyStd: 2, position: { decay: "exponential", rate: 0.1, power: 1 } });
 * serial(layer, globalAvgPool(), dense()).type; // => "serial"
 * ```
 */
export function attention(
  options: Partial<Omit<AttentionOptions, "position">> & { readonly position?: Partial<PositionOptions> | null } = {},
): LayerNetwork<AttentionOptions, AttentionPlacement<"attention">> {
  return makeLayer(attentionDefinition, options);
}
