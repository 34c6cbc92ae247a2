import fc from "fast-check";
import { describe, expect, it } from "vitest";
import {
  linearMlp,
  type ShapedModel,
  shapedAttention,
  shapedMlp,
  shapedModel,
  shapedTransformer,
  unshapedTransformer,
} from "../../src/shaped/models/model.js";
import { entries, type Snapshot } from "../../src/shaped/paths.js";
import { simulate } from "../../src/shaped/simulate.js";
import { solveSde } from "../../src/shaped/solve.js";
import { correlated } from "../../src/shaped/start.js";
import { energyDistance, kolmogorovSmirnov } from "../../src/shaped/statistics/distances.js";

const relu = { type: "shaped-relu", plus: 0, minus: -1 } as const;
const models: readonly ShapedModel[] = [
  linearMlp(),
  linearMlp({ gamma: 0.5 }),
  shapedMlp({ activation: relu }),
  shapedMlp({ activation: { type: "tanh", scale: 1 }, gamma: 0.3 }),
  shapedAttention({ gamma: 0.5, mask: "causal", heads: 4, outputProjection: true }),
  shapedAttention({
    gamma: 0.6,
    lambda: 0.8,
    mask: [
      [1, 0],
      [1, 1],
    ],
    alpha: 0.9,
    beta: 0.5,
    centre: 0.4,
  }),
  shapedTransformer({ attention: { gamma: 0.5 }, mlp: { gamma: 0.2, activation: relu } }),
  unshapedTransformer({ attention: { strength: 1, logits: "uniform" }, mlp: { strength: 1 }, scaling: "depth" }),
];

describe("what is no sample", () => {
  it.each([
    ["tokens that cannot be so", () => correlated(-0.9, 3), /^correlated: got rho -0.9 of 3 tokens/],
    ["no tokens", () => correlated(0, 0), /^correlated: got rho 0 of 0 tokens/],
    ["no numbers", () => kolmogorovSmirnov([], [1]), /^kolmogorovSmirnov: got no numbers/],
    ["NaN", () => kolmogorovSmirnov([1], [1, Number.NaN]), /^kolmogorovSmirnov: got NaN among the numbers/],
    ["no samples", () => energyDistance([1], null as never), /^energyDistance: got no numbers/],
    ["NaN of an energy", () => energyDistance([1], [1, Number.NaN]), /^energyDistance: got NaN among the numbers/],
  ] as const)("%s", (_, make, message) => expect(make).toThrow(message));

  it("a token that is not there", async () => {
    const { value } = await solveSde(linearMlp(), { start: correlated(0, 2), paths: 2 }).next();
    expect(() => entries(value as Snapshot, 0, 2)).toThrow(
      /^entries: got tokens 0 and 2, allowed is whole numbers from 0 to 1/,
    );
  });
});

describe("shaped models", () => {
  it("are plain data that JSON gives back", () => {
    for (const model of models) {
      expect(shapedModel(JSON.parse(JSON.stringify(model)))).toEqual(model);
      expect(Object.isFrozen(model)).toBe(true);
    }
  });

  it("have the defaults that they state", () => {
    expect(shapedAttention({ gamma: 0.5 })).toEqual({
      type: "attention",
      gamma: 0.5,
      temperature: 1,
      heads: 1,
      outputProjection: false,
      mask: "full",
      keyWidth: 64,
      alpha: 1,
      beta: 1,
      centre: 1,
    });
  });

  it("accept λ where λ² + γ² = 1, and nowhere else", () => {
    fc.assert(
      fc.property(fc.double({ min: 0, max: 1, noNaN: true }), (gamma) => {
        expect(() => shapedAttention({ gamma, lambda: Math.sqrt(1 - gamma ** 2) })).not.toThrow();
      }),
    );
    expect(() => linearMlp({ gamma: 0.5, lambda: 0.5 })).toThrow(
      "linear: lambda: got lambda 0.5 with gamma 0.5, allowed is λ² + γ² = 1. Leave lambda out: it is √(1 − gamma²).",
    );
    expect(() =>
      shapedTransformer({ attention: { gamma: 0.6, lambda: 0.8 }, mlp: { gamma: 0.6, lambda: 0.6, activation: relu } }),
    ).toThrow(/^transformer: mlp\.lambda: /);
  });

  it.each([
    [{ type: "resnet" }, /^shaped model: type: got "resnet", allowed is "linear", "mlp"/],
    [{ type: "attention", gamma: 1.5 }, /^attention: gamma: got 1\.5, allowed is a number ≤ 1\./],
    [{ type: "attention", gamma: -0.5 }, /^attention: gamma: got -0\.5, allowed is a number ≥ 0\./],
    [{ type: "attention", gamma: 0.5, temperature: 0 }, /^attention: temperature: got 0, allowed is a number > 0\./],
    [{ type: "attention", gamma: 0.5, tau: 1 }, /^attention: got the unknown option "tau"/],
  ])("refuse %j", (data, message) => {
    expect(() => shapedModel(data)).toThrow(message);
  });
});

