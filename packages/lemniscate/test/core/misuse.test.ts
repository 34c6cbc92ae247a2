/** @module What programs without types pass by mistake. */
import {
  batch,
  cholesky,
  dense,
  depths,
  headMixture,
  inputs,
  kernel,
  kernels,
  maskedBy,
  type Network,
  networkFromJson,
  networkToJson,
  oneHot,
  openEngine,
  positionKernel,
  relu,
  repeat,
  sequences,
  serial,
  trainingDynamics,
} from "lemniscate";
import { init } from "lemniscate/finite";
import { expect, test } from "vitest";

// biome-ignore lint/suspicious/noExplicitAny: what is tested is what types forbid
const any = (value: unknown): any => value;
const net = serial(dense(), relu(), dense());
const x = batch([1, 1], [1]);
const nested = (depth: number): Network =>
  Array.from({ length: depth }).reduce<Network>((inner) => any({ type: "serial", layers: [inner] }), dense());

test.each([
  { run: () => batch(any(3), [1]), message: "batch: got shape 3, allowed is (n, d), (n, T, d), (n, H, W, d)." },
  {
    run: () => sequences(any([[1, 2]])),
    message: "sequences: got [[1,2]], allowed is a list of sequences, each a list",
  },
  { run: () => sequences(any(undefined)), message: "sequences: got undefined, allowed is" },
  { run: () => inputs(any({ text: 1 })), message: "inputs: text: got 1, allowed is a batch. Make it with batch()" },
  { run: () => inputs(any(null)), message: "inputs: got no inputs, allowed is one or more" },
  { run: () => kernel(net).explain(any("1000x3")), message: "kernel: shape: got 1000x3, allowed is (n, d)" },
  { run: () => kernel(net)(x, null, any(undefined)), message: 'kernel: get: got nothing, allowed is "nngp", "ntk"' },
  {
    run: () => trainingDynamics(kernel(net), x, any(1), any({ get: "ntk" })),
    message: "y: got 1, allowed is a list of numbers, or a matrix",
  },
  { run: () => kernel(any(undefined)), message: 'network: got undefined, allowed is an object with a "type"' },
  { run: () => kernel(any({ type: 3 })), message: 'network: got keys type, allowed is an object with a "type"' },
  { run: () => kernel(serial(dense(), any(null))), message: "network.layers[1]: got null, allowed is an object with" },
  { run: () => positionKernel(any(null)), message: "network: got null, allowed is an object with" },
  { run: () => kernels(any(null)), message: "kernels: got no networks, allowed is one network or more" },
  { run: () => kernels(any({ wide: null })), message: "network.wide: got null, allowed is an object with" },
  { run: () => depths(any(null)), message: "network: got null, allowed is an object with" },
  {
    run: () => headMixture(any(null), { heads: 1, components: 1 }),
    message: "network: got null, allowed is an object",
  },
  { run: () => init(any(null), x, { width: 1, seed: 1 }), message: "network: got null, allowed is an object with" },
  { run: () => networkToJson(any(null)), message: "network: got null, allowed is an object with" },
  { run: () => networkToJson(nested(20_000)), message: "network: got more than 100 networks inside each other" },
  {
    run: () => networkFromJson(`${'{"type":"serial","layers":['.repeat(9000)}{"type":"relu"}${"]}".repeat(9000)}`),
    message: "network: got more than 100 networks inside each other",
  },
  {
    run: () => networkFromJson('{"type":"repeat","times":1e6,"layer":{"type":"relu"}}'),
    message: "network.times: got 1000000, allowed is a whole number from 0 to 10000.",
  },
  { run: () => kernel(repeat(repeat(net, 1000), 1000)), message: "network: got 3000000 layers, allowed is 100000." },
  { run: () => cholesky(any(null)), message: "cholesky: got null, allowed is a square matrix with n² entries." },
  {
    run: () => maskedBy(3, any(undefined), [1]),
    message: "maskedBy: got shape undefined, allowed is (n, d), (n, T, d)",
  },
  { run: () => maskedBy(3, [2, 2], [1]), message: "maskedBy: got 1 numbers for shape (2, 2), allowed is 4 numbers." },
  { run: () => oneHot(any("012")), message: 'oneHot: labels: got "012", allowed is a list of integers from 0.' },
  { run: () => oneHot([0, 1], any("2")), message: "oneHot: classes: got 2, allowed is an integer ≥ 2." },
  {
    run: () => kernel(net)(x, null, any({ get: "nngp", signal: 5 })),
    message: "kernel: signal: got 5, allowed is an AbortSignal.",
  },
  {
    run: () => kernel(net)(x, null, any({ get: "nngp", onProgress: "done" })),
    message: 'kernel: onProgress: got "done", allowed is a function.',
  },
  {
    run: () => openEngine(any({ type: "reference" })),
    message: 'openEngine: got the unknown option "type", allowed is name, precision, threads, vectorBits.',
  },
  {
    run: () => kernel(net)(x, null, any({ get: "nngp", engin: null })),
    message: 'kernel: got the unknown option "engin", allowed is get, engine, precision, memory,',
  },
  {
    run: () => kernel(nested(5000)).explain([1, 1]),
    message: "network: got more than 100 networks inside each other, allowed is 100. Put layers one after another",
  },
])("$message", async ({ run, message }) => {
  const error = await Promise.resolve()
    .then((): unknown => run())
    .then(String, (reason: Error) => reason);
  expect(error).toMatchObject({ name: "LemniscateError", message: expect.stringContaining(message) });
});

test("a hundred networks inside each other compute", () => {
  expect(kernel(nested(100)).explain([1, 1])).toContain("gram()");
});
