import { mkdirSync, readFileSync, writeFileSync } from "node:fs";
import path from "node:path";
import { describe, expect, test } from "vitest";
import { emptyFolder, interrupted, lemniscate } from "./lemniscate.js";

const folder = emptyFolder();
mkdirSync(path.join(folder, "trec"));
const places = ["Lima", "Oslo", "Rome", "Bonn"];
const questions = Array.from({ length: 48 }, (_, i) =>
  i % 2 === 0 ? `LOC:city Where is ${places[i % 4]} now ?` : `NUM:date When was ${places[i % 3]} built ?`,
).join("\n");
for (const file of ["TREC.train", "TREC.test"]) writeFileSync(path.join(folder, "trec", file), questions);
writeFileSync(path.join(folder, "vectors.txt"), "where 1 0\nwhen 0 1\nlima 1 1\n");
writeFileSync(path.join(folder, "small.yaml"), "type: attention\ngamma: 0.5\nkeyWidth: 2\n");
const small = ["shaped", "train", "small.yaml", "--data", "trec", "--width", "8", "--learning-rates", "0.1"];
const run = (...args: string[]): ReturnType<typeof lemniscate> =>
  lemniscate([...small, "--progress", "none", ...args], folder);
const rows = (text: string): Record<string, unknown>[] =>
  text
    .trim()
    .split("\n")
    .map((line) => JSON.parse(line) as Record<string, unknown>);

describe("lemniscate shaped train", () => {
  const args = ["--depths", "1,2", "--steps", "20", "--every", "20", "--out", "runs.jsonl", "--json"];

  test("trains networks of each depth and seed, and does none of them twice", () => {
    const first = run(...args, "--seeds", "1", "--embeddings", "vectors.txt");
    expect(first).toMatchObject({ code: 0, stderr: "" });
    expect(rows(first.stdout).map(({ model, depth, seed, step }) => [model, depth, seed, step])).toEqual([
      ["small", 1, 0, 0],
      ["small", 1, 0, 20],
      ["small", 2, 0, 0],
      ["small", 2, 0, 20],
    ]);
    expect(rows(first.stdout)[3]!["accuracy"]).toBeGreaterThan(0.9);
    // One that was broken off in the middle is taken up again, without its first row.
    const kept = readFileSync(path.join(folder, "runs.jsonl"), "utf8");
    writeFileSync(path.join(folder, "runs.jsonl"), `${kept.split("\n").slice(0, 3).join("\n")}\n{"model":"sm`);
    const second = run(...args, "--seeds", "2", "--embeddings", "vectors.txt");
    expect(rows(second.stdout).map(({ depth, seed, step }) => [depth, seed, step])).toEqual([
      [1, 1, 0],
      [1, 1, 20],
      [2, 0, 20],
      [2, 1, 0],
      [2, 1, 20],
    ]);
    expect(rows(second.stdout)[2]).toEqual(rows(first.stdout)[3]);
    expect(rows(readFileSync(path.join(folder, "runs.jsonl"), "utf8"))).toHaveLength(8);
  });

  test("keeps its rows when it is interrupted", async () => {
    const { code, stdout, stderr } = await interrupted(
      [...small, "--steps", "100000", "--every", "1", "--json", "--progress", "json"],
      folder,
      "SIGINT",
    );
    expect(code).toBe(130);
    expect(stderr).toContain("lemniscate shaped: interrupted, the rows until then are kept");
    expect(rows(stdout).length).toBeGreaterThan(0);
  });

  test("says where its questions should be", () => {
    const { code, stderr } = lemniscate(["shaped", "train", "small.yaml", "--data", "nowhere"], folder);
    expect(code).toBe(1);
    expect(stderr).toMatch(
      /^lemniscate shaped: nowhere\/TREC\.train: got no such file or folder, allowed is a readable file/,
    );
  });
});
