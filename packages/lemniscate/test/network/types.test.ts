/** @module What the type checker lets through; what it refuses stands in `type-errors.test.ts` with its reason. */
import { expect, expectTypeOf, test } from "vitest";
import {
  attention,
  batch,
  dense,
  dropout,
  erf,
  flatten,
  gelu,
  globalAvgPool,
  identity,
  kernel,
  kernels,
  layerNorm,
  type Matrix,
  type Network,
  networkFromJson,
  networkToJson,
  openEngine,
  parallel,
  positionKernel,
  relu,
  repeat,
  residual,
  serial,
} from "../../src/index.js";

test("networks that can stand somewhere compile", () => {
  const block = serial(residual(layerNorm(), attention()), residual(layerNorm(), dense(), gelu(), dense()));
  const nets = [
    kernel(serial(dense(), relu(), dense())),
    kernel(serial(dense(), repeat(block, 3), layerNorm(), globalAvgPool(), dense())),
    kernel(serial(attention(), relu(), flatten(), dense())),
    kernel(serial(dense(), parallel(identity(), serial(erf(), dense())), dropout({ drop: 0.1 }), dense())),
    kernel(globalAvgPool()),
    kernel(serial()),
    // Data may enter as features alone, or as tokens alone.
    kernel(serial(dense(), relu())),
    kernel(serial(globalAvgPool(), dense())),
  ];
  expect(nets.every((k) => typeof k === "function")).toBe(true);
});

test("networks from files and from lists compile, to be checked when they run", () => {
  const read = networkFromJson(networkToJson(serial(attention(), globalAvgPool(), dense())));
  const layers: Network[] = [dense(), relu()];
  for (const net of [read, serial(read, dense()), serial(...layers), residual(...layers), repeat(read, 2)])
    expect(kernel(net).network.type).toBe(net.type);
});

test("what is asked for decides the type of the result", async () => {
  await using engine = await openEngine({ name: "reference" });
  const k = kernel(serial(dense(), relu(), dense()));
  const x = batch([2, 2], [1, 0, 0, 1]);
  const one = await k(x, null, { get: "nngp", engine });
  expectTypeOf(one).toEqualTypeOf<Matrix>();
  const both = await k(x, null, { get: ["nngp", "ntk"], engine });
  expectTypeOf(both).toEqualTypeOf<{ readonly nngp: Matrix; readonly ntk: Matrix }>();
  const several = kernels({ shallow: dense(), deep: serial(dense(), relu(), dense()) });
  expectTypeOf(await several(x, null, { get: ["ntk"], engine })).toEqualTypeOf<{
    readonly shallow: { readonly ntk: Matrix };
    readonly deep: { readonly ntk: Matrix };
  }>();
  expectTypeOf((await several(x, null, { get: "ntk", engine })).deep).toEqualTypeOf<Matrix>();
  const ntk = await k(x, null, { get: ["ntk"], engine });
  expect(Object.keys(ntk)).toEqual(["ntk"]);
  // @ts-expect-error nngp was not asked for
  expect(ntk.nngp).toBeUndefined();
  const blocks = await positionKernel(attention())(batch([1, 2, 1], [1, 2]), null, { get: ["ntk"], engine });
  // @ts-expect-error nor was it here
  expect(blocks.nngp).toBeUndefined();
  // @ts-expect-error there is no such quantity
  await expect(k(x, null, { get: "kernel", engine })).rejects.toThrow("kernel: get");
});

test("wrong options do not compile", () => {
  // @ts-expect-error a number
  expect(() => dense({ weightStd: "1" })).toThrow();
  // @ts-expect-error a known option
  expect(() => dense({ weight: 1 })).toThrow();
  // @ts-expect-error a known kind
  expect(() => attention({ weights: "hardmax" })).toThrow();
  // @ts-expect-error drop has no default
  expect(() => dropout({})).toThrow();
  // @ts-expect-error relu has no options
  expect(relu({})).toEqual({ type: "relu" });
  const net = serial(dense());
  // @ts-expect-error networks do not change
  expect(() => (net.type = "parallel")).toThrow(TypeError);
});
