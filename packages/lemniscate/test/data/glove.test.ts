import path from "node:path";
import { describe, expect, it } from "vitest";
import { type GloveOptions, parseGlove, readGlove } from "../../src/data/glove.js";
import { bytesOf, errorOf, filesIn, hasShared, needsShared, shared } from "./shared.js";

/** The file in pieces of `size` bytes, which cut lines and characters anywhere. */
async function* pieces(bytes: Uint8Array, size: number): AsyncGenerator<Uint8Array> {
  for (let from = 0; from < bytes.length; from += size) yield bytes.subarray(from, from + size);
}
const glove = (text: string | Uint8Array, options: GloveOptions = {}, size = 7) =>
  parseGlove(pieces(typeof text === "string" ? bytesOf(text) : text, size), "x.txt", options);

describe("parseGlove", () => {
  it("does not care where the pieces are cut", async () => {
    const text = "the 0.5 -1e-3\r\nété\t.25  2. \n, 1 +3E2\n";
    for (const size of [1, 2, 3, 5, 100]) {
      const { d, words, data } = await glove(text, {}, size);
      expect(d).toBe(2);
      expect([...words.keys()]).toEqual(["the", "été", ","]);
      expect(data).toEqual(Float32Array.of(0.5, -1e-3, 0.25, 2, 1, 300));
    }
  });

  it("keeps only the words that are asked for", async () => {
    const { words, data } = await glove("a 1 2\nb 3 4\nb 5 6\nc x y\nd 7 8\n", { words: ["d", "a", "z"] });
    expect([...words]).toEqual([
      ["a", 0],
      ["d", 1],
    ]);
    expect(data).toEqual(Float32Array.of(1, 2, 7, 8));
  });

  it("takes what its options allow", async () => {
    expect((await glove("2 3\na 1 2 3\nb 4 5 6\n", { header: "word2vec" })).d).toBe(3);
    expect((await glove("a 1\na 2\n", { duplicates: "first" })).data).toEqual(Float32Array.of(1));
    expect([...(await glove("x at y 1 2\n. . . 3 4\n", { blanksInWords: "keep" })).words.keys()]).toEqual([
      "x at y",
      ". . .",
    ]);
    expect((await glove("\ufeffa 1\n\n\n")).words.has("a")).toBe(true);
  });

  it.each<[string, string | Uint8Array, GloveOptions, RegExp]>([
    ["nothing", "", {}, /^x\.txt: got no line/],
    ["fewer numbers", "a 1 2\nb 3\nc 1 2\n", {}, /^x\.txt:2: got 1 numbers, allowed is 2 numbers/],
    [
      "fewer numbers in a line that is passed over",
      "a 1 2\nb 3\nc 1 2\n",
      { words: ["c"] },
      /^x\.txt:2: got 1 numbers/,
    ],
    ["more numbers", "a 1 2\nb 3 4 5\n", {}, /^x\.txt:2: got 3 numbers/],
    ["a cut line", "a 1 2\nb 3", {}, /^x\.txt:2: got 1 numbers, and the file ends there.*is cut/],
    ["text for a number", "a 1 2\nb 3 x\n", {}, /^x\.txt:2, field 3: got "x"/],
    ["nan", "a 1 nan\n", {}, /^x\.txt:1, field 3: got "nan"/],
    ["more than float32 holds", "a 1 1e39\n", {}, /field 3: got "1e39", .*float32/],
    ["hexadecimal", "a 1 0x10\n", {}, /field 3: got "0x10"/],
    ["decimal commas", "a 1,5 2\n", {}, /^x\.txt:1, field 2: got "1,5".*decimal points/],
    ["a word twice", "a 1\nb 2\na 3\n", {}, /^x\.txt:3, field 1: got "a" again, after line 1.*duplicates: "first"/],
    [
      "blanks in a word",
      "a 1 2\nb c 3 4\n",
      {},
      /^x\.txt:2: got a word with blanks inside, "b c".*blanksInWords: "keep"/,
    ],
    ["a word2vec header", "1 2\na 1 2\n", {}, /^x\.txt:1: got "1 2", the header.*header: "word2vec"/],
    ["another count than the header's", "3 2\na 1 2\n", { header: "word2vec" }, /^x\.txt:1: got 1 words, allowed is 3/],
    [
      "no header where one is promised",
      "a 1 2\n",
      { header: "word2vec" },
      /^x\.txt:1: got "a 1 2", allowed is a word2vec/,
    ],
    ["Latin-1", Uint8Array.of(97, 32, 49, 10, 99, 0xe9, 32, 50, 10), {}, /^x\.txt:2: .*"cé", at byte 5 of the file/],
    ["a blank line inside", "a 1\n\nb 2\n", {}, /^x\.txt:2: got a blank line/],
    ["a line without a word", "a 1\n 2\n", {}, /^x\.txt:2: got a line that starts with a blank/],
    ["a line without a number", "a\n", {}, /^x\.txt:1: got "a", allowed is a word and its numbers/],
  ])("refuses %s, naming the line", async (_, text, options, message) => {
    const error = await errorOf(() => glove(text, options));
    expect(error?.code).toBe("BadFile");
    expect(error?.message).toMatch(message);
  });
});

