import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import path from "node:path";
import { describe, expect, test } from "vitest";
import { parseCifar10, readCifar10 } from "../../src/data/cifar10.js";
import { parseIdx, readIdx, readMnist } from "../../src/data/idx.js";
import { errorOf, hasShared, needsShared, shared } from "./shared.js";

describe("CIFAR-10", () => {
  test("is turned from planes of colours into pixels, from 0 to 1", () => {
    const bytes = new Uint8Array(2 * 3073);
    bytes[3073] = 9;
    bytes.set([255, 51], 3074 + 1024 + 32);
    const { x, labels } = parseCifar10(bytes, "x");
    expect([x.shape, labels]).toEqual([
      [2, 32, 32, 3],
      [0, 9],
    ]);
    // Second image, second row, first two greens.
    expect(x.data[(1024 + 32) * 3 + 1]).toBe(1);
    expect(x.data[(1024 + 33) * 3 + 1]).toBeCloseTo(0.2, 7);
    expect(Float64Array.from(x.data).reduce((a, b) => a + b)).toBeCloseTo(1.2, 6);
  });

  test.skipIf(!hasShared)(`has the counts and the means that it should have${needsShared}`, async () => {
    const { x, labels, classes } = await readCifar10(`${shared}/cifar-10-batches-bin/data_batch_1.bin`);
    expect(labels.slice(0, 12)).toEqual([6, 9, 9, 4, 1, 1, 2, 7, 8, 3, 4, 7]);
    expect(classes.map((_, c) => labels.filter((label) => label === c).length)).toEqual(Array(10).fill(200));
    expect([0, 1, 2].map((p) => x.data[3 * p]! * 255)).toEqual([59, 43, 50].map((red) => expect.closeTo(red, 4)));
    const means = [0, 0, 0];
    for (let i = 0; i < x.data.length; i++) means[i % 3]! += x.data[i]! / (2000 * 1024);
    for (const [c, mean] of [125.5803, 123.4098, 114.1207].entries()) expect(means[c]! * 255).toBeCloseTo(mean, 3);
  });

  test.skipIf(!hasShared).each([
    ["truncated.bin", "byte 30730: got 1000 bytes, allowed is whole records of 3073 bytes."],
    ["label-out-of-range.bin", "byte 3073: got label 137 of record 1, allowed is labels from 0 to 9."],
    ["empty.bin", "byte 0: got 0 bytes"],
    ["cifar100-layout.bin", "byte 15365: got 5 bytes"],
    ["labels-shifted.bin", "got label"],
    ["still-gzipped.bin", "bytes of a gzip stream"],
    ["data_batch_1", "allowed is whole records"],
  ])(`%s is refused${needsShared}`, async (file, message) => {
    expect((await errorOf(() => readCifar10(`${shared}/broken/cifar/${file}`)))?.message).toContain(message);
  });
});

describe("IDX", () => {
  test("holds numbers of several types, the most significant byte first", () => {
    expect(parseIdx(Uint8Array.of(0, 0, 11, 2, 0, 0, 0, 1, 0, 0, 0, 2, 1, 2, 255, 254), "x")).toEqual({
      shape: [1, 2],
      data: Float64Array.of(258, -2),
    });
  });

  test.skipIf(!hasShared)(`of MNIST has the counts that it should have${needsShared}`, async () => {
    const [images, labels] = ["images-idx3", "labels-idx1"].map((name) => `${shared}/mnist/t10k-${name}-ubyte.gz`);
    const found = await readMnist(images!, labels!);
    expect(found.x.shape).toEqual([10_000, 28, 28, 1]);
    expect(found.classes.map((_, c) => found.labels.filter((label) => label === c).length)).toEqual([
      ...[980, 1135, 1032, 1010, 982, 892, 958, 1028, 974, 1009],
    ]);
    expect([found.x.data.indexOf(1) > 0, found.x.data.every((value: number) => value >= 0 && value <= 1)]).toEqual([
      true,
      true,
    ]);
    expect((await readIdx(`${shared}/broken/idx/float-idx3`)).data).toEqual(
      Float64Array.from({ length: 12 }, (_, i) => i),
    );
  });

  test.skipIf(!hasShared).each([
    ["bad-magic-idx3-ubyte", "byte 0: got the bytes 80, 75, 3, 4, allowed is 0, 0, a type"],
    [
      "truncated-idx3-ubyte",
      "byte 3836: got 3820 bytes of numbers, allowed is 3920 bytes for an array of (5, 28, 28).",
    ],
    ["trailing-idx3-ubyte", "byte 3152: got 3920 bytes of numbers, allowed is 3136 bytes"],
    ["unknown-type-idx1", "byte 0: got the bytes 0, 0, 16, 1"],
    ["huge-header-idx3-ubyte", "byte 16: got 0 bytes of numbers"],
    ["cut-idx3-ubyte.gz", "got a gzip stream that ends early or is damaged"],
  ])(`%s is refused${needsShared}`, async (file, message) => {
    expect((await errorOf(() => readIdx(`${shared}/broken/idx/${file}`)))?.message).toContain(message);
  });

  test.skipIf(!hasShared)(`of images and labels that do not belong together is refused${needsShared}`, async () => {
    const [images, labels] = ["images-count-mismatch-idx3", "labels-count-mismatch-idx1"].map(
      (name) => `${shared}/broken/idx/${name}-ubyte`,
    );
    expect((await errorOf(() => readMnist(images!, labels!)))?.message).toContain(
      "got an array of (4), allowed is (5)",
    );
    expect((await errorOf(() => readMnist(labels!, labels!)))?.message).toContain("allowed is (n, height, width)");
  });

  test("of pixels or labels that are no bytes is refused", async () => {
    const folder = mkdtempSync(path.join(tmpdir(), "idx-"));
    const write = (name: string, ...bytes: readonly number[]): string => {
      writeFileSync(path.join(folder, name), Uint8Array.from(bytes));
      return path.join(folder, name);
    };
    const images = write("images", 0, 0, 8, 3, 0, 0, 0, 1, 0, 0, 0, 1, 0, 0, 0, 2, 255, 0);
    const half = write("half", 0, 0, 13, 3, 0, 0, 0, 1, 0, 0, 0, 1, 0, 0, 0, 1, 0x3f, 0, 0, 0);
    const labels = write("labels", 0, 0, 8, 1, 0, 0, 0, 1, 7);
    const negative = write("negative", 0, 0, 9, 1, 0, 0, 0, 1, 255);
    expect((await readMnist(images, labels)).labels).toEqual([7]);
    expect((await errorOf(() => readMnist(half, labels)))?.message).toBe(
      `${half}: number 0: got 0.5, allowed is whole numbers from 0 to 255. Take a data set in the form of MNIST, or read other arrays with readIdx().`,
    );
    expect((await errorOf(() => readMnist(images, negative)))?.message).toContain("number 0: got -1, allowed is");
    rmSync(folder, { recursive: true });
  });
});
