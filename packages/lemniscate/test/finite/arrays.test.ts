import fc from "fast-check";
import { describe, expect, test } from "vitest";
import { randomKey } from "../../src/core/random.js";
import { backwards } from "../../src/finite/backward.js";
import { eachExample } from "../../src/finite/examples.js";
import { forwards } from "../../src/finite/forward.js";
import { type Plain, plain } from "../../src/finite/plain.js";
import type { ArrayOperations, Elementwise } from "../../src/network/arrays.js";
import { concat, divide, softmax, subtract, sumAlong } from "../../src/network/composed.js";
import * as functions from "../../src/network/elementwise.js";
import { difference, random } from "../conformance/random.js";

const sizes: Record<string, number> = { a: 2, b: 3, c: 1, d: 4, e: 2 };

function array(seed: number, shape: readonly number[]): Plain {
  const { normal } = random(seed);
  return plain.constant(shape, Array.from({ length: shape.reduce((product, size) => product * size, 1) }, normal));
}

/** The sum over all letters, one entry after another. */
function slowEinsum(rule: string, arrays: readonly Plain[]): Plain {
  const [left, output] = rule.split("->") as [string, string];
  const inputs = left.split(",");
  const letters = [...new Set(left.replaceAll(",", ""))];
  const shape = [...output].map((letter) => sizes[letter]!);
  const data = new Float64Array(shape.reduce((product, size) => product * size, 1));
  const at = (names: string, values: Map<string, number>): number =>
    [...names].reduce((place, letter) => place * sizes[letter]! + values.get(letter)!, 0);
  const walk = (rest: readonly string[], values: Map<string, number>): void => {
    const [first, ...others] = rest;
    if (first === undefined) {
      data[at(output, values)]! += inputs.reduce(
        (product, names, i) => product * arrays[i]!.data[at(names, values)]!,
        1,
      );
      return;
    }
    for (let i = 0; i < sizes[first]!; i++) walk(others, new Map(values).set(first, i));
  };
  walk(letters, new Map());
  return { shape, data };
}

const lettersOf = fc.shuffledSubarray(Object.keys(sizes));

describe("einsum", () => {
  test("of two arrays is the sum over letters", () =>
    fc.assert(
      fc.property(lettersOf, lettersOf, fc.nat(1e6), (a, b, seed) => {
        const all = [...new Set([...a, ...b])];
        const output = random(seed).uniform() < 0.2 ? [] : all.filter((_, i) => random(seed + i).uniform() < 0.6);
        const rule = `${a.join("")},${b.join("")}->${output.reverse().join("")}`;
        const [x, y] = [a, b].map((letters, i) =>
          array(
            seed + i,
            letters.map((letter) => sizes[letter]!),
          ),
        ) as [Plain, Plain];
        const [found, wanted] = [plain.einsum(rule, x, y), slowEinsum(rule, [x, y])];
        expect(found.shape).toEqual(wanted.shape);
        expect(difference(found.data, wanted.data)).toBeLessThan(1e-13);
      }),
      { seed: 5, numRuns: 300 },
    ));

  test("of one array sums and turns", () => {
    const x = array(3, [2, 3, 4]);
    for (const rule of ["abd->da", "abd->", "abd->bda", "abd->b"])
      expect(difference(plain.einsum(rule, x).data, slowEinsum(rule, [x]).data)).toBeLessThan(1e-13);
  });
});

const tanh: Elementwise = {
  value: Math.tanh,
  slope: (t, x) => {
    const y = t.map(tanh, x);
    return t.add(t.multiply(t.multiply(y, y), -1), 1);
  },
};

