/** @module Nonlinearities where formulas break: without variance, on the diagonal, on padding, beyond what is finite. */

import { readFileSync } from "node:fs";
import {
  batch,
  conv,
  dense,
  type Engine,
  elementwise,
  elementwiseNumerical,
  flatten,
  gaussian,
  globalAvgPool,
  globalSumPool,
  hermite,
  type Kernel,
  kernel,
  layerNorm,
  monomial,
  type Network,
  networkFromData,
  openEngine,
  piecewiseLinear,
  polynomial,
  rectifiedMonomial,
  relu,
  serial,
  sign,
} from "lemniscate";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { layers } from "../../dist/network/layers/index.js";
import { numbers } from "../../dist/ops/algebra.js";
import { type PiecewiseLinearParameters, piecewiseLinearDual } from "../../dist/ops/duals/piecewise-linear.js";
import { oracle } from "./oracle.js";
import { difference } from "./random.js";

let engines: readonly Engine[] = [];
beforeAll(async () => {
  engines = [await openEngine({ name: "reference" }), await openEngine({ threads: 1 })];
});
afterAll(async () => {
  for (const engine of engines) await engine[Symbol.asyncDispose]();
});

/** A kernel, computed on both engines. */
async function both(
  net: Network | Kernel,
  x: Parameters<typeof batch>,
): Promise<readonly { nngp: number[]; ntk: number[] }[]> {
  const k = typeof net === "function" ? net : kernel(net as never);
  return Promise.all(
    engines.map(async (engine) => {
      const { nngp, ntk } = await k(batch(...x), null, { get: ["nngp", "ntk"], engine });
      return { nngp: [...nngp.data], ntk: [...ntk.data] };
    }),
  );
}

const required: Readonly<Record<string, object>> = {
  abRelu: { below: -0.5, above: 2 },
  monomial: { degree: 3 },
  rectifiedMonomial: { degree: 2 },
  hermite: { degree: 3 },
  polynomial: { coefficients: [0.3, 1, 0.2] },
  elementwise: { fn: "selu" },
  piecewiseLinear: { knots: [-0.5, 0.75], slopes: [-1, 2, 0.5], atZero: -0.375 },
};
const nonlinearities = [...layers.values()]
  .filter(({ name, shape, options }) => {
    const given = options.safeParse(required[name] ?? {});
    if (!given.success) return false;
    const at = { grid: [], channels: undefined, gaussian: true };
    try {
      return !shape(at, given.data).gaussian && !["flatten", "dropout"].includes(name);
    } catch {
      return false;
    }
  })
  .map(({ name }) => name);

test("all nonlinearities are found", () => {
  expect(nonlinearities).toEqual(expect.arrayContaining(["relu", "sign", "gabor", "polynomial", "expNormalized"]));
});

describe.each(nonlinearities)("%s", (type) => {
  const phi = networkFromData({ type, ...required[type] });

  test("is finite for rows that are zero, equal, opposite and multiples, without and with bias", async () => {
    const rows = [0, 0, 1, 2, 1, 2, -1, -2, 0.5, 1, 1e-160, 0];
    for (const biasStd of [null, 0.1]) {
      const net = serial(dense({ weightStd: 0.7, biasStd }), phi, dense());
      for (const { nngp, ntk } of await both(net, [[6, 2], rows])) {
        for (const value of [...nngp, ...ntk]) expect(value).toSatisfy(Number.isFinite);
        for (let i = 0; i < 6; i++)
          for (let j = 0; j < 6; j++) {
            expect(nngp[i * 6 + j]).toBe(nngp[j * 6 + i]);
            expect(nngp[i * 6 + j]! ** 2).toBeLessThanOrEqual(nngp[i * 7]! * nngp[j * 7]! * (1 + 1e-12) + 1e-300);
          }
      }
    }
  });

  test("leaves padding at zero", async () => {
    const net = serial(dense({ weightStd: 0.7, biasStd: 0.4 }), phi, globalSumPool());
    const [plain, padded] = [
      await both(net, [
        [1, 2, 1],
        [0.5, -1],
      ]),
      await both(net, [
        [1, 4, 1],
        [0.5, -1, 9, 9],
        [1, 1, 0, 0],
      ]),
    ];
    for (const [i, { nngp, ntk }] of padded.entries()) {
      expect(nngp[0]).toBeCloseTo(plain[i]!.nngp[0]!, 12);
      expect(ntk[0]).toBeCloseTo(plain[i]!.ntk[0]!, 12);
    }
  });
});

