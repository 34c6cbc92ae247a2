/** @module Graphs: sums over the edges of each example, and the nodes of one graph as examples. */
import { readFileSync } from "node:fs";
import path from "node:path";
import fc from "fast-check";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { type Batch, batch, examples } from "../../src/core/batch.js";
import { type Edge, withGraphs } from "../../src/core/graphs.js";
import type { Engine } from "../../src/engines/engine.js";
import { openEngine } from "../../src/engines/open.js";
import { oneHot, predictedClasses } from "../../src/inference/labels.js";
import { posterior } from "../../src/inference/posterior.js";
import type { Matrix } from "../../src/linalg/matrix.js";
import { networkFromData } from "../../src/network/json.js";
import type { Network } from "../../src/network/placement.js";
import { kernel, positionKernel } from "../../src/tiles/kernel.js";
import { expectLimit } from "../conformance/finite.js";
import { oracle } from "../conformance/oracle.js";
import { difference, random, randomBatch } from "../conformance/random.js";
import { hasShared, needsShared, shared } from "../data/shared.js";

const get = ["nngp", "ntk"] as const;
const dense = { type: "dense", weightStd: 1.2, biasStd: 0.3 };
const relu = { type: "relu" };
const aggregate = { type: "aggregate" };
const net = (...layers: readonly object[]): Network => networkFromData({ type: "serial", layers });

/** Random examples with holes, and random directed edges, some of them twice. */
function graphs(seed: number, n: number, S: number, masked: boolean): Batch {
  const { uniform, integer } = random(seed);
  const mask = masked ? Array.from({ length: n * S }, () => (uniform() < 0.7 ? 1 : 0)) : undefined;
  const edges = Array.from({ length: n }, () =>
    Array.from({ length: integer(3 * S) }, (): Edge => [integer(S), integer(S), uniform() - 0.3]),
  );
  return withGraphs(randomBatch(seed, [n, S, 3], mask), { edges });
}

describe("aggregate", () => {
  let engines: readonly Engine[];
  let single: Engine;
  beforeAll(async () => {
    engines = [await openEngine({ name: "reference" }), await openEngine({ threads: 2 })];
    single = await openEngine({ threads: 1, precision: "f32" });
  });
  afterAll(async () => {
    for (const engine of [...engines, single]) await engine[Symbol.asyncDispose]();
  });

  const networks = [
    net(aggregate),
    net(dense, relu, aggregate, { type: "flatten" }, dense),
    net(aggregate, dense, relu, aggregate, dense, { type: "attention" }, relu, { type: "globalAvgPool" }, dense),
    net(dense, { type: "parallel", branches: [net(aggregate, dense), { type: "identity" }] }, { type: "gelu" }),
  ];
  for (const [k, network] of networks.entries())
    test(`network ${k} is what the specification says, whatever is padding`, async () => {
      const property = fc.asyncProperty(fc.nat(1e6), fc.boolean(), async (seed, masked) => {
        const x = graphs(seed, 3, 1 + (seed % 6), masked);
        const wanted = oracle(network, x);
        for (const engine of [...engines, single]) {
          const found = await positionKernel(network)(x, null, { get, engine });
          for (const quantity of get)
            expect(difference(found[quantity], wanted[quantity])).toBeLessThan(engine === single ? 2e-4 : 3e-8);
        }
        const [some, others] = [examples(x, 0, 1), examples(x, 1, 3)];
        const cross = await positionKernel(network)(some, others, { get, engine: engines[1] });
        const block = wanted.nngp.length / 9;
        expect(difference(cross.nngp, wanted.nngp.slice(block, 3 * block))).toBeLessThan(1e-12);
      });
      await fc.assert(property, { seed: 8, numRuns: 6 });
    });

  test("is what random networks average to", async () => {
    const x = withGraphs(randomBatch(3, [2, 3, 2], [1, 1, 1, 1, 1, 0]), {
      edges: [
        [
          [0, 1],
          [1, 2],
        ],
        [[0, 1, 2]],
      ],
      undirected: true,
      selfLoops: true,
    });
    const network = net(dense, relu, aggregate, dense, relu, { type: "globalAvgPool" }, dense);
    const found = await kernel(network)(x, null, { get, engine: engines[0] });
    await expectLimit({ nngp: found.nngp.data, ntk: found.ntk.data }, network, x);
  });

  test("tells equal data with different graphs apart", async () => {
    const x = batch([2, 2, 1], [1, 2, 1, 2]);
    const [one, other] = [withGraphs(x, { edges: [[[0, 1]], []] }), withGraphs(x, { edges: [[[1, 0]], []] })];
    const network = net(aggregate, { type: "globalSumPool" });
    for (const engine of engines) {
      const { nngp } = await kernel(network)(one, other, { get: ["nngp"], engine });
      expect([...nngp.data]).toEqual([2, 0, 0, 0]);
    }
  });

  test("refuses batches without graphs, and positions that are no longer nodes", async () => {
    const x = graphs(1, 2, 4, false);
    const pooled = net({ type: "avgPool", filter: 2, strides: 2 }, aggregate, { type: "flatten" });
    await expect(kernel(pooled)(x, null, { get: "nngp" })).rejects.toThrow(/^aggregate: got a grid \[2\] of positions/);
    const sum = net(aggregate, { type: "flatten" });
    const { graphs: _, ...plain } = x;
    await expect(kernel(sum)(plain, null, { get: "nngp" })).rejects.toThrow(/^kernel: aggregate: got a batch without/);
    await expect(kernel(sum)(x, plain, { get: "nngp" })).rejects.toThrow(/^kernel: aggregate: got a batch without/);
    await expect(kernel(net(aggregate))(batch([1, 2], [1, 2]), null, { get: "nngp" })).rejects.toThrow(
      /^network\.layers\[0\]: aggregate: got features/,
    );
    const wide = graphs(1, 2, 5, false);
    await expect(kernel(sum)(x, wide, { get: "nngp" })).rejects.toThrow(/^kernel: x2: got examples of shape/);
  });
});

