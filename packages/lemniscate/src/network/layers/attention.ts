import { z } from "zod";
import { LemniscateError } from "../../core/errors.js";
import { positionCount } from "../../core/shape.js";
import { sandwich } from "../../ops/attend.js";
import { type DrawParameters, draws, meanJacobian, meanSandwich } from "../../ops/draws.js";
import { dualSums } from "../../ops/dual-sums.js";
import { dualOps } from "../../ops/duals/dual.js";
import { type RectifierParameters, rectifierDual } from "../../ops/duals/rectifier.js";
import { add, affine, multiply } from "../../ops/elementary.js";
import type { Node, Side } from "../../ops/op.js";
import { rectifierSums } from "../../ops/rectifier-sums.js";
import { inner } from "../../ops/reductions.js";
import { type TokenMaskParameters, tokenMask } from "../../ops/token-mask.js";
import { attentionWidths, type OwnShares, ownShares } from "../attention-shares.js";
import {
  type AttentionWeights,
  attentionWeights,
  isIdentity,
  isOwnFunction,
  kindOf,
  needValues,
  weigh,
  weighArrays,
} from "../attention-weights.js";
import { needGaussian, needPositions } from "../checks.js";
import {
  checkEncodings,
  encode,
  encodedActivations,
  encodingsAlone,
  type PositionOptions,
  positionOptions,
} from "../encodings.js";
import type { Covariances, Elementwise, LayerCovariances, LayerDefinition, LayerNetwork } from "../layer.js";
import { makeLayer } from "../make.js";
import { biasStd, std, width } from "../options.js";
import type { AttentionPlacement } from "../placement.js";
import { type TokenMask, tokenMaskOn, tokenMaskOption } from "../token-masks.js";

export interface AttentionOptions {
  /** ζ: what turns logits into weights; default softmax over the keys. */
  readonly weights: AttentionWeights;
  /** `"linear"`: logits over d, queries tied to keys (default). `"sqrt"`: logits over √d, queries and keys apart. */
  readonly scaling: "linear" | "sqrt";
  readonly queryStd: number;
  readonly keyStd: number;
  readonly valueStd: number;
  readonly outStd: number;
  /** Standard deviation of the output bias; default 0. */
  readonly biasStd: number | null;
  readonly position: PositionOptions | null;
  /** Which keys each query may read: `"causal"`, or a {@link TokenMask}; default all of them. */
  readonly mask: "causal" | TokenMask | null;
  /**
   * Draws of the weights, where they have no closed form: softmax and sparsemax with square-root scaling. Entries err by
   * about 1/√samples; results say by how much. With piecewise linear functions it stands for that many heads.
   */
  readonly samples?: number | undefined;
  /** What the draws follow from: an integer from 0 to 2^53 − 1; default 0. */
  readonly seed: number;
  /** α: the layer leaves √α·input + √(1 − α)·attention; default 0, which is attention alone. */
  readonly skip: number;
  /**
   * `"ntk"` (default): scale in the forward pass. `"standard"`: scale in the initial weights; its NTK depends on the width of
   * the input, on `heads` and on `values`. Encodings are the same in both.
   */
  readonly parameterization: "ntk" | "standard";
  /** Sizes of a finite network: its heads, and the channels of a head's queries and keys, and of its values. */
  readonly heads?: number | undefined;
  readonly keys?: number | undefined;
  readonly values?: number | undefined;
  /** Number of output channels of a finite network; needed only where a kernel depends on it. */
  readonly width?: number | undefined;
}

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
 * Square-root scaling with a function φ of each logit: logits are Gaussian, of covariance σ_Q²σ_K² I_ab I_ij between
 * (a, i) and (b, j). With T and Ṫ, the expectations of φφ and φ'φ' for these, and s = σ_Q²σ_K²:
 *
 *   K = σ² Σ_ij V_κ,ij T + σ_b²
 *   Θ = σ² [ Σ_ij (2 V_κ + V_Θ)_ij T + s Σ_ij V_κ,ij (2 I_κ,ab I_κ,ij + I_Θ,ab I_κ,ij + I_κ,ab I_Θ,ij) Ṫ ] + σ_b²
 *
 * With identity weights T = s I_κ,ab I_κ,ij and Ṫ = 1, so that the sums are inner products ⟨I_κ, V_κ⟩ and the like.
 *
 * In the standard parameterisation, with d channels, H heads and d_v channels of values, the 2 of V_κ is H d_v/σ_O² + d/σ_V²,
 * that of I_κ is d/σ_Q² + d/σ_K², and 1 stands for σ_b² in Θ. At linear scaling queries and keys add d/d_k, by 1/d less
 * than the rest, which is left out.
 */
