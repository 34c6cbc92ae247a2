import { describe, expect, it } from "vitest";
import {
  child,
  coarseNormals,
  gamma,
  normals,
  permutation,
  philox,
  randomKey,
  uniforms,
  type Words,
  xoshiro,
} from "../../src/core/random.js";

describe("random numbers by counting", () => {
  it.each([
    // Published known answers of Philox4x32-10: counter, key, words.
    [
      [0, 0, 0, 0],
      [0, 0],
      [0x6627e8d5, 0xe169c58d, 0xbc57ac4c, 0x9b00dbd8],
    ],
    [
      [0xffffffff, 0xffffffff, 0xffffffff, 0xffffffff],
      [0xffffffff, 0xffffffff],
      [0x408f276d, 0x41c83b0e, 0xa20bc7c6, 0x6d5451fd],
    ],
    [
      [0x243f6a88, 0x85a308d3, 0x13198a2e, 0x03707344],
      [0xa4093822, 0x299f31d0],
      [0xd16cfe09, 0x94fdcceb, 0x5001e420, 0x24126ea1],
    ],
  ] as const)("are Philox4x32-10: %j", (counter, key, expected) => {
    const words: Words = [...counter];
    philox(words, key);
    expect(words).toEqual(expected);
  });

  it("are the same in whatever pieces they are drawn", () => {
    const whole = normals(randomKey(7), new Float64Array(101));
    for (const [from, count] of [
      [0, 5],
      [1, 1],
      [33, 40],
      [100, 1],
    ] as const)
      expect(normals(randomKey(7), new Float64Array(count), from)).toEqual(whole.subarray(from, from + count));
  });

  it("have the moments and the distribution of their law", () => {
    const n = 200_000;
    const x = normals(randomKey(1), new Float64Array(n));
    const moment = (k: number): number => x.reduce((sum, value) => sum + value ** k, 0) / n;
    // Within five standard errors: Var x^k = E x^2k − (E x^k)².
    for (const [k, mean, variance] of [
      [1, 0, 1],
      [2, 1, 2],
      [3, 0, 15],
      [4, 3, 96],
    ] as const)
      expect(Math.abs(moment(k) - mean)).toBeLessThan(5 * Math.sqrt(variance / n));
    const u = uniforms(randomKey(2), new Float64Array(n)).sort();
    const distance = u.reduce((most, value, i) => Math.max(most, Math.abs(value - (i + 0.5) / n)), 0);
    expect(distance).toBeLessThan(2 / Math.sqrt(n)); // Kolmogorov–Smirnov, p about 7e-4
    expect([u[0]! > 0, u[n - 1]! < 1]).toEqual([true, true]);
  });

  it("of children are independent of each other and of their parent's", () => {
    const parent = randomKey(3);
    const n = 20_000;
    const draws = [parent, child(parent, 0), child(parent, 1), child(parent, "1"), child(child(parent, 0), 0)].map(
      (sequence) => normals(sequence, new Float64Array(n)),
    );
    for (const [i, x] of draws.entries())
      for (const y of draws.slice(i + 1)) {
        const correlation = x.reduce((sum, value, k) => sum + value * y[k]!, 0) / n;
        expect(Math.abs(correlation)).toBeLessThan(5 / Math.sqrt(n));
      }
    expect(child(parent, "weights")).toEqual(child(parent, "weights"));
    expect(randomKey(2 ** 32)).not.toEqual(randomKey(0));
  });

  it.each([0.5, 0.9, 1, 4.5, 1000])("give gamma variates of shape %s", (shape) => {
    const n = 20_000;
    const x = Array.from({ length: n }, (_, i) => gamma(randomKey(4), shape, 32 * i, 32));
    const [mean, second] = [1, 2].map((k) => x.reduce((sum, value) => sum + value ** k, 0) / n) as [number, number];
    expect(Math.abs(mean - shape)).toBeLessThan(5 * Math.sqrt(shape / n));
    // E x^k = shape (shape + 1) … (shape + k − 1).
    const moments = [2, 4].map((k) => Array.from({ length: k }, (_, i) => shape + i).reduce((p, q) => p * q)) as [
      number,
      number,
    ];
    expect(Math.abs(second - moments[0])).toBeLessThan(5 * Math.sqrt((moments[1] - moments[0] ** 2) / n));
    const laplace = (k: number): number => (1 + k / shape) ** -shape; // E exp(−k x/shape)
    const found = x.reduce((sum, value) => sum + Math.exp(-value / shape), 0) / n;
    expect(Math.abs(found - laplace(1))).toBeLessThan(5 * Math.sqrt((laplace(2) - laplace(1) ** 2) / n));
  });

  it("give coarse normal numbers from a counter on", () => {
    const n = 100_000;
    const x = coarseNormals(randomKey(6), new Float64Array(n), 7);
    expect(coarseNormals(randomKey(6), new Float64Array(10), 7)).toEqual(x.subarray(0, 10));
    for (const [k, mean, variance] of [
      [1, 0, 1],
      [2, 1, 2],
      [4, 3, 96],
    ] as const)
      expect(Math.abs(x.reduce((sum, value) => sum + value ** k, 0) / n - mean)).toBeLessThan(
        5 * Math.sqrt(variance / n),
      );
  });

  it("are those of xoshiro128++ where they are cheap", () => {
    const state: Words = [1, 2, 3, 4];
    expect(Array.from({ length: 5 }, () => xoshiro(state))).toEqual([641, 1573767, 3222811527, 3517856514, 836907274]);
  });

  it("give permutations, all about equally often", () => {
    const counts = new Map<string, number>();
    for (let i = 0; i < 6000; i++) {
      const order = permutation(child(randomKey(5), i), 3).join("");
      counts.set(order, (counts.get(order) ?? 0) + 1);
    }
    expect(counts.size).toBe(6);
    for (const count of counts.values()) expect(Math.abs(count - 1000)).toBeLessThan(150);
  });

  it.each([-1, 0.5, Number.NaN, 2 ** 53])("refuse the seed %s", (seed) => {
    expect(() => randomKey(seed)).toThrow(/^seed: got .*, allowed is an integer from 0 to 2\^53 − 1\./);
  });
});
