import { existsSync, mkdirSync, writeFileSync } from "node:fs";
import path from "node:path";
import { fileURLToPath } from "node:url";
import { beforeAll, describe, expect, test } from "vitest";
import { emptyFolder, lemniscate } from "./lemniscate.js";

const nngp = { shape: [2, 2], data: [0.5, 1 / (2 * Math.PI), 1 / (2 * Math.PI), 0.5] };
/** T is K = 1 after the first layer, 1 · E[φ'φ'] = 1/2 after relu, and K + 1/2 = 1 at the end; beside the diagonal K alone. */
const ntk = { shape: [2, 2], data: [1, 1 / (2 * Math.PI), 1 / (2 * Math.PI), 1] };
const level = { rtol: 1e-10, atol: 1e-12 };

/** Dense (w² = 2), relu, dense on two orthogonal vectors: K = 1 and 0 before relu, 1/2 and 1/(2π) behind it. */
const perceptron = {
  name: "perceptron",
  category: "dense",
  kind: "kernel",
  source: "by hand",
  network: { serial: [{ dense: { wStd: Math.SQRT2 } }, { relu: { do_stabilize: false } }, { dense: {} }] },
  inputs: { x1: { shape: [2, 2], data: [1, 0, 0, 1] } },
  outputs: { nngp, ntk },
  tolerance: { nngp: level, ntk: level },
};

function verify(file: unknown, ...options: readonly string[]) {
  const folder = emptyFolder();
  writeFileSync(path.join(folder, "case.json"), typeof file === "string" ? file : JSON.stringify(file));
  return lemniscate(["verify", "case.json", ...options], folder);
}

test.each([[], ["--engine", "reference"], ["--precision", "f32"], ["--threads", "1"]])(
  "a case with a closed form passes (%s %s)",
  (...options) => {
    expect(verify(perceptron, ...options)).toEqual({ code: 0, stdout: "1 passed, 0 failed\n", stderr: "" });
  },
);

test("numbers that JSON lacks are not compared, and masks are as in the format", () => {
  const x1 = { shape: [1, 3, 1], data: [1, 3, "NaN"] };
  const network = { serial: [{ dense: {} }, { globalAvgPool: {} }] };
  const outputs = { nngp: { shape: [1, 1], data: [4] }, ntk: { shape: [1, 1], data: ["NaN"] }, meta: {} };
  const pooled = { ...perceptron, network, inputs: { x1, maskConstant: "NaN" }, outputs, nonFinite: true };
  expect(verify(pooled).stdout).toBe("1 passed, 0 failed\n");
});

test("graphs along one axis of two, slices without those of channels, and axes that count what is left", () => {
  // Nodes 0 and 1 of the first axis: both rows become 1 + 2 = 3 in the first column, 3 + 4 = 7 in the second one.
  const x1 = { shape: [1, 2, 2, 1], data: [1, 3, 2, 4] };
  const all = { shape: [1, 2, 2], data: [1, 1, 1, 1] };
  const edges = { shape: [1, 5, 2], data: [0, 0, 1, 0, 0, 1, 1, 1, -1, -1] };
  const layers = [
    { aggregate: { aggregateAxis: [1] } },
    { index: { slices: [{}, 0] } },
    { index: { slices: [{}, {}] } },
  ];
  const read = (pattern: object, more: object, slices: readonly unknown[], value: number) => {
    const k = { shape: [1, 1], data: [value] };
    const network = { serial: [...layers, { index: { slices } }, { dense: {} }] };
    const inputs = { x1, pattern1: pattern, ...more };
    return verify({ ...perceptron, network, inputs, outputs: { nngp: k, ntk: k } }).stdout;
  };
  expect(read(all, {}, [{}, 0], 9)).toBe("1 passed, 0 failed\n");
  expect(read(edges, { patternIsIndex: true }, [{}, 1, {}], 49)).toBe("1 passed, 0 failed\n");
});

