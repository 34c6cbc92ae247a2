/** @module Random networks against Neural Tangents: `fixtures/neural-tangents/make.py` drew and computed them. */
import { readFileSync } from "node:fs";
import { openEngine } from "lemniscate";
import { expect, test } from "vitest";
import { runCase } from "../../dist/cli/conformance/case.js";
import type { ConformanceCase } from "../../dist/cli/conformance/format.js";

const file = new URL("../fixtures/neural-tangents/random-networks.json", import.meta.url);
const cases = JSON.parse(readFileSync(file, "utf8")) as readonly ConformanceCase[];

test.each([
  ["reference", { name: "reference" }],
  ["wasm", { threads: 2 }],
] as const)("%s agrees with Neural Tangents on 60 random networks", async (_, options) => {
  await using engine = await openEngine(options);
  const failures: string[] = [];
  for (const of of cases) {
    const { name, failure } = await runCase(of, engine);
    if (failure !== undefined) failures.push(`${name}: ${failure}`);
  }
  expect(failures).toEqual([]);
  expect(cases.length).toBe(60);
});
