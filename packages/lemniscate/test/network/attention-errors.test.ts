import { describe } from "vitest";
import type { Shape } from "../../src/core/shape.js";
import { transformerBlock } from "../../src/network/blocks.js";
import { headMixture } from "../../src/network/heads.js";
import { attention } from "../../src/network/layers/attention.js";
import { shapeOf } from "../../src/network/trace.js";
import { compile } from "../../src/program/compile.js";
import { layer, net, refuses, tokens } from "./refusals.js";

const both = { get: ["nngp", "ntk"], masked: false } as const;

/** What a function of a user is in a file, where its name alone is known. */
const coefficients = {
  type: "elementwise",
  name: "lost",
  expansion: { maxVariance: 1, atZero: 0, jumps: [0, 0, 0], orders: [1], polynomials: [[1]], error: 0 },
};

describe("attention with matrices over positions, and with masks", () => {
  const shaped = (options: object): Shape => shapeOf(net(layer("attention", options)), tokens);
  refuses([
    {
      what: "a mask of another size than the input",
      run: () =>
        shaped({
          mask: {
            allowed: [
              [1, 0],
              [1, 1],
            ],
          },
        }),
      code: "ShapeMismatch",
      message:
        "network.layers[0]: attention: mask.allowed: got 2 rows, one of 2 numbers, allowed is 5 × 5, for as many positions. Give a row and a column for each position, padding included, in row-major order.",
      path: ["layers", 0],
    },
    ...[{}, { heads: 2 }, { values: 2 }].map((sizes) => ({
      what: `the standard NTK with ${Object.keys(sizes).join() || "no"} sizes`,
      run: () => compile(net(layer("attention", { parameterization: "standard", ...sizes })), tokens, both),
      code: "Misplaced" as const,
      message:
        'attention: parameterization "standard": got no number of heads or of channels of their values, allowed is both, for the standard NTK depends on them. Declare them, as in attention({ heads: 8, values: 64 }).',
    })),
    {
      what: "the standard NTK of weights that are 0",
      run: () =>
        compile(
          net(layer("attention", { parameterization: "standard", heads: 2, values: 2, keyStd: 0 })),
          tokens,
          both,
        ),
      code: "OptionOutOfRange",
      message: /attention: keyStd: got 0 with parameterization "standard", allowed is a number above 0\./,
    },
    {
      what: "a mask that restricts nothing",
      run: () => shaped({ mask: {} }),
      code: "OptionOutOfRange",
      message:
        /attention: mask: got no restriction, allowed is causal: true, band, memory or allowed\. Leave the mask out/,
    },
    {
      what: "a mask of a name that there is not",
      run: () => attention({ mask: "triangular" as never }),
      code: "OptionOutOfRange",
      message: /^attention: mask: got "triangular", allowed is "causal", or an object with causal/,
    },
    {
      what: "an asymmetric covariance of encodings",
      run: () =>
        shaped({ position: { covariance: Array.from({ length: 5 }, (_, a) => [1, 2, 3, 4, 5].map((b) => a * b)) } }),
      code: "OptionOutOfRange",
      message: /attention: position\.covariance: got 1 at \(1, 0\) and 0 at \(0, 1\), allowed is a symmetric matrix/,
    },
    {
      what: "a covariance of encodings that is none",
      run: () =>
        shapeOf(
          net(
            layer("attention", {
              position: {
                covariance: [
                  [1, 2],
                  [2, 1],
                ],
              },
            }),
          ),
          { ...tokens, grid: [2] },
        ),
      code: "OptionOutOfRange",
      message: /not positive semidefinite: its least eigenvalue is -1\.00, allowed is/,
    },
    {
      what: "weights that nobody knows",
      run: () => attention({ weights: "tanh" as never }),
      code: "OptionOutOfRange",
      message: /^attention: weights: got "tanh", allowed is "softmax", "sparsemax", .*, or one of the layers relu, abs/,
    },
    {
      what: "weights with knots in disorder",
      run: () => attention({ weights: { type: "piecewiseLinear", knots: [1, 0], slopes: [0, 1, 0] } as never }),
      code: "OptionOutOfRange",
      message: /^attention: weights\.knots: got \[1,0\], allowed is increasing numbers/,
    },
    {
      what: "weights by a function of which a file has the coefficients alone",
      run: () => shaped({ weights: coefficients }),
      code: "BadNetwork",
      message:
        /weights: got the coefficients of lost alone, from a file, allowed is the function itself, where scaling/,
    },
    {
      what: "weights by formulas that nobody has given",
      run: () => shaped({ weights: { type: "closedForm", name: "lost" } }),
      code: "BadNetwork",
      message: /closedForm: lost: got its name alone, from a file, allowed is formulas that this program has given/,
    },
    {
      what: "more memory than positions",
      run: () => shaped({ mask: { memory: 5 } }),
      code: "ShapeMismatch",
      message: /attention: mask\.memory: got 5, allowed is less than 5, the number of positions/,
    },
    {
      what: "softmax with square-root scaling and no draws",
      run: () => shaped({ scaling: "sqrt", weights: "sparsemax" }),
      code: "NoClosedForm",
      message: /got "sparsemax", allowed is "identity" or another function of each logit\. Set samples: 1000/,
    },
    {
      what: "draws of what is no random variable",
      run: () => shaped({ samples: 10 }),
      code: "OptionOutOfRange",
      message: /attention: samples: got samples with scaling "linear", allowed is samples with scaling "sqrt"/,
    },
    {
      what: "draws of what has a closed form alone",
      run: () => shaped({ samples: 10, scaling: "sqrt", weights: "erf" }),
      code: "NotSupported",
      message: /attention: samples: got samples of "erf", allowed is softmax, sparsemax, and piecewise linear/,
    },
    {
      what: "half a draw",
      run: () => attention({ samples: 0.5 }),
      code: "OptionOutOfRange",
      message: /^attention: samples: got 0\.5, allowed is a whole number/,
    },
    {
      what: "a block of a transformer with norms nowhere",
      run: () => transformerBlock({ norm: "sandwich" as never }),
      code: "OptionOutOfRange",
      message: /^transformerBlock: norm: got "sandwich", allowed is "pre" or "post"/,
    },
    {
      what: "a mixture of heads behind which outputs are none",
      run: () => headMixture(net(layer("attention", { scaling: "sqrt" }), layer("relu")), { heads: 1, components: 2 }),
      code: "Misplaced",
      message: /^headMixture: got relu behind attention, allowed is one attention layer with scaling: "sqrt"/,
    },
    {
      what: "a mixture of no heads",
      run: () => headMixture(net(layer("attention", { scaling: "sqrt" })), { heads: 0, components: 2 }),
      code: "OptionOutOfRange",
      message: /^headMixture: heads: got 0, allowed is a whole number ≥ 1/,
    },
    {
      what: "a skip of data",
      run: () => shaped({ skip: 0.5 }),
      code: "Misplaced",
      message: /attention with skip: got tokens \(n, 5, 3\), which is data/,
    },
    {
      what: "more of the input than there is",
      run: () => attention({ skip: 1.5 }),
      code: "OptionOutOfRange",
      message: /^attention: skip: got 1\.5, allowed is a number ≤ 1/,
    },
  ]);
});
