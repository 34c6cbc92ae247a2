import { describe, expect, test } from "vitest";
import { LemniscateError } from "../../src/core/errors.js";
import type { Shape } from "../../src/core/shape.js";
import { repeat } from "../../src/network/combinators.js";
import { networkFromData, networkFromJson } from "../../src/network/json.js";
import { attention } from "../../src/network/layers/attention.js";
import { conv } from "../../src/network/layers/conv.js";
import { dense } from "../../src/network/layers/dense.js";
import { dropout } from "../../src/network/layers/dropout.js";
import { layers } from "../../src/network/layers/index.js";
import type { Network } from "../../src/network/placement.js";
import { shapeOf } from "../../src/network/trace.js";
import { compile } from "../../src/program/compile.js";

const tokens: Shape = { grid: [5], channels: 3, gaussian: false };
const features: Shape = { grid: [], channels: 3, gaussian: false };
const image: Shape = { grid: [4, 5], channels: 3, gaussian: false };

const net = (...layers: readonly object[]): Network => networkFromData({ type: "serial", layers });
const layer = (type: string, options: object = {}): object => ({ type, ...options });

function thrown(run: () => unknown): LemniscateError {
  try {
    run();
  } catch (error) {
    expect(error).toBeInstanceOf(LemniscateError);
    return error as LemniscateError;
  }
  throw new Error("nothing was thrown");
}

interface Refused {
  readonly what: string;
  readonly run: () => unknown;
  readonly code: string;
  readonly message: string | RegExp;
  readonly path?: readonly (string | number)[];
}

function refuses(cases: readonly Refused[]): void {
  test.each(cases)("$what", ({ run, code, message, path }) => {
    const error = thrown(run);
    if (typeof message === "string") expect(error.message).toBe(message);
    else expect(error.message).toMatch(message);
    expect(error.code).toBe(code);
    if (path !== undefined) expect(error.path).toEqual(path);
  });
}

