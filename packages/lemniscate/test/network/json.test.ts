import { expect, test } from "vitest";
import { parallel, repeat, residual, serial } from "../../src/network/combinators.js";
import { networkFromData, networkFromJson, networkToJson, networkVersion } from "../../src/network/json.js";
import { attention } from "../../src/network/layers/attention.js";
import { dense } from "../../src/network/layers/dense.js";
import { identity } from "../../src/network/layers/identity.js";
import { layerNorm } from "../../src/network/layers/layer-norm.js";
import { globalAvgPool } from "../../src/network/layers/pool.js";
import { relu } from "../../src/network/layers/relu.js";

test("networks come back as they were", () => {
  const net = serial(
    dense({ biasStd: null, width: 4 }),
    repeat(residual(layerNorm(), attention({ position: { decay: "inverse", width: 3 } })), 2),
    parallel(identity(), serial(relu(), dense({ parameterization: "standard" }))),
    globalAvgPool(),
  );
  const text = networkToJson(net);
  expect(networkFromJson(text)).toEqual(net);
  expect(networkToJson(networkFromJson(text))).toBe(text);
  expect(JSON.parse(text).lemniscate).toBe(networkVersion);
});

test("defaults are filled in, and a residual is written out", () => {
  expect(networkFromData({ type: "residual", layers: [{ type: "dense" }] })).toEqual(residual(dense()));
  expect(networkFromData({ lemniscate: 1, network: { type: "attention", position: {} } })).toEqual(
    attention({ position: {} }),
  );
});

test("an option that is undefined is left out", () => {
  expect(dense({ width: undefined } as object)).toEqual(dense());
  expect(networkFromData({ type: "dense", width: undefined })).toEqual(dense());
});

test("networks are frozen data", () => {
  const net = networkFromData({ type: "serial", layers: [{ type: "relu" }] }) as never as { layers: object[] };
  expect(Object.isFrozen(net)).toBe(true);
  expect(Object.isFrozen(net.layers[0])).toBe(true);
  const layers = [dense(), relu()];
  const made = serial(...(layers as never[]));
  layers.pop();
  expect(made.layers.length).toBe(2);
});
