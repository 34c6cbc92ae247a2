/** @module How fast an engine is on this machine: small programs of one kind of work each are timed. */
import type { Batch } from "../core/batch.js";
import { positionCount } from "../core/shape.js";
import { windowOn } from "../ops/window.js";
import { flopsOf } from "../program/cost.js";
import type { Operand, Program, Step } from "../program/program.js";
import type { Engine, Numbers, Tile } from "./engine.js";

/** Rates of all threads of an engine together, in the unit that each is counted in. */
export interface Rates {
  /** Operations a second in the Gram matrix of feature vectors. */
  readonly gram: number;
  /** Operations a second in products of blocks of positions. */
  readonly product: number;
  /** Operations a second in elementwise formulas, where a pair has one number. */
  readonly elementwise: number;
  /** Operations a second in elementwise formulas on blocks of positions. */
  readonly blockwise: number;
  /** Operations a second in windows that move over blocks of positions. */
  readonly window: number;
  /** Operations a second in softmax, exponentials mostly. */
  readonly softmax: number;
  /** Entries of results that are written in a second. */
  readonly results: number;
  /** Calls in a second of a function on the blocks of one pair. */
  readonly calls: number;
}

const known = new Map<string, Promise<Rates>>();

/** The rates of an engine, measured in about a second and remembered for all engines like it in this process. */
export function calibrate(engine: Engine): Promise<Rates> {
  const key = `${engine.name} ${engine.precision} ${engine.threads}`;
  const rates = known.get(key) ?? measure(engine);
  known.set(key, rates);
  return rates;
}

async function measure(engine: Engine): Promise<Rates> {
  // Small jobs start no threads; this one does.
  await time(engine, features(512, []), 512, 128);
  const results = await rate(engine, features(1, []), (size) => size ** 2);
  const writing = (size: number): number => size ** 2 / results;
  const gram = await rate(engine, features(512, []), (size) => 2 * 512 * size ** 2, writing);
  const chain = features(1, layers(10));
  const perEntry = flopsOf(chain, chain.pair);
  const elementwise = await rate(engine, chain, (size) => perEntry * size ** 2, writing);
  const covariances = blocks(64, 4);
  const blockwise = await rate(engine, covariances, (size) => flopsOf(covariances, covariances.pair) * size ** 2);
  const products = tokens(64, 3);
  const product = await rate(engine, products, (size) => flopsOf(products, products.pair) * size ** 2);
  const windows = convolutions(16, 4);
  const window = await rate(engine, windows, (size) => flopsOf(windows, windows.pair) * size ** 2);
  const softmaxes = attention(64);
  const softmax = await rate(engine, softmaxes, (size) => 2 * size * flopsOf(softmaxes, softmaxes.example));
  const calls = await rate(engine, tokens(2, 16), (size) => 16 * size ** 2);
  return { gram, product, window, elementwise, blockwise, softmax, results, calls };
}

/** How long a measurement runs at least, in seconds. */
const longEnough = 0.03;

/**
 * Units of work in a second: a program on more and more examples until it runs long enough, less the time that is known
 * to go `elsewhere`.
 */
async function rate(
  engine: Engine,
  program: Program,
  work: (size: number) => number,
  elsewhere: (size: number) => number = () => 0,
): Promise<number> {
  const side = Math.min(120, Math.max(4, 512 / positionCount(program.input)));
  await time(engine, program, 1, side);
  for (let n = Math.ceil(side / 8); ; ) {
    let best = await time(engine, program, n, side);
    // Whoever interrupts the machine for a moment must not be taken for its work.
    for (let more = 0; more < 2 && best > longEnough; more++)
      best = Math.min(best, await time(engine, program, n, side));
    if (best > longEnough) return work(n) / Math.max(best / 10, best - elsewhere(n));
    n *= Math.min(8, Math.max(2, Math.ceil(Math.sqrt(longEnough / best))));
  }
}

async function time(engine: Engine, program: Program, size: number, side: number): Promise<number> {
  const shape = [size, ...program.input.grid, program.input.channels!] as const;
  const data = new Float32Array(shape.reduce((product, length) => product * length, 1));
  for (let i = 0; i < data.length; i++) data[i] = Math.sin(i);
  const [a, b]: [Batch, Batch] = [
    { shape, data },
    { shape, data },
  ];
  const tiles: Tile[] = [];
  for (let row = 0; row < size; row += side)
    for (let column = 0; column < size; column += side)
      tiles.push({
        rowFrom: row,
        rowTo: Math.min(size, row + side),
        columnFrom: column,
        columnTo: Math.min(size, column + side),
      });
  const started = performance.now();
  const matrix = new (engine.precision === "f32" ? Float32Array : Float64Array)(size ** 2);
  for await (const { tile, values } of engine.tiles(program, a, b, tiles)) copy(matrix, size, tile, values["nngp"]!);
  return (performance.now() - started) / 1000;
}

