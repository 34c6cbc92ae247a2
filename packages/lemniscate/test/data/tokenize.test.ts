import { readFile } from "node:fs/promises";
import path from "node:path";
import fc from "fast-check";
import { beforeAll, describe, expect, it } from "vitest";
import { readImdb } from "../../src/data/acl-imdb.js";
import { readGlove } from "../../src/data/glove.js";
import { tokenize } from "../../src/data/tokenize.js";
import { hasShared, needsShared, shared } from "./shared.js";

describe("tokenize", () => {
  it.each([
    ["I don't, can't, won't.", ["i", "do", "n't", ",", "ca", "n't", ",", "wo", "n't", "."]],
    [
      "It's they'll we've I'm you'd they're",
      ["it", "'s", "they", "'ll", "we", "'ve", "i", "'m", "you", "'d", "they", "'re"],
    ],
    [
      "A well-made U.S. film... 8.5/10 -- really!",
      ["a", "well-made", "u.s", ".", "film", "...", "8.5", "/", "10", "--", "really", "!"],
    ],
    ["One<br />two<br/>three", ["one", "two", "three"]],
    ["café étude e\u0301tude", ["café", "étude", "e\u0301tude"]],
    ["'quoted' o'hara", ["'", "quoted", "'", "o", "'", "hara"]],
    ["terrible\r\nplot,\rcast", ["terrible", "plot", ",", "cast"]],
    ["", []],
  ])("treebank: %j", (text, tokens) => {
    expect(tokenize(text)).toEqual(tokens);
  });

  it.each([
    ["I don't, can't.", ["i", "don't", "can't"]],
    ["well-made<br />U.S.\tfilm\r\nnow", ["well", "made", "br", "u", "s", "film", "now"]],
    ["...", []],
  ])("keras: %j", (text, tokens) => {
    expect(tokenize(text, { style: "keras" })).toEqual(tokens);
  });

  it("gives tokens without blanks or capitals, and gives them again when they are joined", () => {
    fc.assert(
      fc.property(fc.string({ unit: "grapheme" }), fc.constantFrom("treebank", "keras"), (text, style) => {
        const tokens = tokenize(text, { style: style as "keras" });
        for (const token of tokens) {
          expect(token).toMatch(/^\S+$/);
          expect(token).toBe(token.toLowerCase());
        }
        if (style === "keras") expect(tokenize(tokens.join(" "), { style })).toEqual(tokens);
      }),
    );
  });

  it("treebank loses nothing but blanks and capitals", () => {
    fc.assert(
      fc.property(fc.string({ unit: "grapheme" }), (text) => {
        expect(tokenize(text).join("")).toBe(text.toLowerCase().replace(/<br\s*\/?>|\s/g, ""));
      }),
    );
  });
});

describe.skipIf(!hasShared)(`words without a vector${needsShared}`, () => {
  const texts: Record<string, readonly string[]> = {};
  let known: ReadonlyMap<string, number>;
  beforeAll(async () => {
    const imdb = await Promise.all(
      ["train", "test"].map((split) => readImdb(path.join(shared, "aclImdb", split), { breaks: "keep" })),
    );
    texts["imdb"] = imdb.flatMap((part) => part.texts);
    const trec = await Promise.all(
      ["train", "test"].map((split) => readFile(path.join(shared, `trec/TREC.${split}`), "latin1")),
    );
    texts["trec"] = trec
      .flatMap((part) => part.split("\n"))
      .filter((line) => line !== "")
      .map((line) => line.slice(line.indexOf(" ") + 1));
    known = (await readGlove(path.join(shared, "glove/glove.6B.50d.subset.txt"))).words;
  });

  // The table of ../shared/data/README.md: running tokens, distinct words, in per cent.
  it.each([
    ["imdb", "keras", 2.59, 15.6],
    ["trec", "keras", 0.5, 2.6],
    ["imdb", "treebank", 0.68, 13.1],
    ["trec", "treebank", 0.64, 4.0],
  ] as const)("%s, %s: %s in a hundred tokens, %s in a hundred words", (data, style, ofTokens, ofWords) => {
    const tokens = texts[data]!.flatMap((text) => tokenize(text, { style }));
    const words = [...new Set(tokens)];
    const share = (list: readonly string[]) => (100 * list.filter((token) => !known.has(token)).length) / list.length;
    expect(Math.abs(share(tokens) - ofTokens)).toBeLessThanOrEqual(0.005);
    expect(Math.abs(share(words) - ofWords)).toBeLessThanOrEqual(0.1);
  });
});
