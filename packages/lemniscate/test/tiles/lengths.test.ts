import {
  attention,
  avgPool,
  conv,
  dense,
  flatten,
  globalAvgPool,
  kernel,
  layerNorm,
  openEngine,
  relu,
  sequences,
  serial,
} from "lemniscate";
import { expect, test } from "vitest";

// Training and test texts are padded by different calls, each to its own longest text.
const texts = (lengths: readonly number[]): number[][][] =>
  lengths.map((length, n) => Array.from({ length }, (_, t) => [Math.sin(n + t), Math.cos(3 * n - t)]));
const [short, long] = [texts([3, 5, 1]), texts([9, 2])];

test("padding to different lengths is no difference", async () => {
  await using engine = await openEngine({ threads: 1 });
  const net = serial(
    dense({ biasStd: 0.3 }),
    attention({ position: { decay: "exponential", power: 1 } }),
    relu(),
    globalAvgPool(),
    dense(),
  );
  const options = { get: ["nngp", "ntk"], engine } as const;
  const own = await kernel(net)(sequences(short), sequences(long), options);
  const common = await kernel(net)(sequences(short, 12), sequences(long, 12), options);
  expect(own.nngp.data).toEqual(common.nngp.data);
  expect(own.ntk.data).toEqual(common.ntk.data);
  const mirrored = await kernel(net)(sequences(long), sequences(short), options);
  for (let i = 0; i < 3; i++)
    for (let j = 0; j < 2; j++) expect(mirrored.ntk.data[j * 3 + i]).toBeCloseTo(own.ntk.data[i * 2 + j]!, 12);
});

test("convolutions with zeros outside do not tell how long padding is", async () => {
  const same = { filter: 3, padding: "same" } as const;
  for (const name of ["reference", "wasm"] as const) {
    await using engine = await openEngine({ name, threads: 1 });
    const net = serial(
      conv({ ...same, biasStd: 0.3 }),
      relu(),
      conv(same),
      attention(),
      avgPool(same),
      globalAvgPool(),
    );
    const options = { get: ["nngp", "ntk"], engine } as const;
    const own = await kernel(net)(sequences(short), sequences(long), options);
    const common = await kernel(net)(sequences(short, 12), sequences(long, 12), options);
    expect(own.nngp.data).toEqual(common.nngp.data);
    expect(own.ntk.data).toEqual(common.ntk.data);
  }
});

test("a program that is cheaper at one length than at another is the same network", async () => {
  // Nine channels: mixing inputs pays from five tokens on, and not below.
  const wide = (lengths: readonly number[]) =>
    sequences(
      lengths.map((length, n) =>
        Array.from({ length }, (_, t) => Array.from({ length: 9 }, (_, c) => Math.sin(n + t * c + c))),
      ),
    );
  await using engine = await openEngine({ threads: 1 });
  await using reference = await openEngine({ name: "reference" });
  const k = kernel(serial(dense({ biasStd: 0.2 }), attention(), relu(), globalAvgPool(), dense()));
  const fast = await k(wide([3, 4]), wide([6]), { get: "ntk", engine });
  const slow = await k(wide([3, 4]), wide([6]), { get: "ntk", engine: reference });
  for (const [i, value] of slow.data.entries()) expect(fast.data[i]).toBeCloseTo(value, 12);
});

test("a network that knows the padded length refuses another one", async () => {
  await using engine = await openEngine({ name: "reference" });
  for (const net of [
    serial(dense(), flatten(), dense()),
    serial(dense(), layerNorm({ over: "all" }), globalAvgPool(), dense()),
    serial(conv({ filter: 2 }), globalAvgPool()),
    serial(conv({ filter: 3, padding: "circular" }), globalAvgPool()),
    serial(dense(), avgPool({ filter: 3, padding: "same", countPadding: false }), globalAvgPool()),
  ])
    await expect(kernel(net)(sequences(short), sequences(long), { get: "nngp", engine })).rejects.toThrow(
      "kernel: x2: got examples of shape (9, 2), allowed is tokens (n, 5, 2), as x1 has: this network depends on the padded length.",
    );
});
