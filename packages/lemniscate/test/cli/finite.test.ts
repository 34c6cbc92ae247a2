import { expect, test } from "vitest";
import { lemniscate } from "./lemniscate.js";

test("converge: a table for people, rows for programs", () => {
  const options = ["perceptron.json", "--shape", "2x3", "--widths", "4..16", "--samples", "40"];
  const text = lemniscate(["converge", ...options]);
  expect(text).toMatchObject({ code: 0, stderr: "" });
  expect(text.stdout).toMatch(/^NNGP +networks +error of mean +by chance +spread of one$/m);
  expect(text.stdout).toMatch(/^width 16 +10 /m);
  expect(text.stdout).toMatch(/spread of one: width\^-0\.\d\d ± 0\.\d\d$/m);
  const json = lemniscate(["converge", ...options, "--get", "nngp,ntk", "--json"]);
  const { rows, slopes, shape } = JSON.parse(json.stdout);
  expect(shape).toEqual([2, 3]);
  expect(rows.map((row: { quantity: string; width: number }) => [row.quantity, row.width])).toEqual(
    [4, 8, 16].flatMap((width) => [
      ["nngp", width],
      ["ntk", width],
    ]),
  );
  expect(slopes.ntk.spread.slope).toBeLessThan(0);
});

test.each([
  [["--widths", "16..8", "--shape", "2x3"], /Allowed are 16\.\.512 and 16,24,32, widths from 1\./],
  [["--widths", "0,4", "--shape", "2x3"], /Allowed are 16\.\.512/],
  [[], /--x: got nothing, allowed is --x with a \.npy or \.csv file, --shape, or an experiment with data/],
])("converge %j is refused", (options, message) => {
  const { code, stderr } = lemniscate(["converge", "perceptron.json", ...options]);
  expect(code).toBe(2);
  expect(stderr).toMatch(message);
});

test("train: finite networks beside their limit", () => {
  const options = ["regression.yaml", "--width", "256", "--networks", "3", "--steps", "64", "--json"];
  const { code, stdout } = lemniscate(["train", ...options]);
  expect(code).toBe(0);
  const { rows, learningRate } = JSON.parse(stdout);
  expect(learningRate).toBeGreaterThan(0);
  expect(rows.map(({ step }: { step: number }) => step)).toEqual([0, 1, 2, 4, 8, 16, 32, 64]);
  const end = rows.at(-1);
  expect(end.loss.finite).toBeLessThan(0.3 * rows[0].loss.finite);
  for (const { loss } of rows) expect(Math.abs(loss.finite - loss.limit)).toBeLessThan(0.2 * rows[0].loss.limit);
  expect(end.distance).toBeLessThan(0.35);
});

test("train without a width, or on classes, is refused", () => {
  expect(lemniscate(["train", "regression.yaml"])).toMatchObject({ code: 2 });
  const { code, stderr } = lemniscate(["train", "classes.yaml", "--width", "8"]);
  expect(code).toBe(2);
  expect(stderr).toContain("inference.type: got classification, allowed is gp.");
});