/** File → its error, and the options with which it is read all the same; or how many words it holds. */
const outcomes: Record<string, number | readonly [RegExp, (GloveOptions & { words?: string[] })?, number?]> = {
  "wrong-dimension.txt": [/:5: got 49 numbers, allowed is 50/],
  "dimension-changes.txt": [/:4: got 50 numbers, allowed is 25/],
  "word2vec-header.txt": [/:1: got "10 50", the header of a word2vec file/, { header: "word2vec" }, 10],
  "duplicate-word.txt": [/:4, field 1: got "the" again, after line 1/, { duplicates: "first" }, 3],
  "not-a-number.txt": [/:3, field 8: got "abc"/], // the word is field 1
  "nan-and-overflow.txt": [/:3, field 4: got "nan"/],
  "word-with-spaces.txt": [/:3: got a word with blanks inside, "\. \. \."/, { blanksInWords: "keep" }, 4],
  "tabs-crlf-trailing.txt": 4,
  "decimal-comma.txt": [/:1, field 2: got "0,70853"|:1, field 2: got "-?\d,\d+"/],
  "cut-last-line.txt": [/:4: got \d+ numbers, and the file ends there without a line end/],
  "empty.txt": [/: got no line/],
  "latin1-word.txt": [/:3: got bytes that are no UTF-8 in "café", at byte \d+/],
};

describe.skipIf(!hasShared)(`the word vectors of the broken data${needsShared}`, () => {
  it("are all listed here", async () => {
    expect(Object.keys(outcomes).sort()).toEqual(await filesIn("broken/glove"));
  });

  it.each(Object.entries(outcomes))("%s", async (file, outcome) => {
    const full = path.join(shared, "broken/glove", file);
    if (typeof outcome === "number") {
      const { words, d } = await readGlove(full);
      expect([words.size, d]).toEqual([outcome, 50]);
      return;
    }
    const [expected, options, count] = outcome;
    const error = await errorOf(() => readGlove(full));
    expect(error?.code).toBe("BadFile");
    expect(error?.message).toMatch(expected);
    if (options !== undefined) expect((await readGlove(full, options)).words.size).toBe(count);
  });

  it("tells of the number that is too large once the one before it is mended", async () => {
    const error = await errorOf(() =>
      readGlove(path.join(shared, "broken/glove/nan-and-overflow.txt"), { words: ["of"] }),
    );
    expect(error?.message).toMatch(/:4, field 10: got "1e999"/);
  });
});

describe.skipIf(!hasShared)(`the GloVe subset${needsShared}`, () => {
  const file = path.join(shared, "glove/glove.6B.50d.subset.txt");

  it("holds 33,277 words, the first one well known", async () => {
    let last = [0, 1];
    const { words, data, d } = await readGlove(file, { onProgress: (done, total) => (last = [done, total]) });
    expect([words.size, d, data.length]).toEqual([33277, 50, 33277 * 50]);
    expect(words.get("the")).toBe(0);
    expect(data.subarray(0, 3)).toEqual(Float32Array.of(0.418, 0.24968, -0.41242));
    expect(last[0]).toBe(last[1]);
  });

  it("stops when it is told to", async () => {
    await expect(readGlove(file, { signal: AbortSignal.abort() })).rejects.toThrow(/abort/);
    const stop = new AbortController();
    await expect(readGlove(file, { signal: stop.signal, onProgress: () => stop.abort() })).rejects.toThrow(/abort/);
  });
});