export const attentionDefinition: LayerDefinition<AttentionOptions, AttentionWeight> = {
  name: "attention",
  summary: "Self-attention with infinitely many heads.",
  sources: [
    "Hron et al. 2020, arXiv:2006.10540, Table 1",
    "derived: sums over keys for square-root scaling, docs/attention.md",
  ],
  hasWeights: true,
  hasOwnFunction: ({ weights }) => isOwnFunction(weights),
  options: z.strictObject({
    weights: attentionWeights.default("softmax"),
    scaling: z.enum(["linear", "sqrt"]).default("linear"),
    queryStd: std.default(1),
    keyStd: std.default(1),
    valueStd: std.default(1),
    outStd: std.default(1),
    biasStd: biasStd.default(0),
    position: positionOptions.nullable().default(null),
    mask: tokenMaskOption.default(null),
    samples: z.int().positive().optional(),
    seed: z.int().nonnegative().default(0),
    skip: z.number().min(0).max(1).default(0),
    parameterization: z.enum(["ntk", "standard"]).default("ntk"),
    heads: width.optional(),
    keys: width.optional(),
    values: width.optional(),
    width: width.optional(),
  }),

  shape: (input, options) => {
    needPositions("attention", input);
    if (options.skip > 0) needGaussian("attention with skip", input);
    checkSampling(options);
    if (options.position !== null) checkEncodings(options.position, input);
    tokenMaskOn(options.mask, input);
    return { grid: input.grid, channels: options.width, gaussian: true };
  },

  closedForm: ({ scaling, weights, samples }) => {
    if (scaling === "linear") needValues(weights);
    if (scaling === "sqrt" && samples === undefined && typeof kindOf(weights) === "string")
      throw new LemniscateError({
        code: "NoClosedForm",
        where: 'attention: weights with scaling "sqrt"',
        given: JSON.stringify(weights),
        allowed: '"identity" or another function of each logit',
        mend: 'Set samples: 1000 to average over draws of the weights, or use scaling: "linear".',
      });
  },

  kernel: (below, options, input) => {
    const { position, scaling, mask } = options;
    const encoded = position === null ? below : encode(below, position, input);
    const logits = position?.logits === "encodings" ? encodingsAlone(below, position, input) : encoded;
    const values = position?.values === true ? encoded : below;
    const pattern = tokenMaskOn(mask, input);
    const own = (): OwnShares => ownShares(options, input);
    const allowed = (p: Side): Node | undefined => (pattern === undefined ? undefined : tokenMask(p, pattern));
    const attended =
      options.samples !== undefined
        ? sampled(logits, values, pattern, options, own)
        : (scaling === "linear" ? linear : squareRoot)(logits, values, allowed, options, own);
    return skipped(below, attended, options.skip);
  },

  weights: (input, o, sizes) => {
    const { scaling, position, biasStd, width } = o;
    const { seen, into, encodings } = attentionWidths(input.channels, position);
    const heads = o.heads ?? sizes.heads;
    const keys = o.keys ?? sizes.keys;
    const values = o.values ?? sizes.values;
    const std = (standard: number): number => (o.parameterization === "ntk" ? 1 : standard);
    // Where queries are tied to keys, one array has both deviations.
    const keyStd = scaling === "linear" ? Math.sqrt(o.queryStd * o.keyStd) : o.keyStd;
    return {
      query: scaling === "linear" ? null : { shape: [seen, heads, keys], std: std(o.queryStd / Math.sqrt(seen)) },
      key: { shape: [seen, heads, keys], std: std(keyStd / Math.sqrt(seen)) },
      value: { shape: [into, heads, values], std: std(o.valueStd / Math.sqrt(into)) },
      out: { shape: [heads, values, width], std: std(o.outStd / Math.sqrt(heads * values)) },
      bias: biasStd === null ? null : { shape: [width], std: std(biasStd) },
      encodings: position === null ? null : { shape: [positionCount(input), encodings] },
    };
  },

  apply: (t, w, x, options, place) => {
    const { position, skip } = options;
    const encoded = w.encodings === null ? undefined : encodedActivations(t, x, w.encodings, position!, place);
    const from = position?.values === true ? encoded!.both : x;
    const seen = position?.logits === "encodings" ? encoded!.alone : (encoded?.both ?? x);
    const [d, heads, keys] = t.shape(w.key!) as [number, number, number];
    const [into, , values] = t.shape(w.value!) as [number, number, number];

    const key = t.einsum("nsd,dhk->nshk", seen, w.key!);
    const query = w.query === null ? key : t.einsum("nsd,dhk->nshk", seen, w.query);
    const ntk = options.parameterization === "ntk";
    const temperature = w.query === null ? keys : Math.sqrt(keys);
    const scale = ntk ? (options.queryStd * options.keyStd) / (d * temperature) : 1 / temperature;
    const logits = t.multiply(t.einsum("nahk,nbhk->nhab", query, key), scale);
    const A = weighArrays(t, logits, options.weights, tokenMaskOn(options.mask, place.input), place);

    const mixed = t.einsum("nhab,nbhv->nahv", A, t.einsum("nsd,dhv->nshv", from, w.value!));
    const std = ntk ? (options.outStd * options.valueStd) / Math.sqrt(heads * values * into) : 1;
    const y = t.multiply(t.einsum("nshv,hvk->nsk", mixed, w.out!), std);
    const attended = w.bias === null ? y : t.add(y, t.multiply(w.bias, ntk ? options.biasStd! : 1));
    if (skip === 0) return attended;
    return t.add(t.multiply(x, Math.sqrt(skip)), t.multiply(attended, Math.sqrt(1 - skip)));
  },
};

