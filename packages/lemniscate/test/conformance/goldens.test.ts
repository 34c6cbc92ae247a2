/** @module The public conformance cases, where they are at hand: those whose layers the library has must pass. */
import { existsSync } from "node:fs";
import path from "node:path";
import { fileURLToPath } from "node:url";
import { type Engine, openEngine } from "lemniscate";
import { describe, expect, test } from "vitest";
import { runCase } from "../../dist/cli/conformance/case.js";
import { casesIn, readCase } from "../../dist/cli/conformance/format.js";

const folder = fileURLToPath(new URL("../../../../../shared/goldens", import.meta.url));
const present = existsSync(folder);

/** Cases that passed when this was written; more layers may only raise the numbers. */
const known = { f64: 260, f32: 260 };

async function verdicts(
  engine: Engine,
  kind: "kernel" | "predict" | "empirical",
): Promise<{ passed: string[]; failed: string[] }> {
  const [passed, failed]: [string[], string[]] = [[], []];
  for (const file of casesIn([folder])) {
    const found = readCase(file);
    if (found.kind !== kind) continue;
    const { name, failure } = await runCase(found, engine);
    if (failure === undefined) passed.push(name);
    // "no …" names what a case needs and the library does not have; anything else is a wrong number.
    else if (!failure.startsWith("no ") || failure.startsWith("no output"))
      failed.push(`${path.basename(file)}: ${failure}`);
  }
  return { passed, failed };
}

test.skipIf(!present)("conformance cases of kind empirical (skipped without ../shared/goldens)", async () => {
  const engine = await openEngine({ name: "reference" });
  const { passed, failed } = await verdicts(engine, "empirical");
  expect(failed).toEqual([]);
  expect(passed.length).toBeGreaterThanOrEqual(7);
});

describe.skipIf(!present)("conformance cases of kinds kernel and predict (skipped without ../shared/goldens)", () => {
  const engines = [
    { name: "reference", options: { name: "reference" }, count: known.f64 },
    { name: "wasm in double precision", options: { threads: 2 }, count: known.f64 },
    { name: "wasm in single precision", options: { threads: 2, precision: "f32" }, count: known.f32 },
  ] as const;
  test.each(engines)("pass on $name", async ({ options, count }) => {
    const engine = await openEngine(options);
    try {
      const { passed, failed } = await verdicts(engine, "kernel");
      expect(failed).toEqual([]);
      expect(passed.length).toBeGreaterThanOrEqual(count);
      const predictions = await verdicts(engine, "predict");
      expect(predictions).toEqual({ passed: expect.toSatisfy((names) => names.length >= 23), failed: [] });
    } finally {
      await engine[Symbol.asyncDispose]();
    }
  });
});
