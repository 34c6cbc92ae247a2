/** Races as a whole, against stand-ins for the peer that need no Python. No time is looked at. */
import { spawnSync } from "node:child_process";
import { chmodSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import path from "node:path";
import { fileURLToPath } from "node:url";
import { afterAll, expect, test } from "vitest";

const bench = fileURLToPath(new URL("../../../../bench/", import.meta.url));
const folder = mkdtempSync(path.join(tmpdir(), "lemniscate-bench-test-"));
afterAll(() => rmSync(folder, { recursive: true, force: true }));

/** An executable that is called as Python would be: with our peer.py, which it ignores, and a workload. */
function standIn(name: string, code: string): string {
  const file = path.join(folder, `${name}.mjs`);
  writeFileSync(file, `#!${process.execPath}\n${code}`);
  chmodSync(file, 0o755);
  return file;
}

/** The rows and machine of a race of the smallest workload, and what is printed. */
function race(...args: readonly string[]) {
  const json = path.join(folder, "rows.json");
  const { status, stdout, stderr } = spawnSync(
    process.execPath,
    [
      path.join(bench, "race.mjs"),
      ...["--only", "first result", "--rounds", "1", "--precision", "f32", "--json", json, ...args],
    ],
    { encoding: "utf8" },
  );
  return { status, stdout, stderr, found: JSON.parse(readFileSync(json, "utf8")) };
}

test("without a peer ours runs alone and says so; the machine is measured", { timeout: 120_000 }, () => {
  const { status, stdout, found } = race();
  expect(status).toBe(0);
  expect(stdout).toContain("Neural Tangents is not given (--peer): ours alone.");
  const [row] = found.rows;
  expect(row.ours.wall).toBeGreaterThan(0);
  expect(row.ours.peak).toBeGreaterThan(1);
  expect([row.peer, row.errors, row.failed]).toEqual([undefined, undefined, undefined]);
  for (const { one, all, products, chain } of Object.values<Record<string, never>>(found.machine[0].precisions)) {
    for (const rate of [one, all]) expect(rate).toBeGreaterThan(0);
    expect(products).toHaveLength(3);
    expect(chain).toMatchObject({ simple: expect.any(Number), div: expect.any(Number), sqrt: expect.any(Number) });
  }
});

test("a peer that computes the same gets a time and a ratio", { timeout: 120_000 }, () => {
  const ours = JSON.stringify(path.join(bench, "ours.mjs"));
  const same = standIn("same", `process.argv.splice(2, 1);\nawait import(${ours});\n`);
  const { status, stdout, found } = race("--peer", same);
  expect(status).toBe(0);
  expect(found.rows[0].errors).toEqual({
    nngp: { apart: 0, itself: 0 },
    ntk: { apart: 0, itself: 0 },
    same: true,
  });
  expect(found.rows[0].peer.wall).toBeGreaterThan(0);
  expect(stdout).toMatch(/first result.*× [✓✗] ≥ +20×/);
});

test.each([
  ["numbers that are a little off", "1.001 * value"],
  ["NaN", "Number.NaN"],
])("a peer with %s gets no time, and neither do we", { timeout: 120_000 }, (_, value) => {
  const ours = JSON.stringify(path.join(bench, "ours.mjs"));
  const other = standIn(
    "other",
    `import fs from "node:fs";
     import { syncBuiltinESMExports } from "node:module";
     const write = fs.writeFileSync;
     fs.writeFileSync = (file, data) => write(file, data.map((value) => ${value}));
     syncBuiltinESMExports();
     process.argv.splice(2, 1);
     await import(${ours});`,
  );
  const { status, stdout, found } = race("--peer", other);
  expect(status).toBe(1);
  expect(stdout).toContain("✗ no times: the outputs differ");
  expect([found.rows[0].ours, found.rows[0].peer]).toEqual([undefined, undefined]);
});

test("a peer that dies is an error of its row", { timeout: 120_000 }, () => {
  const { status, stdout } = race("--peer", standIn("dead", "process.exit(3);"));
  expect(status).toBe(1);
  expect(stdout).toContain("it ended with code 3");
});
