import { type Network, networkFromData, openEngine, positionKernel } from "lemniscate";
import { describe, expect, test } from "vitest";
import { type ConvergenceRow, convergence, convergenceSlopes } from "../../src/finite/convergence.js";
import { kernelsOfOne } from "../../src/finite/kernels-of-one.js";
import { monteCarloKernel } from "../../src/finite/monte-carlo.js";
import { randomBatch } from "../conformance/random.js";

const net: Network = networkFromData({
  type: "serial",
  layers: [{ type: "dense" }, { type: "relu" }, { type: "dense" }, { type: "relu" }, { type: "dense" }],
});
const x = randomBatch(1, [3, 3]);
const get = ["nngp", "ntk"] as const;

describe("monteCarloKernel", () => {
  test("is the mean of its networks, and its error their deviation over the root of their number", async () => {
    const options = { width: 8, samples: 7, seed: 2 };
    const found = await monteCarloKernel(net, options)(x, null, { get });
    for (const quantity of get) {
      const each = Array.from(
        { length: 7 },
        (_, i) => kernelsOfOne({ network: net, x1: x, x2: null, options, get }, i)[quantity]!.data,
      );
      for (let k = 0; k < 9; k++) {
        const mean = each.reduce((sum, data) => sum + data[k]!, 0) / 7;
        const variance = each.reduce((sum, data) => sum + (data[k]! - mean) ** 2, 0) / 6;
        expect(found[quantity].mean[k]).toBeCloseTo(mean, 10);
        expect(found[quantity].error[k]).toBeCloseTo(Math.sqrt(variance / 7), 10);
      }
    }
    expect(found.samples).toBe(7);
  });

  test("runs network by network, the same for the same seed, also of two batches", async () => {
    const k = monteCarloKernel(net, { width: 8, samples: 6, seed: 4 });
    const x2 = randomBatch(3, [2, 3]);
    const seen: number[] = [];
    for await (const { samples, ntk } of k.running(x, x2, { get: ["ntk"] })) {
      seen.push(samples);
      expect(ntk.shape).toEqual([3, 2]);
    }
    expect(seen).toEqual([2, 3, 4, 5, 6]);
    expect(await k(x, x2, { get })).toEqual(await k(x, x2, { get }));
    for await (const { samples } of k.running(x, null, { get: ["nngp"] })) if (samples === 3) break;
    for (const n of [0, 1]) {
      const few = await monteCarloKernel(net, { width: 1, samples: 2 })(randomBatch(1, [n, 3]), null, { get });
      expect([few.nngp.shape, few.ntk.shape]).toEqual([
        [n, n],
        [n, n],
      ]);
    }
  });

  test("says what it cannot do", async () => {
    expect(() => monteCarloKernel(net, { width: 8, samples: 0 })).toThrow(
      "monteCarloKernel: samples: got 0, allowed is a whole number ≥ 2. A standard error needs two networks at least; it falls with the root of their number.",
    );
    await expect(monteCarloKernel(net, { samples: 4 })(x, null, { get })).rejects.toThrow(
      "monteCarloKernel: width: got nothing, allowed is a whole number ≥ 1.",
    );
    expect(() => monteCarloKernel(net, { width: 8, samples: 4, sample: 3 } as never)).toThrow(
      'monteCarloKernel: got the unknown option "sample", allowed is width, heads, keys, values, seed, samples, threads.',
    );
    for (const threads of [0, 1.5, 1000])
      expect(() => monteCarloKernel(net, { width: 8, samples: 4, threads })).toThrow(
        `monteCarloKernel: threads: got ${threads}, allowed is a whole number from 1 to 256.`,
      );
    for (const seed of [-1, 0.5, Number.NaN])
      await expect(monteCarloKernel(net, { width: 8, samples: 4, seed })(x, null, { get })).rejects.toThrow(
        `seed: got ${seed}, allowed is an integer from 0 to 2^53 − 1.`,
      );
    await expect(monteCarloKernel(net, { width: 1e6, samples: 4 })(x, null, { get })).rejects.toThrow(
      "finite network: weight of dense: got weights of 1000000 × 1000000 numbers, allowed is 268435456 numbers.",
    );
    expect(() => monteCarloKernel(net, undefined as never)).toThrow("monteCarloKernel: options: got nothing");
    for (const wrong of [undefined, "ntk", [], ["ntk", "ntk"], ["theta"]])
      await expect(monteCarloKernel(net, { width: 8, samples: 4 })(x, null, { get: wrong as never })).rejects.toThrow(
        `monteCarloKernel: get: got ${JSON.stringify(wrong) ?? "nothing"}, allowed is ["nngp"], ["ntk"], or both.`,
      );
    await expect(monteCarloKernel(net, { width: 8, samples: 4 })(x, null, undefined as never)).rejects.toThrow(
      "monteCarloKernel: options: got nothing",
    );
    for (const width of [0, -3, 2.5, Number.NaN])
      await expect(monteCarloKernel(net, { width, samples: 4 })(x, null, { get })).rejects.toThrow(
        `monteCarloKernel: width: got ${width}, allowed is a whole number ≥ 1. Count channels, or heads.`,
      );
    const k = monteCarloKernel(net, { width: 8, samples: 4 });
    for (const wrong of [[], ["nngp", "mean"], "nngp", undefined])
      await expect(k(x, null, { get: wrong } as never)).rejects.toThrow('allowed is ["nngp"], ["ntk"], or both.');
    await expect(k(x, null, { get, step: 1 } as never)).rejects.toThrow('the unknown option "step"');
    const holes = { shape: [3, 3], data: Float64Array.from(x.data, (v, i) => (i === 4 ? Number.NaN : v)) } as never;
    await expect(k(holes, null, { get })).rejects.toThrow(/NaN/);
    await expect(k(x, holes, { get })).rejects.toThrow(/NaN/);
    const limitOnly = networkFromData({ type: "serial", layers: [{ type: "dense" }, { type: "expNormalized" }] });
    await expect(monteCarloKernel(limitOnly, { width: 4, samples: 4 })(x, null, { get })).rejects.toThrow(
      "expNormalized: got a finite width, allowed is layers that are the limit of finite networks.",
    );
    const stop = new AbortController();
    stop.abort(new Error("enough"));
    await expect(
      monteCarloKernel(net, { width: 8, samples: 4 })(x, null, { get, signal: stop.signal }),
    ).rejects.toThrow("enough");
  });
});

