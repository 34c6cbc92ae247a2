/** @module What the weights of attention themselves add to its neural tangent kernel, in both parameterisations. */
import { LemniscateError } from "../core/errors.js";
import type { Shape } from "../core/shape.js";
import { needChannels } from "./checks.js";
import type { PositionOptions } from "./encodings.js";

/** How many numbers a token brings to queries and keys, and to values, and how many its encoding has. */
export function attentionWidths(
  channels: number,
  position: PositionOptions | null,
): { readonly seen: number; readonly into: number; readonly encodings: number } {
  const encodings = position?.combine === "concat" ? (position.width ?? channels) : channels;
  const both = position?.combine === "concat" ? channels + encodings : channels;
  return {
    seen: position?.logits === "encodings" ? encodings : both,
    into: position?.values === true ? both : channels,
    encodings,
  };
}

/** Options of attention that shares depend on. */
interface SharedOptions {
  readonly parameterization: "ntk" | "standard";
  readonly position: PositionOptions | null;
  readonly queryStd: number;
  readonly keyStd: number;
  readonly valueStd: number;
  readonly outStd: number;
  readonly biasStd: number | null;
  readonly heads?: number | undefined;
  readonly values?: number | undefined;
}

/** Shares of the layer's own weights, in units of what the layer makes of the kernel below. */
export interface OwnShares {
  /** Of values and outputs together. */
  readonly values: number;
  /** Of queries and keys together. */
  readonly logits: number;
  readonly bias: number;
}

/**
 * In the NTK parameterisation each array of weights adds the kernel once, and the bias its variance. In the standard one a
 * weight is σ/√(fan-in) times one of variance 1, so that its derivative counts (fan-in)/σ² as much: H·d_v/σ_O² of outputs,
 * d/σ_V² of values, d/σ_Q² and d/σ_K² of queries and keys, and 1 of biases.
 */
export function ownShares(o: SharedOptions, input: Shape): OwnShares {
  const { parameterization, position, queryStd, keyStd, valueStd, outStd, biasStd, heads, values } = o;
  if (parameterization === "ntk") return { values: 2, logits: 2, bias: (biasStd ?? 0) ** 2 };
  const d = needChannels("attention", "The standard NTK depends on it", input);
  if (heads === undefined || values === undefined)
    throw new LemniscateError({
      code: "Misplaced",
      where: 'attention: parameterization "standard"',
      given: "no number of heads or of channels of their values",
      allowed: "both, for the standard NTK depends on them",
      mend: "Declare them, as in attention({ heads: 8, values: 64 }).",
    });
  const zero = Object.entries({ queryStd, keyStd, valueStd, outStd }).find(([, std]) => std === 0);
  if (zero !== undefined)
    throw new LemniscateError({
      code: "OptionOutOfRange",
      where: `attention: ${zero[0]}`,
      given: '0 with parameterization "standard"',
      allowed: "a number above 0",
      mend: 'Weights that are all 0 are what parameterization "ntk" has a limit for.',
    });
  const { seen, into } = attentionWidths(d, position);
  return {
    values: (heads * values) / outStd ** 2 + into / valueStd ** 2,
    logits: seen / queryStd ** 2 + seen / keyStd ** 2,
    bias: biasStd === null ? 0 : 1,
  };
}