describe("a window that cannot lie on its grid", () => {
  const sizes = "a whole number ≥ 1, or a list of them with one for each axis";
  const mend = "Change the value, or leave it out to have the default.";
  refuses([
    {
      what: "a convolution of features",
      run: () => shapeOf(net(layer("conv", { filter: 3 })), features),
      code: "Misplaced",
      message: /^network\.layers\[0\]: conv: got features \(n, 3\), allowed is tokens/,
      path: ["layers", 0],
    },
    {
      what: "a filter of another rank than the grid",
      run: () => shapeOf(net(layer("avgPool", { filter: [2, 2] })), tokens),
      code: "Misplaced",
      message:
        "network.layers[0]: avgPool: got filter [2, 2] on tokens (n, 5, 3), allowed is 1 numbers, one for each axis of positions. Write a number for each axis, or one number for all.",
    },
    {
      what: "strides of another rank than the grid",
      run: () => shapeOf(net(layer("sumPool", { filter: 2, strides: [2] })), image),
      code: "Misplaced",
      message: /got strides \[2\] on an image \(n, 4, 5, 3\), allowed is 2 numbers/,
    },
    {
      what: "a filter that does not fit",
      run: () => shapeOf(net(layer("dense"), layer("conv", { filter: [2, 6] })), image),
      code: "Misplaced",
      message:
        'network.layers[1]: conv: got filter [2, 6] on an image (n, 4, 5, ∞), Gaussian, allowed is at most [4, 5] without padding. Use a smaller filter, or padding: "same".',
      path: ["layers", 1],
    },
    {
      what: "a stride of nothing",
      run: () => conv({ filter: 3, strides: 0 }),
      code: "OptionOutOfRange",
      message: `conv: strides: got 0, allowed is a number > 0. ${mend}`,
    },
    {
      what: "a filter with half a position",
      run: () => networkFromData(layer("sumPool", { filter: [2, 1.5] })),
      code: "OptionOutOfRange",
      message: `network (sumPool): filter: got [2,1.5], allowed is ${sizes}. ${mend}`,
    },
    {
      what: "no filter",
      run: () => networkFromData(layer("avgPool")),
      code: "OptionOutOfRange",
      message: `network (avgPool): filter: got nothing, allowed is ${sizes}. ${mend}`,
    },
    {
      what: "an unknown padding",
      run: () => networkFromData(layer("conv", { filter: 3, padding: "reflect" })),
      code: "OptionOutOfRange",
      message: /conv\): padding: got "reflect", allowed is .*"valid"\|"same"\|"circular"/,
    },
  ]);

  test("a filter may be larger than a grid with padding", () => {
    for (const padding of ["same", "circular"])
      expect(shapeOf(net(layer("conv", { filter: 9, padding })), image).grid).toEqual([4, 5]);
  });
});

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
      what: "layerNorm behind a nonlinearity",
      run: () => shapeOf(net(layer("dense"), layer("relu"), layer("layerNorm")), image),
      code: "Misplaced",
      message: `network.layers[2]: layerNorm: got an image (n, 4, 5, ∞), which is data or comes from a nonlinearity, allowed is ${gaussian}`,
      path: ["layers", 2],
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
        'attention: weights with scaling "sqrt": got "softmax", allowed is "identity". Use scaling: "linear", whose kernel is known for every kind of weights.',
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
        /^attention: position: got a covariance that is not positive semidefinite \(pivot \d+ is -[\d.e-]+\), allowed is a decay that is a covariance on this grid\. Use "exponential" or "inverse" with power 1, or a larger rate\.$/,
    },
  ]);

  test("the NNGP of standard parameterisation needs no width", () => {
    const standard = net(layer("dense"), layer("dense", { parameterization: "standard" }));
    expect(compile(standard, features, { get: ["nngp"], masked: false }).pair.length).toBeGreaterThan(0);
  });

  test.each(["relu", "abs", "softmax"] as const)("square-root scaling refuses %s weights", (weights) => {
    expect(thrown(() => shapeOf(attention({ scaling: "sqrt", weights }), tokens)).code).toBe("NoClosedForm");
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

describe("a sum", () => {
  const sum = (...branches: readonly object[]): Network => networkFromData({ type: "parallel", branches });
  refuses([
    {
      what: "of nothing",
      run: () => shapeOf(net(sum()), features),
      code: "Misplaced",
      message: "parallel.layers[0]: got no branches, allowed is one branch or more. Give parallel() something to sum.",
      path: ["layers", 0],
    },
    {
      what: "of different shapes",
      run: () => shapeOf(sum(layer("dense"), net(layer("globalAvgPool"), layer("dense"))), tokens),
      code: "Misplaced",
      message:
        "parallel: got branches that end with tokens (n, 5, ∞), Gaussian and features (n, ∞), Gaussian, allowed is branches of one shape. Pool or flatten all of them, or none.",
      path: ["branches", 1],
    },
    {
      what: "with a branch that is data",
      run: () => shapeOf(networkFromData({ type: "residual", layers: [layer("dense")] }), tokens),
      code: "Misplaced",
      message:
        "parallel: got branch 1 ending with tokens (n, 5, 3), which is data or comes from a nonlinearity, allowed is branches that end Gaussian. End the branch with dense() or attention(), and put dense() before the sum's input if that is data.",
      path: ["branches", 1],
    },
    {
      what: "with a branch that ends in a nonlinearity",
      run: () => shapeOf(net(layer("dense"), sum(net(layer("dense"), layer("relu")), layer("identity"))), features),
      code: "Misplaced",
      message:
        "parallel.layers[1]: got branch 0 ending with features (n, ∞), which is data or comes from a nonlinearity, allowed is branches that end Gaussian. End the branch with dense() or attention(), and put dense() before the sum's input if that is data.",
      path: ["layers", 1, "branches", 0],
    },
    {
      what: "of branches that carry the same variables",
      run: () => shapeOf(net(layer("dense"), sum(layer("identity"), layer("layerNorm"), layer("dense"))), features),
      code: "Misplaced",
      message:
        "parallel.layers[1]: got 2 branches without weights of their own, allowed is one such branch at most. Branches that carry the same random variables do not add like independent ones: give all but one a dense().",
      path: ["layers", 1],
    },
  ]);

  const plain =
    (branch: object): (() => Shape) =>
    () =>
      shapeOf(net(layer("dense"), sum(layer("identity"), branch)), features);
  test("knows which branches have weights of their own", () => {
    const residual = { type: "residual", layers: [layer("dense")] };
    // A skip inside a branch carries the input through, whatever stands beside it.
    for (const branch of [net(), residual, net(residual), { type: "repeat", layer: layer("dense"), times: 0 }])
      expect(thrown(plain(branch)).message).toContain("2 branches without weights of their own");
    for (const branch of [
      layer("dense"),
      net(residual, layer("dense")),
      { type: "repeat", layer: layer("dense"), times: 2 },
    ])
      expect(plain(branch)().gaussian).toBe(true);
  });
});

describe("a network from data", () => {
  const read =
    (data: unknown): (() => unknown) =>
    () =>
      networkFromData(data);
  const allowed =
    'allowed is an object with a "type", as in {"type": "relu"}. Every block of a network says what it is.';
  const kinds = ["serial", "parallel", "residual", "repeat", ...layers.keys()].join(", ");
  refuses([
    { what: "null", run: read(null), code: "BadNetwork", message: `network: got null, ${allowed}`, path: [] },
    { what: "undefined", run: read(undefined), code: "BadNetwork", message: `network: got undefined, ${allowed}` },
    { what: "a list", run: read([]), code: "BadNetwork", message: `network: got [], ${allowed}` },
    {
      what: "an object without a type",
      run: read({ type: "serial", layers: [{ kind: "relu", alpha: 1 }] }),
      code: "BadNetwork",
      message: `network.layers[0]: got keys kind, alpha, ${allowed}`,
      path: ["layers", 0],
    },
    {
      what: "an unknown type",
      run: read({ type: "serial", layers: [layer("dense"), layer("rleu")] }),
      code: "BadNetwork",
      message: `network.layers[1]: type: got "rleu", allowed is ${kinds}. Check the spelling, or see the list of layers in the documentation.`,
      path: ["layers", 1, "type"],
    },
    {
      what: "the name of something every object has",
      run: read(layer("constructor")),
      code: "BadNetwork",
      message: `network: type: got "constructor", allowed is ${kinds}. Check the spelling, or see the list of layers in the documentation.`,
    },
    {
      what: "layers that are no list",
      run: read({ type: "serial", layers: { 0: layer("relu") } }),
      code: "BadNetwork",
      message:
        'network.layers: got {"0":{"type":"relu"}}, allowed is a list of networks. Write [ … ] in JSON, or one item a line after - in YAML.',
      path: ["layers"],
    },
    {
      what: "branches that are missing",
      run: read({ type: "parallel" }),
      code: "BadNetwork",
      message:
        "network.branches: got undefined, allowed is a list of networks. Write [ … ] in JSON, or one item a line after - in YAML.",
      path: ["branches"],
    },
    {
      what: "an unknown key of a combinator",
      run: read({ type: "residual", layers: [], skip: true }),
      code: "BadNetwork",
      message: 'network: got the unknown key "skip", allowed is type, layers. Check the spelling, or leave it out.',
      path: ["skip"],
    },
    {
      what: "a repetition of half a time",
      run: read({ type: "serial", layers: [{ type: "repeat", layer: layer("dense"), times: 1.5 }] }),
      code: "BadNetwork",
      message:
        "network.layers[0].times: got 1.5, allowed is a whole number ≥ 0. Count how many copies of the layer the network has.",
      path: ["layers", 0, "times"],
    },
    {
      what: "a file of another version",
      run: read({ lemniscate: 2, network: layer("relu") }),
      code: "BadNetwork",
      message:
        "lemniscate: got 2, allowed is 1, the version of the format. Use the release of this library that wrote the file, or bring the file up to date.",
    },
    {
      what: "a file without a version",
      run: read({ network: layer("relu") }),
      code: "BadNetwork",
      message:
        "lemniscate: got nothing, allowed is 1, the version of the format. Use the release of this library that wrote the file, or bring the file up to date.",
    },
    {
      what: "an unknown option",
      run: read({ type: "serial", layers: [layer("dense", { weigthStd: 1 })] }),
      code: "OptionOutOfRange",
      message:
        'network.layers[0] (dense): got the unknown option "weigthStd", allowed is weightStd, biasStd, parameterization, width, widthScale. Check the spelling, or leave it out.',
      path: ["layers", 0, "weigthStd"],
    },
    {
      what: "an unknown option inside an option",
      run: read(layer("attention", { position: { decya: "none" } })),
      code: "OptionOutOfRange",
      message:
        'network (attention).position: got the unknown option "decya", allowed is combine, decay, rate, power, std, width, values, indefinite. Check the spelling, or leave it out.',
      path: ["position", "decya"],
    },
    {
      what: "an option of a layer that has none",
      run: read(layer("relu", { slope: 1 })),
      code: "OptionOutOfRange",
      message: 'network (relu): got the unknown option "slope", allowed is none. Check the spelling, or leave it out.',
    },
  ]);

  const change = "Change the value, or leave it out to have the default.";
  const values: readonly (readonly [object, string])[] = [
    [layer("dense", { weightStd: -1 }), "network (dense): weightStd: got -1, allowed is a number ≥ 0."],
    [layer("dense", { weightStd: "1" }), 'network (dense): weightStd: got "1", allowed is a number.'],
    [layer("dense", { weightStd: Number.NaN }), "network (dense): weightStd: got NaN, allowed is a number."],
    [layer("dense", { weightStd: 1 / 0 }), "network (dense): weightStd: got Infinity, allowed is a number."],
    [layer("dense", { biasStd: -0.5 }), "network (dense): biasStd: got -0.5, allowed is a number ≥ 0."],
    [layer("dense", { width: 0 }), "network (dense): width: got 0, allowed is a number > 0."],
    [layer("dense", { width: 2.5 }), "network (dense): width: got 2.5, allowed is a whole number."],
    [layer("dense", { widthScale: [1] }), "network (dense): widthScale: got [1], allowed is a list of ≥ 2 items."],
    [layer("dense", { widthScale: [1, 0] }), "network (dense): widthScale[1]: got 0, allowed is a number > 0."],
    [
      layer("dense", { parameterization: "ntkk" }),
      'network (dense): parameterization: got "ntkk", allowed is one of "ntk"|"standard".',
    ],
    [layer("dropout"), "network (dropout): drop: got nothing, allowed is a number."],
    [layer("dropout", { drop: 1 }), "network (dropout): drop: got 1, allowed is a number < 1."],
    [layer("layerNorm", { epsilon: -1 }), "network (layerNorm): epsilon: got -1, allowed is a number ≥ 0."],
    [layer("attention", { position: 3 }), "network (attention): position: got 3, allowed is an object with options."],
    [
      layer("attention", { position: { values: "yes" } }),
      'network (attention): position.values: got "yes", allowed is true or false.',
    ],
    [
      layer("attention", { position: { rate: 0 } }),
      "network (attention): position.rate: got 0, allowed is a number > 0.",
    ],
    [layer("abRelu", { below: 1 }), "network (abRelu): above: got nothing, allowed is a number."],
  ];
  test.each(values)("wrong value %o", (data, message) => {
    const error = thrown(read(data));
    expect(error.message).toBe(`${message} ${change}`);
    expect(error.code).toBe("OptionOutOfRange");
  });

  test("text that is not JSON", () => {
    const error = thrown(() => networkFromJson('{"type": relu}'));
    expect(error.code).toBe("BadNetwork");
    expect(error.message).toMatch(
      /^network: got text that is not JSON \(.+\), allowed is \{"lemniscate": 1, "network": \{"type": "serial", "layers": \[…\]\}\}\. Mend the text, or write the file with networkToJson\(\)\.$/,
    );
    expect(error.cause).toBeInstanceOf(SyntaxError);
  });
});

describe("a layer made by its function", () => {
  refuses([
    {
      what: "with a wrong value",
      run: () => dense({ biasStd: -1 }),
      code: "OptionOutOfRange",
      message:
        "dense: biasStd: got -1, allowed is a number ≥ 0. Change the value, or leave it out to have the default.",
    },
    {
      what: "with an unknown option",
      run: () => dense({ weightSdt: 1 } as object),
      code: "OptionOutOfRange",
      message:
        'dense: got the unknown option "weightSdt", allowed is weightStd, biasStd, parameterization, width, widthScale. Check the spelling, or leave it out.',
    },
    {
      what: "with an unknown option inside an option",
      run: () => attention({ position: { rtae: 1 } as object }),
      code: "OptionOutOfRange",
      message:
        'attention.position: got the unknown option "rtae", allowed is combine, decay, rate, power, std, width, values, indefinite. Check the spelling, or leave it out.',
    },
    {
      what: "dropout of everything",
      run: () => dropout({ drop: 1 }),
      code: "OptionOutOfRange",
      message: "dropout: drop: got 1, allowed is a number < 1. Change the value, or leave it out to have the default.",
    },
    {
      what: "repeated a negative number of times",
      run: () => repeat(dense(), -1),
      code: "OptionOutOfRange",
      message:
        "repeat: times: got -1, allowed is a whole number ≥ 0. Count how many copies of the layer the network has.",
    },
  ]);
});