describe("convergence", () => {
  test("finds the bias to fall as 1/width and the spread as 1/√width", async () => {
    const engine = await openEngine({ name: "reference" });
    const limit = await positionKernel(net)(x, null, { get, engine });
    const rows: ConvergenceRow[] = [];
    const progress: number[] = [];
    const onProgress = (done: number, total: number): void => void progress.push(done / total);
    for await (const row of convergence(net, x, { widths: [8, 16, 32], samples: 800, limit, onProgress }))
      rows.push(row);
    expect(rows.map(({ width, samples }) => [width, samples])).toEqual(
      [8, 8, 16, 16, 32, 32].map((width) => [width, 6400 / width]),
    );
    expect(progress.at(-1)).toBe(1);
    const ntk = convergenceSlopes(rows.filter(({ quantity }) => quantity === "ntk"));
    expect(Math.abs(ntk.spread!.slope + 0.5)).toBeLessThan(0.1);
    // The mean of this NNGP kernel is exact at any width; the NTK's is not.
    const nngp = rows.filter(({ quantity }) => quantity === "nngp");
    for (const { error, noise, spread, samples } of nngp) {
      expect(error).toBeLessThan(3 * noise);
      expect(noise * Math.sqrt(samples)).toBeCloseTo(spread, 12);
    }
  });

  test("takes rows that are known as they are, and sizes that go with the width", async () => {
    const attention = networkFromData({ type: "serial", layers: [{ type: "dense" }, { type: "attention" }] });
    const tokens = randomBatch(2, [1, 2, 3]);
    const limit = { nngp: new Float64Array(4).fill(1) };
    const run = { widths: [4, 8], samples: 20, limit, heads: (width: number) => width / 2, values: 3, seed: 1 };
    const rowsOf = async (options: object): Promise<ConvergenceRow[]> => {
      const rows: ConvergenceRow[] = [];
      for await (const row of convergence(attention, tokens, { ...run, ...options })) rows.push(row);
      return rows;
    };
    const rows = await rowsOf({});
    expect(await rowsOf({ widths: [8], samples: 10, heads: 4 })).toEqual([rows[1]]);
    const known = { ...rows[1]!, error: 7 };
    expect(await rowsOf({ known: [known] })).toEqual([rows[0], known]);
  });

  test("fits powers, leaving out what is noise", () => {
    const row = (width: number): ConvergenceRow => {
      const [bias, spread] = [3 / width, 2 / Math.sqrt(width)];
      const noise = spread / 40;
      return { quantity: "nngp", width, samples: 1600, error: Math.hypot(bias, noise), noise, spread };
    };
    const { error, spread } = convergenceSlopes([16, 32, 64, 4096].map(row));
    expect(error!.slope).toBeCloseTo(-1, 10);
    expect(spread!.slope).toBeCloseTo(-0.5, 10);
    expect(convergenceSlopes([row(16)])).toEqual({ error: null, spread: null });
  });

  test("says what is missing", async () => {
    const next = (options: object): Promise<unknown> =>
      convergence(net, x, { widths: [4], samples: 20, limit: {}, ...options })
        [Symbol.asyncIterator]()
        .next();
    await expect(next({})).rejects.toThrow("convergence: limit: got nothing, allowed is nngp, ntk or both.");
    const limit = { nngp: new Float64Array(9).fill(1) };
    await expect(next({ limit: undefined })).rejects.toThrow("convergence: limit: got nothing");
    await expect(next({ limit, widths: undefined })).rejects.toThrow("convergence: widths: got nothing");
    await expect(next({ limit: { ntk: new Float64Array(9) } })).rejects.toThrow("convergence: limit.ntk: got zeros");
    await expect(next({ limit: { ntk: [Number.NaN] } })).rejects.toThrow("got numbers that are not finite");
    await expect(
      convergence(net, x, undefined as never)
        [Symbol.asyncIterator]()
        .next(),
    ).rejects.toThrow("convergence: options: got nothing, allowed is an object with widths, samples");
    await expect(next({ samples: 0, limit })).rejects.toThrow(
      "convergence: samples: got 0, allowed is a whole number ≥ 2.",
    );
    await expect(next({ widths: [8, -8], limit, samples: 2 })).rejects.toThrow(
      "convergence: widths: got -8, allowed is whole numbers ≥ 1.",
    );
    await expect(next({ limit, width: 4 })).rejects.toThrow('convergence: got the unknown option "width"');
    await expect(next({ widths: [] })).rejects.toThrow("convergence: widths: got nothing");
    await expect(next({ limit: { nngp: [1, 2] } })).rejects.toThrow(
      "convergence: limit.nngp: got 2 numbers, allowed is 9",
    );
  });
});
