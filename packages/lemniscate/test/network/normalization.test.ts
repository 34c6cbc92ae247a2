/** @module Normalisation behind nonlinearities, where the mean over channels is not 0. */
import { expect, test } from "vitest";
import { openEngine } from "../../src/engines/open.js";
import { networkFromData } from "../../src/network/json.js";
import type { Network } from "../../src/network/placement.js";
import { kernel, positionKernel } from "../../src/tiles/kernel.js";
import { oracle } from "../conformance/oracle.js";
import { difference, randomBatch } from "../conformance/random.js";

const get = ["nngp", "ntk"] as const;
const dense = { type: "dense", weightStd: 1.2, biasStd: 0.3 };
const net = (...layers: readonly object[]): Network => networkFromData({ type: "serial", layers });
const x = randomBatch(3, [3, 2, 3, 2], [1, 1, 0, 1, 1, 1, 1, 1, 1, 1, 1, 1, 0, 0, 0, 1, 0, 1]);

test.each(["relu", "abs", "erf", "sin", "gelu", "exp"])(
  "layerNorm behind %s is what the specification says",
  async (phi) => {
    await using engine = await openEngine({ threads: 1 });
    await using reference = await openEngine({ name: "reference" });
    for (const over of ["channels", "all", [0], [1]])
      for (const norm of ["layerNorm", "rmsNorm"]) {
        const network = net(dense, { type: phi }, { type: norm, over, epsilon: 1e-6 }, dense, { type: "relu" });
        const wanted = oracle(network, x);
        for (const one of [engine, reference]) {
          const found = await positionKernel(network)(x, null, { get, engine: one });
          for (const quantity of get) expect(difference(found[quantity], wanted[quantity])).toBeLessThan(1e-7);
        }
      }
  },
);

test("layerNorm leaves variance 1 behind a nonlinearity, and behind what averages it", async () => {
  const [norm, relu] = [{ type: "layerNorm", epsilon: 0 }, { type: "relu" }];
  for (const between of [[], [{ type: "globalAvgPool" }], [{ type: "flatten" }], [{ type: "scale", factor: 3 }]]) {
    const tokens = randomBatch(5, [4, 3, 2]);
    const ends = between.length === 0 || "factor" in between[0]! ? [{ type: "slice", axes: [1] }] : [];
    const { nngp } = await kernel(net(dense, relu, ...between, norm, ...ends))(tokens, null, { get });
    for (let i = 0; i < 4; i++) expect(nngp.data[5 * i]).toBeCloseTo(1, 12);
  }
});

test("the mean over channels is that of the covariance of independent Gaussians", async () => {
  // E relu(u) = √(q/2π), so the centred variance of a unit Gaussian is 1/2 − 1/2π, and the covariance is shifted as much.
  const two = randomBatch(1, [2, 400]);
  const plain = net({ type: "rmsNorm", epsilon: 0 }, { type: "dense" }, { type: "relu" });
  const { nngp: before } = await kernel(plain)(two, null, { get: ["nngp"] });
  const { nngp: after } = await kernel(net(plain, { type: "layerNorm", epsilon: 0 }))(two, null, { get: ["nngp"] });
  const mean = 1 / (2 * Math.PI);
  expect(after.data[1]).toBeCloseTo((before.data[1]! - mean) / (0.5 - mean), 12);
});
