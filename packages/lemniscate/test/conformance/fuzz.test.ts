/** @module Random networks on random batches: the oracle, the reference and the fast engine must agree. */
import fc from "fast-check";
import {
  type Batch,
  type Engine,
  globalAvgPool,
  kernel,
  networkFromData,
  openEngine,
  positionKernel,
} from "lemniscate";
import { afterAll, beforeAll, expect, test } from "vitest";
import { oracle } from "./oracle.js";
import { difference, type Random, random, randomBatch } from "./random.js";

type Data = { readonly type: string; readonly [option: string]: unknown };

interface Where {
  /** Sizes of the axes of positions, none for features. */
  readonly grid: readonly number[];
  readonly gaussian: boolean;
}

const affine = (of: Random): Data => ({
  type: "dense",
  weightStd: 0.6 + of.uniform(),
  biasStd: of.uniform() < 0.4 ? of.uniform() : of.uniform() < 0.5 ? 0 : null,
  width: 1 + of.integer(5),
  parameterization: of.uniform() < 0.3 ? "standard" : "ntk",
});

function attention(of: Random): Data {
  const position =
    of.uniform() < 0.5
      ? null
      : {
          combine: of.uniform() < 0.5 ? "sum" : "concat",
          decay: (["none", "exponential", "inverse"] as const)[of.integer(3)],
          rate: 1 + of.uniform(),
          power: 1,
          std: of.uniform(),
          values: of.uniform() < 0.5,
          logits: of.uniform() < 0.2 ? "encodings" : "both",
        };
  const sqrt = of.uniform() < 0.35;
  const functions = ["identity", "relu", "abs", { type: "leakyRelu", slope: 0.3 }, "erf", "gelu", "sin"] as const;
  const normalised = ["softmax", "softmax", "softmax", "sparsemax"] as const;
  return {
    type: "attention",
    scaling: sqrt ? "sqrt" : "linear",
    weights: sqrt || of.uniform() < 0.4 ? functions[of.integer(7)] : normalised[of.integer(4)],
    mask: of.uniform() < 0.7 ? null : of.uniform() < 0.5 ? "causal" : { band: 1 + of.integer(2) },
    keyStd: 0.3 + of.uniform() / 2,
    outStd: 0.3 + of.uniform() / 2,
    biasStd: of.uniform() < 0.5 ? of.uniform() : 0,
    width: 1 + of.integer(4),
    position,
  };
}

/** A convolution or a pool that fits a grid, and the grid it leaves. */
function window(of: Random, grid: readonly number[]): readonly [Data, readonly number[]] {
  const padding = (["same", "same", "valid", "circular"] as const)[of.integer(4)]!;
  const filter = grid.map((size) => 1 + of.integer(Math.min(padding === "valid" ? size : 4, 4)));
  const strides = grid.map(() => (of.uniform() < 0.7 ? 1 : 2));
  const to = grid.map((size, k) =>
    padding === "valid" ? Math.floor((size - filter[k]!) / strides[k]!) + 1 : Math.ceil(size / strides[k]!),
  );
  const type = (["conv", "conv", "conv", "avgPool", "sumPool"] as const)[of.integer(5)]!;
  const others =
    type === "conv" ? affine(of) : type === "avgPool" ? { countPadding: of.uniform() < 0.5 } : ({} as object);
  return [{ ...others, type, filter, strides, padding }, to];
}

