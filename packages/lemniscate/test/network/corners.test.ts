/** @module Corners where implementations of these kernels are known to go wrong, with what is right by hand. */
import {
  type Batch,
  batch,
  conv,
  convLocal,
  dense,
  dropout,
  flatten,
  globalAvgPool,
  globalSumPool,
  kernel,
  monomial,
  type Network,
  openEngine,
  polynomial,
  rectifiedMonomial,
  relu,
  repeat,
  sequences,
  serial,
  sign,
} from "lemniscate";
import { afterAll, describe, expect, test } from "vitest";

const engines = [await openEngine({ name: "reference" }), await openEngine({ threads: 1 })];
afterAll(async () => {
  for (const engine of engines) await engine[Symbol.asyncDispose]();
});

/** Rows (1, 2) and 0: K = 5/2 and 0. */
const withZero = batch([2, 2], [1, 2, 0, 0]);
const twice = batch([2, 2], [1, 2, 1, 2]);
const padded = sequences([
  [[1], [2], [-1]],
  [[1], [1], [1], [1], [1]],
]);
/** Two positions with K = 5/2, −5/2, 25/2. */
const two = batch([1, 2, 2], [1, 2, 3, -4]);
const signs = (2 / Math.PI) * Math.asin(-Math.sqrt(0.2));

describe("by hand", () => {
  const cases: readonly { what: string; net: Network; x: Batch; nngp: readonly number[]; ntk?: readonly number[] }[] = [
    {
      what: "dropout of data scales the diagonal alone",
      net: serial(dropout({ drop: 0.5 }), dense()),
      x: batch([2, 2], [1, 2, 3, 4]),
      nngp: [5, 5.5, 5.5, 25],
    },
    {
      what: "dropout tells equal examples apart",
      net: serial(dense(), relu(), dropout({ drop: 0.5 }), dense()),
      x: twice,
      nngp: [2.5, 1.25, 1.25, 2.5],
      ntk: [5, 2.5, 2.5, 5],
    },
    {
      what: "rectified powers have a diagonal, and a zero row",
      net: serial(dense(), rectifiedMonomial({ degree: 2 }), dense()),
      x: withZero,
      nngp: [9.375, 0, 0, 0],
      ntk: [21.875, 0, 0, 0],
    },
    {
      what: "polynomials of a zero row are their constant",
      net: serial(dense(), polynomial({ coefficients: [1, 1, 1] }), dense()),
      x: withZero,
      nngp: [27.25, 3.5, 3.5, 1],
    },
    {
      what: "powers have any degree: E z¹² = 10395",
      net: serial(dense(), monomial({ degree: 6 }), dense()),
      x: batch([1, 1], [1]),
      nngp: [10395],
      ntk: [10395 + 36 * 945],
    },
    {
      what: "what is repeated no times does nothing",
      net: serial(dense(), repeat(serial(relu(), dense()), 0), dense()),
      x: batch([1, 1], [2]),
      nngp: [4],
      ntk: [8],
    },
    {
      what: "constants count present positions alone",
      net: serial(dense(), monomial({ degree: 0 }), globalSumPool()),
      x: padded,
      nngp: [9, 15, 15, 25],
    },
    {
      what: "means behind layers of their own weights at each position count present positions alone",
      net: serial(convLocal({ filter: [1] }), globalAvgPool()),
      x: padded,
      nngp: [6 / 9, 2 / 15, 2 / 15, 5 / 25],
    },
    {
      what: "signs of different positions are correlated as their angles are",
      net: serial(dense(), sign(), globalAvgPool(), dense(), relu(), dense()),
      x: two,
      nngp: [(2 + 2 * signs) / 8],
    },
  ];
  test.each(cases)("$what", async ({ net, x, nngp, ntk }) => {
    for (const engine of engines) {
      const found = await kernel(net)(x, null, { get: ["nngp", "ntk"], engine });
      for (const [i, value] of nngp.entries()) expect(found.nngp.data[i]).toBeCloseTo(value, 12);
      for (const [i, value] of (ntk ?? []).entries()) expect(found.ntk.data[i]).toBeCloseTo(value, 12);
    }
  });
});

test("an odd number of convolutions repeated is as many in a row, on grids that are no squares", async () => {
  const x = batch([2, 2, 3, 1], [1, 2, 3, 4, 5, 6, 0, -1, 2, 1, 0, 3]);
  const layer = conv({ filter: [2, 1], padding: "same", biasStd: 0.3 });
  const [found, wanted] = await Promise.all(
    [serial(repeat(layer, 3), relu(), flatten(), dense()), serial(layer, layer, layer, relu(), flatten(), dense())].map(
      (net) => kernel(net)(x, null, { get: "ntk", engine: engines[0] }),
    ),
  );
  expect(found!.data).toEqual(wanted!.data);
});
