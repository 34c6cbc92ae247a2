import path from "node:path";
import { describe, expect, it } from "vitest";
import { readImdb } from "../../src/data/acl-imdb.js";
import { positivePmi, vocabulary } from "../../src/data/co-occurrence.js";
import { randomNumbers } from "../../src/data/draw.js";
import type { Embeddings } from "../../src/data/glove.js";
import { learnEmbeddings } from "../../src/data/learn-embeddings.js";
import { tokenize } from "../../src/data/tokenize.js";
import { topEigenvectors } from "../../src/data/top-eigenvectors.js";
import { errorOf, hasShared, needsShared, shared } from "./shared.js";

const cosine = ({ d, words, data }: Embeddings, a: string, b: string): number => {
  const [p, q] = [a, b].map((word) =>
    data.subarray((words.get(word) as number) * d, ((words.get(word) as number) + 1) * d),
  );
  const dot = (x: Float32Array, y: Float32Array) => x.reduce((sum, value, i) => sum + value * (y[i] as number), 0);
  return dot(p!, q!) / Math.sqrt(dot(p!, p!) * dot(q!, q!));
};

describe("positivePmi", () => {
  it("is the formula on a corpus counted by hand", () => {
    // Window 1: the pairs are (a, b), (b, a), (c, c). With both orders: c(a, b) = 2, c(c, c) = 2, C = 6.
    const words = new Map([
      ["a", 0],
      ["b", 1],
      ["c", 2],
    ]);
    const { starts, columns, values } = positivePmi(
      [
        ["a", "b", "a"],
        ["c", "c", "x"],
      ],
      words,
      1,
    );
    expect([...starts]).toEqual([0, 1, 2, 3]);
    expect([...columns]).toEqual([1, 0, 2]);
    expect(values[0]).toBeCloseTo(Math.log((2 * 6) / (2 * 2)), 12);
    expect(values[2]).toBeCloseTo(Math.log((2 * 6) / (2 * 2)), 12);
  });

  it("keeps the most frequent words, ties in alphabetical order", () => {
    expect(vocabulary([["b", "a", "c", "a", "b", "d"]], 1)).toEqual(["a", "b", "c", "d"]);
    expect(vocabulary([["b", "a", "c", "a", "b", "d"]], 2)).toEqual(["a", "b"]);
  });
});

describe("topEigenvectors", () => {
  it("solves M v = λ v for the largest |λ|, whatever the rank", () => {
    // M = 5 uuᵀ − 3 wwᵀ with orthonormal u and w: rank 2 of 40.
    const n = 40;
    const u = 1 / Math.sqrt(n);
    const w = (i: number) => (i % 2 ? u : -u);
    const values = Float64Array.from({ length: n * n }, (_, at) => {
      const [i, j] = [Math.floor(at / n), at % n];
      return 5 * u * u - 3 * w(i) * w(j);
    });
    const matrix = {
      size: n,
      starts: Int32Array.from({ length: n + 1 }, (_, i) => i * n),
      columns: Int32Array.from({ length: n * n }, (_, at) => at % n),
      values,
    };
    const pairs = topEigenvectors(matrix, 3, { seed: 1, steps: 20 });
    expect(pairs.values[0]).toBeCloseTo(5, 10);
    expect(pairs.values[1]).toBeCloseTo(-3, 10);
    expect(pairs.values[2]).toBeCloseTo(0, 10);
    for (let i = 0; i < n; i++) {
      expect(Math.abs(pairs.vectors[i * 3] as number)).toBeCloseTo(u, 10);
      expect(pairs.vectors[i * 3 + 1]! * pairs.vectors[1]!).toBeCloseTo(w(i) * w(0), 10);
    }
  });
});

/** Sentences about two things that share no words but the small ones. */
function twoTopics(count: number): string[][] {
  const random = randomNumbers(3);
  const topics = [
    ["violin", "cello", "flute", "opera", "concert"],
    ["goal", "referee", "striker", "penalty", "stadium"],
  ] as const;
  const pick = (list: readonly string[]) => list[Math.floor(random() * list.length)] as string;
  return Array.from({ length: count }, (_, i) =>
    Array.from({ length: 8 }, (_, t) => (t % 3 === 0 ? pick(["the", "a", "of"]) : pick(topics[i % 2]!))),
  );
}

describe("learnEmbeddings", () => {
  it("brings words of one topic together", () => {
    const embeddings = learnEmbeddings(twoTopics(200), { d: 4 });
    expect(cosine(embeddings, "violin", "cello")).toBeGreaterThan(0.8);
    expect(cosine(embeddings, "violin", "goal")).toBeLessThan(0.3);
    expect(embeddings.data.reduce((sum, x) => sum + x * x, 0) / embeddings.data.length).toBeCloseTo(1, 5);
  });

  it("follows from the seed", () => {
    const texts = twoTopics(50);
    expect(learnEmbeddings(texts, { d: 3, seed: 5 })).toEqual(learnEmbeddings(texts, { d: 3, seed: 5 }));
  });

  it("refuses too few words, bad options and a signal that has fired", async () => {
    expect((await errorOf(() => learnEmbeddings([["a", "b"]], { d: 2 })))?.message).toMatch(
      /got 0 words that occur at least 2/,
    );
    expect((await errorOf(() => learnEmbeddings([], { d: 0 })))?.message).toMatch(/learnEmbeddings: d: got 0/);
    expect(() => learnEmbeddings(twoTopics(9), { d: 3, signal: AbortSignal.abort() })).toThrow(/abort/);
  });
});

describe.skipIf(!hasShared)(`learnEmbeddings on 2,000 film reviews${needsShared}`, () => {
  it("finds what belongs together", async () => {
    const { texts } = await readImdb(path.join(shared, "aclImdb/train"));
    const tokens = texts.map((text) => tokenize(text));
    const embeddings = learnEmbeddings(tokens, { d: 50, minCount: 5 });
    expect(embeddings.words.size).toBeGreaterThan(6000);
    expect(cosine(embeddings, "actor", "actress")).toBeGreaterThan(cosine(embeddings, "actor", "budget"));
    expect(cosine(embeddings, "horror", "scary")).toBeGreaterThan(cosine(embeddings, "horror", "musical"));
    expect(cosine(embeddings, "boring", "dull")).toBeGreaterThan(cosine(embeddings, "boring", "brother"));
  });
});
