import { describe, expect, expectTypeOf, test } from "vitest";
import { batch } from "../../src/core/batch.js";
import { gp, type Posterior } from "../../src/inference/gp.js";
import type { RunOptionsOf } from "../../src/inference/kernel-source.js";
import { posterior } from "../../src/inference/posterior.js";
import type { Matrix } from "../../src/linalg/matrix.js";
import { gaussian, largestDifference } from "../linalg/matrices.js";
import { matrixOf, type TestSource, testSource } from "./sources.js";

const train = batch([7, 2], gaussian(7, 2, 1).data);
const other = batch([3, 2], gaussian(3, 2, 2).data);
const y = gaussian(7, 2, 3);
const both = (a = train, b = train) => ({ nngp: matrixOf("nngp", a, b), ntk: matrixOf("ntk", a, b) });

describe.each(["nngp", "ntk", "ntkgp"] as const)("get: %s", (get) => {
  test.each(["double", "single"] as const)(
    "equals the posterior of the matrices, kernels in %s precision",
    async (storage) => {
      const tolerance = storage === "double" ? 1e-12 : 1e-4;
      const fitted = await gp(testSource(storage), train, y, { get, noise: { relative: 0.1 } });
      const wanted = posterior({ trainTrain: both(), y, get, noise: { relative: 0.1 } });
      expect(Math.abs(fitted.logMarginalLikelihood - wanted.logMarginalLikelihood)).toBeLessThan(tolerance);
      const found = await fitted.predict(other, { uncertainty: "covariance" });
      const expected = wanted.predict(
        { testTrain: both(other, train), testTest: both(other, other) },
        { uncertainty: "covariance" },
      );
      for (const key of ["mean", "covariance"] as const)
        expect(largestDifference(found[key].data, expected[key].data)).toBeLessThan(tolerance);
      const quick = await fitted.predict(other);
      expect(largestDifference(quick.variance, expected.variance)).toBeLessThan(tolerance);
      expect(Object.keys(quick).sort()).toEqual(["mean", "variance"]);
      expect(Object.keys(await fitted.predict(other, { uncertainty: "none" }))).toEqual(["mean"]);
    },
  );
});

test("asks for no more kernels than it needs", async () => {
  const asked = async (get: "nngp" | "ntk" | "ntkgp", uncertainty: "none" | "variance" | "covariance") => {
    const source = testSource();
    const fitted = await gp(source, train, y, { get, noise: 0.1 });
    await fitted.predict(other, { uncertainty });
    return source.calls.map(({ kind, sizes, options }) => `${kind} ${sizes} ${(options as { get: string[] }).get}`);
  };
  expect(await asked("nngp", "none")).toEqual(["block 7,-1 nngp", "block 3,7 nngp"]);
  expect(await asked("nngp", "variance")).toEqual(["block 7,-1 nngp", "block 3,7 nngp", "diagonal 3 nngp"]);
  expect(await asked("ntk", "variance")).toEqual(["block 7,-1 nngp,ntk", "block 3,7 nngp,ntk", "diagonal 3 nngp"]);
  expect(await asked("ntk", "none")).toEqual(["block 7,-1 nngp,ntk", "block 3,7 ntk"]);
  expect(await asked("ntkgp", "covariance")).toEqual(["block 7,-1 ntk", "block 3,7 ntk", "block 3,-1 ntk"]);
});

test("hands run options on as they came, and only those", async () => {
  const source = testSource();
  const [engine, second] = [{ name: "first" }, { name: "second" }];
  const onProgress = () => {};
  const fitted = await gp(source, train, y, { noise: 0.1, priorMean: "train", jitter: [], engine, onProgress });
  await fitted.predict(other, { uncertainty: "variance", of: "observed", engine: second });
  const [first, ...later] = source.calls.map((call) => call.options);
  expect(first).toEqual({ get: ["nngp"], engine, onProgress });
  expect((first as { engine: object }).engine).toBe(engine);
  for (const options of later) expect(options).toEqual({ get: ["nngp"], engine: second });
});

test("a signal stops it", async () => {
  const signal = AbortSignal.abort(new Error("enough"));
  await expect(gp(testSource(), train, y, { noise: 0.1, signal })).rejects.toThrow("enough");
  const fitted = await gp(testSource(), train, y, { noise: 0.1 });
  await expect(fitted.predict(other, { signal })).rejects.toThrow("enough");
});

test("mistakes are found before any kernel is computed", async () => {
  const source = testSource();
  await expect(gp(source, train, [1, 2], { noise: 0.1 })).rejects.toThrow(
    "gp: y: got 2 rows of targets for 7 inputs, allowed is one row per input.",
  );
  await expect(gp(source, train, [1, 2, 3, 4, 5, 6, Number.NaN], { noise: 0.1 })).rejects.toThrow(
    "gp: y: got NaN at [6, 0]",
  );
  await expect(gp(source, train, y, { noise: -1 })).rejects.toThrow("gp: noise: got -1");
  await expect(gp(source, train, y, { noise: 1, get: "both" as "ntk" })).rejects.toThrow('gp: get: got "both"');
  expect(source.calls).toEqual([]);
  const fitted = await gp(source, train, y, { noise: 0.1, get: "ntk" });
  await expect(fitted.predict(other, { of: "observed" })).rejects.toThrow('predict: of with get: "ntk"');
  await expect(fitted.predict(other, { uncertainty: "some" as "none" })).rejects.toThrow("predict: uncertainty");
  expect(source.calls.length).toBe(1);
});

test("types: options of the kernel are known, results follow what was asked", () => {
  expectTypeOf<RunOptionsOf<TestSource>>().toHaveProperty("engine");
  expectTypeOf<RunOptionsOf<TestSource>>().not.toHaveProperty("get");
  type Fitted = Posterior<TestSource>;
  const calls = (fitted: Fitted, source: TestSource) => [
    fitted.predict(other).then((found) => {
      expectTypeOf(found.variance).toEqualTypeOf<Float64Array>();
      // @ts-expect-error it was not asked for
      found.covariance;
    }),
    fitted.predict(other, { uncertainty: "covariance", signal: AbortSignal.timeout(1) }).then((found) => {
      expectTypeOf(found.covariance).toEqualTypeOf<Matrix<Float64Array>>();
    }),
    // @ts-expect-error engines have a name
    fitted.predict(other, { engine: {} }),
    // @ts-expect-error a mistyped option
    gp(source, train, y, { noise: 0.1, nosie: 1 }),
    // @ts-expect-error the noise must be said
    gp(source, train, y, { get: "ntk" }),
  ];
  expect(calls).toBeTypeOf("function");
});