/** Above the diagonal as it stands and below it mirrored: entries of a symmetric matrix are written in both ways. */
function copy(matrix: Numbers, size: number, { rowFrom, rowTo, columnFrom, columnTo }: Tile, values: Numbers): void {
  for (let i = rowFrom, at = 0; i < rowTo; i++)
    for (let j = columnFrom; j < columnTo; j++) matrix[i <= j ? i * size + j : j * size + i] = values[at++]!;
}

const here = (step: number, access: Operand["access"] = "same"): Operand => ({ from: "here", step, access });
const tape = (from: "a" | "b", step: number, access: Operand["access"] = "same"): Operand => ({ from, step, access });
const step = (
  op: string,
  form: Step["form"],
  operands: readonly Operand[] = [],
  parameters: Step["parameters"] = {},
): Step => ({
  op,
  form,
  operands,
  parameters,
  space: 0,
});

/** A program between feature vectors: their products, and what is made of them. */
function features(channels: number, made: readonly Step[]): Program {
  const pair = [step("gram", "value"), ...made];
  return program([], channels, [step("gram", "value")], pair);
}

const rectifier = { below: 0, above: 1 };

/** Layers of ReLU, both kernels, on the products of feature vectors: 1 − ρ goes from layer to layer. */
function layers(count: number): Step[] {
  const [a, b] = [tape("a", 0), tape("b", 0)];
  const steps = [step("rectifierDistance", "value", [a, here(0), b], rectifier)];
  const push = (...made: Parameters<typeof step>): Operand => here(steps.push(step(...made)));
  let [distance, ntk] = [here(1), here(0)];
  for (let layer = 0; layer < count; layer++) {
    const affine = push("affineDistance", "value", [a, a, distance, b, b]);
    distance = push("carriedDistance", "value", [affine], { ...rectifier, acute: true });
    const slope = push("carriedSlope", "value", [affine], { ...rectifier, acute: true });
    const product = push("multiply", "value", [slope, ntk]);
    ntk = push("add", "value", [distance, product]);
  }
  return steps;
}

/** The same on blocks of positions, whose variances stand beside them. */
function blocks(length: number, count: number): Program {
  const pair = [step("gram", "block")];
  const push = (...made: Parameters<typeof step>): Operand => here(pair.push(step(...made)) - 1);
  let [nngp, ntk] = [here(0), here(0)];
  for (let layer = 0; layer < count; layer++) {
    const variances = [tape("a", 0, "row"), nngp, tape("b", 0, "column")];
    const dual = push("dualRectifier", "block", variances, rectifier);
    const slope = push("dualRectifierDot", "block", variances, rectifier);
    ntk = push("add", "block", [dual, push("multiply", "block", [slope, ntk])]);
    nngp = push("affine", "block", [dual], { scale: 2, shift: 0 });
  }
  push("sumPairs", "value", [{ ...ntk, access: "whole" }]);
  return program([length], 1, [step("gram", "diagonal")], pair);
}

/** Products of blocks of positions, one after another: weights · covariance · weightsᵀ. */
function tokens(length: number, products: number): Program {
  const pair = [step("gram", "block")];
  for (let i = 0; i < products; i++)
    pair.push(step("sandwich", "block", [tape("a", 0, "whole"), here(i, "whole"), tape("b", 0, "whole")]));
  pair.push(step("sumPairs", "value", [here(products, "whole")]));
  return program([length], 1, [step("gram", "block")], pair);
}

/** Windows of 3 × 3 that move over blocks of positions, one after another. */
function convolutions(size: number, count: number): Program {
  const window = windowOn([size, size], { filter: [3, 3], strides: [1, 1], padding: "same" });
  const pair = [step("gram", "block")];
  for (let i = 0; i < count; i++) pair.push(step("convolve", "block", [here(i, "whole")], window));
  pair.push(step("sumPairs", "value", [here(count, "whole")]));
  return program([size, size], 1, [], pair);
}

/** Softmax weights of each example, with hardly any pairs to use them. */
function attention(length: number): Program {
  const example = [
    step("gram", "block"),
    step("presence", "line"),
    step("softmaxRows", "block", [here(0, "whole"), here(1, "whole")]),
    step("sumPairs", "value", [here(2, "whole")]),
  ];
  return program([length], 1, example, [step("multiply", "value", [tape("a", 3), tape("b", 3)])]);
}

function program(grid: readonly number[], channels: number, example: readonly Step[], pair: readonly Step[]): Program {
  const result = { nngp: here(pair.length - 1, "whole") };
  return {
    version: 1,
    input: { grid, channels, gaussian: false },
    output: { grid: [], channels: undefined, gaussian: true },
    get: ["nngp"],
    masked: false,
    trimmed: false,
    spaces: [grid],
    example,
    pair,
    self: pair,
    results: { pair: result, self: result },
  };
}