describe("withGraphs", () => {
  const x = batch([1, 3, 1], [1, 2, 3]);
  const matrix = (of: Batch): number[][] => {
    const { starts, sources, weights } = of.graphs!;
    const rows = [0, 1, 2].map(() => [0, 0, 0]);
    for (const [s, row] of rows.entries())
      for (let e = starts[s]!; e < starts[s + 1]!; e++) row[sources[e]!] = weights[e]!;
    return rows;
  };
  test("reads a matrix from row to column, as edges from one node to another", () => {
    const edges = withGraphs(x, {
      edges: [
        [
          [0, 1, 2],
          [0, 1],
          [2, 0],
        ],
      ],
    });
    const adjacency = withGraphs(x, { adjacency: [0, 3, 0, 0, 0, 0, 1, 0, 0] });
    expect(matrix(edges)).toEqual([
      [0, 0, 1],
      [3, 0, 0],
      [0, 0, 0],
    ]);
    expect(matrix(adjacency)).toEqual(matrix(edges));
  });
  test("normalises by the edges into a node, or at both ends", () => {
    const path: readonly Edge[] = [
      [0, 1],
      [1, 2],
    ];
    const loops = { edges: [path], undirected: true, selfLoops: true };
    expect(matrix(withGraphs(x, { ...loops, normalize: "mean" }))).toEqual([
      [1 / 2, 1 / 2, 0],
      [1 / 3, 1 / 3, 1 / 3],
      [0, 1 / 2, 1 / 2],
    ]);
    const [ends, middle] = [1 / 2, 1 / 3];
    const between = 1 / Math.sqrt(6);
    const found = matrix(withGraphs(x, { ...loops, normalize: "symmetric" }));
    expect(difference(found.flat(), [ends, between, 0, between, middle, between, 0, between, ends])).toBeLessThan(
      1e-15,
    );
  });
  test.each([
    { what: "nothing", options: {}, message: /got neither edges nor an adjacency/ },
    { what: "both", options: { edges: [[]], adjacency: new Array(9).fill(0) }, message: /got edges and an adjacency/ },
    { what: "too few graphs", options: { edges: [] }, message: /got 0 graphs, allowed is 1/ },
    { what: "a node that is not there", options: { edges: [[[0, 3] as const]] }, message: /got an edge from 0 to 3/ },
    { what: "an infinite weight", options: { edges: [[[0, 1, 1 / 0] as const]] }, message: /got the weight Infinity/ },
    { what: "too few numbers", options: { adjacency: [1, 2] }, message: /got 2 numbers, allowed is 9: S × S/ },
  ])("refuses $what", ({ options, message }) => {
    expect(() => withGraphs(x, options)).toThrow(message);
  });
  test("refuses features", () => {
    expect(() => withGraphs(batch([1, 2], [1, 2]), { edges: [[]] })).toThrow(/^withGraphs: got features/);
  });
});

test.skipIf(!hasShared)(`classifies papers by their citations${needsShared}`, { timeout: 120_000 }, async () => {
  const read = (file: string): string[] =>
    readFileSync(path.join(shared, "cora", file), "utf8")
      .trim()
      .split("\n");
  const nodes = read("nodes.csv")
    .slice(1)
    .map((line) => line.split(","));
  const links = read("edges.csv")
    .slice(1)
    .map((line): Edge => {
      const [from, to] = line.split(",").map(Number);
      return [from!, to!];
    });
  const S = nodes.length;
  const words = new Float32Array(S * 1433);
  for (const line of read("features.mtx").slice(2)) {
    const [node, word] = line.split(" ").map((at) => Number(at) - 1);
    words[node! * 1433 + word!] = 1;
  }
  const x = batch([1, S, 1433], words);
  const y = nodes.map(([, label]) => Number(label));
  const part = (name: string): number[] => nodes.flatMap(([id, , split]) => (split === name ? [Number(id)] : []));
  const [train, tested] = [part("train"), part("test")];
  expect([S, links.length, train.length, tested.length]).toEqual([2708, 5278, 140, 1000]);

  await using engine = await openEngine({ precision: "f32" });
  const score = async (network: Network, of: Batch): Promise<number> => {
    const { nngp } = await positionKernel(network)(of, null, { get: ["nngp"], engine });
    const between = (rows: readonly number[]): { readonly nngp: Matrix } => ({
      nngp: {
        rows: rows.length,
        columns: train.length,
        data: Float32Array.from(rows.flatMap((r) => train.map((c) => nngp[r * S + c]!))),
      },
    });
    const targets = oneHot(
      train.map((s) => y[s]!),
      7,
    );
    const fitted = posterior({ trainTrain: between(train), y: targets, noise: { relative: 0.1 } });
    const classes = predictedClasses(fitted.predict({ testTrain: between(tested) }, { uncertainty: "none" }).mean);
    return tested.filter((s, i) => classes[i] === y[s]).length / tested.length;
  };
  const graph = withGraphs(x, { edges: [links], undirected: true, selfLoops: true, normalize: "symmetric" });
  const alone = await score(net(dense, relu, dense), x);
  const linked = await score(net(aggregate, dense, relu, aggregate, dense), graph);
  console.log(`without links ${alone}, with links ${linked}`);
  expect(alone).toBeLessThan(0.65);
  expect(linked).toBeGreaterThan(0.79);
});
