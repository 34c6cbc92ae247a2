import { existsSync, readFileSync } from "node:fs";
import { fileURLToPath, pathToFileURL } from "node:url";
import { expect, test } from "vitest";

const home = new URL("../../", import.meta.url);
const { exports } = JSON.parse(readFileSync(new URL("package.json", home), "utf8")) as {
  exports: Record<string, string | { types: string; default: string }>;
};

/** What a stranger can import from one entry of the built package: its values, and its types as the index lists them. */
async function surface(entry: string): Promise<string[]> {
  const files = exports[entry];
  if (files === undefined || typeof files === "string") throw new Error(`${entry} is no entry of the package`);
  const built = fileURLToPath(new URL(files.default, home));
  if (!existsSync(built)) throw new Error(`${built} is missing: run "npm run build" first`);
  const values = Object.keys(await import(/* @vite-ignore */ pathToFileURL(built).href));
  const declarations = readFileSync(new URL(files.types, home), "utf8");
  const types = [...declarations.matchAll(/^export (type )?\{([^}]*)\}/gm)].flatMap(([, all, names]) =>
    (names ?? "")
      .split(",")
      .map((name) => name.trim())
      .filter((name) => name !== "" && (all !== undefined || name.startsWith("type ")))
      .map((name) => `type ${name.replace(/^type |^.* as /g, "")}`),
  );
  return [...values.sort(), ...types.sort()];
}

// A change below is a change of the published interface. If it is meant: `npm run build && npx vitest run public-api -u`,
// and a line in CHANGELOG.md.
test("the package has these entries", () => {
  expect(Object.keys(exports)).toEqual([".", "./ops", "./data", "./package.json"]);
});

test("lemniscate exports these names", async () => {
  expect(await surface(".")).toMatchInlineSnapshot(`
    [
      "LemniscateError",
      "abRelu",
      "abs",
      "attention",
      "batch",
      "channelsOf",
      "dense",
      "dropout",
      "erf",
      "examples",
      "exp",
      "flatten",
      "gelu",
      "globalAvgPool",
      "globalSumPool",
      "gridOf",
      "identity",
      "isLemniscateError",
      "kernel",
      "layerNorm",
      "leakyRelu",
      "maskedBy",
      "networkFromData",
      "networkFromJson",
      "networkToJson",
      "networkVersion",
      "openEngine",
      "parallel",
      "positionKernel",
      "positionsOf",
      "relu",
      "repeat",
      "residual",
      "sequences",
      "serial",
      "sin",
      "type AbReluOptions",
      "type AttentionOptions",
      "type Batch",
      "type DenseOptions",
      "type DropoutOptions",
      "type Engine",
      "type EngineOptions",
      "type ErfOptions",
      "type ErrorCode",
      "type ErrorParts",
      "type ExpOptions",
      "type ExplainOptions",
      "type Kernel",
      "type KernelOptions",
      "type KernelTile",
      "type LayerNormOptions",
      "type LeakyReluOptions",
      "type Matrix",
      "type Network",
      "type Numbers",
      "type Parallel",
      "type Placement",
      "type PositionKernel",
      "type PositionOptions",
      "type Precision",
      "type Program",
      "type Quantity",
      "type Repeat",
      "type RunOptions",
      "type Serial",
      "type Shape",
      "type SinOptions",
      "type Tile",
    ]
  `);
});

test("lemniscate/ops exports these names", async () => {
  expect(await surface("./ops")).toMatchInlineSnapshot();
});

test("lemniscate/data exports these names", async () => {
  expect(await surface("./data")).toMatchInlineSnapshot();
});
