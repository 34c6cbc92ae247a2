/** @module Shaped models as data: one object for the limit and for networks of any width. */
import { z } from "zod";
import { LemniscateError } from "../../core/errors.js";
import { optionError } from "../../network/make.js";
import { type Activation, activation } from "./activation.js";
import { type Mask, mask } from "./mask.js";

/** How a branch is added: X′ = λ X + γ branch. */
export interface Residual {
  /** γ, from 0 to 1. */
  readonly gamma: number;
  /** λ, with λ² + γ² = 1; √(1 − γ²) if left out. */
  readonly lambda?: number | undefined;
}

/** The same where a layer may be without it. */
export interface MaybeResidual {
  readonly gamma?: number | undefined;
  readonly lambda?: number | undefined;
}

/** What all attention has. The limit knows of `heads`, `outputProjection` and `mask` only. */
export interface Heads {
  /** Number of heads, each with its own queries and keys, and its share of the values' columns. */
  readonly heads: number;
  /** Whether the heads' outputs, side by side, go through another matrix (W_O). */
  readonly outputProjection: boolean;
  readonly mask: Mask;
  /** n_k, the width of queries and keys. */
  readonly keyWidth: number;
}

/** A = α I + β softmax(Y/(τ₀ √(n n_k))) − γ_c C₀, where C₀ is the softmax of zero logits. */
export interface AttentionPart extends Residual, Heads {
  /** τ₀ */
  readonly temperature: number;
  /** α */
  readonly alpha: number;
  /** β */
  readonly beta: number;
  /** γ_c */
  readonly centre: number;
}

/** Two matrices with a shaped activation in between. */
export interface MlpPart extends Residual {
  readonly activation: Activation;
}

export interface LinearModel extends MaybeResidual {
  readonly type: "linear";
}

export interface MlpModel extends MaybeResidual {
  readonly type: "mlp";
  readonly activation: Activation;
}

export interface AttentionModel extends AttentionPart {
  readonly type: "attention";
}

export interface TransformerModel {
  readonly type: "transformer";
  readonly attention: AttentionPart;
  readonly mlp: MlpPart;
}

export interface UnshapedAttention extends Heads {
  /** α₁, on the attention's output. */
  readonly strength: number;
  /** `"softmax"` of logits Y/√n_k, of variance V^aa V^bb; `"uniform"` is the softmax of zero logits. */
  readonly logits: "softmax" | "uniform";
}

export interface UnshapedMlp {
  /** α₂, on the MLP's output. */
  readonly strength: number;
  /** Between the two matrices; a ReLU comes with the factor √2 that keeps its variance. */
  readonly activation: "linear" | "relu";
}

/** X + α₁ A X W_V/√n, then + α₂ MLP. */
export interface UnshapedModel {
  readonly type: "unshaped";
  readonly attention: UnshapedAttention;
  /** None: attention alone. */
  readonly mlp?: UnshapedMlp | undefined;
  /** Whether blocks keep their input; without it the branch is all. */
  readonly residual: boolean;
  /** `"depth"` divides both strengths by √L for L blocks, without which the rank collapses. */
  readonly scaling: "none" | "depth";
}

export type ShapedModel = LinearModel | MlpModel | AttentionModel | TransformerModel | UnshapedModel;

/** Options that have defaults may be left out: 1 head, no W_O, full mask, n_k = 64; τ₀, α, β and γ_c are 1. */
export type AttentionOptions = Partial<AttentionPart> & Residual;

const strength = z.number().min(0).max(1);
const residual = { gamma: strength, lambda: strength.optional() };
const maybeResidual = { gamma: strength.optional(), lambda: strength.optional() };
const heads = {
  heads: z.number().int().positive().default(1),
  outputProjection: z.boolean().default(false),
  mask: mask.default("full"),
  keyWidth: z.number().int().positive().default(64),
};
const attention = {
  ...residual,
  temperature: z.number().positive().default(1),
  ...heads,
  alpha: z.number().default(1),
  beta: z.number().default(1),
  centre: z.number().default(1),
};
const schemas = {
  linear: z.strictObject({ type: z.literal("linear"), ...maybeResidual }),
  mlp: z.strictObject({ type: z.literal("mlp"), activation, ...maybeResidual }),
  attention: z.strictObject({ type: z.literal("attention"), ...attention }),
  transformer: z.strictObject({
    type: z.literal("transformer"),
    attention: z.strictObject(attention),
    mlp: z.strictObject({ activation, ...residual }),
  }),
  unshaped: z.strictObject({
    type: z.literal("unshaped"),
    attention: z.strictObject({
      strength: z.number().nonnegative(),
      logits: z.enum(["softmax", "uniform"]).default("softmax"),
      ...heads,
    }),
    mlp: z
      .strictObject({ strength: z.number().nonnegative(), activation: z.enum(["linear", "relu"]).default("relu") })
      .optional(),
    residual: z.boolean().default(true),
    scaling: z.enum(["none", "depth"]).default("none"),
  }),
} satisfies { [T in ShapedModel["type"]]: z.ZodType<Extract<ShapedModel, { type: T }>> };

