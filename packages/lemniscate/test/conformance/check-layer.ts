/** @module The suite that every layer inherits: what has to hold whatever the layer is. */
import fc from "fast-check";
import {
  type Batch,
  batch,
  cholesky,
  type Engine,
  examples,
  flatten,
  globalAvgPool,
  kernel,
  type Network,
  networkFromData,
  networkFromJson,
  networkToJson,
  openEngine,
  positionKernel,
  positionsOf,
} from "lemniscate";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { expectLimit } from "./finite.js";
import { checkGradient } from "./gradient.js";
import { oracle } from "./oracle.js";
import { difference, random, randomBatch, sameBits } from "./random.js";

/** Whether this Node makes pairs of vectors. */
const hasPairs = Number.parseInt(process.versions.v8, 10) >= 12;

/** A layer and all that the suite has to know about it. */
export interface LayerRow {
  readonly type: string;
  /** Options to try. */
  readonly options: readonly object[];
  /** What stands between the data and the layer, so that it may stand there. */
  readonly below?: readonly object[];
  /** Whether it may also stand next to the data. */
  readonly raw?: boolean;
  /** What data it can be given; default both. */
  readonly data?: "tokens" | "both";
  /** Grids of positions to try; default tokens of several lengths. A function of its options where they decide. */
  readonly grids?: (options: object) => readonly (readonly number[])[];
  /** Whether padding behind is nothing to it; default true. A function of its options where they decide. */
  readonly blind?: (options: object) => boolean;
  /** Whether it treats positions alike; a function of its options where they decide. */
  readonly equivariant?: (options: object) => boolean;
  /** What further padding multiplies the kernel with; default 1. */
  readonly padding?: (S: number, padded: number) => number;
  /**
   * Numbers of the options whose random networks are averaged; default the first. None where widths are declared, for
   * their limit is another one, or where no finite network has the layer as its limit.
   */
  readonly finite?: readonly number[];
  /** Relative error of single precision; default 2e-4. */
  readonly single?: number;
  /** Relative error to the oracle, of a layer that is not exact. */
  readonly error?: number;
}

const both = ["nngp", "ntk"] as const;
const seed = 20240611;
/** Relative error to the oracle and between engines. The NTK has angles, in which correlations of ±1 keep half their digits. */
const allowed = { nngp: 1e-13, ntk: 3e-8 };

/** A batch of an example's or several examples' tokens or features, with holes and padding. */
function batches(grids: readonly (readonly number[])[]): fc.Arbitrary<Batch> {
  return fc
    .record({
      n: fc.integer({ min: 1, max: 4 }),
      grid: fc.constantFrom(...grids),
      d: fc.integer({ min: 1, max: 4 }),
      seed: fc.nat(1e6),
      masked: fc.boolean(),
    })
    .map(({ n, grid, d, seed, masked }) => {
      const { uniform } = random(seed);
      const S = grid.reduce((product, size) => product * size, 1);
      const present = masked ? Array.from({ length: n * S }, () => (uniform() < 0.6 ? 1 : 0)) : undefined;
      return randomBatch(seed, [n, ...grid, d], present);
    });
}

function permutation(size: number, { integer }: ReturnType<typeof random>): number[] {
  const order = Array.from({ length: size }, (_, i) => i);
  for (let i = size - 1; i > 0; i--) {
    const j = integer(i + 1);
    [order[i], order[j]] = [order[j]!, order[i]!];
  }
  return order;
}

/** The batch with example `order[i]` as its i-th, and position `places[s]` as its s-th. */
function reordered(x: Batch, order: readonly number[], places?: readonly number[]): Batch {
  const S = positionsOf(x);
  const d = x.shape.at(-1)!;
  const from = order.flatMap((i) => (places ?? [...Array(S).keys()]).map((s) => i * S + s));
  const data = from.flatMap((at) => [...x.data.subarray(at * d, (at + 1) * d)]);
  return batch(
    x.shape,
    data,
    from.map((at) => x.mask?.[at] ?? 1),
  );
}

