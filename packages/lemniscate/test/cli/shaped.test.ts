import { existsSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import path from "node:path";
import { afterAll, describe, expect, test } from "vitest";
import { interrupted, killed, lemniscate } from "./lemniscate.js";

const folder = mkdtempSync(path.join(tmpdir(), "lemniscate-shaped-"));
afterAll(() => rmSync(folder, { recursive: true, force: true }));
writeFileSync(path.join(folder, "linear.yaml"), "type: linear\n");
writeFileSync(
  path.join(folder, "transformer.yaml"),
  `model:
  type: transformer
  attention: { gamma: 0.25, keyWidth: 4 }
  mlp: { gamma: 0.25, activation: { type: shaped-relu, plus: 1, minus: -1 } }
start: [[1, 0.2], [0.2, 1]]
`,
);
writeFileSync(path.join(folder, "wrong.yaml"), "type: attention\ngamma: 2\n");
const run = (...args: string[]): ReturnType<typeof lemniscate> =>
  lemniscate(["shaped", ...args, "--progress", "none"], folder);
const rows = (text: string): Record<string, unknown>[] =>
  text
    .trim()
    .split("\n")
    .map((line) => JSON.parse(line) as Record<string, unknown>);

describe("lemniscate shaped", () => {
  test("sde follows the limit", () => {
    const { code, stdout, stderr } = run(
      "sde",
      "linear.yaml",
      "--paths",
      "4000",
      "--observe",
      "V00,logdet",
      "--times",
      "0.5,1",
      "--json",
    );
    expect({ code, stderr }).toEqual({ code: 0, stderr: "" });
    const all = rows(stdout);
    expect(all.map(({ t, observable }) => [t, observable])).toEqual([
      [0.5, "V00"],
      [0.5, "logdet"],
      [1, "V00"],
      [1, "logdet"],
    ]);
    // ln det V falls by m(m+1)/2 t.
    const { value, error } = all[3]!["mean"] as { value: number; error: number };
    const first = Math.log((1 + 2 * 0.2) * 0.8 ** 2);
    expect(Math.abs(value - (first - 6)) / error).toBeLessThan(4);
  });

  test("simulate follows networks, and both keep their rows in a file", () => {
    const args = [
      "simulate",
      "transformer.yaml",
      "--width",
      "16",
      "--depth",
      "8",
      "--paths",
      "50",
      "--out",
      "rows.jsonl",
    ];
    const { code, stdout } = run(...args, "--times", "0.5", "--observe", "rho01");
    expect(code).toBe(0);
    expect(stdout).toMatch(/^ +t observable +mean +q05 +q50 +q95 +frozen\n +0\.5 rho01 +-?0\.\d+\(\d+\)/);
    run(...args, "--times", "0.25", "--observe", "rho01");
    expect(rows(readFileSync(path.join(folder, "rows.jsonl"), "utf8")).map(({ t }) => t)).toEqual([0.5, 0.25]);
  });

  test("compare and map have a row for each width, and for each γ and τ₀", () => {
    const compared = run(
      "compare",
      "linear.yaml",
      "--widths",
      "8,16",
      "--paths",
      "500",
      "--networks",
      "200",
      "--observe",
      "V00",
      "--json",
    );
    expect(rows(compared.stdout).map(({ n }) => n)).toEqual([8, 16]);
    const mapped = run(
      "map",
      "transformer.yaml",
      "--gammas",
      "0.25,1",
      "--temperatures",
      "0.3,1",
      "--paths",
      "200",
      "--observe",
      "V00,rho01",
      "--json",
    );
    const exploded = rows(mapped.stdout).map((row) => row["exploded"] as number);
    expect(exploded).toHaveLength(4);
    expect(exploded[2]).toBeGreaterThan(exploded[1]!);
  });

  test("accuracy says what each scheme gets wrong", () => {
    const { stdout } = run("accuracy", "linear.yaml", "--paths", "1500", "--json");
    const all = rows(stdout) as { scheme: string; steps: number; "rho01²": { value: number; error: number } }[];
    expect(all.map(({ scheme, steps }) => [scheme, steps]).slice(0, 3)).toEqual([
      ["euler", 8],
      ["euler", 32],
      ["gram", 8],
    ]);
    // Euler's scheme spreads correlations far too wide.
    const [euler, split] = [all[0]!["rho01²"], all.at(-1)!["rho01²"]];
    expect(euler.value / euler.error).toBeGreaterThan(6);
    expect(Math.abs(split.value / split.error)).toBeLessThan(4);
  });

  test.each([
    [
      ["sde", "wrong.yaml"],
      2,
      "lemniscate shaped: attention: gamma: got 2, allowed is a number ≤ 1. Change the value, or leave it out to have the default.",
    ],
    [
      ["sde", "linear.yaml", "--observe", "rho07"],
      2,
      "lemniscate shaped: --observe: got rho07 of 3 tokens, allowed is tokens 0 to 2.",
    ],
    [
      ["sde", "linear.yaml", "--observe", "x"],
      2,
      "lemniscate shaped: option '--observe <list>' argument 'x' is invalid. Allowed are names such as V01",
    ],
    [
      ["sde", "linear.yaml", "--step", "0.3"],
      2,
      "lemniscate shaped: times: got 0.25, allowed is multiples of the step 0.3, from 0.",
    ],
    [
      ["simulate", "transformer.yaml", "--width", "3"],
      2,
      "lemniscate shaped: width: got 3 with 2 tokens, allowed is at least 4.",
    ],
    [["sde", "linear.yaml", "--tokens", "100000"], 2, "Allowed are up to 1000."],
    [
      ["map", "linear.yaml"],
      2,
      'lemniscate shaped: model: type: got "linear", allowed is "attention" or "transformer".',
    ],
  ])("%j is refused", (args, code, message) => {
    const result = run(...args);
    expect(result).toMatchObject({ code, stdout: "" });
    expect(result.stderr).toContain(message);
  });

  test("a run that is killed goes on with the same command, to the same rows", async () => {
    const args = ["sde", "transformer.yaml", "--paths", "60000", "--times", "0.25,0.5,1", "--quiet"];
    run(...args, "--out", "whole.jsonl");
    const cut = path.join(folder, "cut.jsonl");
    await killed(["shaped", ...args, "--out", "cut.jsonl"], folder, () => existsSync(`${cut}.unfinished`));
    const { stderr, code } = run(...args, "--out", "cut.jsonl", "--seed", "1");
    expect(code).toBe(2);
    expect(stderr).toContain("rows of an interrupted run with other settings, allowed is a new file, or the same");
    run(...args, "--out", "cut.jsonl", "--threads", "1");
    expect(readFileSync(cut, "utf8")).toBe(readFileSync(path.join(folder, "whole.jsonl"), "utf8"));
    expect(existsSync(`${cut}.unfinished`)).toBe(false);
  });

  test("an interrupted run keeps its rows", async () => {
    const args = ["shaped", "sde", "transformer.yaml", "--paths", "400000", "--progress", "json"];
    const { code, stderr } = await interrupted(args, folder, "SIGINT");
    expect(code).toBe(130);
    expect(stderr).toContain("lemniscate shaped: interrupted, the rows until then are kept");
  });
});
