/** @module Models as what a layer of width n does: shaped and unshaped ones in the same terms. */
import type { Formula } from "../steps/formula.js";
import { type Activation, bent, meanAt, type Neuron, neuronAt } from "./activation.js";
import {
  type AttentionPart,
  type Heads,
  lambdaOf,
  type MaybeResidual,
  type ShapedModel,
  shapedModel,
} from "./model.js";

/** X′ = skip·X + branch·(what the part makes of X). */
export interface Branch {
  readonly skip: number;
  readonly branch: number;
}

/** The part A X W_V/√n with A = alpha·I + beta·softmax(Y/temperature) − centre·C₀ and Y = X W_K W_Qᵀ Xᵀ/n. */
export interface AttentionLayer extends Branch, Heads {
  readonly alpha: number;
  /** 0: nobody computes logits. */
  readonly beta: number;
  readonly centre: number;
  readonly temperature: number;
  /** Whether alpha, beta and centre, one of each for a head, are learnt with the weights. */
  readonly trainable: boolean;
}

/** Neurons of X W/√n. */
export interface HiddenLayer {
  readonly neuron: Neuron;
  /** Whether they are linear on either side of 0. */
  readonly kinked: boolean;
  /** The mean of their Gram matrix over n, of V^ab, V^aa, V^bb, where it is known. */
  readonly mean: Formula | undefined;
}

/** A layer: first the one part, then the other. */
export interface Layer {
  readonly attention: AttentionLayer | undefined;
  /** The hidden neurons go through a second matrix and are added to the input; without a branch they are the state. */
  readonly mlp: (HiddenLayer & { readonly added: Branch | undefined }) | undefined;
}

/** A layer of a model of that width; `depth` is the number of all layers, on which unshaped strengths may depend. */
export function layerOf(given: ShapedModel, width: number, depth: number): Layer {
  const model = shapedModel(given);
  switch (model.type) {
    case "linear":
      // One matrix: attention of every token to itself.
      return { attention: { ...toItself, ...branchOf(model), ...oneHead }, mlp: undefined };
    case "mlp":
      return {
        attention: undefined,
        mlp: { ...hidden(model.activation, width), added: model.gamma === undefined ? undefined : branchOf(model) },
      };
    case "attention":
      return { attention: shaped(model, width), mlp: undefined };
    case "transformer":
      return {
        attention: shaped(model.attention, width),
        mlp: { ...hidden(model.mlp.activation, width), added: branchOf(model.mlp) },
      };
    case "unshaped": {
      const { attention, mlp, residual, scaling } = model;
      const branch = (strength: number): Branch => ({
        skip: residual ? 1 : 0,
        branch: scaling === "depth" ? strength / Math.sqrt(depth) : strength,
      });
      const weights = attention.logits === "uniform" ? uniform : { alpha: 0, beta: 1, centre: 0 };
      const neurons = mlp?.activation === "linear" ? linear : relu;
      return {
        attention: {
          ...attention,
          ...weights,
          ...branch(attention.strength),
          temperature: Math.sqrt(attention.keyWidth),
          trainable: false,
        },
        mlp: mlp && { ...neurons, added: branch(mlp.strength) },
      };
    }
  }
}

const toItself = { alpha: 1, beta: 0, centre: 0, temperature: 1, trainable: false };
const uniform = { alpha: 0, beta: 0, centre: -1 };
const oneHead: Heads = { heads: 1, outputProjection: false, mask: "full", keyWidth: 1 };
const linear: HiddenLayer = { neuron: bent(1, 1), kinked: true, mean: (_, v) => v! };
const relu: HiddenLayer = { neuron: bent(Math.SQRT2, 0), kinked: true, mean: undefined };

function branchOf({ gamma = 1, lambda }: MaybeResidual): Branch {
  return { skip: lambdaOf({ gamma, lambda }), branch: gamma };
}

function shaped(part: AttentionPart, width: number): AttentionLayer {
  return {
    ...part,
    ...branchOf(part),
    temperature: part.temperature * Math.sqrt(width * part.keyWidth),
    trainable: true,
  };
}

function hidden(activation: Activation, width: number): HiddenLayer {
  return {
    neuron: neuronAt(activation, width),
    kinked: activation.type === "shaped-relu",
    mean: activation.type === "shaped-relu" ? meanAt(activation, width) : undefined,
  };
}