test("a power of degree 0 counts present positions alone", async () => {
  for (const phi of [monomial({ degree: 0 }), polynomial({ coefficients: [1] }), hermite({ degree: 0 })])
    for (const { nngp } of await both(serial(dense(), phi, globalSumPool()), [
      [1, 5, 1],
      [1, 2, 3, 4, 5],
      [1, 0, 1, 0, 1],
    ]))
      expect(nngp).toEqual([9]);
});

test("signs of different positions are as correlated as asin says, also behind pooling", async () => {
  // Behind a convolution and a pool, covariances between positions of one example are the variance of what follows.
  const net = serial(conv({ filter: 2 }), sign(), globalAvgPool(), dense({ weightStd: Math.SQRT2 }), relu(), dense());
  for (const { nngp } of await both(net, [
    [1, 4, 1],
    [1, -0.5, 0.25, 2],
  ])) {
    const x = [1, -0.5, 0.25, 2];
    const k = (s: number, t: number): number => (x[s]! * x[t]! + x[s + 1]! * x[t + 1]!) / 2;
    let sum = 0;
    for (let s = 0; s < 3; s++)
      for (let t = 0; t < 3; t++)
        sum += (2 / Math.PI) * Math.asin(Math.max(-1, Math.min(1, k(s, t) / Math.sqrt(k(s, s) * k(t, t)))));
    expect(nngp[0]).toBeCloseTo(sum / 9, 7);
  }
});

test("rectified powers have their moments on the diagonal", async () => {
  const x: [readonly [number, number], number[]] = [
    [2, 2],
    [1, -1, 0.5, 2],
  ];
  const doubleFactorials = [1, 1, 3, 15, 105, 945, 10395];
  for (const [degree, moment] of doubleFactorials.entries())
    for (const { nngp, ntk } of await both(serial(dense(), rectifiedMonomial({ degree })), x))
      for (const [i, q] of [1, 2.125].entries()) {
        expect(nngp[3 * i]! / ((moment * q ** degree) / 2)).toBeCloseTo(1, 12);
        const slope = degree === 0 ? 0 : (degree ** 2 * doubleFactorials[degree - 1]! * q ** (degree - 1)) / 2;
        expect(ntk[3 * i]).toBeCloseTo(slope * q, 8);
      }
});

test("a Hermite polynomial is exact at any variance, and a power of K at variance 1", async () => {
  const h = serial(dense(), hermite({ degree: 2 }));
  // E h₂(√q z)² = (3q² − 2q + 1)/2
  for (const { nngp } of await both(h, [
    [2, 1],
    [2, 0],
  ])) {
    expect(nngp[0]).toBeCloseTo((3 * 16 - 2 * 4 + 1) / 2, 12);
    expect(nngp[3]).toBeCloseTo(1 / 2, 12);
  }
  const normed = serial(dense(), layerNorm({ epsilon: 0 }), hermite({ degree: 5 }), flatten());
  for (const { nngp } of await both(normed, [
    [2, 2],
    [1, 1, 1, -0.5],
  ]))
    expect(nngp[1]).toBeCloseTo((0.5 / Math.sqrt(2 * 1.25)) ** 5, 12);
});

test("a Gaussian that grows is an error where its moment is infinite", async () => {
  // E exp(b·q·z²)² is finite for 4bq < 1.
  const net = serial(dense(), gaussian({ exponent: 0.125 }));
  for (const { nngp } of await both(net, [[1, 1], [1]])) expect(nngp[0]).toBeCloseTo(1 / Math.sqrt(1 - 0.5), 12);
  for (const large of [Math.SQRT2, 3])
    await expect(
      both(net, [
        [2, 1],
        [1, large],
      ]),
    ).rejects.toThrow("kernel: network.layers[1] (gaussian): got Infinity for examples");
});

interface Value {
  readonly fn: "tanh" | "sigmoid" | "softplus" | "silu" | "gaussianCdf" | "elu" | "selu";
  readonly pp: number;
  readonly pq: number;
  readonly qq: number;
  readonly covariance: number;
  readonly derivative: number;
}

