import { readdirSync, writeFileSync } from "node:fs";
import path from "node:path";
import { expect, test } from "vitest";
import { formatNpy, type NpyData, numbersOf, readNpy } from "../../src/data/npy.js";
import { emptyFolder, fixtures, interrupted, lemniscate } from "./lemniscate.js";

const npy = (file: string, shape: readonly number[], data: NpyData): void =>
  writeFileSync(file, formatNpy({ shape, data }));
const perceptron = path.join(fixtures, "perceptron.json");
const transformer = path.join(fixtures, "transformer.yaml");

/** Two orthogonal unit vectors, of which the perceptron makes K = 1/2 and 1/(2π) (Cho and Saul 2009, eq. 6). */
function orthogonal(): string {
  const folder = emptyFolder();
  npy(path.join(folder, "x.npy"), [2, 2], Float64Array.of(1, 0, 0, 1));
  return folder;
}

test("writes the closed form, and says on stderr what it did", async () => {
  const folder = orthogonal();
  const { code, stdout, stderr } = lemniscate(["kernel", perceptron, "--x", "x.npy", "--out", "k.npy"], folder);
  expect({ code, stdout }).toEqual({ code: 0, stdout: "" });
  expect(stderr).toMatch(/^k\.npy: nngp 2 × 2, f64, wasm engine, [\d.]+ s\n$/);
  const { shape, dtype, data } = await readNpy(path.join(folder, "k.npy"));
  expect({ shape, dtype }).toEqual({ shape: [2, 2], dtype: "f8" });
  const [diagonal, beside] = [0.5, 1 / (2 * Math.PI)];
  for (const [i, wanted] of [diagonal, beside, beside, diagonal].entries()) expect(data[i]).toBeCloseTo(wanted, 12);
});

test("both kernels go to files of their own, in single precision if asked, and --json is one object", async () => {
  const folder = orthogonal();
  npy(path.join(folder, "x2.npy"), [1, 2], Float32Array.of(3, 4));
  const args = ["kernel", perceptron, "--x", "x.npy", "--x2", "x2.npy", "--get", "nngp,ntk", "--out", "k.npy"];
  const { code, stdout, stderr } = lemniscate([...args, "--precision", "f32", "--json"], folder);
  expect({ code, stderr }).toEqual({ code: 0, stderr: "" });
  expect(JSON.parse(stdout)).toMatchObject({ outputs: { nngp: "k.nngp.npy", ntk: "k.ntk.npy" }, shape: [2, 1] });
  expect((await readNpy(path.join(folder, "k.ntk.npy"))).dtype).toBe("f4");
  expect(readdirSync(folder).sort()).toEqual(["k.nngp.npy", "k.ntk.npy", "x.npy", "x2.npy"]);
});

test("several networks, and all depths of one, go to files of their own", async () => {
  const folder = orthogonal();
  const entry = async (file: string): Promise<number> => numbersOf(await readNpy(path.join(folder, file)))[1]!;
  const several = ["kernel", path.join(fixtures, "networks.yaml"), "--x", "x.npy", "--out", "k.npy"];
  expect(lemniscate([...several, "--get", "nngp,ntk", "--json"], folder)).toMatchObject({
    code: 0,
    stdout: expect.stringContaining('"deep.ntk":"k.deep.ntk.npy"'),
  });
  const depths = ["kernel", path.join(fixtures, "deep.yaml"), "--x", "x.npy", "--out", "d.npy", "--depths"];
  expect(lemniscate(depths, folder)).toMatchObject({
    code: 0,
    stderr: expect.stringMatching(/^d\.2\.npy: 2\.nngp 2 × 2/m),
  });
  expect(
    readdirSync(folder)
      .filter((file) => file !== "x.npy")
      .sort(),
  ).toEqual(["d.1.npy", "d.2.npy", "k.deep.nngp.npy", "k.deep.ntk.npy", "k.shallow.nngp.npy", "k.shallow.ntk.npy"]);
  expect(await entry("k.shallow.nngp.npy")).toBeCloseTo(1 / (2 * Math.PI), 12);
  expect(await entry("d.1.npy")).toBe(await entry("k.shallow.nngp.npy"));
  expect(await entry("d.2.npy")).toBe(await entry("k.deep.nngp.npy"));
});

