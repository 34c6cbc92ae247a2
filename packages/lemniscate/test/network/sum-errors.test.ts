import { describe, expect, test } from "vitest";
import type { Shape } from "../../src/core/shape.js";
import { networkFromData } from "../../src/network/json.js";
import type { Network } from "../../src/network/placement.js";
import { shapeOf } from "../../src/network/trace.js";
import { features, layer, net, refuses, thrown, tokens } from "./refusals.js";

describe("a sum", () => {
  const sum = (...branches: readonly object[]): Network => networkFromData({ type: "parallel", branches });
  refuses([
    {
      what: "of nothing",
      run: () => shapeOf(net(sum()), features),
      code: "Misplaced",
      message: "parallel.layers[0]: got no branches, allowed is one branch or more. Give parallel() something to join.",
      path: ["layers", 0],
    },
    {
      what: "of different shapes",
      run: () => shapeOf(sum(layer("dense"), net(layer("globalAvgPool"), layer("dense"))), tokens),
      code: "Misplaced",
      message:
        "parallel: got branches that end with tokens (n, 5, ∞), Gaussian and features (n, ∞), Gaussian, allowed is branches of one shape. Pool or flatten all of them, or none.",
      path: ["branches", 1],
    },
    {
      what: "with a branch that is data",
      run: () => shapeOf(networkFromData({ type: "residual", layers: [layer("dense")] }), tokens),
      code: "Misplaced",
      message:
        "parallel: got branch 1 ending with tokens (n, 5, 3), which is data or comes from a nonlinearity, allowed is branches that end Gaussian. End the branch with dense() or attention(), and put dense() before the sum's input if that is data.",
      path: ["branches", 1],
    },
    {
      what: "with a branch that ends in a nonlinearity",
      run: () => shapeOf(net(layer("dense"), sum(net(layer("dense"), layer("relu")), layer("identity"))), features),
      code: "Misplaced",
      message:
        "parallel.layers[1]: got branch 0 ending with features (n, ∞), which is data or comes from a nonlinearity, allowed is branches that end Gaussian. End the branch with dense() or attention(), and put dense() before the sum's input if that is data.",
      path: ["layers", 1, "branches", 0],
    },
    {
      what: "of branches that carry the same variables",
      run: () => shapeOf(net(layer("dense"), sum(layer("identity"), layer("layerNorm"), layer("dense"))), features),
      code: "Misplaced",
      message:
        "parallel.layers[1]: got 2 branches without weights of their own, which carry the same random variables, allowed is one such branch at most, equal ones, or branches of identity, scale, slice, resize, linear, avgPool and sumPool. Their covariance with each other is not known: give all but one a dense().",
      path: ["layers", 1],
    },
  ]);

  const beside =
    (branch: object): (() => Shape) =>
    () =>
      shapeOf(net(layer("dense"), sum(layer("layerNorm"), branch)), features);
  test("knows which branches have weights of their own", () => {
    const residual = { type: "residual", layers: [layer("dense")] };
    // A skip inside a branch carries the input through, whatever stands beside it.
    for (const branch of [net(), residual, net(residual), { type: "repeat", layer: layer("dense"), times: 0 }])
      expect(thrown(beside(branch)).message).toContain("2 branches without weights of their own");
    for (const branch of [
      layer("dense"),
      layer("layerNorm"),
      net(residual, layer("dense")),
      { type: "repeat", layer: layer("dense"), times: 2 },
    ])
      expect(beside(branch)().gaussian).toBe(true);
  });
});
