import { describe, expect, test } from "vitest";
import type { Shape } from "../../src/core/shape.js";
import { attention } from "../../src/network/layers/attention.js";
import { shapeOf } from "../../src/network/trace.js";
import { compile } from "../../src/program/compile.js";
import { features, image, layer, net, refuses, thrown, tokens } from "./refusals.js";

describe("a layer that cannot stand where it is", () => {
  const gaussian = "Gaussian input. Put dense() before it.";
  const positions =
    "tokens (n, T, d) or images (n, H, W, d). Use it before pooling or flattening, on data with positions.";
  refuses([
    {
      what: "a nonlinearity on data",
      run: () => shapeOf(net(layer("relu")), tokens),
      code: "Misplaced",
      message: `network.layers[0]: relu: got tokens (n, 5, 3), which is data or comes from a nonlinearity, allowed is ${gaussian}`,
      path: ["layers", 0],
    },
    {
      what: "layerNorm on data",
      run: () => shapeOf(net(layer("layerNorm")), image),
      code: "Misplaced",
      message:
        "network.layers[0]: layerNorm: got an image (n, 4, 5, 3), whose mean over channels is not known, allowed is Gaussian input, or what a nonlinearity made of it. Put dense() before it, or use rmsNorm(), which subtracts no mean.",
      path: ["layers", 0],
    },
    {
      what: "layerNorm behind a product",
      run: () =>
        shapeOf(net({ type: "product", branches: [layer("dense"), layer("dense")] }, layer("layerNorm")), features),
      code: "Misplaced",
      message: /^network\.layers\[1\]: layerNorm: got features \(n, ∞\), whose mean over channels is not known/,
    },
    {
      what: "normalisation over an axis that is not there",
      run: () => shapeOf(net(layer("rmsNorm", { over: [2] })), image),
      code: "Misplaced",
      message:
        "network.layers[0]: rmsNorm: got axis 2 of an image (n, 4, 5, 3), allowed is axes 0 to 1. Axes of positions count from 0; channels are always among those normalised over.",
      path: ["layers", 0],
    },
    {
      what: "a nonlinearity behind dropout",
      run: () => shapeOf(net(layer("dense"), layer("dropout", { drop: 0.5 }), layer("erf")), features),
      code: "Misplaced",
      message: `network.layers[2]: erf: got features (n, ∞), which is data or comes from a nonlinearity, allowed is ${gaussian}`,
    },
    {
      what: "attention on features",
      run: () => shapeOf(attention(), features),
      code: "Misplaced",
      message: `attention: got features (n, 3), allowed is ${positions}`,
      path: [],
    },
    {
      what: "pooling twice, in a repeated block",
      run: () => shapeOf(net({ type: "repeat", layer: layer("globalSumPool"), times: 2 }), tokens),
      code: "Misplaced",
      message: `network.layers[0].layer: globalSumPool: got features (n, 3), allowed is ${positions}`,
      path: ["layers", 0, "layer"],
    },
    {
      what: "a standard NTK without a width",
      run: () =>
        compile(net(layer("dense"), layer("dense", { parameterization: "standard" })), features, {
          get: ["ntk"],
          masked: false,
        }),
      code: "Misplaced",
      message:
        "dense: got an input of unknown width, allowed is an input whose number of channels is known. The standard NTK depends on it: declare it on the layer before, as in dense({ width: 512 }).",
    },
    {
      what: "concatenated encodings without a width",
      run: () => shapeOf(net(layer("dense"), layer("attention", { position: { combine: "concat" } })), tokens),
      code: "Misplaced",
      message:
        "network.layers[1]: attention: got an input of unknown width, allowed is an input whose number of channels is known. Concatenated encodings are weighed by it: declare it on the layer before, as in dense({ width: 512 }).",
      path: ["layers", 1],
    },
    {
      what: "softmax attention with square-root scaling",
      run: () => shapeOf(attention({ scaling: "sqrt" }), tokens),
      code: "NoClosedForm",
      message:
        'attention: weights with scaling "sqrt": got "softmax", allowed is "identity" or another function of each logit. Set samples: 1000 to average over draws of the weights, or use scaling: "linear".',
    },
    {
      what: "encodings whose covariance is none",
      run: () =>
        shapeOf(attention({ position: { decay: "inverseSquare", rate: 1 / 2500, power: 2 } }), {
          ...tokens,
          grid: [60],
        }),
      code: "OptionOutOfRange",
      message:
        /^attention: position: got a covariance that is not positive semidefinite: its least eigenvalue is -[\d.e-]+, allowed is a covariance on this grid, whose eigenvalues are ≥ 0\. Use "exponential" or "inverse" with power 1, or a larger rate\.$/,
    },
  ]);

  test("the NNGP of standard parameterisation needs no width", () => {
    const standard = net(layer("dense"), layer("dense", { parameterization: "standard" }));
    expect(compile(standard, features, { get: ["nngp"], masked: false }).pair.length).toBeGreaterThan(0);
  });
});

describe("encodings", () => {
  const shaped = (S: number, position: object): Shape =>
    shapeOf(attention({ position } as never), { ...tokens, grid: [S] });
  test.each([
    ["the identity", { decay: "none" }],
    ["exp(−λ|Δ|)", { decay: "exponential", power: 1, rate: 0.01 }],
    ["a Gaussian, nearly singular", { decay: "exponential", power: 2, rate: 0.001 }],
    ["1/(1 + 4|Δ|²)", { decay: "inverse", rate: 4 }],
    ["nearly constant", { decay: "exponential", power: 1, rate: 1e-12 }],
  ])("accept %s", (_, position) => {
    expect(shaped(200, position).gaussian).toBe(true);
  });

  test.each([
    ["exp(−0.01|Δ|⁴)", { decay: "exponential", power: 4, rate: 0.01 }],
    ["1/(1 + (Δ²/50)²)", { decay: "inverseSquare", power: 2, rate: 1 / 2500 }],
  ])("refuse %s", (_, position) => {
    expect(thrown(() => shaped(200, position)).code).toBe("OptionOutOfRange");
    expect(shaped(200, { ...position, indefinite: "accept" }).gaussian).toBe(true);
  });
});
