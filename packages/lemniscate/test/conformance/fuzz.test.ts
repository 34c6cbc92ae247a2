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
  withGraphs,
} from "lemniscate";
import { afterAll, beforeAll, expect, test } from "vitest";
import { wave } from "./closed-form.js";
import { expanded } from "./expanded.js";
import { oracle } from "./oracle.js";
import { difference, type Random, random, randomBatch } from "./random.js";

type Data = { readonly type: string; readonly [option: string]: unknown };

interface Where {
  /** Sizes of the axes of positions, none for features. */
  readonly grid: readonly number[];
  readonly gaussian: boolean;
  /** Whether a rule knows the means: then positions can be normalised. */
  readonly means: boolean;
  /** Nodes of the data's graphs, while positions are those. */
  readonly nodes: boolean;
}

const product = (sizes: readonly number[]): number => sizes.reduce((all, size) => all * size, 1);

const affine = (of: Random): Data => ({
  type: "dense",
  weightStd: 0.6 + of.uniform(),
  biasStd: of.uniform() < 0.4 ? of.uniform() : of.uniform() < 0.5 ? 0 : null,
  width: 1 + of.integer(5),
  parameterization: of.uniform() < 0.3 ? "standard" : "ntk",
});

function tokenMask(of: Random, S: number): unknown {
  const allowed = Array.from({ length: S }, () => Array.from({ length: S }, () => of.uniform() < 0.6));
  const masks = [
    "causal",
    { band: 1 + of.integer(2) },
    { causal: true, band: 1 },
    { allowed },
    { memory: 1 + of.integer(S - 1) },
  ];
  return masks[of.integer(S > 1 ? 5 : 4)];
}