test("slices of examples, and matrices along an axis", () => {
  const folder = emptyFolder();
  const x1 = { shape: [3, 2, 1], data: [9, 9, 1, 2, 3, 4] };
  const put = (name: string, layers: readonly object[], data: readonly number[], x: object = x1): void => {
    const k = { shape: [Math.sqrt(data.length), Math.sqrt(data.length)], data };
    const network = { serial: [...layers, { globalSumPool: {} }, { dense: {} }] };
    const of = { ...perceptron, name, network, inputs: { x1: x }, outputs: { nngp: k, ntk: k } };
    writeFileSync(path.join(folder, `${name}.json`), JSON.stringify(of));
  };
  const backwards = { index: { slices: [{ start: -1, stop: 0, step: -1 }, {}] } };
  put("a range", [{ identity: {} }, backwards], [49, 21, 21, 9]);
  put("a range of a range", [backwards, { index: { slices: [{ start: 1 }, "..."] } }], [9]);
  // The dots are examples and rows: of (1 3; 2 4) the first column is left.
  const square = { shape: [1, 2, 2, 1], data: [1, 3, 2, 4] };
  put("dots", [{ index: { slices: ["...", 0, {}] } }], [9], square);
  put("one example", [{ index: { slices: [0] } }], [1]);
  // x ↦ (x_0 + 2x_1, −x_1, x_0 + x_1) of one example, whose sum is 2x_0 + 2x_1.
  const none = { lhsBatch: [], rhsBatch: [] };
  const rhs = { shape: [2, 3], data: [1, 0, 1, 2, -1, 1] };
  const lhs = { shape: [3, 2], data: [1, 2, 0, -1, 1, 1] };
  const right = { rhs, dimensionNumbers: { lhsContracting: [1], rhsContracting: [0], ...none } };
  const left = { lhs, dimensionNumbers: { lhsContracting: [1], rhsContracting: [1], ...none } };
  put("right", [{ dotGeneral: right }], [100], { shape: [1, 2, 1], data: [1, 4] });
  const image = { shape: [1, 2, 1, 1], data: [1, 4] };
  put("left", [{ dotGeneral: left }], [100], image);
  // 2·x_0 and −x_1.
  const along = { lhsContracting: [], rhsContracting: [], lhsBatch: [1], rhsBatch: [0] };
  put("along", [{ dotGeneral: { rhs: { shape: [2], data: [2, -1] }, dimensionNumbers: along } }], [4], {
    shape: [1, 2, 1],
    data: [1, 4],
  });
  put("turned", [{ dotGeneral: right }], [100], image);
  const verdicts: { name: string; failure?: string }[] = JSON.parse(
    lemniscate(["verify", ".", "--json"], folder).stdout,
  );
  expect(Object.fromEntries(verdicts.map(({ name, failure }) => [name, failure]))).toEqual({
    "a range": undefined,
    "a range of a range": undefined,
    dots: undefined,
    "one example": "no index of one example",
    right: undefined,
    along: undefined,
    left: undefined,
    turned: "no dotGeneral that changes the order of axes",
  });
});

test("a sum of all positions of an image, each with a number", () => {
  const x1 = { shape: [1, 2, 2, 1], data: [1, 3, 2, 4] };
  const dimensionNumbers = { lhsContracting: [1, 2], rhsContracting: [0, 1], lhsBatch: [], rhsBatch: [] };
  const sum = { dotGeneral: { rhs: { shape: [2, 2], data: [1, 3, 2, 0] }, dimensionNumbers } };
  const k = (value: number) => ({ shape: [1, 1], data: [value] });
  const of = { ...perceptron, network: { serial: [{ dense: {} }, sum, { dense: {} }] }, inputs: { x1 } };
  // 1·1 + 3·3 + 2·2 + 4·0 = 14.
  expect(verify({ ...of, outputs: { nngp: k(196), ntk: k(392) } }).stdout).toBe("1 passed, 0 failed\n");
});

