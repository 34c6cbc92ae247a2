import { readdirSync, readFileSync } from "node:fs";
import path from "node:path";
import { fileURLToPath } from "node:url";
import { Ajv2020 } from "ajv/dist/2020.js";
import { expect, test } from "vitest";
import { parse } from "yaml";
import { layers } from "../../src/network/layers/index.js";
import { fixtures, lemniscate } from "./lemniscate.js";

const published = JSON.parse(
  readFileSync(fileURLToPath(new URL("../../schema/lemniscate.schema.json", import.meta.url)), "utf8"),
);
const validate = new Ajv2020({ strict: true, allowUnionTypes: true }).compile(published);
const examples = readdirSync(fixtures).filter((file) => /\.(yaml|json)$/.test(file));

test("the published schema is the one that lemniscate schema prints", () => {
  const { code, stdout, stderr } = lemniscate(["schema"]);
  expect({ code, stderr }).toEqual({ code: 0, stderr: "" });
  expect(JSON.parse(stdout)).toEqual(published);
});

test.each(examples)("%s is valid, and the program thinks so too", (file) => {
  validate(parse(readFileSync(path.join(fixtures, file), "utf8")));
  expect(validate.errors).toBeNull();
  const shape = ["transformer.yaml", "reviews.yaml", "attention.yaml"].includes(file) ? "2x3x4" : "2x4";
  expect(lemniscate(["explain", file, "--shape", shape])).toMatchObject({ code: 0, stderr: "" });
});

const page = readFileSync(fileURLToPath(new URL("../../../../docs/command-line.md", import.meta.url)), "utf8");
const fences = [...page.matchAll(/^```yaml\n(.*?)^```$/gms)].map(([, text]) => text!);

test("the files in the documentation are valid", () => {
  expect(fences.length).toBe(5);
  for (const fence of fences) {
    validate(parse(fence));
    expect(validate.errors).toBeNull();
  }
});

test("every layer is in it, and no more than six ways to combine them", () => {
  const types = published.$defs.network.oneOf.map(
    (branch: { properties: { type: { const: string } } }) => branch.properties.type.const,
  );
  expect(types.sort()).toEqual(
    [...layers.keys(), "concat", "parallel", "product", "repeat", "residual", "serial"].sort(),
  );
});

test.each([
  [{ type: "dnse" }],
  [{ type: "dense", weightStd: -1 }],
  [{ type: "dense", wieghtStd: 1 }],
  [{ type: "serial", layers: [{ type: "relu" }, { type: "attention", weights: "sofmax" }] }],
  [{ lemniscate: 2, network: { type: "dense" } }],
  [{ lemniscate: 1, networks: { "no/name": { type: "dense" } } }],
  [{ lemniscate: 1, network: { type: "dense" }, networks: { one: { type: "dense" } } }],
  [{ lemniscate: 1, networks: { one: { type: "dense" } }, inference: { type: "gp" } }],
  [{ lemniscate: 1, network: { type: "dense" }, data: { train: { type: "npy" } } }],
  [{ lemniscate: 1, network: { type: "dense" }, inference: { type: "gp", noise: -1 } }],
])("%j is not valid", (data) => {
  expect(validate(data)).toBe(false);
});
