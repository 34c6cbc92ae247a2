/** @module Kernels beyond the largest number are errors that name the layer, and large ones that are not are right. */
import {
  batch,
  dense,
  elementwise,
  erf,
  exp,
  gabor,
  gaussian,
  gelu,
  hermite,
  kernel,
  kernelGradient,
  kernels,
  monomial,
  type Network,
  networkFromData,
  openEngine,
  polynomial,
  positionKernel,
  rectifiedMonomial,
  relu,
  repeat,
  residual,
  sequences,
  serial,
} from "lemniscate";
import { afterAll, describe, expect, test } from "vitest";

const engines = [
  await openEngine({ name: "reference" }),
  await openEngine({ threads: 1 }),
  await openEngine({ threads: 1, precision: "f32" }),
];
afterAll(() => Promise.all(engines.map((engine) => engine[Symbol.asyncDispose]())));
const [reference, wasm, single] = engines;

const growing: Readonly<Record<string, Network>> = {
  monomial: monomial({ degree: 7 }),
  polynomial: polynomial({ coefficients: [1, 0, 0, 1, 0, 1] }),
  rectifiedMonomial: rectifiedMonomial({ degree: 4 }),
  hermite: hermite({ degree: 6 }),
  exp: exp(),
  // E exp(2·0.6·u²) diverges for a variance of 1.
  gaussian: gaussian({ exponent: 0.6 }),
};

test.each(Object.keys(growing))("%s says so where its covariances are no numbers", async (name) => {
  const net = networkFromData({ type: "serial", layers: [dense(), growing[name], dense()] });
  for (const engine of [reference, wasm])
    for (const x2 of [null, batch([1, 1], [1e60])])
      for (const get of ["nngp", "ntk"] as const)
        await expect(kernel(net)(batch([2, 1], [0.1, 1e60]), x2, { get, engine })).rejects.toMatchObject({
          code: "BadInput",
          path: ["layers", 1],
          message: expect.stringMatching(
            new RegExp(`network\\.layers\\[1\\] \\(${name}\\): got (Infinity|NaN) for examples`),
          ),
        });
});

describe("the layer and the examples", () => {
  const deep = serial(dense(), repeat(serial(dense({ weightStd: 100 }), relu()), 40), dense());
  const x = batch([2, 1], [1, 2]);

  test("in repetitions, of several networks", async () => {
    const run = kernels({ fine: serial(dense()), deep })(x, null, { get: "ntk", engine: single });
    await expect(run).rejects.toThrow(
      "kernel: network.deep.layers[1].layer.layers[0] (dense): got Infinity for examples 0 and 0, allowed is numbers up to 3.4e38, as single precision holds them.",
    );
    expect((await kernel(deep)(x, null, { get: "ntk", engine: wasm })).data[3]).toBeGreaterThan(1e150);
  });

  test("of the diagonal, in pieces, and of positions", async () => {
    await expect(kernel(deep).diagonal(x, { get: ["nngp"], engine: single })).rejects.toThrow("for examples 0 and 0");
    const pieces = async (): Promise<void> => {
      for await (const _ of kernel(deep).tiles(x, null, { get: ["nngp"], engine: single }));
    };
    await expect(pieces()).rejects.toThrow("layers[1].layer.layers[0] (dense)");
    const tokens = sequences([[[1]], [[1], [1e30]]]);
    const net = serial(dense(), residual(dense(), monomial({ degree: 9 }), dense()));
    await expect(positionKernel(net)(tokens, null, { get: ["nngp"], engine: wasm })).rejects.toThrow(
      "kernel: network.layers[1] (parallel): got Infinity for examples 1 and 1,",
    );
  });

  test("beyond the variance that an expansion is for", async () => {
    const net = serial(dense(), elementwise({ fn: "tanh", maxVariance: 1, tolerance: 1e-3 }), dense());
    await expect(kernel(net)(batch([1, 1], [3]), null, { get: "nngp", engine: wasm })).rejects.toThrow(
      "(elementwise): got NaN for examples 0 and 0, allowed is numbers up to 1.8e308. Its input, or a logit of it, varies by more than maxVariance, 1: raise that",
    );
  });

  test("or none, where a derivative alone is no number", async () => {
    const k = kernelGradient(serial(dense(), monomial({ degree: 3 }), dense()), { by: ["layers.0.weightStd"] });
    await expect(k(batch([1, 1], [1.2e51]), null, { get: "nngp", engine: wasm })).rejects.toThrow(
      "kernel: network.layers.0.weightStd: got Infinity for examples 0 and 0,",
    );
  });
});

test("numbers whose sum is infinite are none that are", async () => {
  for (const [engine, size] of [
    [reference, 1.2e154],
    [single, 1.5e19],
  ] as const) {
    const { data } = await kernel(dense())(batch([3, 1], [size, size, -size]), null, { get: "nngp", engine });
    for (const value of data) expect(Math.abs(value) / size / size).toBeCloseTo(1, 6);
  }
});

test("the examples are those of the first number that is none", async () => {
  const x = batch([5, 1], [1e50, 1, 2, 3, 1e55]);
  const net = serial(dense(), monomial({ degree: 3 }), dense());
  for (const engine of [reference, wasm])
    await expect(kernel(net)(x, null, { get: ["nngp", "ntk"], engine })).rejects.toThrow("examples 0 and 4");
});

test("variances whose products are no numbers have right kernels", async () => {
  // Numbers of 1e80 vary by 1e160. There erf is the sign, GELU is ReLU, and bumps are narrow.
  for (const [engine, size] of [
    [reference, 1e80],
    [wasm, 1e80],
    [single, 1e15],
  ] as const) {
    const x = batch([3, 1], [size, -size / 2, 0]);
    const run = async (layer: Network): Promise<number[]> => {
      const net = networkFromData({ type: "serial", layers: [dense(), layer, dense()] });
      const found = await kernel(net)(x, null, { get: "nngp", engine });
      return [...found.data.subarray(0, 6)];
    };
    const close = (found: readonly number[], wanted: readonly number[]): void => {
      for (const [i, value] of wanted.entries())
        expect(Math.abs(found[i]! - value)).toBeLessThan(3e-6 * (Math.abs(value) || 1));
    };
    close(await run(erf()), [1, -1, 0, -1, 1, 0]);
    close(
      (await run(gelu())).map((k) => k / size / size),
      [0.5, 0, 0, 0, 0.125, 0],
    );
    close(
      (await run(gaussian())).map((k) => k * size),
      [0.5, Math.sqrt(0.4), 1 / Math.SQRT2, Math.sqrt(0.4), 1, Math.SQRT2],
    );
    // ∫ exp(−2x²) sin² x dx = √(π/8)·(1 − e^{-1/2}), over the densities √(2π)·size of a flat Gaussian.
    close([(await run(gabor()))[0]! * size], [(1 - Math.exp(-0.5)) / 4]);
  }
});
