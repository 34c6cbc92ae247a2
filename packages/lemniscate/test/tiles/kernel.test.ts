import fc from "fast-check";
import {
  attention,
  batch,
  dense,
  dropout,
  type Engine,
  examples,
  globalAvgPool,
  kernel,
  type Network,
  openEngine,
  positionKernel,
  relu,
  serial,
} from "lemniscate";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { ranges, tilesOf } from "../../src/tiles/plan.js";
import { randomBatch } from "../conformance/random.js";

const both = ["nngp", "ntk"] as const;
const net = serial(dense({ biasStd: 0.3 }), attention({ biasStd: 0.2 }), relu(), globalAvgPool(), dense());
const mlp = serial(dense({ biasStd: 0.3 }), relu(), dense());
const tokens = randomBatch(
  3,
  [13, 3, 2],
  Array.from({ length: 39 }, (_, i) => (i % 7 === 4 ? 0 : 1)),
);
const others = randomBatch(4, [6, 3, 2]);

let reference: Engine;
let wasm: Engine;
beforeAll(async () => {
  reference = await openEngine({ name: "reference" });
  wasm = await openEngine({ threads: 2 });
});
afterAll(() => wasm[Symbol.asyncDispose]());
const engines = (): readonly Engine[] => [reference, wasm];

/** About the least memory that kernels of the tokens above take: blocks of one example. */
const least = ({ name }: Engine): number => (name === "reference" ? 5_000 : 10_000);

describe("memory", () => {
  test.each([0, 1000, 5000, Number.POSITIVE_INFINITY])("%d bytes more than the least change no bit", async (more) => {
    const k = kernel(net);
    for (const engine of engines())
      for (const x2 of [null, others]) {
        const memory = least(engine) + more;
        const whole = await k(tokens, x2, { get: both, engine });
        const pieces = await k(tokens, x2, { get: both, engine, memory });
        for (const quantity of both) expect(pieces[quantity].data).toEqual(whole[quantity].data);
        const diagonal = await k.diagonal(tokens, { get: both, engine, memory });
        expect(diagonal).toEqual(await k.diagonal(tokens, { get: both, engine }));
      }
  });

  test.each([0, -1, Number.NaN, "lots", "2 apples", "-1GiB"])("%s as memory is refused", async (memory) => {
    const message = `kernel: memory: got ${typeof memory === "string" ? JSON.stringify(memory) : memory}, allowed is a number of bytes > 0, or a size such as "512MiB", "2GiB", "2GB". Leave it out to have 1 GiB besides the results.`;
    const options = { get: both, engine: reference, memory };
    await expect(kernel(net)(tokens, null, options)).rejects.toThrow(message);
    await expect(kernel(net).diagonal(tokens, options)).rejects.toThrow(message);
  });

  test("examples that cannot be held at all are refused with advice", async () => {
    const long = batch([1, 30_000, 1], new Float32Array(30_000).fill(1));
    await expect(
      kernel(serial(attention(), globalAvgPool()) as never).diagonal(long, { get: ["nngp"], engine: wasm }),
    ).rejects.toThrow(
      /^wasm engine: got examples that need .* GiB, allowed is 4 GiB, what WebAssembly addresses\. Not even two/,
    );
    // And the engine goes on.
    expect((await kernel(net)(tokens, null, { get: "nngp", engine: wasm })).rows).toBe(13);
  });
});

