import { describe, expect, test } from "vitest";
import { posterior } from "../../src/inference/posterior.js";
import { goldens, misses, toMatrix } from "./goldens.js";

const cases = goldens("gpInference");

describe.skipIf(cases.length === 0)("GP inference as Neural Tangents does it", () => {
  test("the known cases are there", () => {
    expect(cases.map((golden) => golden.name).sort()).toEqual([
      "gp-inference",
      "gp-inference-absolute-reg",
      "gp-inference-relative-reg",
    ]);
  });

  describe.each(cases.map((golden) => [golden.name, golden] as const))("%s", (_, golden) => {
    const pair = ({ nngp, ntk }: { nngp: Parameters<typeof toMatrix>[0]; ntk: Parameters<typeof toMatrix>[0] }) => ({
      nngp: toMatrix(nngp),
      ntk: toMatrix(ntk),
    });
    const { diagReg = 0, diagRegAbsoluteScale = false } = golden.predict;
    test.each(["nngp", "ntk", "ntkgp"] as const)("%s", (get) => {
      const fitted = posterior({
        get,
        trainTrain: pair(golden.inputs.kTrainTrain),
        y: toMatrix(golden.inputs.yTrain),
        noise: diagRegAbsoluteScale ? diagReg : { relative: diagReg },
      });
      const kernels = { testTrain: pair(golden.inputs.kTestTrain), testTest: pair(golden.inputs.kTestTest) };
      const { mean, variance, covariance } = fitted.predict(kernels, { uncertainty: "covariance" });
      expect(fitted.jitter).toBe(0);
      expect(misses(mean.data, golden, `${get}.mean`)).toEqual([]);
      expect(misses(covariance.data, golden, `${get}.cov`)).toEqual([]);
      expect(Array.from(variance)).toEqual(Array.from(variance, (_, i) => covariance.data[i * variance.length + i]));
    });
  });
});