type AttentionWeight = "query" | "key" | "value" | "out" | "bias" | "encodings";

/** The options of {@link attention} as they are written, without those that have their defaults. */
export type AttentionArguments = Partial<Omit<AttentionOptions, "position" | "mask">> & {
  readonly position?: Partial<PositionOptions> | null;
  readonly mask?: "causal" | Partial<TokenMask> | null;
};

/** Refuses draws of what is not random, or what is known exactly. */
function checkSampling({ scaling, weights, samples }: AttentionOptions): void {
  if (samples === undefined) return;
  const kind = kindOf(weights);
  const where = "attention: samples";
  if (scaling === "linear")
    throw new LemniscateError({
      code: "OptionOutOfRange",
      where,
      given: 'samples with scaling "linear"',
      allowed: 'samples with scaling "sqrt"',
      mend: "Leave them out: weights are no random variables here, and the kernel is exact.",
    });
  if (typeof kind !== "string" && kind.dual !== rectifierDual)
    throw new LemniscateError({
      code: "NotSupported",
      where,
      given: `samples of ${JSON.stringify(weights)}`,
      allowed: "softmax, sparsemax, and piecewise linear functions",
      mend: "Leave samples out: the kernel has a closed form.",
    });
}

/** Square-root scaling by draws of the weights, the same for all examples: averages of Gram matrices, and of Jacobians. */
function sampled(
  I: Covariances,
  V: Covariances,
  pattern: TokenMaskParameters | undefined,
  o: AttentionOptions,
  own: () => OwnShares,
): LayerCovariances {
  const kind = kindOf(o.weights);
  const [ov2, bias2] = [(o.outStd * o.valueStd) ** 2, (o.biasStd ?? 0) ** 2];
  const std = o.queryStd * o.keyStd;
  const of = I.nngp("a", "b");
  const [below, above] = typeof kind === "string" ? [0, 0] : [kind.parameters["below"], kind.parameters["above"]];
  const parameters = {
    ...{ grid: of.grid, causal: false, band: -1, memory: 0, allowed: [], ...pattern },
    ...{ samples: o.samples!, seed: o.seed, std, weights: typeof kind === "string" ? kind : "rectifier" },
    ...{ below: below as number, above: above as number },
  } as const;
  const part = (name: DrawParameters["part"]) => (p: Side) => draws(p, of, { ...parameters, part: name });
  const P = part("weights");
  // Of a softmax P_ai (δ_ik − P_ak): slopes and shares are the weights themselves.
  const [W, U] = kind === "softmax" ? [P, P] : [part("slopes"), part("shares")];
  const jacobian = (A: Node, C: Node, p: Side, q: Side): Node =>
    typeof kind === "string"
      ? meanJacobian([W(p), U(p)], A, C, [W(q), U(q)])
      : meanSandwich(W(p), multiply(A, C), W(q));
  return {
    nngp: (p, q) => affine(meanSandwich(P(p), V.nngp(p, q), P(q)), ov2, bias2),
    ntk: (p, q) => {
      const [Ik, It, Vk] = [I.nngp(p, q), I.ntk(p, q), V.nngp(p, q)];
      const { values, logits, bias } = own();
      const throughValues = meanSandwich(P(p), add(affine(Vk, values, 0), V.ntk(p, q)), P(q));
      const throughQueries = multiply(add(affine(Ik, logits, 0), It), jacobian(Vk, Ik, p, q));
      const throughLogits = add(throughQueries, multiply(Ik, jacobian(Vk, It, p, q)));
      return affine(add(throughValues, affine(throughLogits, std ** 2, 0)), ov2, bias);
    },
  };
}