/** One layer that may stand here, and what it leaves. */
function layer(of: Random, at: Where, depth: number): readonly [Data, Where] {
  const gaussian = { ...at, gaussian: true };
  const choices: (() => readonly [Data, Where])[] = [() => [affine(of), gaussian]];
  if (at.grid.length > 0) {
    choices.push(() => [attention(of), gaussian]);
    const under = (): readonly [Data, Where] => {
      const [made, grid] = window(of, at.grid);
      return [made, { grid, gaussian: at.gaussian || made.type === "conv" }];
    };
    choices.push(under, under);
  }
  if (at.gaussian) {
    const plain = ["relu", "abs", "gelu", "sin", "erf", "leakyRelu", "cos", "gabor", "gaussian", "rbf"] as const;
    choices.push(() => [{ type: plain[of.integer(plain.length)]! }, { ...at, gaussian: false }]);
    const options = { over: of.uniform() < 0.5 ? "all" : "channels", epsilon: of.uniform() < 0.5 ? 1e-12 : 0.1 };
    choices.push(() => [{ type: "layerNorm", ...options }, at]);
    if (depth > 0)
      choices.push(() => {
        const inner = chain(of, at, depth - 1, 1 + of.integer(2));
        const layers = [...inner.layers, affine({ ...of })];
        if (inner.at.grid.join() !== at.grid.join()) return [affine(of), gaussian];
        return [{ type: "residual", layers }, gaussian];
      });
  }
  choices.push(() => [
    { type: "dropout", drop: of.uniform() / 2 },
    { ...at, gaussian: false },
  ]);
  if (at.grid.length > 0 && of.uniform() < 0.15) {
    const pools = ["globalAvgPool", "globalSumPool", "flatten"] as const;
    const type = pools[of.integer(3)]!;
    return [{ type }, { grid: [], gaussian: at.gaussian && type !== "flatten" }];
  }
  return choices[of.integer(choices.length)]!();
}

function chain(of: Random, start: Where, depth: number, length: number): { layers: Data[]; at: Where } {
  const layers: Data[] = [];
  let at = start;
  for (let i = 0; i < length; i++) {
    const [made, next] = layer(of, at, depth);
    layers.push(made);
    at = next;
  }
  return { layers, at };
}

let reference: Engine;
let wasm: Engine;
beforeAll(async () => {
  reference = await openEngine({ name: "reference" });
  wasm = await openEngine({ threads: 2 });
});
afterAll(() => wasm[Symbol.asyncDispose]());

/** Runs to make: FUZZ=5000 FUZZ_SEED=7 for a long evening. */
const runs = Number(process.env["FUZZ"] ?? 150);

test(`${runs} random networks`, { timeout: 3_600_000 }, async () => {
  let made = 0;
  const property = fc.asyncProperty(fc.nat(1e9), async (seed) => {
    const of = random(seed);
    const tokens = of.uniform() < 0.75;
    const [n, d] = [1 + of.integer(5), 1 + of.integer(4)];
    const image = (): readonly number[] => [1 + of.integer(3), 1 + of.integer(4)];
    const grid = !tokens ? [] : of.uniform() < 0.7 ? [1 + of.integer(6)] : image();
    const size = grid.reduce((product, length) => product * length, n);
    const mask = of.uniform() < 0.5 ? Array.from({ length: size }, () => (of.uniform() < 0.7 ? 1 : 0)) : undefined;
    const x: Batch = randomBatch(seed, [n, ...grid, d], mask);
    const { layers, at } = chain(of, { grid, gaussian: false }, 2, 1 + of.integer(6));
    const network = networkFromData({ type: "serial", layers });
    const wanted = oracle(network, x);
    const most = Math.max(...wanted.nngp, ...wanted.ntk);
    // Powers of powers: a number that no longer fits says nothing about a rule.
    if (!(most < 1e8)) return;
    made++;
    const quantities = [["nngp", "ntk"], ["ntk"], ["nngp"], ["ntk", "nngp"]] as const;
    const get = quantities[of.integer(4)]!;
    for (const engine of [reference, wasm]) {
      const found: Partial<Record<"nngp" | "ntk", ArrayLike<number>>> = await positionKernel(network)(x, null, {
        get,
        engine,
      });
      for (const quantity of get)
        expect(difference(found[quantity]!, wanted[quantity]), `${quantity}, ${engine.name}`).toBeLessThan(
          quantity === "nngp" ? 1e-8 : 1e-5,
        );
      const ended =
        at.grid.length > 0 ? networkFromData({ type: "serial", layers: [network, globalAvgPool()] }) : network;
      const matrix: Partial<Record<"nngp" | "ntk", { data: ArrayLike<number> }>> = await kernel(ended)(x, null, {
        get,
        engine,
      });
      const diagonal: Partial<Record<"nngp" | "ntk", ArrayLike<number>>> = await kernel(ended).diagonal(x, {
        get,
        engine,
      });
      for (const quantity of get)
        for (let i = 0; i < n; i++) expect(diagonal[quantity]![i]).toBe(matrix[quantity]!.data[i * n + i]);
    }
  });
  await fc.assert(property, { seed: Number(process.env["FUZZ_SEED"] ?? 20240612), numRuns: runs });
  expect(made).toBeGreaterThan(runs / 2);
});