/** Functions of two arrays (2, 3) and (3), with each operation somewhere. */
const texts: Record<string, <A>(t: ArrayOperations<A>, x: A, y: A) => A> = {
  "einsum, map": (t, x, y) => t.map(tanh, t.einsum("ab,b->a", x, y)),
  "einsum with sums": (t, x, y) => t.einsum("ab,c->ac", x, t.multiply(y, y)),
  "einsum of one": (t, x, y) => t.multiply(t.einsum("ab->b", t.multiply(x, x)), y),
  repetition: (t, x, y) => t.multiply(t.add(x, t.multiply(y, 0.3)), t.add(y, x)),
  "take and give": (t, x, y) => t.multiply(t.give(t.take(t.multiply(x, x), 1, [2, 2, -1, 0]), 1, [0, 1, 1, -1], 3), y),
  "concat, reshape": (t, x, y) => t.map(tanh, concat(t, [t.reshape(x, [1, 6]), t.reshape(y, [1, 3])], 1)),
  softmax: (t, x, y) => softmax(t, t.multiply(x, y), t.constant([1, 3], [1, 0, 1])),
  "quotient, root": (t, x, y) => divide(t, x, t.map(functions.squareRoot, t.add(sumAlong(t, t.multiply(y, y), 0), 1))),
  "no derivative": (t, x, y) => subtract(t, t.multiply(t.map(functions.step, x), y), y),
  "random units": (t, x, y) => t.multiply(t.multiply(x, y), t.uniforms(randomKey(4), [2, 3])),
};

const x = array(1, [2, 3]);
const y = array(2, [3]);
const [dx, dy] = [array(7, [2, 3]), array(8, [3])];

describe.each(Object.entries(texts))("%s", (_, f) => {
  const moved = (h: number): Plain =>
    f(plain, plain.add(x, plain.multiply(dx, h)), plain.add(y, plain.multiply(dy, h)));
  const slope = (h: number): Plain => plain.multiply(subtract(plain, moved(h), moved(-h)), 0.5 / h);

  test("forwards: the derivative is that of differences, and so is the second one", () => {
    const t = forwards(plain);
    const once = f(t, { value: x, change: dx }, { value: y, change: dy });
    expect(once.value).toEqual(f(plain, x, y));
    const change = once.change ?? plain.multiply(once.value, 0);
    expect(difference(change.data, slope(1e-6).data)).toBeLessThan(1e-8);

    const twice = f(
      forwards(t),
      { value: { value: x, change: dx }, change: { value: dx, change: null } },
      { value: { value: y, change: dy }, change: { value: dy, change: null } },
    );
    const second = twice.change?.change ?? plain.multiply(once.value, 0);
    const [up, here, down] = [moved(1e-4), moved(0), moved(-1e-4)];
    const wanted = plain.multiply(plain.add(plain.add(up, down), plain.multiply(here, -2)), 1e8);
    for (const [i, value] of second.data.entries()) expect(value).toBeCloseTo(wanted.data[i]!, 5);
  });

  test("backwards: gradients agree with derivatives along directions", () => {
    const t = backwards(plain);
    const [a, b] = [t.leaf(x), t.leaf(y)];
    const result = f(t, a, b);
    const weights = array(9, result.value.shape);
    const gradients = t.pull(result, weights, [a, b]);
    const along = [dx, dy].reduce((sum, d, i) => {
      const g = gradients[i];
      return g == null ? sum : sum + d.data.reduce((total, value, k) => total + value * g.data[k]!, 0);
    }, 0);
    for (const [i, g] of gradients.entries()) if (g !== null) expect(g.shape).toEqual([x, y][i]!.shape);
    const change = slope(1e-6).data.reduce((total, value, k) => total + value * weights.data[k]!, 0);
    expect(along).toBeCloseTo(change, 7);
  });

  test("each example by itself is what one after another is", () => {
    const many = [1, 2, 3, 4].map((seed) => array(seed + 20, [2, 3]));
    const t = eachExample(plain, 4);
    const all = plain.reshape(concat(plain, many, 0), [4, 2, 3]);
    const found = f(t, { all, own: true }, { all: y, own: false });
    if (f === texts["random units"]) return;
    for (const [i, one] of many.entries()) {
      const wanted = f(plain, one, y);
      expect(found.all.shape).toEqual([4, ...wanted.shape]);
      const size = wanted.data.length;
      expect(difference(found.all.data.subarray(i * size, (i + 1) * size), wanted.data)).toBeLessThan(1e-14);
    }
  });
});

test("the slope of each function is that of differences", () => {
  for (const f of Object.values(functions)) {
    const at = plain.constant(
      [5],
      [-1.7, -0.4, 0.3, 1.1, 2.6].map((v) => (f === functions.squareRoot ? v + 2 : v)),
    );
    if (f.slope === null) continue;
    const found = f.slope(plain, at);
    for (const [i, value] of at.data.entries())
      expect(found.data[i]).toBeCloseTo((f.value(value + 1e-6) - f.value(value - 1e-6)) / 2e-6, 7);
  }
});