describe("tiles", () => {
  test.each([
    [null, undefined],
    [others, undefined],
    [null, 0],
    [others, 0],
  ])("cover every entry once, with progress to the end", async (x2, more) => {
    for (const engine of engines()) {
      const memory = more === undefined ? undefined : least(engine) + more;
      const seen = new Uint8Array(13 * (x2 === null ? 13 : 6));
      const columns = x2 === null ? 13 : 6;
      const progress: [number, number][] = [];
      const onProgress = (done: number, total: number): void => void progress.push([done, total]);
      let last = 0;
      for await (const tile of kernel(net).tiles(tokens, x2, { get: ["ntk"], engine, memory, onProgress })) {
        const height = tile.rowTo - tile.rowFrom;
        expect(tile.values.ntk!.length).toBe(height * (tile.columnTo - tile.columnFrom));
        expect(tile.done).toBeGreaterThan(last);
        expect(progress.at(-1)).toEqual([tile.done, tile.total]);
        last = tile.done;
        for (let i = tile.rowFrom; i < tile.rowTo; i++)
          for (let j = tile.columnFrom; j < tile.columnTo; j++) {
            seen[i * columns + j]!++;
            const mirrored = x2 === null && tile.rowFrom !== tile.columnFrom;
            if (mirrored) seen[j * columns + i]!++;
          }
      }
      expect([...new Set(seen)]).toEqual([1]);
      expect(last).toBe(x2 === null ? (13 * 14) / 2 : 13 * 6);
    }
  });

  test("pieces on the diagonal are symmetric", async () => {
    for (const engine of engines())
      for await (const { rowFrom, rowTo, columnFrom, values } of kernel(mlp).tiles(randomBatch(1, [200, 3]), null, {
        get: both,
        engine,
      })) {
        if (rowFrom !== columnFrom) continue;
        const size = rowTo - rowFrom;
        for (const quantity of both) {
          const data = values[quantity]!;
          for (let i = 0; i < size; i += 7)
            for (let j = 0; j < i; j++) expect(data[i * size + j]).toBeCloseTo(data[j * size + i]!, 14);
        }
      }
  });

  test("whoever breaks off leaves the engine in order", async () => {
    for (const engine of engines()) {
      const x = randomBatch(9, [300, 2]);
      let count = 0;
      for await (const _ of kernel(mlp).tiles(x, null, { get: both, engine })) if (++count === 2) break;
      expect(count).toBe(2);
      const after = await kernel(net)(tokens, null, { get: "ntk", engine });
      expect(after.data).toEqual((await kernel(net)(tokens, null, { get: "ntk", engine })).data);
    }
  });

  test("an error of the one who reads them passes through", async () => {
    const read = async (): Promise<void> => {
      for await (const _ of kernel(net).tiles(tokens, null, { get: both, engine: wasm })) throw new Error("mine");
    };
    await expect(read()).rejects.toThrow("mine");
    const onProgress = (): void => {
      throw new Error("also mine");
    };
    await expect(kernel(net)(tokens, null, { get: both, engine: wasm, onProgress })).rejects.toThrow("also mine");
  });

  test("the plan covers a matrix, or its upper triangle, once", () => {
    fc.assert(
      fc.property(fc.nat(40), fc.option(fc.nat(40)), fc.integer({ min: 1, max: 50 }), (n1, n2, step) => {
        const seen = new Uint8Array(n1 * (n2 ?? n1));
        for (const { rowFrom, rowTo, columnFrom, columnTo } of tilesOf(n1, n2, step))
          for (let i = rowFrom; i < rowTo; i++) for (let j = columnFrom; j < columnTo; j++) seen[i * (n2 ?? n1) + j]!++;
        for (let i = 0; i < n1; i++)
          for (let j = n2 === null ? i : 0; j < (n2 ?? n1); j++) expect(seen[i * (n2 ?? n1) + j]).toBe(1);
        expect(ranges(n1, step).flatMap(([from, to]) => Array.from({ length: to - from }, (_, i) => from + i))).toEqual(
          [...Array(n1).keys()],
        );
      }),
      { seed: 3, numRuns: 100 },
    );
  });
});

describe("the second batch", () => {
  const trained = serial(dense(), dropout({ drop: 0.5 }), globalAvgPool(), dense());
  const k = kernel(trained);
  const on = { get: both } as const;

  test("if it is the first, in the same or in other memory, entries (i, i) are of one unit", async () => {
    const same = await k(tokens, null, { ...on, engine: wasm });
    const copy = batch(tokens.shape, tokens.data.slice(), tokens.mask);
    const single = batch(others.shape, Float32Array.from(others.data));
    const double = batch(others.shape, Float64Array.from(single.data));
    expect(await k(tokens, copy, { ...on, engine: wasm })).toEqual(same);
    expect((await k(single, double, { ...on, engine: wasm })).nngp.data).toEqual(
      (await k(single, null, { ...on, engine: wasm })).nngp.data,
    );
    // What stands in padding makes no other batch of it.
    const garbage = tokens.data.slice();
    for (const [i, present] of tokens.mask!.entries()) if (present === 0) garbage.fill(55, i * 2, i * 2 + 2);
    expect(await k(tokens, batch(tokens.shape, garbage, tokens.mask), { ...on, engine: wasm })).toEqual(same);
  });

  test("if it is another one, equal examples in it are other units", async () => {
    const same = await k(tokens, null, { ...on, engine: reference });
    const cross = await k(tokens, examples(tokens, 0, 12), { ...on, engine: reference });
    for (const quantity of both) {
      expect(cross[quantity].data[0]).toBeLessThan(same[quantity].data[0]!);
      expect(cross[quantity].data[1]).toBeCloseTo(same[quantity].data[1]!, 14);
    }
  });

  test("must have examples of the same kind", async () => {
    const wrong = (x2: ReturnType<typeof batch>): Promise<unknown> => k(tokens, x2, { ...on, engine: reference });
    for (const x2 of [randomBatch(1, [2, 3, 3]), randomBatch(1, [2, 3]), randomBatch(1, [2, 3, 3, 2])])
      await expect(wrong(x2)).rejects.toThrow("kernel: x2: got examples of shape");
  });
});