test("a mask, a mask constant and a shorter sequence mean the same", async () => {
  const folder = emptyFolder();
  const at = (file: string): string => path.join(folder, file);
  npy(at("padded.npy"), [1, 3, 2], Float64Array.of(1, 2, 3, 4, 9, 9));
  npy(at("mask.npy"), [1, 3], Uint8Array.of(1, 1, 0));
  npy(at("constant.npy"), [1, 3, 2], Float64Array.of(1, 2, 3, 4, 100, 100));
  npy(at("short.npy"), [1, 2, 2], Float64Array.of(1, 2, 3, 4));
  const entry = async (...args: readonly string[]): Promise<number> => {
    const run = lemniscate(["kernel", transformer, ...args, "--out", "k.npy", "--engine", "reference", "-q"], folder);
    expect(run).toEqual({ code: 0, stdout: "", stderr: "" });
    return numbersOf(await readNpy(at("k.npy")))[0]!;
  };
  const wanted = await entry("--x", "short.npy");
  expect(await entry("--x", "padded.npy", "--mask", "mask.npy")).toBeCloseTo(wanted, 12);
  expect(await entry("--x", "constant.npy", "--mask-constant", "100")).toBeCloseTo(wanted, 12);
});

test("takes tables, with and without a header, and the data of an experiment", async () => {
  const folder = emptyFolder();
  writeFileSync(path.join(folder, "named.csv"), "a,b\n1,0\n0,1\n");
  writeFileSync(path.join(folder, "bare.csv"), "1,0\n0,1\n");
  for (const file of ["named.csv", "bare.csv"]) {
    expect(lemniscate(["kernel", perceptron, "--x", file, "--out", "k.npy"], folder).code).toBe(0);
    expect(numbersOf(await readNpy(path.join(folder, "k.npy")))[1]).toBeCloseTo(1 / (2 * Math.PI), 12);
  }
  const experiment = path.join(fixtures, "regression.yaml");
  expect(lemniscate(["kernel", experiment, "--out", "k.npy"], folder).code).toBe(0);
  expect((await readNpy(path.join(folder, "k.npy"))).shape).toEqual([16, 7]);
});

test.each([
  ["SIGINT", 130],
  ["SIGTERM", 143],
] as const)("%s ends it with code %i and leaves no file", async (signal, wanted) => {
  const folder = emptyFolder();
  npy(
    path.join(folder, "x.npy"),
    [600, 20, 4],
    Float64Array.from({ length: 600 * 80 }, (_, i) => Math.sin(i)),
  );
  const args = ["kernel", transformer, "--x", "x.npy", "--out", "k.npy", "--engine", "reference", "--progress", "json"];
  const { code, stdout, stderr } = await interrupted(args, folder, signal);
  expect({ code, stdout }).toEqual({ code: wanted, stdout: "" });
  expect(stderr.trimEnd().split("\n").at(-1)).toBe("lemniscate kernel: interrupted, nothing was written");
  expect(readdirSync(folder)).toEqual(["x.npy"]);
});

test("an old result stays as it was if the new one fails", async () => {
  const folder = orthogonal();
  writeFileSync(path.join(folder, "k.npy"), "old");
  npy(path.join(folder, "x2.npy"), [1, 3], Float64Array.of(1, 2, 3));
  const run = lemniscate(["kernel", perceptron, "--x", "x.npy", "--x2", "x2.npy", "--out", "k.npy"], folder);
  expect(run.code).toBe(1);
  expect(run.stderr).toBe(
    "lemniscate kernel: kernel: x2: got examples of shape (3), allowed is (2), the shape of x1's examples. Give both batches examples of one shape.\n",
  );
  expect(readdirSync(folder).sort()).toEqual(["k.npy", "x.npy", "x2.npy"]);
});
