import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { embedTexts, meanEmbeddings } from "../../src/data/embed.js";
import { errorOf } from "./shared.js";

const embeddings = {
  d: 2,
  words: new Map([
    ["a", 0],
    ["b", 1],
  ]),
  data: Float32Array.of(1, 2, 3, 4),
};

describe("embedTexts", () => {
  it("pads at the end and masks", () => {
    const { x } = embedTexts(["a b a", "b"], embeddings);
    expect(x.shape).toEqual([2, 3, 2]);
    expect(x.data).toEqual(Float32Array.of(1, 2, 3, 4, 1, 2, 3, 4, 0, 0, 0, 0));
    expect(x.mask).toEqual(Uint8Array.of(1, 1, 1, 1, 0, 0));
  });

  it("keeps or skips unknown words, and cuts after that", () => {
    const texts = [["x", "a", "y", "b", "b"]];
    const zero = embedTexts(texts, embeddings, { maxTokens: 2 });
    expect(zero).toMatchObject({ tokens: 5, unknownTokens: 2, cutTexts: 1 });
    expect(zero.x.data).toEqual(Float32Array.of(0, 0, 1, 2));
    expect(embedTexts(texts, embeddings, { maxTokens: 2, unknown: "skip" }).x.data).toEqual(
      Float32Array.of(1, 2, 3, 4),
    );
  });

  it("names the text that it cannot use", async () => {
    const names = ["x.csv:2", "x.csv:3"];
    const of = async (texts: string[], options: object) =>
      (await errorOf(() => embedTexts(texts, embeddings, { names, ...options })))?.message;
    expect(await of(["a", "q r"], {})).toMatch(
      /^embedTexts: x\.csv:3: got 0 known of 2 tokens \("q r"\), allowed is at least 1/,
    );
    expect(await of(["a", "q q a"], { maxTokens: 2 })).toMatch(/^embedTexts: x\.csv:3: got 0 known/);
    expect(await of(["a b", "a"], { minTokens: 2 })).toMatch(/x\.csv:3: got 1 known of 1 token .*lower minTokens/);
    expect(await of(["a b a"], { maxTokens: 2, tooLong: "refuse" })).toMatch(
      /x\.csv:2: got 3 tokens, allowed is at most 2/,
    );
    expect(await of(["a"], { maxTokens: 0 })).toMatch(/maxTokens: got 0/);
    expect(embedTexts(["q"], embeddings, { minTokens: 0 }).x.mask).toEqual(Uint8Array.of(1));
    expect(embedTexts(["q"], embeddings, { minTokens: 0, unknown: "skip" }).x.mask).toEqual(Uint8Array.of(0));
  });

  it("marks as many positions as there are tokens", () => {
    fc.assert(
      fc.property(
        fc.array(fc.array(fc.constantFrom("a", "b", "q"), { maxLength: 6 })),
        fc.integer({ min: 1, max: 6 }),
        (texts, maxTokens) => {
          const { x } = embedTexts(texts, embeddings, { maxTokens, minTokens: 0 });
          const present = x.mask!.reduce((sum, one) => sum + one, 0);
          expect(present).toBe(texts.reduce((sum, text) => sum + Math.min(text.length, maxTokens), 0));
        },
      ),
    );
  });
});

describe("meanEmbeddings", () => {
  it("is the mean over present positions", () => {
    const { x } = embedTexts([["a", "b"], ["q"], ["b"]], embeddings, { unknown: "skip", minTokens: 0 });
    expect(meanEmbeddings(x)).toEqual({ shape: [3, 2], data: Float64Array.of(2, 3, 0, 0, 3, 4) });
  });
});
