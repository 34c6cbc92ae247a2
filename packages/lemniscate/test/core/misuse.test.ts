/** @module What programs without types pass by mistake. */
import { batch, dense, inputs, kernel, type Network, relu, sequences, serial, trainingDynamics } from "lemniscate";
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
