/** @module Several inputs, and graphs, from files. */
import { readFileSync, writeFileSync } from "node:fs";
import path from "node:path";
import { gzipSync } from "node:zlib";
import { expect, test } from "vitest";
import { readInputs } from "../../src/cli/inputs.js";
import { type Examples, examplesOf } from "../../src/cli/spec/examples.js";
import { formatNpy, type NpyData, numbersOf, readNpy } from "../../src/data/npy.js";
import { hasShared, needsShared, shared } from "../data/shared.js";
import { emptyFolder, lemniscate } from "./lemniscate.js";

function folderWith(files: Readonly<Record<string, string | { shape: readonly number[]; data: NpyData }>>): string {
  const folder = emptyFolder();
  for (const [name, content] of Object.entries(files))
    writeFileSync(path.join(folder, name), typeof content === "string" ? content : formatNpy(content));
  return folder;
}

const nodes = { shape: [2, 3, 1], data: Float64Array.of(1, 2, 5, 4, 5, 6) };

test("several inputs: kernel and predict take the experiment's", async () => {
  const folder = folderWith({
    "text.npy": { shape: [2, 2, 1], data: Float64Array.of(1, 2, 3, 9) },
    "mask.npy": { shape: [2, 2], data: Uint8Array.of(1, 1, 1, 0) },
    "table.csv": "a,b\n1,3\n-1,1\n",
    "y.npy": { shape: [2], data: Float64Array.of(1, 2) },
    "both.yaml": `
lemniscate: 1
network:
  type: serial
  layers:
    - type: parallel
      branches:
        - {type: serial, layers: [{type: input, name: text}, {type: dense}, {type: globalSumPool}]}
        - {type: serial, layers: [{type: input, name: table}, {type: dense}]}
data:
  train: &both
    type: inputs
    inputs:
      text: {type: npy, x: text.npy, mask: mask.npy}
      table: {type: csv, file: table.csv, target: none}
    y: y.npy
  test: *both
inference: {type: gp, noise: 0}
`,
  });
  const { code, stderr } = lemniscate(["kernel", "both.yaml", "--out", "k.npy", "-q"], folder);
  expect({ code, stderr }).toEqual({ code: 0, stderr: "" });
  // (1 + 2)² + (1 + 9)/2, 3·(1 + 2) + (−1 + 3)/2, 3² + 1
  expect(numbersOf(await readNpy(path.join(folder, "k.npy")))).toEqual(Float64Array.of(14, 10, 10, 10));
  const { predictions, train } = JSON.parse(lemniscate(["predict", "both.yaml", "--json"], folder).stdout);
  expect(train.shape).toEqual([2, 3, 2]);
  expect(predictions[1].mean[0]).toBeCloseTo(2, 9);
});

test("edges are read for all examples, or for each one", async () => {
  const folder = folderWith({
    "x.npy": nodes,
    "all.csv": "source,target\n0,1\n",
    "each.csv": "target,example,source,weight\n",
    "some.csv": "example,source,target,weight\n1,2,0,0.5\n",
    "far.csv": "source,target\n0,7\n",
    "third.csv": "example,source,target\n2,0,1\n",
    "odd.csv": "source\n0\n",
  });
  const at = (file: string): string => path.join(folder, file);
  const read = (edges: string, options: object = {}) =>
    readInputs(at("x.npy"), { graphs: { edges: at(edges), ...options } });
  expect((await read("all.csv", { undirected: true })).graphs?.sources).toEqual(Int32Array.of(1, 0, 1, 0));
  const { graphs } = await read("some.csv");
  expect(graphs).toEqual({
    starts: Int32Array.of(0, 0, 0, 0, 1, 1, 1),
    sources: Int32Array.of(2),
    weights: Float64Array.of(0.5),
  });
  await expect(read("far.csv")).rejects.toThrow("got an edge from 0 to 7, allowed is nodes 0 to 2");
  await expect(read("third.csv")).rejects.toThrow("third.csv:2: got example 2, allowed is whole numbers from 0 to 1");
  await expect(read("odd.csv")).rejects.toThrow("odd.csv: got the columns source, allowed is source, target");
});

