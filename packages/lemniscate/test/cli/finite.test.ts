import { appendFileSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import path from "node:path";
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

test("converge: several networks, sizes that go with the width, and rows that an earlier run has left", () => {
  const folder = mkdtempSync(path.join(tmpdir(), "lemniscate-"));
  const out = path.join(folder, "rows.jsonl");
  const options = ["--shape", "3x4x2", "--lengths", "4,3,1", "--heads", "width/2", "--values", "3", "--out", out];
  const run = (samples: string, ...more: readonly string[]) =>
    lemniscate(["converge", "attention.yaml", "--samples", samples, ...options, ...more, "--json"]);
  const first = run("30", "--widths", "4");
  expect(first).toMatchObject({ code: 0, stderr: "" });
  // As a run that was killed leaves it.
  appendFileSync(out, '{"name":"half a li');
  const both = run("30", "--widths", "4,8");
  const [before, after] = [first, both].map(({ stdout }) => JSON.parse(stdout).networks);
  expect(Object.keys(after)).toEqual(["causal", "whole"]);
  for (const name of ["causal", "whole"]) expect(after[name].rows[0]).toEqual(before[name].rows[0]);
  const lines = readFileSync(out, "utf8").trimEnd().split("\n");
  expect(lines.slice(1).map((line) => JSON.parse(line).name)).toEqual([
    "causal nngp 4",
    "whole nngp 4",
    "causal nngp 8",
    "whole nngp 8",
  ]);
  // Nothing is computed again: what the file says is what comes out.
  writeFileSync(out, readFileSync(out, "utf8").replaceAll(/"error":[\d.e-]+/g, '"error":7'));
  const again = JSON.parse(run("30", "--widths", "4,8").stdout).networks;
  expect(again.whole.rows.map(({ error }: { error: number }) => error)).toEqual([7, 7]);
  const foreign = path.join(folder, "notes.txt");
  writeFileSync(foreign, "to do: 1, 2\n");
  const refused = lemniscate(["converge", "attention.yaml", "--shape", "3x4x2", "--out", foreign]);
  expect(refused.stderr).toContain("notes.txt, which no run has written, allowed is a new file");
  expect(readFileSync(foreign, "utf8")).toBe("to do: 1, 2\n");
  const other = run("40", "--widths", "4");
  expect(other.code).toBe(2);
  expect(other.stderr).toContain("of a run with other samples, allowed is a new file, or that of a run with the same");
  rmSync(folder, { recursive: true });
});

test.each([
  [["--widths", "16..8", "--shape", "2x3"], /Allowed are 16\.\.512 and 16,24,32, widths from 1\./],
  [["--widths", "0,4", "--shape", "2x3"], /Allowed are 16\.\.512/],
  [["--heads", "2/width", "--shape", "2x3"], /Allowed are a whole number from 1, width\/2, and 4\*width\./],
  [["--lengths", "3,2", "--shape", "2x3"], /--lengths: got 3,2 with --shape 2x3, allowed is a length of at most T/],
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

test("train on classes, by cross-entropy with momentum; the file has what an earlier run has finished", () => {
  const folder = mkdtempSync(path.join(tmpdir(), "lemniscate-"));
  const out = path.join(folder, "networks.jsonl");
  const options = ["--width", "256", "--steps", "32", "--loss", "cross-entropy", "--momentum", "0.5", "--out", out];
  const run = (...more: readonly string[]) => lemniscate(["train", "classes.yaml", ...options, ...more, "--json"]);
  const { code, stdout } = run("--networks", "2");
  expect(code).toBe(0);
  const { rows } = JSON.parse(stdout);
  expect(rows[0].loss).toEqual({ finite: Math.log(2), limit: Math.log(2) });
  const end = rows.at(-1);
  expect(end.loss.limit).toBeLessThan(0.5 * Math.log(2));
  for (const { loss, step, distance } of rows) {
    expect(Math.abs(loss.finite - loss.limit)).toBeLessThan(0.1 * Math.log(2));
    if (step >= 8) expect(distance).toBeLessThan(0.35);
  }
  expect(end.accuracy).toEqual({ finite: 1, limit: 1 });
  writeFileSync(out, readFileSync(out, "utf8").replaceAll(/"losses":\[[\d.e,-]+\]/g, '"losses":[7,7,7,7,7,7,7]'));
  expect(JSON.parse(run("--networks", "1").stdout).rows.at(-1).loss.finite).toBe(7);
  expect(run("--networks", "1", "--seed", "9").stderr).toContain("of a run with other sizes");
  rmSync(folder, { recursive: true });
});

test("train without a width, or with a loss of classes on numbers, is refused", () => {
  expect(lemniscate(["train", "regression.yaml"])).toMatchObject({ code: 2 });
  const { code, stderr } = lemniscate(["train", "regression.yaml", "--width", "8", "--loss", "cross-entropy"]);
  expect(code).toBe(2);
  expect(stderr).toContain("--loss: got cross-entropy of a regression, allowed is cross-entropy of classes.");
});
