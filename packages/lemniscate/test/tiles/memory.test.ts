import fc from "fast-check";
import { attention, dense, type Engine, flatten, openEngine, relu, serial } from "lemniscate";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { describeBytes, parseBytes } from "../../src/core/bytes.js";
import { compile } from "../../src/program/compile.js";
import { blocksOf, holdingFor } from "../../src/tiles/memory.js";

const both = ["nngp", "ntk"] as const;
const transformer = serial(dense(), attention(), relu(), flatten(), dense());
const programs = [
  compile(serial(dense(), relu(), dense()), { grid: [], channels: 20, gaussian: false }, { get: both, masked: false }),
  compile(transformer, { grid: [100], channels: 3, gaussian: false }, { get: both, masked: false }),
];

let engines: readonly Engine[];
beforeAll(async () => {
  engines = [
    await openEngine({ name: "reference" }),
    await openEngine({ threads: 2 }),
    await openEngine({ threads: 1, precision: "f32" }),
  ];
});
afterAll(() => Promise.all(engines.map((engine) => engine[Symbol.asyncDispose]())));

test.each([
  ["2GiB", 2 ** 31],
  ["1.5 MiB", 1.5 * 2 ** 20],
  ["500MB", 5e8],
  ["3k", 3000],
  ["1TiB", 2 ** 40],
  ["17", 17],
  ["17B", 17],
  ["", undefined],
  ["GiB", undefined],
  ["2 apples", undefined],
  ["1e9", undefined],
])("%j is %s bytes", (text, bytes) => expect(parseBytes(text)).toBe(bytes));

test.each([
  [0, "0 B"],
  [1023, "1020 B"],
  [1536, "1.5 KiB"],
  [2 ** 31, "2 GiB"],
  [5e15, "4550 TiB"],
])("%d bytes are %s", (bytes, text) => expect(describeBytes(bytes)).toBe(text));

describe("what is held at once", () => {
  test("fits into the memory, covers the matrix, and grows with the memory", async () => {
    const job = fc.record({
      program: fc.constantFrom(...programs),
      n1: fc.nat(1000),
      n2: fc.option(fc.nat(1000)),
      as: fc.constantFrom("matrices" as const, "pieces" as const),
    });
    await fc.assert(
      fc.asyncProperty(job, fc.nat(2), fc.integer({ min: 10, max: 27 }), async (of, which, power) => {
        const engine = engines[which]!;
        const memory = 2 ** power;
        const holding = await holdingFor(engine, of, memory).catch((error: Error) => error.message);
        if (typeof holding === "string") {
          expect(holding).toMatch(/^kernel: memory: got .* allowed is .* or more: .* for the result/);
          return;
        }
        const { side, rows, columns, working, result } = holding;
        expect(working + result).toBeLessThanOrEqual(memory);
        const { n1, n2 } = of;
        const blocks = blocksOf(holding, n1, n2);
        const area = blocks.reduce((sum, { rows: r, columns: c }) => sum + (r[1] - r[0]) * (c[1] - c[0]), 0);
        if (n2 !== null) expect(area).toBe(n1 * n2);
        for (const { rows: r, columns: c } of blocks) expect(r[1] - r[0] <= rows && c[1] - c[0] <= columns).toBe(true);
        const twice = await holdingFor(engine, of, 2 * memory);
        expect(twice.side).toBeGreaterThanOrEqual(side);
        if (twice.side === side) expect(twice.rows).toBeGreaterThanOrEqual(rows);
      }),
      { seed: 5, numRuns: 60 },
    );
  });

  test("without a figure is 1 GiB besides the result, however large that is", async () => {
    const n1 = 100_000;
    for (const engine of engines) {
      const { working, result } = await holdingFor(
        engine,
        { program: programs[0]!, n1, n2: null, as: "matrices" },
        undefined,
      );
      expect(result).toBe(n1 * n1 * 2 * (engine.precision === "f32" ? 4 : 8));
      expect(working).toBeLessThanOrEqual(2 ** 30);
    }
  });

  test("is no more than WebAssembly addresses, however much there is", async () => {
    const program = programs[1]!;
    const engine = engines[1]!;
    const all = await engine.bytes(program, 60_000, 4);
    expect(all).toBe(Number.POSITIVE_INFINITY);
    const { rows, columns } = await holdingFor(engine, { program, n1: 60_000, n2: null, as: "matrices" }, "1TiB");
    expect(rows).toBeGreaterThan(10_000);
    expect(await engine.bytes(program, rows + columns, 4)).toBeLessThan(2 ** 32);
  });

  test("a result that does not fit is refused with its size and what to do", async () => {
    const job = { program: programs[0]!, n1: 20_000, n2: null, as: "matrices" } as const;
    await expect(holdingFor(engines[1]!, job, "2GiB")).rejects.toThrow(
      /^kernel: memory: got 2 GiB, allowed is 5\.96 GiB or more: 5\.96 GiB for the result \(20000 × 20000, nngp, ntk\) and \S+ KiB to compute one pair\. Read the result piece by piece with tiles\(\), take fewer examples, or compute in "f32"\.$/,
    );
    expect((await holdingFor(engines[1]!, { ...job, as: "pieces" }, "2GiB")).result).toBe(0);
  });
});
