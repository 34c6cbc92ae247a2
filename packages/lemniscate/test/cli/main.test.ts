import { readFileSync } from "node:fs";
import { expect, test } from "vitest";
import { lemniscate } from "./lemniscate.js";

const commands = [
  "kernel",
  "predict",
  "explain",
  "estimate",
  "verify",
  "doctor",
  "schema",
  "shaped sde",
  "shaped simulate",
  "shaped compare",
  "shaped map",
  "shaped accuracy",
];

test("without arguments it shows what there is, as an error", () => {
  const { code, stdout, stderr } = lemniscate([]);
  expect({ code, stdout }).toEqual({ code: 2, stdout: "" });
  for (const command of commands) expect(stderr).toContain(`\n  ${command.split(" ")[0]} `);
});

test("--version is that of the package", () => {
  const { version } = JSON.parse(readFileSync(new URL("../../package.json", import.meta.url), "utf8"));
  expect(lemniscate(["--version"])).toEqual({ code: 0, stdout: `${version}\n`, stderr: "" });
});

test.each(commands)("%s --help has an example", (command) => {
  const { code, stdout, stderr } = lemniscate([...command.split(" "), "--help"]);
  expect({ code, stderr }).toEqual({ code: 0, stderr: "" });
  expect(stdout).toContain(`Example:\n  $ lemniscate ${command} `.trimEnd());
});

test.each([
  [["kernle"], "lemniscate: unknown command 'kernle' (Did you mean kernel?)"],
  [["doctor", "--jsn"], "lemniscate doctor: unknown option '--jsn' (Did you mean --json?)"],
  [["kernel", "perceptron.json"], "lemniscate kernel: required option '--out <file>' not specified"],
  [["verify"], "lemniscate verify: missing required argument 'files'"],
  [
    ["kernel", "perceptron.json", "--out", "k.npy", "--threads", "many"],
    "lemniscate kernel: option '--threads <n>' argument 'many' is invalid. Allowed is a whole number from 1.",
  ],
  [
    ["kernel", "perceptron.json", "--out", "k.npy", "--engine", "gpu"],
    "lemniscate kernel: option '--engine <name>' argument 'gpu' is invalid. Allowed choices are reference, wasm.",
  ],
  [
    ["kernel", "perceptron.json", "--out", "k.npy"],
    "lemniscate kernel: --x: got nothing, allowed is a .npy or .csv file, or an experiment with data. Name the inputs, as in --x train.npy.",
  ],
  [
    ["kernel", "perceptron.json", "--x", "nowhere.npy", "--out", "k.npy"],
    'lemniscate kernel: --x: got "nowhere.npy", allowed is a file that is there and can be read.',
  ],
  [
    ["kernel", "perceptron.json", "--x", "train.csv", "--out", "nowhere/k.npy"],
    'lemniscate kernel: --out: got "nowhere/k.npy", allowed is a file in a folder that is there and can be written to.',
  ],
  [["explain", "nowhere.yaml", "--shape", "2x2"], "lemniscate explain: nowhere.yaml: got no such file"],
  [["predict", "perceptron.json"], "lemniscate predict: data.train: got nothing"],
] as const)("%j is wrong use", (args, message) => {
  const { code, stdout, stderr } = lemniscate(args);
  expect({ code, stdout }).toEqual({ code: 2, stdout: "" });
  expect(stderr.slice(0, message.length)).toBe(message);
  expect(stderr.trimEnd()).not.toContain("\n");
});

test("--debug adds the stack", () => {
  const { code, stderr } = lemniscate(["explain", "nowhere.yaml", "--shape", "2x2", "--debug"]);
  expect(code).toBe(2);
  expect(stderr).toMatch(/\n {4}at /);
});

test("estimate prints operations, memory and time, or JSON", () => {
  const args = ["estimate", "transformer.yaml", "--shape", "10x5x8", "--engine", "reference"];
  const text = lemniscate(args);
  expect(text).toMatchObject({ code: 0, stderr: "" });
  expect(text.stdout).toMatch(
    /^operations .*\nmemory .*\ntime +about .*reference engine, 1 thread\)\n( +[\d.]+ m?s +\d+ % .*\n)+$/,
  );
  const json = lemniscate([...args, "--columns", "3", "--memory", "1MiB", "--json"]);
  expect(JSON.parse(json.stdout)).toMatchObject({ bytes: { result: 10 * 3 * 2 * 8 }, parts: expect.any(Array) });
  const tooLittle = lemniscate([...args, "--memory", "1kB"]);
  expect(tooLittle.code).toBe(2);
  expect(tooLittle.stderr).toMatch(
    /^lemniscate estimate: kernel: memory: got 1000 B, allowed is .* or more: 1\.56 KiB for the/,
  );
});

test("explain prints text, or the program as JSON", () => {
  const text = lemniscate(["explain", "transformer.yaml", "--shape", "100x30x8"]);
  expect(text).toMatchObject({ code: 0, stderr: "" });
  expect(text.stdout).toMatch(/^input {3}tokens \(n, 30, 8\)\n/);
  expect(text.stdout).toContain("flop in all");
  const json = lemniscate(["explain", "transformer.yaml", "--shape", "100x30x8", "--get", "nngp", "--json"]);
  expect(json).toMatchObject({ code: 0, stderr: "" });
  expect(JSON.parse(json.stdout)).toMatchObject({ version: 1, get: ["nngp"], input: { grid: [30], channels: 8 } });
});

test("doctor tests every engine", () => {
  const { code, stdout, stderr } = lemniscate(["doctor"]);
  expect({ code, stderr }).toEqual({ code: 0, stderr: "" });
  expect(stdout).toMatch(/^SIMD +(yes|no)$/m);
  expect(stdout).toMatch(/^wasm f64 +ok, .*\(default\)$/m);
  const json = JSON.parse(lemniscate(["doctor", "--json"]).stdout);
  expect(json.node.version).toBe(process.version);
  expect(
    json.selfTest.map(({ engine, precision, passed }: Record<string, unknown>) => [engine, precision, passed]),
  ).toEqual([
    ["reference", "f64", true],
    ["wasm", "f64", true],
    ["wasm", "f32", true],
  ]);
});