type Allowed = (p: Side) => Node | undefined;

function linear(
  logits: Covariances,
  values: Covariances,
  allowed: Allowed,
  o: AttentionOptions,
  own: () => OwnShares,
): LayerCovariances {
  const A = (p: Side): Node =>
    weigh(affine(logits.nngp(p, p), o.queryStd * o.keyStd, 0), logits.presence(p), allowed(p), o.weights);
  const through = (k: Node, p: Side, q: Side, bias: number): Node =>
    affine(sandwich(A(p), k, A(q)), (o.outStd * o.valueStd) ** 2, bias);
  return {
    nngp: (p, q) => through(values.nngp(p, q), p, q, (o.biasStd ?? 0) ** 2),
    ntk: (p, q) => {
      const { values: share, bias } = own();
      return through(add(values.ntk(p, q), affine(values.nngp(p, q), share, 0)), p, q, bias);
    },
  };
}

function squareRoot(
  I: Covariances,
  V: Covariances,
  allowed: Allowed,
  o: AttentionOptions,
  own: () => OwnShares,
): LayerCovariances {
  const kind = kindOf(o.weights) as Elementwise;
  if (isIdentity(kind) && o.mask === null) return identity(I, V, o, own);
  const s = (o.queryStd * o.keyStd) ** 2;
  const [ov2, bias2] = [(o.outStd * o.valueStd) ** 2, (o.biasStd ?? 0) ** 2];
  const { covariance, derivative } = dualOps(kind.dual);
  const sums = (op: { readonly name: string }, w: Node, p: Side, q: Side): Node => {
    const masks = allowed(p) === undefined ? [] : [allowed(p)!, allowed(q)!];
    const logits = [I.nngp(p, p), I.nngp(p, q), I.nngp(q, q)] as const;
    if (kind.dual !== rectifierDual) {
      const [pp, pq, qq] = logits.map((k) => affine(k, o.queryStd * o.keyStd, 0)) as [Node, Node, Node];
      return dualSums([pp, pq, qq], w, masks, { ...kind.parameters, of: op.name });
    }
    // A function of degree 1, whose derivative has degree 0.
    const slopes = { ...(kind.parameters as RectifierParameters), derivative: op === derivative };
    return affine(rectifierSums(logits, w, masks, slopes), op === derivative ? 1 : s, 0);
  };
  const slopes = (w: Node, p: Side, q: Side): Node => affine(sums(derivative, w, p, q), s, 0);
  return {
    nngp: (p, q) => affine(sums(covariance, V.nngp(p, q), p, q), ov2, bias2),
    ntk: (p, q) => {
      const [Ik, It, Vk] = [I.nngp(p, q), I.ntk(p, q), V.nngp(p, q)];
      const { values, logits, bias } = own();
      const throughValues = sums(covariance, add(affine(Vk, values, 0), V.ntk(p, q)), p, q);
      const throughQueries = multiply(add(affine(Ik, logits, 0), It), slopes(multiply(Vk, Ik), p, q));
      const throughKeys = multiply(Ik, slopes(multiply(Vk, It), p, q));
      return affine(add(throughValues, add(throughQueries, throughKeys)), ov2, bias);
    },
  };
}

