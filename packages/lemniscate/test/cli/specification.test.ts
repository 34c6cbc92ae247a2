import { writeFileSync } from "node:fs";
import path from "node:path";
import { expect, test } from "vitest";
import { emptyFolder, lemniscate } from "./lemniscate.js";

/** The text of a file with one mistake, and what is said about it. */
const mistakes: readonly (readonly [name: string, text: string, message: string | RegExp])[] = [
  [
    "a word that an option does not know",
    "type: serial\nlayers:\n  - type: attention\n    weights: sofmax\n",
    'net.yaml:4:14 network.layers[0] (attention): weights: got "sofmax", allowed is "softmax", "sparsemax", "identity", "relu"',
  ],
  [
    "an unknown option",
    "type: serial\nlayers:\n  - {type: dense, wieghtStd: 1}\n",
    'net.yaml:3:30 network.layers[0] (dense): got the unknown option "wieghtStd", allowed is weightStd, biasStd,',
  ],
  [
    "an unknown option inside an option",
    "type: attention\nposition:\n  rte: 1\n",
    'net.yaml:3:8 network (attention).position: got the unknown option "rte", allowed is combine, decay, rate,',
  ],
  [
    "a number out of range",
    "lemniscate: 1\nnetwork:\n  type: dense\n  weightStd: -1\n",
    "net.yaml:4:14 network (dense): weightStd: got -1, allowed is a number ≥ 0.",
  ],
  ["an unknown layer", "type: serial\nlayers:\n  - type: dnse\n", 'net.yaml:3:11 network.layers[0]: type: got "dnse"'],
  ["a layer without a type", "type: serial\nlayers:\n  - typ: dense\n", "net.yaml:3:5 network.layers[0]: got keys typ"],
  [
    "a count that is none",
    "type: repeat\nlayer: {type: dense}\ntimes: 1.5\n",
    "net.yaml:3:8 network.times: got 1.5, allowed is a whole number from 0 to 10000.",
  ],
  [
    "a layer where it cannot stand, known once the shape is",
    "type: serial\nlayers:\n  - type: dense\n  - type: globalAvgPool\n",
    "net.yaml:4:5 network.layers[1]: globalAvgPool: got features (n, ∞), Gaussian",
  ],
  [
    "the same inside a residual",
    "type: serial\nlayers:\n  - type: dense\n  - type: residual\n    layers:\n      - type: relu\n      - type: gelu\n",
    "net.yaml:7:9 network.layers[1].branches[0].layers[1]: gelu: got features",
  ],
  [
    "branches that do not add",
    "type: parallel\nbranches:\n  - type: dense\n  - {type: serial, layers: [{type: dense}, {type: relu}]}\n",
    "net.yaml:4:5 parallel: got branch 1 ending with features",
  ],
  [
    "text that is not YAML",
    "type: serial\nlayers:\n  - type: dense\n   - type: relu\n",
    /^net\.yaml:4:\d+: got text that is neither YAML nor/,
  ],
  ["a key that comes twice", "type: dense\ntype: relu\n", /^net\.yaml:2:1: got text .*unique/],
  [
    "another version",
    "lemniscate: 2\nnetwork: {type: dense}\n",
    "net.yaml:1:13 experiment: lemniscate: got 2, allowed is 1.",
  ],
  [
    "a block of an unknown type",
    "lemniscate: 1\nnetwork: {type: dense}\ndata:\n  train: {type: npz, x: x.npy}\n",
    'net.yaml:4:17 experiment: data.train.type: got "npz", allowed is "npy", "csv", "inputs", "imdb", "texts", "cifar10", "mnist".',
  ],
  [
    "a wrong value in one of several forms",
    "lemniscate: 1\nnetwork: {type: dense}\ninference:\n  type: gp\n  noise: {type: relative, value: -1}\n",
    "net.yaml:5:34 experiment: inference.noise.value: got -1, allowed is a number ≥ 0.",
  ],
  [
    "a value of none of the forms",
    "lemniscate: 1\nnetwork: {type: dense}\ninference: {type: gp, noise: lots}\n",
    'net.yaml:3:30 experiment: inference.noise: got "lots", allowed is a number, or a block with a type.',
  ],
  [
    "a mistake in one of several networks",
    "lemniscate: 1\nnetworks:\n  good: {type: dense}\n  bad:\n    layers: [{type: relu}]\n    type: serial\n",
    "net.yaml:5:14 network.bad.layers[0]: relu: got features (n, 3), which is data",
  ],
  [
    "one of several networks that cannot stand there",
    "lemniscate: 1\nnetworks: {open: {type: attention}, good: {type: dense}}\n",
    "net.yaml:2:12 network.open: attention: got features (n, 3)",
  ],
  [
    "a name that is no name of a file",
    "lemniscate: 1\nnetworks: {a/b: {type: dense}}\n",
    'net.yaml:2:12 experiment: networks.a/b: got "a/b", allowed is a name of letters, digits and ._-.',
  ],
  ["no networks", "lemniscate: 1\nnetworks: {}\n", "net.yaml:2:1 kernels: got no networks"],
  [
    "an unknown block",
    "lemniscate: 1\nnetwork: {type: dense}\ninferences: {}\n",
    /^net\.yaml:3:\d+ experiment: got the unknown/,
  ],
];

test.each(mistakes)("%s is shown at its line, with exit code 2", (_, text, message) => {
  const folder = emptyFolder();
  writeFileSync(path.join(folder, "net.yaml"), text);
  const { code, stdout, stderr } = lemniscate(["explain", "net.yaml", "--shape", "4x3"], folder);
  expect({ code, stdout }).toEqual({ code: 2, stdout: "" });
  expect(stderr).toMatch(/^lemniscate explain: [^\n]*\n$/);
  const said = stderr.slice("lemniscate explain: ".length);
  if (typeof message === "string") expect(said.slice(0, message.length)).toBe(message);
  else expect(said).toMatch(message);
});

test("JSON has lines too, and a network that ends with positions is wrong at its end", () => {
  const folder = emptyFolder();
  writeFileSync(
    path.join(folder, "net.json"),
    '{"type": "serial", "layers": [\n  {"type": "dense"},\n  {"type": "attention"}]}',
  );
  const { code, stderr } = lemniscate(["explain", "net.json", "--shape", "4x3x2"], folder);
  expect(code).toBe(2);
  expect(stderr).toMatch(/^lemniscate explain: net\.json:3:3 kernel: got a network that ends with tokens/);
});

test("all depths are refused where nothing is repeated, and what is wrong in one of them is shown at its line", () => {
  const folder = emptyFolder();
  writeFileSync(path.join(folder, "flat.yaml"), "type: serial\nlayers: [{type: dense}]\n");
  writeFileSync(path.join(folder, "bad.yaml"), "type: repeat\ntimes: 2\nlayer: {type: relu}\n");
  const said = (file: string): string => {
    const { code, stderr } = lemniscate(["explain", file, "--shape", "4x3", "--depths"], folder);
    expect(code).toBe(2);
    return stderr;
  };
  expect(said("flat.yaml")).toMatch(/^lemniscate explain: flat\.yaml:1:1 depths: got a network with no repeats/);
  expect(said("bad.yaml")).toMatch(/^lemniscate explain: bad\.yaml:3:\d+ network\.1\.layer: relu: got features/);
});

test("predictions are made with one network", () => {
  const { code, stderr } = lemniscate(["predict", "networks.yaml", "--train", "train.csv", "--test", "test.csv"]);
  expect(code).toBe(2);
  expect(stderr).toMatch(/^lemniscate predict: networks: got shallow, deep, allowed is one network/);
});