// Made by test/fixtures/elementwise/make.py.
const fixture = new URL("../fixtures/elementwise/values.json", import.meta.url);
const values = (JSON.parse(readFileSync(fixture, "utf8")) as [Value["fn"], ...number[]][]).map(
  ([fn, pp, pq, qq, covariance, derivative]) => ({ fn, pp, pq, qq, covariance, derivative }) as Value,
);

describe("functions by their Hermite coefficients", () => {
  const names = [...new Set(values.map(({ fn }) => fn))];
  const kernelOf = (fn: Value["fn"], tolerance: number): Kernel =>
    kernel(serial(dense(), elementwise({ fn, tolerance })));
  const at = async (k: Kernel, { pp, pq, qq }: Value): Promise<{ nngp: number[]; ntk: number[] }[]> => {
    // Two inputs of two channels whose covariances are these, at the first layer.
    const [a, c] = [Math.sqrt(pp), pq / Math.sqrt(pp)];
    const x = [a, 0, c, Math.sqrt(Math.max(0, qq - c * c))].map((v) => v * Math.SQRT2);
    return [...(await both(k, [[2, 2], x]))];
  };

  test.each(names)("%s is as precise as it says, at correlations up to ±1 and without variance", async (fn) => {
    for (const tolerance of [1e-3, 1e-5]) {
      const k = kernelOf(fn, tolerance);
      for (const value of values.filter((row) => row.fn === fn))
        for (const { nngp, ntk } of await at(k, value)) {
          const [size, slope] = [
            Math.sqrt(nngp[0]! * nngp[3]!),
            Math.sqrt((ntk[0]! * ntk[3]!) / (value.pp * value.qq)),
          ];
          expect(Math.abs(nngp[1]! - value.covariance)).toBeLessThanOrEqual(tolerance * size + 1e-13);
          if (value.qq > 0 && value.pq !== 0)
            expect(Math.abs(ntk[1]! / value.pq - value.derivative)).toBeLessThanOrEqual(tolerance * slope + 1e-13);
        }
    }
  });

  test("a smooth one can have ten digits", async () => {
    const k = kernelOf("softplus", 1e-10);
    for (const value of values.filter(({ fn }) => fn === "softplus"))
      for (const { nngp } of await at(k, value)) expect(nngp[1]).toBeCloseTo(value.covariance, 9);
  });

  test("the error that is stated is that of the worst correlation", () => {
    const fn = (x: number): number => x * Math.tanh(Math.log1p(Math.exp(x)));
    const errors = [1e-3, 1e-5, 1e-7].map((tolerance) => elementwise({ name: "mish", fn, tolerance }).expansion!);
    for (const [i, { error, orders }] of errors.entries()) {
      expect(error).toBeLessThanOrEqual(10 ** (-3 - 2 * i));
      if (i > 0) expect(orders.length).toBeGreaterThan(errors[i - 1]!.orders.length);
    }
  });

  test("beyond the largest variance there is no number, rather than a wrong one", async () => {
    const net = serial(dense(), elementwise({ fn: "tanh", maxVariance: 1 }));
    for (const { nngp } of await both(net, [[1, 1], [1]])) expect(nngp[0]).toSatisfy(Number.isFinite);
    await expect(
      both(net, [
        [2, 1],
        [1, 1.1],
      ]),
    ).rejects.toThrow("varies by more than maxVariance, 1: raise that");
  });

  test.each<{ what: string; run: () => unknown; message: RegExp }>([
    {
      what: "a jump",
      run: () => elementwise({ name: "step", fn: (x) => (x > 0 ? 1 : 0) }),
      message: /^elementwise: step: got a function with a jump, or with a kink away from 0, allowed is a continuous/,
    },
    {
      what: "a kink that is not named",
      run: () => elementwise({ name: "clip", fn: (x) => Math.max(-1, Math.min(1, x)) }),
      message: /^elementwise: clip: got a function with a jump, or with a kink/,
    },
    {
      what: "more precision than there is",
      run: () => elementwise({ name: "clip", fn: (x) => Math.max(-1, Math.min(1, x)), kinks: [-1, 1] }),
      message:
        /^elementwise: clip: got tolerance 0.00001 at variances up to 4, allowed is 0.14, the error of 256 terms/,
    },
    {
      what: "no number",
      run: () => elementwise({ name: "log", fn: Math.log }),
      message: /^elementwise: log: got a function with values that are no number/,
    },
    {
      what: "an unknown name",
      run: () => elementwise({ fn: "thanh" as never }),
      message: /^elementwise: fn: got "thanh", allowed is one of "tanh"\|"sigmoid"/,
    },
    {
      what: "a name without coefficients",
      run: () => networkFromData({ type: "elementwise", name: "mish" }),
      message: /allowed is fn, a function's name, or name and expansion as elementwise\(\) writes them/,
    },
  ])("$what is refused", ({ run, message }) => {
    expect(run).toThrow(message);
  });
});

