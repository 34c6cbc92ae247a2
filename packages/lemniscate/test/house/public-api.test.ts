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
  expect(Object.keys(exports)).toEqual([".", "./ops", "./data", "./schema/lemniscate.schema.json", "./package.json"]);
});

test("lemniscate exports these names", async () => {
  expect(await surface(".")).toMatchInlineSnapshot(`
    [
      "LemniscateError",
      "abRelu",
      "abs",
      "accuracy",
      "attention",
      "avgPool",
      "batch",
      "channelsOf",
      "cholesky",
      "classification",
      "classify",
      "conditionEstimate",
      "conv",
      "cos",
      "defaultNoiseGrid",
      "dense",
      "depths",
      "dropout",
      "erf",
      "examples",
      "exp",
      "expNormalized",
      "flatten",
      "gabor",
      "gaussian",
      "gelu",
      "globalAvgPool",
      "globalSumPool",
      "gp",
      "gridOf",
      "hermite",
      "identity",
      "input",
      "inputs",
      "isLemniscateError",
      "kernel",
      "kernels",
      "layerNorm",
      "leakyRelu",
      "linear",
      "logDeterminant",
      "logLikelihood",
      "maskedBy",
      "monomial",
      "multiply",
      "networkFromData",
      "networkFromJson",
      "networkToJson",
      "networkVersion",
      "oneHot",
      "openEngine",
      "parallel",
      "polynomial",
      "positionKernel",
      "positionsOf",
      "posterior",
      "predictedClasses",
      "rbf",
      "rectifiedMonomial",
      "relu",
      "repeat",
      "residual",
      "resize",
      "scale",
      "sequences",
      "serial",
      "sigmoidLike",
      "sign",
      "sin",
      "slice",
      "solve",
      "solveLower",
      "solveUpper",
      "sumPool",
      "transpose",
      "zeros",
      "type AbReluOptions",
      "type AttentionOptions",
      "type AvgPoolOptions",
      "type Batch",
      "type Cholesky",
      "type CholeskyOptions",
      "type Classification",
      "type Classifier",
      "type ClassifyOptions",
      "type ConvOptions",
      "type CosOptions",
      "type DenseOptions",
      "type DropoutOptions",
      "type Engine",
      "type EngineOptions",
      "type ErfOptions",
      "type ErrorCode",
      "type ErrorParts",
      "type Estimate",
      "type EstimateOptions",
      "type EstimatePart",
      "type ExpNormalizedOptions",
      "type ExpOptions",
      "type ExplainOptions",
      "type GaussianOptions",
      "type GpOptions",
      "type HermiteOptions",
      "type InputOptions",
      "type InputPart",
      "type Kernel",
      "type KernelOptions",
      "type KernelSource",
      "type KernelTile",
      "type Kernels",
      "type KernelsTile",
      "type Labels",
      "type LayerNormOptions",
      "type LeakyReluOptions",
      "type LinearOptions",
      "type Matrix",
      "type MatrixPosterior",
      "type Method",
      "type MonomialOptions",
      "type Network",
      "type Noise",
      "type NoiseChoice",
      "type NoiseReport",
      "type NoiseScore",
      "type Numbers",
      "type Parallel",
      "type Placement",
      "type PolynomialOptions",
      "type PositionKernel",
      "type PositionOptions",
      "type Posterior",
      "type PosteriorInput",
      "type Precision",
      "type PredictOptions",
      "type Prediction",
      "type PriorMean",
      "type Program",
      "type Quantity",
      "type RbfOptions",
      "type RectifiedMonomialOptions",
      "type RegressionOptions",
      "type Repeat",
      "type ResizeOptions",
      "type RunOptions",
      "type ScaleOptions",
      "type Serial",
      "type Shape",
      "type SinOptions",
      "type SliceOptions",
      "type SliceRange",
      "type SumPoolOptions",
      "type Targets",
      "type TestKernels",
      "type Tile",
      "type TrainingReport",
      "type Uncertainty",
    ]
  `);
});

test("lemniscate/ops exports these names", async () => {
  expect(await surface("./ops")).toMatchInlineSnapshot(`
    [
      "dual",
      "numbers",
      "positionMatrix",
      "type Algebra",
      "type DecayKind",
      "type DualName",
      "type DualValues",
      "type Gaussians",
      "type PositionParameters",
    ]
  `);
});

test("lemniscate/data exports these names", async () => {
  expect(await surface("./data")).toMatchInlineSnapshot(`
    [
      "embedTexts",
      "formatNpy",
      "labelledTexts",
      "learnEmbeddings",
      "meanEmbeddings",
      "numbersOf",
      "numericTable",
      "parseGlove",
      "parseNpy",
      "parseReview",
      "parseTable",
      "readGlove",
      "readImdb",
      "readNpy",
      "readTable",
      "standardize",
      "tokenize",
      "writeNpy",
      "type EmbedOptions",
      "type EmbeddedTexts",
      "type Embeddings",
      "type GloveOptions",
      "type ImdbOptions",
      "type ImdbReviews",
      "type LabelledTexts",
      "type LabelledTextsOptions",
      "type LearnOptions",
      "type NpyArray",
      "type NpyData",
      "type NpyType",
      "type NumericTable",
      "type NumericTableOptions",
      "type Review",
      "type ReviewOptions",
      "type Standardizer",
      "type Table",
      "type TableOptions",
      "type TableRow",
      "type TextOptions",
      "type TokenizeOptions",
    ]
  `);
});