test("a rule of quadrature is not the same where sides are exchanged", () => {
  const root = Math.SQRT2;
  const x1 = { shape: [2, 2], data: [root, 0, root, root * Math.sqrt(3)] };
  // Two nodes, ±1 in deviations: of variances p and q and a covariance k.
  const rule = (p: number, k: number, q: number): number => {
    const signs = [1, -1];
    const inner = (s: number, t: number): number =>
      Math.tanh(Math.sqrt(p) * s) * Math.tanh((k / Math.sqrt(p)) * s + Math.sqrt(q - (k * k) / p) * t);
    return signs.reduce((sum, s) => sum + signs.reduce((row, t) => row + inner(s, t) / 4, 0), 0);
  };
  const nngp = { shape: [2, 2], data: [rule(1, 1, 1), rule(1, 1, 4), rule(4, 1, 1), rule(4, 4, 4)] };
  const network = { serial: [{ dense: {} }, { elementwiseNumerical: { fn: "tanh", deg: 2 } }] };
  const { tolerance } = perceptron;
  const of = { ...perceptron, network, inputs: { x1 }, outputs: { nngp }, tolerance: { nngp: tolerance.nngp } };
  expect(verify(of).stdout).toBe("1 passed, 0 failed\n");
});

const posterior = {
  ...perceptron,
  kind: "predict",
  network: undefined,
  predict: { method: "gpInference", get: ["nngp"], diagReg: 1, diagRegAbsoluteScale: true },
  inputs: {
    kTrainTrain: { nngp: { shape: [1, 1], data: [1] }, ntk: { shape: [1, 1], data: [1] } },
    kTestTrain: { nngp: { shape: [1, 1], data: [0.5] }, ntk: { shape: [1, 1], data: [0.5] } },
    kTestTest: { nngp: { shape: [1, 1], data: [1] }, ntk: { shape: [1, 1], data: [1] } },
    yTrain: { shape: [1, 1], data: [2] },
  },
  outputs: { "nngp.mean": { shape: [1, 1], data: [0.5] }, "nngp.cov": { shape: [1, 1], data: [0.875] } },
  tolerance: { "nngp.mean": level, "nngp.cov": level },
};

test("inference in closed form", () => {
  expect(verify(posterior).stdout).toBe("1 passed, 0 failed\n");
});

test("finite networks, with the weights of every branch", () => {
  const scalar = (value: number) => ({ shape: [1, 1], data: [value] });
  const weights = (w: number) => ({ w: scalar(w), b: null });
  const file = {
    ...perceptron,
    kind: "empirical",
    network: { serial: [{ dense: {} }, { fanOut: 2 }, { parallel: [{ dense: {} }, { dense: {} }] }, { fanInSum: {} }] },
    inputs: { x1: scalar(1), x2: scalar(1) },
    params: {
      params: [weights(2), {}, [weights(3), weights(5)], {}],
      delta: [weights(0), {}, [weights(0), weights(1)], {}],
    },
    outputs: { f1: scalar(2 * (3 + 5)), fMoved1: scalar(2 * (3 + 6)), "ntk.trace": scalar((3 + 5) ** 2 + 2 * 2 ** 2) },
    tolerance: { f1: level, fMoved1: level, "ntk.trace": level },
  };
  expect(verify(file).stdout).toBe("1 passed, 0 failed\n");
  const more = { ...file.params, params: [weights(2), {}, [weights(3), weights(5)], weights(7)] };
  expect(verify({ ...file, params: more }).stdout).toContain("no weights of a layer that has none here");
});

const changed = (network: unknown) => ({ ...perceptron, network: { serial: [{ dense: {} }, network, { dense: {} }] } });