/** Square-root scaling where weights are the logits themselves, and every query reads every key. */
function identity(I: Covariances, V: Covariances, o: AttentionOptions, own: () => OwnShares): LayerCovariances {
  const s = (o.queryStd * o.keyStd * o.outStd * o.valueStd) ** 2;
  const bias2 = (o.biasStd ?? 0) ** 2;
  const norm = (p: Side, q: Side): Node => affine(inner(I.nngp(p, q), V.nngp(p, q)), s, 0);
  return {
    nngp: (p, q) => affine(multiply(norm(p, q), I.nngp(p, q)), 1, bias2),
    ntk: (p, q) => {
      const crossed = add(inner(I.nngp(p, q), V.ntk(p, q)), inner(V.nngp(p, q), I.ntk(p, q)));
      const { values, logits, bias } = own();
      const onKernel = multiply(add(affine(norm(p, q), values + logits, 0), affine(crossed, s, 0)), I.nngp(p, q));
      return affine(add(onKernel, multiply(norm(p, q), I.ntk(p, q))), 1, bias);
    },
  };
}

/** √α·input + √(1 − α)·attention. */
function skipped(below: Covariances, attended: LayerCovariances, share: number): LayerCovariances {
  if (share === 0) return attended;
  const mix = (k: Node, f: Node): Node => add(affine(k, share, 0), affine(f, 1 - share, 0));
  return {
    nngp: (p, q) => mix(below.nngp(p, q), attended.nngp(p, q)),
    ntk: (p, q) => mix(below.ntk(p, q), attended.ntk(p, q)),
  };
}

/**
 * Self-attention with infinitely many heads.
 *
 * @param options - see {@link AttentionOptions}; `position` see {@link PositionOptions}, `mask` see {@link TokenMask}
 * @throws LemniscateError `Misplaced` on features, `NoClosedForm` for `"sqrt"` scaling with softmax or sparsemax,
 *   `OptionOutOfRange` if the covariance of the encodings is not positive semidefinite, `ShapeMismatch` if a matrix over
 *   positions is not the size of the input's
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
  options: AttentionArguments = {},
): LayerNetwork<AttentionOptions, AttentionPlacement<"attention">> {
  return makeLayer(attentionDefinition, options);
}
