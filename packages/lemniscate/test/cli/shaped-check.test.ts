import { describe, expect, test } from "vitest";
import { facts } from "../../src/cli/commands/shaped/check/facts.js";
import { local } from "../../src/cli/commands/shaped/check/local.js";
import type { CheckRun, Table } from "../../src/cli/commands/shaped/check/run.js";
import type { Row } from "../../src/cli/commands/shaped/row.js";
import type { Estimate } from "../../src/shaped/statistics/summary.js";
import { lemniscate } from "./lemniscate.js";

async function rowsOf(table: Table, samples: number): Promise<Row[]> {
  const check: CheckRun = { seed: 1, samples: () => samples };
  const rows: Row[] = [];
  for await (const row of table(check)) rows.push(row);
  return rows;
}

describe("tables of lemniscate shaped check", () => {
  test("local: every right formula is near, every wrong one is far", async () => {
    const rows = await rowsOf(local, 2500);
    expect(rows.length).toBe(27);
    for (const { model, quantity, formula, z } of rows) {
      const said = `${quantity} of ${model}: ${formula}`;
      if (/right/.test(formula as string)) expect(z, said).toBeLessThan(5);
      else expect(z, said).toBeGreaterThan(6);
    }
  });

  test("facts: what is found is what is exact", async () => {
    for (const { fact, found, exact, p } of await rowsOf(facts, 200)) {
      if (typeof found === "object") {
        const { value, error } = found as Estimate;
        expect(Math.abs(value - (exact as number)) / error, fact as string).toBeLessThan(5);
      } else if (exact === 0) expect(p, fact as string).toBeGreaterThan(1e-3);
    }
  });

  test("the command prints one", () => {
    const { code, stdout } = lemniscate(["shaped", "check", "surrogate", "--share", "0.002", "--json", "-q"]);
    expect(code).toBe(0);
    expect(
      stdout
        .trim()
        .split("\n")
        .map((line) => (JSON.parse(line) as Row)["n"]),
    ).toEqual([16, 64, 16, 64]);
  });
});
