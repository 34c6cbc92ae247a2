import { describe, expect, test } from "vitest";
import { parseTrec, readTrec } from "../../src/data/trec.js";
import { hasShared, needsShared, shared } from "./shared.js";

const bytes = (text: string): Uint8Array => Uint8Array.from(text, (character) => character.charCodeAt(0));

describe("questions of TREC", () => {
  test("are read as ISO-8859-1, a line each", () => {
    const { texts, labels, names } = parseTrec(
      bytes("LOC:city Where is S\xe3o Paulo ?\r\nABBR:exp What is CNN ?"),
      "x",
    );
    expect(texts).toEqual(["Where is São Paulo ?", "What is CNN ?"]);
    expect(labels).toEqual([4, 0]);
    expect(names).toEqual(["x:1", "x:2"]);
  });

  test.each([
    ["NUM:date When ?\nnum:date When ?\n", 'x:2: got "num:date When ?", allowed is a question such as'],
    ["FOO:bar When ?\n", 'x:1: got "FOO:bar When ?"'],
    ["NUM:date \n", 'x:1: got "NUM:date "'],
    ["NUM:date When ?\n\nNUM:date When ?\n", 'x:2: got ""'],
  ])("%j is refused", (text, message) => {
    expect(() => parseTrec(bytes(text), "x")).toThrow(message);
  });

  test.skipIf(!hasShared)(`of the data set are as many of each class as there should be${needsShared}`, async () => {
    for (const [file, counts] of [
      ["TREC.train", [86, 1162, 1250, 1223, 835, 896]],
      ["TREC.test", [9, 138, 94, 65, 81, 113]],
    ] as const) {
      const { labels, texts } = await readTrec(`${shared}/trec/${file}`);
      expect(counts.map((_, c) => labels.filter((label) => label === c).length)).toEqual(counts);
      expect(texts.every((text) => text.trim() === text && text !== "")).toBe(true);
    }
  });
});