test("graphs of an experiment, position by position", async () => {
  const experiment = `
lemniscate: 1
network: {type: serial, layers: [{type: aggregate}, {type: dense}]}
data: {train: {type: npy, x: x.npy, count: 1, graphs: {edges: edges.csv, undirected: true, selfLoops: true}}}
`;
  const folder = folderWith({ "x.npy": nodes, "edges.csv": "source,target\n0,1\n", "net.yaml": experiment });
  expect(lemniscate(["kernel", "net.yaml", "--positions", "--out", "k.npy", "-q"], folder).stderr).toBe("");
  const { shape, data } = await readNpy(path.join(folder, "k.npy"));
  expect(shape).toEqual([1, 1, 3, 3]);
  expect(data).toEqual(Float64Array.of(9, 9, 15, 9, 9, 15, 15, 15, 25));
});

test.skipIf(!hasShared)(`Cora's citations${needsShared}`, { timeout: 120_000 }, async () => {
  const S = 2708;
  const words = new Float32Array(S * 1433);
  for (const line of readFileSync(path.join(shared, "cora/features.mtx"), "utf8").trim().split("\n").slice(2)) {
    const [node, word] = line.split(" ").map((at) => Number(at) - 1);
    words[node! * 1433 + word!] = 1;
  }
  const folder = folderWith({
    "words.npy": { shape: [1, S, 1433], data: words },
    "net.yaml": `
lemniscate: 1
network: {type: serial, layers: [{type: aggregate}, {type: dense}, {type: relu}, {type: aggregate}, {type: dense}]}
data:
  train:
    type: npy
    x: words.npy
    graphs: {edges: ${path.join(shared, "cora/edges.csv")}, undirected: true, selfLoops: true, normalize: symmetric}
engine: {type: wasm, precision: f32}
`,
  });
  expect(lemniscate(["kernel", "net.yaml", "--positions", "--out", "k.npy", "-q"], folder).stderr).toBe("");
  const { shape, data } = await readNpy(path.join(folder, "k.npy"));
  expect(shape).toEqual([1, 1, S, S]);
  // Each of the 20 × 7 training papers is nearest, by correlation, to one of another; mostly of its own class.
  const train = readFileSync(path.join(shared, "cora/nodes.csv"), "utf8")
    .trim()
    .split("\n")
    .map((line) => line.split(","))
    .filter(([, , split]) => split === "train")
    .map(([node, label]) => [Number(node), label] as const);
  const k = (a: number, b: number): number => Number(data[a * S + b]);
  const alike = train.filter(([a, label]) => {
    const others = train.filter(([b]) => b !== a).map(([b, other]) => [k(a, b) / Math.sqrt(k(b, b)), other] as const);
    return others.reduce((best, each) => (each[0] > best[0] ? each : best))[1] === label;
  });
  expect(alike.length).toBeGreaterThan(90);
});

test("images: the first of them, with the names of their classes, and no other targets", async () => {
  const folder = emptyFolder();
  const at = (file: string): string => path.join(folder, file);
  const pictures = new Uint8Array(3 * 3073);
  for (const [i, label] of [6, 0, 9].entries()) pictures[i * 3073] = label;
  writeFileSync(at("pictures.bin"), pictures);
  writeFileSync(at("images"), Uint8Array.of(0, 0, 8, 3, 0, 0, 0, 2, 0, 0, 0, 1, 0, 0, 0, 2, 0, 255, 51, 102));
  writeFileSync(at("labels"), gzipSync(Uint8Array.of(0, 0, 8, 1, 0, 0, 0, 2, 7, 3)));
  const cifar10 = { type: "cifar10", file: "pictures.bin" } as const;
  const mnist = { type: "mnist", images: "images", labels: "labels" } as const;
  const read = (block: typeof cifar10 | typeof mnist, wanted: "labels" | "targets" | "nothing"): Promise<Examples> =>
    examplesOf(block, wanted, "data.train", at);
  const two = await read({ ...cifar10, count: 2 } as never, "labels");
  expect([two.x.shape, two.labels]).toEqual([
    [2, 32, 32, 3],
    ["frog", "airplane"],
  ]);
  const digits = await read(mnist, "labels");
  expect([digits.x.shape, digits.labels]).toEqual([
    [2, 1, 2, 1],
    ["7", "3"],
  ]);
  expect([...digits.x.data]).toEqual([0, 1, 0.2, 0.4].map((value) => expect.closeTo(value, 6)));
  expect(Object.keys(await read(mnist, "nothing"))).toEqual(["x"]);
  await expect(read(cifar10, "targets")).rejects.toThrow(
    'data.train: got images, which have classes, allowed is inference of type "classification".',
  );
});