/** The batch with positions of garbage behind its own. */
function padded(x: Batch, more: number): Batch {
  const [n, S, d] = x.shape as [number, number, number];
  const data = new Float64Array(n * (S + more) * d).fill(1e6);
  const mask = new Uint8Array(n * (S + more));
  for (let i = 0; i < n; i++) {
    data.set(x.data.subarray(i * S * d, (i + 1) * S * d), i * (S + more) * d);
    mask.set(x.mask?.subarray(i * S, (i + 1) * S) ?? new Uint8Array(S).fill(1), i * (S + more));
  }
  return batch([n, S + more, d], data, mask);
}

/** Two examples of positions, some of them padding. */
function ragged(seed: number, grid: readonly number[]): Batch {
  const S = grid.reduce((product, size) => product * size, 1);
  const present = Array.from({ length: 2 * S }, (_, s) => (S > 1 && s % 4 === 3 ? 0 : 1));
  return randomBatch(seed, [2, ...grid, 3], present);
}

/** Features where kernels have corners: an example, itself again, its opposite, an orthogonal one, and nothing. */
function corners(seed: number): Batch {
  const [a, b, c] = randomBatch(seed, [1, 3]).data as unknown as [number, number, number];
  return batch([5, 3], [a, b, c, a, b, c, -a, -b, -c, -b, a, 0, 0, 0, 0]);
}

/** Blocks (n1, n2, S, S) as one matrix with rows (i, s) and columns (j, t). */
function asMatrix(values: ArrayLike<number>, n1: number, n2: number): { size: number; data: Float64Array; S: number } {
  const S = Math.round(Math.sqrt(values.length / Math.max(1, n1 * n2)));
  const data = new Float64Array(values.length);
  for (let i = 0; i < n1; i++)
    for (let j = 0; j < n2; j++)
      for (let s = 0; s < S; s++)
        for (let t = 0; t < S; t++) data[(i * S + s) * n2 * S + j * S + t] = values[((i * n2 + j) * S + s) * S + t]!;
  return { size: n1 * S, data, S };
}

function expectPositiveSemidefinite(data: Float64Array<ArrayBuffer>, size: number): void {
  if (data.every((value) => value === 0)) return;
  const { jitter } = cholesky({ rows: size, columns: size, data }, { jitter: [1e-13, 1e-12, 1e-11, 1e-10, 1e-9] });
  expect(jitter).toBeLessThanOrEqual(1e-9);
}