/**
 * A model as frozen plain data, checked and complete: what JSON or YAML holds, or the functions below make.
 *
 * @throws LemniscateError `OptionOutOfRange`, naming the option
 *
 * @example
 * ```ts
 * import { shapedModel, shapedTransformer } from "lemniscate/shaped";
 *
 * const model = shapedTransformer({
 *   attention: { gamma: 0.25, temperature: 1 },
 *   mlp: { gamma: 0.25, activation: { type: "shaped-relu", plus: 0, minus: -1 } },
 * });
 * shapedModel(JSON.parse(JSON.stringify(model))); // => model
 * ```
 */
export function shapedModel(data: unknown): ShapedModel {
  const type = (data as { type?: unknown } | null)?.type;
  if (typeof type !== "string" || !Object.hasOwn(schemas, type))
    throw new LemniscateError({
      code: "OptionOutOfRange",
      where: "shaped model: type",
      given: JSON.stringify(type) ?? "nothing",
      allowed: Object.keys(schemas)
        .map((name) => `"${name}"`)
        .join(", "),
      mend: "Say in type what the model is.",
    });
  const schema: z.ZodType<ShapedModel> = schemas[type as ShapedModel["type"]];
  const parsed = schema.safeParse(data);
  if (!parsed.success) throw optionError(type, parsed.error.issues[0]!, data, undefined, schema);
  checkStrengths(parsed.data);
  return frozen(parsed.data);
}

/** X′ = X W/√n, or with γ: X′ = λ X + γ X W/√n. */
export function linearMlp(options: MaybeResidual = {}): LinearModel {
  return shapedModel({ type: "linear", ...options }) as LinearModel;
}

/** z′ = √(c/n) σ_s(z) W, or with γ: X′ = λ X + γ √(c/n) σ_s(X W_pre/√n) W_post. */
export function shapedMlp(options: MaybeResidual & { readonly activation: Activation }): MlpModel {
  return shapedModel({ type: "mlp", ...options }) as MlpModel;
}

/** X′ = λ X + γ A X W_V/√n with A = I + softmax(Y/(τ₀√(n n_k))) − J. */
export function shapedAttention(options: AttentionOptions): AttentionModel {
  return shapedModel({ type: "attention", ...options }) as AttentionModel;
}

/** A block of shaped attention and then a residual MLP, each with a γ of its own. */
export function shapedTransformer(options: {
  readonly attention: AttentionOptions;
  readonly mlp: MlpPart;
}): TransformerModel {
  return shapedModel({ type: "transformer", ...options }) as TransformerModel;
}

/** X + α₁ A X W_V/√n with A the softmax itself, then + α₂ MLP: all tokens become one, unless α shrinks as 1/√depth. */
export function unshapedTransformer(options: {
  readonly attention: Partial<UnshapedAttention> & { readonly strength: number };
  readonly mlp?: Partial<UnshapedMlp> & { readonly strength: number };
  readonly residual?: boolean;
  readonly scaling?: "none" | "depth";
}): UnshapedModel {
  return shapedModel({ type: "unshaped", ...options }) as UnshapedModel;
}

/** λ, which with γ makes λ² + γ² = 1. */
export function lambdaOf({ gamma, lambda }: Residual): number {
  return lambda ?? Math.sqrt(1 - gamma ** 2);
}

function checkStrengths(model: ShapedModel): void {
  const parts: [string, object][] =
    model.type === "transformer"
      ? [
          ["transformer: attention.lambda", model.attention],
          ["transformer: mlp.lambda", model.mlp],
        ]
      : [[`${model.type}: lambda`, model]];
  for (const [where, part] of parts) {
    const { gamma, lambda } = part as { gamma?: number; lambda?: number };
    if (lambda === undefined || (gamma !== undefined && Math.abs(lambda ** 2 + gamma ** 2 - 1) < 1e-9)) continue;
    throw new LemniscateError({
      code: "OptionOutOfRange",
      where,
      given: `lambda ${lambda} with gamma ${gamma ?? "left out"}`,
      allowed: "λ² + γ² = 1",
      mend: "Leave lambda out: it is √(1 − gamma²).",
    });
  }
}

function frozen<T>(value: T): T {
  if (typeof value !== "object" || value === null) return value;
  for (const [key, inner] of Object.entries(value)) {
    if (inner === undefined) delete (value as Record<string, unknown>)[key];
    frozen(inner);
  }
  return Object.freeze(value);
}
