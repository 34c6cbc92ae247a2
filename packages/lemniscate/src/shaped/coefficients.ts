/** @module What a model's limit is made of: how much there is of each drift and of each noise. */
import { LemniscateError } from "../core/errors.js";
import { type ActivationDrift, driftOf } from "./models/activation.js";
import { isFull, type MaskRows, maskRows } from "./models/mask.js";
import { type AttentionPart, type ShapedModel, shapedModel } from "./models/model.js";

/** Which limit is meant. */
export interface LimitOptions {
  /**
   * `"proportional"`: depth and width go to infinity together, t = depth/width. `"width-first"`: the width before the
   * depth d, with √d in place of √n in every shape and t = layer/d; the weights' own noise is gone then.
   */
  readonly limit?: "proportional" | "width-first" | undefined;
  /** Whether the number of heads goes to infinity as well, which takes attention's noise away. */
  readonly manyHeads?: boolean | undefined;
  /** Corrects the drift of shaped ReLUs for networks of this width: c (c₊ − c₋)², where the limit has c = 1. */
  readonly width?: number | undefined;
}

/** Σ = linear · Σ_lin + attention.noise · A, and the drift's parts. */
export interface Coefficients {
  readonly linear: number;
  readonly attention:
    | {
        readonly noise: number;
        /** On E[A₁ V A₁ᵀ]. */
        readonly first: number;
        /** On E[A₂] V + V E[A₂]ᵀ. */
        readonly second: number;
        /** None where every token sees all. */
        readonly mask: MaskRows | undefined;
      }
    | undefined;
  readonly mlp: { readonly strength: number; readonly drift: ActivationDrift } | undefined;
}

/**
 * @throws LemniscateError `NotSupported` for models without this limit
 * @source Noci et al. 2023 (arXiv:2306.17759) for full attention of one head and the MLPs; heads, W_O, masks and β derived
 */
export function coefficients(given: ShapedModel, tokens: number, options: LimitOptions = {}): Coefficients {
  const model = shapedModel(given);
  const { limit = "proportional", manyHeads = false, width } = options;
  checkLimit(limit, width);
  const linear = (amount: number): number => (limit === "width-first" ? 0 : amount);
  const none = { attention: undefined, mlp: undefined };
  switch (model.type) {
    case "linear": {
      const g = (model.gamma ?? 1) ** 2;
      return { ...none, linear: linear(g * (2 - g)) };
    }
    case "mlp": {
      const drift = driftOf(model.activation, width);
      if (model.gamma === undefined) return { ...none, linear: linear(1), mlp: { strength: 1, drift } };
      const g = model.gamma ** 2;
      return { ...none, linear: linear(2 * g), mlp: { strength: g, drift } };
    }
    case "attention":
      return { ...none, ...attentionOf(model, tokens, linear, manyHeads) };
    case "transformer": {
      const attention = attentionOf(model.attention, tokens, linear, manyHeads);
      const g = model.mlp.gamma ** 2;
      return {
        linear: attention.linear + linear(2 * g),
        attention: attention.attention,
        mlp: { strength: g, drift: driftOf(model.mlp.activation, width) },
      };
    }
    case "unshaped":
      throw new LemniscateError({
        code: "NotSupported",
        where: "covariance SDE",
        given: "an unshaped transformer",
        allowed: "shaped models",
        mend: "Its covariance has no such limit, which is why shaping exists: look at networks of finite width, with simulate().",
      });
  }
}

function checkLimit(limit: string, width: number | undefined): void {
  const bad = (where: string, given: unknown, allowed: string): LemniscateError =>
    new LemniscateError({
      code: "OptionOutOfRange",
      where,
      given: typeof given === "number" ? String(given) : JSON.stringify(given),
      allowed,
      mend: "Leave it out to have the limit of depth and width together.",
    });
  if (limit !== "proportional" && limit !== "width-first") throw bad("limit", limit, '"proportional", "width-first"');
  if (width !== undefined && !(width >= 1 && Number.isFinite(width))) throw bad("width", width, "a number from 1");
}

function attentionOf(
  part: AttentionPart,
  tokens: number,
  linear: (amount: number) => number,
  manyHeads: boolean,
): Pick<Coefficients, "linear" | "attention"> {
  const { alpha, beta, centre, temperature, heads, outputProjection } = part;
  if (alpha !== 1 || beta !== centre)
    throw new LemniscateError({
      code: "NotSupported",
      where: "covariance SDE: attention",
      given: `alpha ${alpha}, beta ${beta}, centre ${centre}`,
      allowed: "alpha = 1 and beta = centre",
      mend: "Elsewhere each layer changes the covariance by a factor: look at networks of finite width, with simulate().",
    });
  const g = part.gamma ** 2;
  const mask = maskRows(part.mask, tokens);
  return {
    linear: linear(outputProjection ? 2 * g : g * (2 - g)),
    attention: {
      noise: manyHeads ? 0 : (g * beta) ** 2 / (temperature ** 2 * heads),
      first: (g * beta ** 2) / temperature ** 2,
      second: (g * beta) / temperature ** 2,
      mask: isFull(mask) ? undefined : mask,
    },
  };
}