/** What is wrong with each of several cases, and what is said about it. */
const wrong: readonly (readonly [what: string, file: unknown, said: string])[] = [
  [
    "a wrong number",
    { ...perceptron, outputs: { nngp, ntk: { ...ntk, data: [1, 0.2, 0.2, 1] } } },
    "ntk differs at [1]",
  ],
  ["an unknown layer", changed({ wavelet: {} }), "no layer wavelet"],
  ["an unknown field", changed({ relu: { leak: 1 } }), "no field leak of layer relu"],
  ["a field of another kind", changed({ dense: { wStd: "1" } }), 'no wStd "1" of layer dense'],
  ["an unknown word", changed({ dense: { parameterization: "mup" } }), 'no parameterization "mup" of layer dense'],
  ["an unknown kind", { ...perceptron, kind: "magic" }, "no cases of kind magic"],
  ["an unknown method", { ...posterior, predict: { method: "magic" } }, "no method magic"],
  ["an unknown option", { ...posterior, predict: { ...posterior.predict, t: [1] } }, "no t of method gpInference"],
  ["an output that nobody computes", { ...perceptron, outputs: { nngp, ntk, other: ntk } }, "no output other"],
  ["a missing tolerance", { ...perceptron, tolerance: {} }, "nngp has no tolerance"],
  ["nothing to compare", { ...perceptron, outputs: { cov1: nngp } }, "no output to compare"],
  [
    "a network of one input given two",
    { ...perceptron, inputs: { x1: [perceptron.inputs.x1, perceptron.inputs.x1] } },
    "no dense on several inputs",
  ],
  ["an unknown input", { ...perceptron, inputs: { ...perceptron.inputs, pattern3: nngp } }, "no input pattern3"],
  ["no JSON", "{", "not JSON"],
  ["another format", "[]", "not of the format: inputs is no object"],
  [
    "a tensor of another size",
    { ...perceptron, outputs: { nngp: { shape: [3], data: [1] } } },
    "not of the format: outputs.nngp has 1 numbers for (3)",
  ],
];

describe("of cases that fail, all in one run,", () => {
  let found: ReturnType<typeof lemniscate>;
  let lines: readonly string[];
  beforeAll(() => {
    const folder = emptyFolder();
    mkdirSync(path.join(folder, "wrong"));
    for (const [i, [, file]] of wrong.entries())
      writeFileSync(path.join(folder, `wrong/${i}.json`), typeof file === "string" ? file : JSON.stringify(file));
    found = lemniscate(["verify", "wrong"], folder);
    lines = found.stdout.trimEnd().split("\n");
  });

  test.each(wrong.map(([what, , said], i) => ({ what, said, file: `wrong/${i}.json` })))(
    "$what is said to be wrong",
    ({ said, file }) => {
      const line = lines.find((line) => line.endsWith(`(${file})`));
      expect(line).toMatch(/^FAIL (perceptron|wrong\/\d+\.json): /);
      expect(line).toContain(said);
    },
  );

  test("none passes", () => {
    const { code, stderr } = found;
    expect({ code, stderr, last: lines.at(-1) }).toEqual({
      code: 1,
      stderr: "",
      last: `0 passed, ${wrong.length} failed`,
    });
  });
});

test("folders stand for their cases, missing files fail, and --json lists verdicts", () => {
  const folder = emptyFolder();
  mkdirSync(path.join(folder, "cases/deep"), { recursive: true });
  for (const file of ["cases/a.json", "cases/deep/b.json"])
    writeFileSync(path.join(folder, file), JSON.stringify(perceptron));
  for (const file of ["cases/index.json", "cases/schema.json"]) writeFileSync(path.join(folder, file), "[]");
  const { code, stdout, stderr } = lemniscate(["verify", "cases", "nowhere.json", "--json"], folder);
  expect({ code, stderr }).toEqual({ code: 1, stderr: "" });
  const verdicts = JSON.parse(stdout);
  expect(verdicts.map(({ file }: { file: string }) => file)).toEqual([
    "cases/a.json",
    "cases/deep/b.json",
    "nowhere.json",
  ]);
  expect(verdicts[0]).toMatchObject({ name: "perceptron", worst: expect.any(Number) });
  expect(verdicts[2].failure).toContain("no such file");
});

const goldens = fileURLToPath(new URL("../../../../../shared/goldens/", import.meta.url));

// Of the command alone: goldens.test.ts runs them on every engine.
test.skipIf(!existsSync(goldens))("the goldens of Neural Tangents that can be run pass", () => {
  const { stdout } = lemniscate(["verify", goldens, "--engine", "reference", "--json"]);
  const verdicts = JSON.parse(stdout) as { name: string; failure?: string }[];
  expect(verdicts.length).toBeGreaterThan(250);
  const wrong = verdicts.filter(({ failure }) => failure !== undefined && !failure.startsWith("no "));
  expect(wrong).toEqual([]);
  expect(verdicts.filter(({ failure }) => failure === undefined).length).toBeGreaterThanOrEqual(153);
});