describe("what is refused", () => {
  const run = (get: unknown): Promise<unknown> => kernel(mlp)(others, null, { get: get as "nngp", engine: reference });
  test.each([
    ["nothing", undefined, "nothing"],
    ["an empty list", [], "[]"],
    ["another word", "kernel", '["kernel"]'],
    ["a quantity twice", ["ntk", "ntk"], '["ntk","ntk"]'],
  ])("%s for get", async (_, get, given) => {
    await expect(run(get)).rejects.toThrow(
      `kernel: get: got ${given}, allowed is "nngp", "ntk", or a list of them. Name each quantity once.`,
    );
    expect(() => kernel(mlp).tiles(others, null, { get: get as readonly "ntk"[] })).toThrow("kernel: get: got");
  });

  test("a network that ends with positions", async () => {
    const message =
      "kernel: got a network that ends with tokens (n, 3, ∞), Gaussian, allowed is a network that ends with features (n, d). Put globalAvgPool() or flatten() before the readout, or use positionKernel() to see all positions.";
    const k = kernel(attention() as Network as never);
    await expect(k(others, null, { get: "ntk", engine: reference })).rejects.toThrow(message);
    await expect(k.diagonal(others, { get: ["ntk"], engine: reference })).rejects.toThrow(message);
    expect(() => k.explain([2, 3, 2])).toThrow(message);
  });
});

describe("a signal", () => {
  const stopped = AbortSignal.abort(new Error("stopped"));
  test("that was given before stops everything at once", async () => {
    const k = kernel(net);
    for (const engine of engines()) {
      const options = { get: both, engine, signal: stopped };
      await expect(k(tokens, null, options)).rejects.toThrow("stopped");
      await expect(k.diagonal(tokens, options)).rejects.toThrow("stopped");
      await expect(positionKernel(net)(tokens, null, options)).rejects.toThrow("stopped");
      await expect(engine.self({} as never, tokens, { signal: stopped })).rejects.toThrow("stopped");
    }
  });

  test("reaches the engine with every call", async () => {
    const seen: unknown[] = [];
    const { signal } = new AbortController();
    const recording: Engine = {
      ...reference,
      tiles: (program, a, b, tiles, options) => {
        seen.push(options?.signal);
        return reference.tiles(program, a, b, tiles, options);
      },
      self: (program, a, options) => {
        seen.push(options?.signal);
        return reference.self(program, a, options);
      },
    };
    await kernel(net)(tokens, null, { get: both, engine: recording, signal, memory: least(reference) });
    await kernel(net).diagonal(tokens, { get: both, engine: recording, signal, memory: least(reference) });
    expect(seen.length).toBeGreaterThan(2);
    expect(new Set(seen)).toEqual(new Set([signal]));
  });
});

test("progress of a diagonal ends at its length", async () => {
  const progress: number[] = [];
  const onProgress = (done: number): void => void progress.push(done);
  await kernel(net).diagonal(tokens, { get: both, engine: reference, onProgress, memory: least(reference) });
  expect(progress.at(-1)).toBe(13);
  expect([...progress].sort((a, b) => a - b)).toEqual(progress);
});

test("an engine that was given stays open; without one the call opens and closes its own", async () => {
  let closed = 0;
  const watched: Engine = { ...reference, [Symbol.asyncDispose]: async () => void closed++ };
  await kernel(mlp)(randomBatch(1, [2, 3]), null, { get: "nngp", engine: watched });
  expect(closed).toBe(0);
  const own = await kernel(mlp)(randomBatch(1, [2, 3]), null, { get: "nngp", precision: "f32" });
  expect(own.data).toBeInstanceOf(Float32Array);
});