describe("runs refuse", () => {
  const start = correlated(0.2, 3);
  const first = async (run: AsyncIterable<unknown>): Promise<void> => {
    for await (const _ of run) break;
  };
  const attention = shapedAttention({ gamma: 0.5 });
  const bad: [string, AsyncIterable<unknown>, RegExp][] = [
    [
      "an asymmetric start",
      solveSde(attention, {
        start: [
          [1, 0.5],
          [0.4, 1],
        ],
      }),
      /^start: got 0\.5 at \(0, 1\) and 0\.4 at \(1, 0\)/,
    ],
    [
      "a start that is no covariance",
      solveSde(attention, {
        start: [
          [1, -0.9, -0.9],
          [-0.9, 1, -0.9],
          [-0.9, -0.9, 1],
        ],
      }),
      /^start: got a matrix with the eigenvalue -0\.800/,
    ],
    ["a start that is not square", solveSde(attention, { start: [[1, 0]] }), /^start: got 1 rows of 2/],
    [
      "a start that is no matrix",
      solveSde(attention, { start: 3 as never }),
      /^start: got 3, allowed is a square matrix/,
    ],
    [
      "more paths than there is memory for",
      solveSde(attention, { start, paths: 1e15 }),
      /^paths: got so many that they take 6\.71e\+7 GiB/,
    ],
    ["a start with NaN", solveSde(attention, { start: [[Number.NaN]] }), /^start: got NaN at \(0, 0\)/],
    [
      "a step above 1",
      solveSde(attention, { start, step: 2, end: 2 }),
      /^step: got 2, allowed is a number above 0 and up to 1/,
    ],
    [
      "a time that is no multiple",
      solveSde(attention, { start, times: [0.3] }),
      /^times: got 0\.3, allowed is multiples of the step 0\.03125/,
    ],
    [
      "gram steps that are too large",
      solveSde(attention, { start, step: 1 / 4, scheme: "gram" }),
      /Take a greater width \(or a smaller step\)/,
    ],
    [
      "a mask with an empty row",
      solveSde(
        shapedAttention({
          gamma: 0.5,
          mask: [
            [1, 0],
            [0, 0],
          ],
        }),
        { start: correlated(0, 2) },
      ),
      /^attention: mask\[1\]: got a row without a 1/,
    ],
    [
      "a mask of another size",
      solveSde(shapedAttention({ gamma: 0.5, mask: [[1]] }), { start }),
      /^attention: mask: got 1 rows of 1, allowed is 3 × 3/,
    ],
    [
      "gram steps of a limit without weights' noise",
      solveSde(attention, { start, step: 1 / 32, scheme: "gram", limit: "width-first" }),
      /^scheme: got "gram" where the width goes to infinity first/,
    ],
    ["unshaped models", solveSde(models.at(-1)!, { start }), /^covariance SDE: got an unshaped transformer/],
    [
      "α that is not 1",
      solveSde(shapedAttention({ gamma: 0.5, alpha: 0.9 }), { start }),
      /^covariance SDE: attention: got alpha 0\.9/,
    ],
    [
      "a width below twice the tokens",
      simulate(attention, { start, width: 5 }),
      /^width: got 5 with 3 tokens, allowed is at least 6/,
    ],
    [
      "a width that heads do not divide",
      simulate(shapedAttention({ gamma: 0.5, heads: 3 }), { start, width: 64 }),
      /^width: got 64, allowed is a multiple of the 3 heads/,
    ],
    ["no options", solveSde(linearMlp(), undefined as never), /^solveSde: options: got nothing/],
    ["no options of networks", simulate(linearMlp(), null as never), /^simulate: options: got null/],
    [
      "an unknown option",
      solveSde(linearMlp(), { start, path: 3 } as never),
      /^solveSde: got the unknown option "path"/,
    ],
    ["an unknown scheme", solveSde(linearMlp(), { start, scheme: "toString" as never }), /^scheme: got "toString"/],
    ["an unknown engine", solveSde(linearMlp(), { start, engine: "gpu" as never }), /^engine: got "gpu"/],
    ["more threads than a machine starts", solveSde(linearMlp(), { start, threads: 1e6 }), /^threads: got 1000000/],
    ["an unknown limit", solveSde(linearMlp(), { start, limit: "depth-first" as never }), /^limit: got "depth-first"/],
    ["a width below 1", solveSde(models[2]!, { start, width: 0 }), /^width: got 0, allowed is a number from 1/],
    ["no time", solveSde(linearMlp(), { start, times: [] }), /^times: got \[\], allowed is a list of one or more/],
    ["no time of networks", simulate(linearMlp(), { start, width: 64, times: [] }), /^times: got \[\]/],
    [
      "a time alone",
      simulate(linearMlp(), { start, width: 64, times: 0.5 as never }),
      /^times: got 0.5, allowed is a list/,
    ],
    [
      "steps without end before the last time",
      solveSde(linearMlp(), { start, times: [Number.POSITIVE_INFINITY, 1] }),
      /^times: got Infinity, Infinity steps/,
    ],
    [
      "more steps than there are counters",
      solveSde(linearMlp(), { start, times: [2e8] }),
      /^times: got 200000000, 6400000000 steps/,
    ],
    [
      "more layers than there are counters",
      simulate(linearMlp(), { start, width: 64, end: 1e9 }),
      /^times: got 1000000000/,
    ],
    ["a step in quotes", solveSde(linearMlp(), { start, step: "0.5" as never }), /^step: got 0.5/],
    ["a state that is none", solveSde(linearMlp(), { start, resume: {} as never }), /^resume: got no state of a run/],
    ["no model", solveSde(null as never, { start }), /^shaped model: type: got nothing/],
    [
      "a model that was changed",
      simulate({ ...shapedAttention({ gamma: 0.5 }), temperature: 0 }, { start, width: 64 }),
      /^attention: temperature: got 0/,
    ],
    [
      "an unknown law of hidden layers",
      simulate(linearMlp(), { start, width: 64, hidden: "fast" as never }),
      /^hidden: got "fast"/,
    ],
    [
      "a layer that gives nothing",
      simulate(shapedMlp({ activation: { type: "shaped-relu", plus: -4, minus: -4 } }), { start, width: 16 }),
      /^activation: got c₊ = -4 and c₋ = -4 at width 16/,
    ],
    [
      "a surrogate without a mean",
      simulate(shapedMlp({ activation: { type: "tanh", scale: 1 } }), { start, width: 64, hidden: "surrogate" }),
      /^simulate: hidden: got "surrogate"/,
    ],
  ];
  it.each(bad)("%s", async (_, run, message) => {
    await expect(first(run)).rejects.toThrow(message);
  });
});
