import type { LayerDefinition } from "../layer.js";
import { abReluDefinition } from "./ab-relu.js";
import { absDefinition } from "./abs.js";
import { aggregateDefinition } from "./aggregate.js";
import { attentionDefinition } from "./attention.js";
import { avgPoolDefinition } from "./avg-pool.js";
import { closedFormDefinition } from "./closed-form.js";
import { convDefinition } from "./conv.js";
import { convLocalDefinition } from "./conv-local.js";
import { convTransposeDefinition } from "./conv-transpose.js";
import { cosDefinition } from "./cos.js";
import { denseDefinition } from "./dense.js";
import { dropoutDefinition } from "./dropout.js";
import { elementwiseDefinition } from "./elementwise.js";
import { elementwiseNumericalDefinition } from "./elementwise-numerical.js";
import { erfDefinition } from "./erf.js";
import { expDefinition } from "./exp.js";
import { expNormalizedDefinition } from "./exp-normalized.js";
import { flattenDefinition } from "./flatten.js";
import { gaborDefinition } from "./gabor.js";
import { gaussianDefinition } from "./gaussian.js";
import { geluDefinition } from "./gelu.js";
import { hermiteDefinition } from "./hermite.js";
import { identityDefinition } from "./identity.js";
import { inputDefinition } from "./input.js";
import { layerNormDefinition } from "./layer-norm.js";
import { leakyReluDefinition } from "./leaky-relu.js";
import { linearDefinition } from "./linear.js";
import { monomialDefinition } from "./monomial.js";
import { hardTanhDefinition, piecewiseLinearDefinition } from "./piecewise-linear.js";
import { polynomialDefinition } from "./polynomial.js";
import { globalAvgPoolDefinition, globalSumPoolDefinition } from "./pool.js";
import { rbfDefinition } from "./rbf.js";
import { rectifiedMonomialDefinition } from "./rectified-monomial.js";
import { reluDefinition } from "./relu.js";
import { resizeDefinition } from "./resize.js";
import { rmsNormDefinition } from "./rms-norm.js";
import { scaleDefinition } from "./scale.js";
import { sigmoidLikeDefinition } from "./sigmoid-like.js";
import { signDefinition } from "./sign.js";
import { sinDefinition } from "./sin.js";
import { sliceDefinition } from "./slice.js";
import { sumPoolDefinition } from "./sum-pool.js";
import { tokenDefinition } from "./token.js";

// biome-ignore lint/suspicious/noExplicitAny: each layer checks its own options before its rule sees them
type AnyLayer = LayerDefinition<any, any>;

/** Every layer, by the `type` it has in JSON. A new layer is one file and one line here. */
export const layers: ReadonlyMap<string, AnyLayer> = new Map(
  [
    denseDefinition,
    convDefinition,
    convLocalDefinition,
    convTransposeDefinition,
    attentionDefinition,
    layerNormDefinition,
    rmsNormDefinition,
    reluDefinition,
    leakyReluDefinition,
    abReluDefinition,
    absDefinition,
    erfDefinition,
    geluDefinition,
    sinDefinition,
    expDefinition,
    cosDefinition,
    rbfDefinition,
    sigmoidLikeDefinition,
    gaussianDefinition,
    gaborDefinition,
    signDefinition,
    monomialDefinition,
    rectifiedMonomialDefinition,
    hermiteDefinition,
    polynomialDefinition,
    expNormalizedDefinition,
    piecewiseLinearDefinition,
    hardTanhDefinition,
    elementwiseDefinition,
    elementwiseNumericalDefinition,
    closedFormDefinition,
    avgPoolDefinition,
    sumPoolDefinition,
    globalAvgPoolDefinition,
    globalSumPoolDefinition,
    tokenDefinition,
    flattenDefinition,
    sliceDefinition,
    resizeDefinition,
    linearDefinition,
    scaleDefinition,
    aggregateDefinition,
    dropoutDefinition,
    identityDefinition,
    inputDefinition,
  ].map((definition): [string, AnyLayer] => [definition.name, definition]),
);