export function checkLayer(row: LayerRow): void {
  const { below = [], padding = () => 1, single = 2e-4, equivariant = () => true, blind = () => true } = row;
  const nets = row.options.map((options) => networkFromData({ type: row.type, ...options }));
  const at = (layers: readonly object[]): Network[] =>
    nets.map((net) => networkFromData({ type: "serial", layers: [...layers, net] }));
  const placed = row.raw === true ? [...at(below), ...at([])] : at(below);
  const gridsOf = (index: number): readonly (readonly number[])[] =>
    row.grids?.(row.options[index % row.options.length]!) ?? [[1], [2], [3], [5]];
  const kinds = row.data === "tokens" ? [true] : [true, false];

  describe(row.type, () => {
    let reference: Engine;
    let engines: readonly Engine[] = [];
    let half: Engine;
    beforeAll(async () => {
      reference = await openEngine({ name: "reference" });
      const third = hasPairs ? ({ threads: 1, vectorBits: 256 } as const) : { threads: 3 };
      engines = await Promise.all([{ threads: 1 }, { threads: 2 }, third].map(openEngine));
      half = await openEngine({ threads: 1, precision: "f32" });
    });
    afterAll(async () => {
      for (const engine of [...engines, half]) await engine[Symbol.asyncDispose]();
    });

    /** Every option on batches of every kind. */
    const everywhere = async (
      runs: number,
      body: (net: Network, x: Batch, index: number, seed: number) => Promise<void>,
      only = kinds,
    ): Promise<void> => {
      for (const [index, net] of placed.entries())
        for (const tokens of only) {
          const property = fc.asyncProperty(batches(tokens ? gridsOf(index) : [[]]), fc.nat(1e6), (x, s) =>
            body(net, x, index, s),
          );
          await fc.assert(property, { seed: seed + index, numRuns: runs });
        }
    };
    const compute = (net: Network, x: Batch, engine = reference, x2: Batch | null = null) =>
      positionKernel(net)(x, x2, { get: both, engine });

    test("comes back from JSON as it was, frozen", () => {
      for (const net of nets) {
        expect(networkFromJson(networkToJson(net))).toEqual(net);
        expect(networkFromJson(networkToJson(networkFromJson(networkToJson(net))))).toEqual(net);
        expect(Object.isFrozen(net)).toBe(true);
      }
    });

    test("has the derivatives that differences have", async () => {
      for (const [index, net] of at(below).entries()) {
        const tokens = row.data === "tokens" || index % 2 === 1;
        const x = tokens ? ragged(seed + index, gridsOf(index).at(-1)!) : corners(seed + index);
        const last = ends(net, x) > 0 ? globalAvgPool() : flatten();
        await checkGradient(networkFromData({ type: "serial", layers: [net, last] }), x, [reference, engines[0]!]);
      }
    });

    test("is what the specification says", () =>
      everywhere(12, async (net, x) => {
        const found = await compute(net, x);
        const wanted = oracle(net, x);
        for (const quantity of both)
          expect(difference(found[quantity], wanted[quantity])).toBeLessThan(row.error ?? allowed[quantity]);
      }));

    test("is symmetric and positive semidefinite", () =>
      everywhere(8, async (net, x) => {
        const found = await compute(net, x);
        for (const quantity of both) {
          const { data, size } = asMatrix(found[quantity], x.shape[0], x.shape[0]);
          const turned = data.map((_, k) => data[(k % size) * size + Math.floor(k / size)]!);
          expect(difference(data, turned)).toBeLessThan(1e-14);
          expectPositiveSemidefinite(data as Float64Array<ArrayBuffer>, size);
        }
      }));

    test("of two batches is a block of the kernel of both together; diagonal() is its diagonal", () =>
      everywhere(6, async (net, x, _, s) => {
        const n = x.shape[0];
        const joint = await compute(net, x);
        const first = random(s).integer(n + 1);
        const cross = await compute(net, examples(x, 0, first), reference, examples(x, first, n));
        for (const quantity of both) {
          const size = joint[quantity].length / (n * n);
          const block: number[] = [];
          for (let i = 0; i < first; i++)
            block.push(...joint[quantity].subarray((i * n + first) * size, (i + 1) * n * size));
          expect(difference(cross[quantity], block)).toBeLessThan(1e-14);
        }
        const positional = joint.nngp.length > n * n || (x.shape.length > 2 && ends(net, x) > 0);
        const k = kernel(
          (positional ? networkFromData({ type: "serial", layers: [net, globalAvgPool()] }) : net) as never,
        );
        const matrix = await k(x, null, { get: both, engine: reference });
        const diagonal = await k.diagonal(x, { get: both, engine: reference });
        for (const quantity of both)
          for (let i = 0; i < n; i++) expect(diagonal[quantity][i]).toBe(matrix[quantity].data[i * n + i]);
      }));

    test("does not see padding, whatever stands there", () =>
      everywhere(
        8,
        async (net, x, index, s) => {
          if (x.shape.length !== 3 || !blind(row.options[index % row.options.length]!)) return;
          const n = x.shape[0];
          const S = x.shape[1]!;
          const more = 1 + random(s).integer(3);
          const [found, wide] = [await compute(net, x), await compute(net, padded(x, more))];
          const factor = padding(S, S + more);
          for (const quantity of both) {
            const of = asMatrix(found[quantity], n, n).S;
            const W = asMatrix(wide[quantity], n, n).S;
            const expected = new Float64Array(wide[quantity].length);
            for (let ij = 0; ij < n * n; ij++)
              for (let a = 0; a < of; a++)
                for (let b = 0; b < of; b++)
                  expected[(ij * W + a) * W + b] = factor * found[quantity][(ij * of + a) * of + b]!;
            expect(difference(wide[quantity], expected)).toBeLessThan(1e-9);
          }
        },
        [true],
      ));

    test("follows permutations of examples, and of positions where it treats them alike", () =>
      everywhere(8, async (net, x, index, s) => {
        const [n, S] = [x.shape[0], positionsOf(x)];
        const dice = random(s);
        const order = permutation(n, dice);
        const places = permutation(S, dice);
        const alike = equivariant(row.options[index % row.options.length]!);
        const [found, moved] = [
          await compute(net, x),
          await compute(net, reordered(x, order, alike ? places : undefined)),
        ];
        for (const quantity of both) {
          const of = asMatrix(found[quantity], n, n).S;
          const at = (s: number): number => (of === S && alike ? places[s]! : s);
          const expected = moved[quantity].map((_, k) => {
            const [i, j] = [Math.floor(k / (n * of * of)), Math.floor(k / (of * of)) % n];
            const [a, b] = [Math.floor(k / of) % of, k % of];
            return found[quantity][((order[i]! * n + order[j]!) * of + at(a)) * of + at(b)]!;
          });
          expect(difference(moved[quantity], expected)).toBeLessThan(1e-12);
        }
      }));

    test("is the same on every engine, to the bit for any number of threads and bits of a vector", () =>
      everywhere(2, async (net, x) => {
        const wanted = await compute(net, x);
        const [one, ...others] = await Promise.all(engines.map((engine) => compute(net, x, engine)));
        const rough = await compute(net, x, half);
        for (const quantity of both) {
          expect(difference(one![quantity], wanted[quantity])).toBeLessThan(allowed[quantity]);
          for (const other of others) expect(sameBits(other[quantity], one![quantity])).toBe(true);
          expect(difference(rough[quantity], wanted[quantity])).toBeLessThan(single);
        }
        const cross = await compute(net, x, engines[1], othersLike(x));
        const wantedCross = await compute(net, x, reference, othersLike(x));
        for (const quantity of both)
          expect(difference(cross[quantity], wantedCross[quantity])).toBeLessThan(allowed[quantity]);
      }));

    test("gives one quantity as it gives both, and a copy of a batch as the batch itself", () =>
      everywhere(4, async (net, x) => {
        const together = await compute(net, x);
        const copy = batch(x.shape, x.data.slice(), x.mask);
        const copied = await compute(net, x, reference, copy);
        for (const quantity of both) {
          expect(sameBits(copied[quantity], together[quantity])).toBe(true);
          const alone = await positionKernel(net)(x, null, { get: [quantity], engine: reference });
          expect(difference((alone as Record<string, Float64Array>)[quantity]!, together[quantity])).toBeLessThan(
            1e-14,
          );
        }
      }));

    test("is what random networks of finite width average to", async () => {
      for (const index of row.finite ?? [0]) {
        const grid = row.data === "tokens" ? (gridsOf(index)[1] ?? gridsOf(index)[0]!) : [];
        const S = grid.reduce((product, size) => product * size, 1);
        const holes = Array.from({ length: 2 * S }, (_, i) => (i === S + 1 ? 0 : 1));
        const x = randomBatch(5, [2, ...grid, 3], S > 1 ? holes : undefined);
        // Positions are read out by a mean, and a dense layer makes of any output the mean of many.
        const readouts = [...(ends(placed[index]!, x) > 0 ? [{ type: "globalAvgPool" }] : []), { type: "dense" }];
        // Declared widths would keep these layers narrow, and the networks far apart.
        const wide = below.map(({ width: _, ...layer }: { readonly width?: number }) => layer);
        const layers = [...wide, { type: row.type, ...row.options[index] }, ...readouts];
        const net = networkFromData({ type: "serial", layers });
        await expectLimit(await compute(net, x), net, x);
      }
    });

    test("of no examples is empty", async () => {
      for (const [index, net] of placed.entries()) {
        const none = batch(row.data === "tokens" ? [0, ...gridsOf(index)[0]!, 2] : [0, 2], []);
        for (const engine of [reference, engines[1]!]) expect((await compute(net, none, engine)).ntk.length).toBe(0);
      }
    });
  });
}

/** Other examples of the same shape. */
function othersLike(x: Batch): Batch {
  return randomBatch(77, x.shape);
}

/** Number of position axes behind a network. */
function ends(net: Network, x: Batch): number {
  const pools = JSON.stringify(net).match(
    /"type":"(globalAvgPool|globalSumPool|flatten|token)"|"axes":\[-?\d+(,-?\d+)*\]|"matrix":\[-?\d/,
  );
  return pools === null ? x.shape.length - 2 : 0;
}