test("piecewise linear functions are exact, wherever their knots are", () => {
  // Made by test/fixtures/elementwise/piecewise.py.
  const file = new URL("../fixtures/elementwise/piecewise.json", import.meta.url);
  const rows = JSON.parse(readFileSync(file, "utf8")) as [PiecewiseLinearParameters, ...number[]][];
  for (const [of, pp, pq, qq, covariance, derivative] of rows as [
    PiecewiseLinearParameters,
    number,
    number,
    number,
    number,
    number,
  ][]) {
    const scale = 20 * 2 ** -53 * (1 + of.atZero ** 2 + Math.max(...of.slopes) ** 2 * (1 + Math.sqrt(pp * qq)));
    // The angle between nearly equal Gaussians is known to the digits of 1 − ρ; these points have all of them.
    expect(Math.abs(piecewiseLinearDual.covariance(numbers, pp, pq, qq, of) - covariance)).toBeLessThan(scale);
    expect(Math.abs(piecewiseLinearDual.derivative(numbers, pp, pq, qq, of) - derivative)).toBeLessThan(scale);
  }
});

test("knots and slopes that make no function are refused", () => {
  expect(() => piecewiseLinear({ knots: [1, 0], slopes: [0, 1, 2] })).toThrow(
    "piecewiseLinear: knots: got [1,0], allowed is increasing numbers.",
  );
  expect(() => piecewiseLinear({ knots: [0, 1], slopes: [0, 1] })).toThrow(
    "piecewiseLinear: slopes: got [0,1], allowed is one more number than knots.",
  );
});

describe("elementwiseNumerical, a rule with an error of its own", () => {
  const data = [0.6, 0.3, 0, 0, -0.4, 0.5, 0.6, 0.3];
  const x = batch([4, 2], data);
  const around = (phi: Network): Network =>
    networkFromData({ type: "serial", layers: [dense({ weightStd: 1.1, biasStd: 0.2 }), phi, dense()] });

  test.each(["sigmoid", "softplus", "gaussianCdf"] as const)("is the rule, for %s", async (fn) => {
    const net = around(elementwiseNumerical({ fn, nodes: 9 }));
    const wanted = oracle(net, x);
    for (const engine of engines) {
      // Two batches: in a symmetric matrix, entries below the diagonal mirror those above it.
      const [a, b] = [batch([2, 2], data.slice(0, 4)), batch([2, 2], data.slice(4))];
      const { nngp, ntk } = await kernel(net as never)(a, b, { get: ["nngp", "ntk"], engine });
      const block = (of: readonly number[]): number[] => [of[2]!, of[3]!, of[6]!, of[7]!];
      expect(difference(nngp.data, block(wanted.nngp))).toBeLessThan(1e-13);
      expect(difference(ntk.data, block(wanted.ntk))).toBeLessThan(1e-13);
    }
  });

  test.each([
    ["tanh", 5e-5],
    ["sigmoid", 5e-8],
    ["silu", 5e-7],
    ["softplus", 1e-7],
    ["gaussianCdf", 1e-7],
  ] as const)("nears the exact kernel of %s, to %s with 25 nodes", async (fn, error) => {
    const run = { get: ["nngp", "ntk"], engine: engines[0]! } as const;
    const rule = await kernel(around(elementwiseNumerical({ fn, nodes: 25 })) as never)(x, null, run);
    const exact = await kernel(around(elementwise({ fn, maxVariance: 5, tolerance: 1e-6 })) as never)(x, null, run);
    expect(difference(rule.nngp.data, exact.nngp.data)).toBeLessThan(error);
    expect(difference(rule.ntk.data, exact.ntk.data)).toBeLessThan(20 * error);
  });
});