function attention(of: Random, { grid, gaussian }: Where): Data {
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
  const others = [
    { type: "cos" },
    { type: "gaussian", exponent: -0.4 },
    { type: "gabor" },
    { type: "monomial", degree: 2 },
    { type: "hermite", degree: 3 },
    { type: "sign" },
    { type: "rectifiedMonomial", degree: 2 },
    { type: "rbf", gamma: 0.3 },
    { type: "hardTanh" },
    { type: "piecewiseLinear", knots: [-0.4, 0.5], slopes: [-0.5, 1, 0.2], atZero: 0.3 },
    { type: "closedForm", name: wave.name },
  ];
  const plain = ["identity", "relu", "abs", { type: "leakyRelu", slope: 0.3 }, "erf", "gelu", "sin"];
  const functions = [...plain, ...others];
  // Variances of random logits may be beyond what these have been expanded for.
  const fixed = [
    { type: "elementwise", fn: "silu" },
    { type: "elementwise", ...expanded[1] },
  ];
  const either = sqrt ? functions : [...functions, ...fixed];
  const normalised = ["softmax", "softmax", "softmax", "sparsemax"] as const;
  return {
    type: "attention",
    scaling: sqrt ? "sqrt" : "linear",
    weights: sqrt || of.uniform() < 0.4 ? either[of.integer(either.length)] : normalised[of.integer(4)],
    mask: of.uniform() < 0.6 ? null : tokenMask(of, product(grid)),
    skip: gaussian && of.uniform() < 0.2 ? of.uniform() : 0,
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

/** A transposed convolution. */
function spread(of: Random, grid: readonly number[]): readonly [Data, readonly number[]] {
  const padding = (["same", "valid", "circular"] as const)[of.integer(3)]!;
  const filter = grid.map((size) => 1 + of.integer(Math.min(3, padding === "circular" ? size : 3)));
  const strides = grid.map(() => (of.uniform() < 0.7 ? 1 : 2));
  const over = (k: number): number => (padding === "valid" ? Math.max(0, filter[k]! - strides[k]!) : 0);
  const to = grid.map((size, k) => size * strides[k]! + over(k));
  return [{ ...affine(of), type: "convTranspose", filter, strides, padding }, to];
}

/** Some positions, or sums of positions, of a grid. */
function moved(of: Random, grid: readonly number[]): readonly [Data, readonly number[]] {
  const axis = of.integer(grid.length);
  const along = (size: number): number[] => grid.map((own, k) => (k === axis ? size : own));
  const without = grid.filter((_, k) => k !== axis);
  const numbers = (count: number): number[] => Array.from({ length: count }, () => of.normal() / 2);
  const size = grid[axis]!;
  const start = of.integer(size);
  const sliced = (at: unknown): Data => ({ type: "slice", axes: grid.map((_, k) => (k === axis ? at : {})) });
  const choices: readonly (() => readonly [Data, readonly number[]])[] = [
    () => [sliced({ start }), along(size - start)],
    () => [sliced({ step: -1 }), grid],
    () => [sliced({ step: 2 }), along(Math.ceil(size / 2))],
    () => [sliced(start), without],
    () => [{ type: "linear", matrix: numbers(size), axis }, without],
    () => [{ type: "linear", matrix: [numbers(size), numbers(size)], axis }, along(2)],
    () => {
      const to = grid.map(() => (of.uniform() < 0.3 ? null : 1 + of.integer(4)));
      const method = of.uniform() < 0.5 ? "linear" : "nearest";
      return [{ type: "resize", to, method, antialias: of.uniform() < 0.5 }, to.map((own, k) => own ?? grid[k]!)];
    },
  ];
  return choices[of.integer(choices.length)]!();
}

/** Every nonlinearity. */
function nonlinear(of: Random): Data {
  const plain = ["relu", "abs", "gelu", "sin", "erf", "cos", "gabor", "gaussian", "rbf", "sigmoidLike", "hardTanh"];
  const slope = 0.3 + of.uniform();
  const others: readonly Data[] = [
    { type: "leakyRelu", slope: of.uniform() - 0.5 },
    { type: "abRelu", below: of.uniform() - 0.5, above: slope },
    { type: "erf", slope, shift: of.uniform() - 0.5 },
    { type: "sin", slope, phase: of.uniform() },
    { type: "exp", slope: slope / 3 },
    { type: "monomial", degree: 1 + of.integer(3) },
    { type: "rectifiedMonomial", degree: 1 + of.integer(2) },
    { type: "polynomial", coefficients: [of.uniform(), of.normal() / 2, of.normal() / 4] },
    { type: "piecewiseLinear", knots: [-slope, slope / 2], slopes: [-0.5, 1, of.uniform()], atZero: of.uniform() },
    { type: "expNormalized", gamma: slope, shift: -1 },
    { type: "hermite", degree: 1 + of.integer(4) },
    { type: "sign" },
    { type: "closedForm", name: wave.name },
  ];
  return of.uniform() < 0.5 ? { type: plain[of.integer(plain.length)]! } : others[of.integer(others.length)]!;
}

/** One layer that may stand here, and what it leaves. */
function layer(of: Random, at: Where, depth: number): readonly [Data, Where] {
  const gaussian = { ...at, gaussian: true, means: true };
  const unknown = { ...at, gaussian: false, means: false };
  const choices: (() => readonly [Data, Where])[] = [() => [affine(of), gaussian]];
  if (at.grid.length > 0) {
    choices.push(() => [attention(of, at), gaussian]);
    const to = (made: Data, grid: readonly number[], fresh: boolean): readonly [Data, Where] => {
      const nodes = at.nodes && grid.join() === at.grid.join();
      return [made, { grid, gaussian: at.gaussian || fresh, means: at.means || fresh, nodes }];
    };
    const under = (): readonly [Data, Where] => {
      const [made, grid] = window(of, at.grid);
      return to(made, grid, made.type === "conv");
    };
    choices.push(under, under, () => to(...moved(of, at.grid), false));
    choices.push(() => {
      const few = product(at.grid) <= 6;
      const [made, grid] = few && of.uniform() < 0.5 ? spread(of, at.grid) : window(of, at.grid);
      return to(made.type === "conv" ? { ...made, type: "convLocal" } : made, grid, made.type.startsWith("conv"));
    });
    if (at.nodes) choices.push(() => [{ type: "aggregate" }, at]);
  }
  if (at.means) {
    const axes = at.grid.map((_, axis) => axis).filter(() => of.uniform() < 0.5);
    const over = at.grid.length === 0 ? "channels" : (["channels", "all", axes] as const)[of.integer(3)]!;
    choices.push(() => [{ type: "layerNorm", over, epsilon: of.uniform() < 0.5 ? 1e-12 : 0.1 }, at]);
  }
  choices.push(
    () => [{ type: "rmsNorm", epsilon: 0.1 }, at],
    () => [{ type: "scale", factor: of.normal() }, at],
    () => [
      { type: "repeat", times: of.integer(3), layer: { type: "serial", layers: [affine(of), { type: "erf" }] } },
      unknown,
    ],
  );
  if (depth > 0)
    choices.push(() => {
      const branch = (): Data => ({ type: "serial", layers: [...sameGrid(of, at, depth - 1), affine(of)] });
      const [one, other] = [branch(), branch()];
      if (of.uniform() < 0.5) return [{ type: "product", branches: [one, other] }, unknown];
      return [{ type: "concat", branches: [one, other], along: "channels" }, unknown];
    });
  if (at.gaussian) {
    const bend = (): readonly [Data, Where] => [nonlinear(of), { ...at, gaussian: false }];
    choices.push(bend, bend);
    // Behind variances for which they have been expanded.
    const series = { type: "elementwise", ...expanded[of.integer(expanded.length)] };
    const normed = { type: "layerNorm", epsilon: 1e-12 };
    if (at.means && of.uniform() < 0.3)
      choices.push(() => [
        { type: "serial", layers: [normed, series] },
        { ...at, gaussian: false },
      ]);
    if (depth > 0)
      choices.push(() => [{ type: "residual", layers: [...sameGrid(of, at, depth - 1), affine(of)] }, gaussian]);
  }
  choices.push(() => [
    { type: "dropout", drop: of.uniform() / 2 },
    { ...at, gaussian: false },
  ]);
  if (at.grid.length > 0 && of.uniform() < 0.15) {
    const pools = ["globalAvgPool", "globalSumPool", "flatten", "token"] as const;
    const type = pools[of.integer(4)]!;
    const gaussian = at.gaussian && type !== "flatten";
    return [type === "token" ? { type, at: "last" } : { type }, { grid: [], gaussian, means: at.means, nodes: false }];
  }
  return choices[of.integer(choices.length)]!();
}

/** Some layers that leave the grid as it is, or none. */
function sameGrid(of: Random, at: Where, depth: number): readonly Data[] {
  const inner = chain(of, at, depth, 1 + of.integer(2));
  return inner.at.grid.join() === at.grid.join() ? inner.layers : [];
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
const runs = Number(process.env["FUZZ"] ?? 100);

test(`${runs} random networks`, { timeout: 3_600_000 }, async () => {
  let made = 0;
  const property = fc.asyncProperty(fc.nat(1e9), async (seed) => {
    const of = random(seed);
    const tokens = of.uniform() < 0.75;
    const [n, d] = [1 + of.integer(5), 1 + of.integer(4)];
    const image = (): readonly number[] => [1 + of.integer(3), 1 + of.integer(4)];
    const grid = !tokens ? [] : of.uniform() < 0.7 ? [1 + of.integer(6)] : image();
    const size = n * product(grid);
    const mask = of.uniform() < 0.5 ? Array.from({ length: size }, () => (of.uniform() < 0.7 ? 1 : 0)) : undefined;
    const nodes = grid.length > 0 && of.uniform() < 0.3;
    const adjacency = Array.from({ length: size * product(grid) }, () => (of.uniform() < 0.4 ? of.normal() : 0));
    const data: Batch = randomBatch(seed, [n, ...grid, d], mask);
    const x = nodes ? withGraphs(data, { adjacency }) : data;
    const { layers, at } = chain(of, { grid, gaussian: false, means: false, nodes }, 2, 1 + of.integer(6));
    const network = networkFromData({ type: "serial", layers });
    const wanted = oracle(network, x);
    const most = Math.max(...wanted.nngp, ...wanted.ntk);
    // Powers of powers: a number that no longer fits says nothing about a rule.
    if (!(most < 1e8)) return;
    made++;
    // A jump keeps half of the digits near correlations of ±1.
    const jumps = /"type":"sign"/.test(JSON.stringify(network));
    const allowed = { nngp: jumps ? 1e-5 : 1e-8, ntk: 1e-5 };
    const quantities = [["nngp", "ntk"], ["ntk"], ["nngp"], ["ntk", "nngp"]] as const;
    const get = quantities[of.integer(4)]!;
    for (const engine of [reference, wasm]) {
      const found: Partial<Record<"nngp" | "ntk", ArrayLike<number>>> = await positionKernel(network)(x, null, {
        get,
        engine,
      });
      for (const quantity of get) {
        const error = difference(found[quantity]!, wanted[quantity]);
        if (!(error < allowed[quantity]))
          expect.fail(`${quantity}, ${engine.name}: ${error} in ${JSON.stringify(network)}`);
      }
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
