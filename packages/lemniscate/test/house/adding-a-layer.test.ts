import { mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { afterAll, expect, test } from "vitest";
import { randomKey } from "../../src/core/random.js";
import { plain } from "../../src/finite/plain.js";
import type { Covariances, LayerDefinition } from "../../src/network/layer.js";
import { gram } from "../../src/ops/gram.js";
import { presence } from "../../src/ops/padding.js";
import { zero } from "../../src/ops/zero.js";

// The layer that docs/adding-a-layer.md shows is taken from the page and run, so that the page stays true.
const page = fileURLToPath(new URL("../../../../docs/adding-a-layer.md", import.meta.url));
const source = fileURLToPath(new URL("../../src/", import.meta.url));
const folder = mkdtempSync(fileURLToPath(new URL("./page-", import.meta.url)));

afterAll(() => rmSync(folder, { recursive: true }));

test("the layer of the page multiplies covariances by the square", async () => {
  const code = readFileSync(page, "utf8").match(/```text\n(import [\s\S]*?)```/)?.[1];
  expect(code).toBeDefined();
  const file = join(folder, "scale.ts");
  writeFileSync(file, code!.replaceAll('"../../', `"${source}`).replaceAll('"../', `"${source}network/`));
  const { scale, scaleDefinition } = (await import(file)) as {
    scale: (options: { factor: number }) => object;
    scaleDefinition: LayerDefinition<{ factor: number }>;
  };
  expect(scale({ factor: 3 })).toEqual({ type: "scale", factor: 3 });
  expect(() => scale({ factor: "3" as never })).toThrow("scale");

  const below: Covariances = {
    nngp: (p, q) => gram(p, q, "value", []),
    ntk: (p, q) => zero("value", [p, q]),
    presence: (p) => presence(p, "value", []),
  };
  const input = { grid: [], channels: 2, gaussian: false };
  const rule = scaleDefinition.kernel(below, { factor: 3 }, input);
  expect(rule.nngp("a", "b").parameters).toEqual({ scale: 9, shift: 0 });
  expect(scaleDefinition.shape(input, { factor: 3 })).toEqual(input);

  const x = plain.constant([1, 1, 2], [1, -2]);
  const place = { input, mask: null, graph: null, random: randomKey(0) };
  expect([...scaleDefinition.apply!(plain, {}, x, { factor: 3 }, place).data]).toEqual([3, -6]);
});
