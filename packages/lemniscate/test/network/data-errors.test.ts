import { describe, expect, test } from "vitest";
import { networkFromData, networkFromJson } from "../../src/network/json.js";
import { layers } from "../../src/network/layers/index.js";
import { layer, refuses, thrown } from "./refusals.js";

describe("a network from data", () => {
  const read =
    (data: unknown): (() => unknown) =>
    () =>
      networkFromData(data);
  const allowed =
    'allowed is an object with a "type", as in {"type": "relu"}. Every block of a network says what it is.';
  const kinds = ["serial", "parallel", "product", "concat", "residual", "repeat", ...layers.keys()].join(", ");
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
        "network.layers[0].times: got 1.5, allowed is a whole number from 0 to 10000. Count how many copies of the layer the network has.",
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
        'network (attention).position: got the unknown option "decya", allowed is combine, decay, rate, power, covariance, std, width, values, logits, indefinite. Check the spelling, or leave it out.',
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
