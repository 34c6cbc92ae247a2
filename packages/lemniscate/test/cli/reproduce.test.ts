import { existsSync, mkdirSync, readdirSync, readFileSync, writeFileSync } from "node:fs";
import path from "node:path";
import { describe, expect, test } from "vitest";
import { figures } from "../../dist/cli/reproduce/figures.js";
import { emptyFolder, lemniscate } from "./lemniscate.js";

const reproduce = (folder: string, ...args: string[]): ReturnType<typeof lemniscate> =>
  lemniscate(["reproduce", ...args, "--progress", "none"], folder);

describe("lemniscate reproduce", () => {
  test("makes rows and pictures of figures", () => {
    const folder = emptyFolder();
    const chosen = ["shaped/limit", "shaped/strength"];
    const { code, stderr } = reproduce(folder, ...chosen, "--paths", "20", "--out", "made");
    expect({ code, stderr }).toEqual({ code: 0, stderr: "" });
    for (const name of chosen) {
      const [head, ...rows] = readFileSync(path.join(folder, "made", `${name}.csv`), "utf8")
        .trim()
        .split("\n");
      expect(rows.length).toBeGreaterThan(10);
      for (const row of rows) {
        expect(row.split(",").length).toBe(head!.split(",").length);
        expect(row).not.toMatch(/NaN|undefined/);
      }
      const svg = readFileSync(path.join(folder, "made", `${name}.svg`), "utf8");
      expect(svg).toMatch(/^<svg xmlns/);
      expect(svg).not.toMatch(/NaN|undefined/);
      expect(svg.match(/<path|<rect/g)!.length).toBeGreaterThan(4);
    }
    // Nothing is left of what was unfinished.
    expect(readdirSync(path.join(folder, "made/shaped")).filter((file) => file.includes("partial"))).toEqual([]);
  });

  test("lists what there is", () => {
    const { stdout } = reproduce(emptyFolder(), "--list");
    expect(
      stdout
        .trim()
        .split("\n")
        .map((line) => line.split(" ")[0]),
    ).toEqual(figures.map(({ name }) => name));
  });

  test("goes on where it was interrupted, with the same settings only", () => {
    const folder = emptyFolder();
    mkdirSync(path.join(folder, "figures/shaped"), { recursive: true });
    const partial = path.join(folder, "figures/shaped/strength.partial.jsonl");
    const piece = { name: "MLP", piece: [{ model: "MLP", gamma: 0, quantity: "drift", size: 42 }] };
    writeFileSync(
      partial,
      `${JSON.stringify({ command: "reproduce", figure: "shaped/strength", paths: 1, seed: 0 })}\n${JSON.stringify(piece)}\n{"na`,
    );
    const other = reproduce(folder, "shaped/strength", "--seed", "1", "--no-svg");
    expect(other.code).toBe(2);
    expect(other.stderr).toContain("of a run with other seed");
    expect(reproduce(folder, "shaped/strength", "--no-svg", "--format", "jsonl").code).toBe(0);
    const rows = readFileSync(path.join(folder, "figures/shaped/strength.jsonl"), "utf8").trim().split("\n");
    expect(rows[0]).toBe(JSON.stringify(piece.piece[0]));
    expect(rows.length).toBe(1 + 2 * 2 * 51);
    expect(existsSync(partial)).toBe(false);
    expect(existsSync(path.join(folder, "figures/shaped/strength.svg"))).toBe(false);
  });

  test.each([
    [["shaped/stoping"], 'figures: got "shaped/stoping", allowed is shaped/limit, shaped/correlations,'],
    [
      ["shaped/training"],
      "--data: got nothing for shaped/training, allowed is a folder with TREC.train and TREC.test.",
    ],
    [[], "figures: got no name, allowed is shaped/limit,"],
    [["shaped/strength", "--paths", "0"], "Allowed is a whole number from 1."],
  ])("%j is refused", (args, message) => {
    const { code, stdout, stderr } = reproduce(emptyFolder(), ...args);
    expect({ code, stdout }).toEqual({ code: 2, stdout: "" });
    expect(stderr).toContain(message);
  });
});
