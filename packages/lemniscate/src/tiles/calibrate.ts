/** @module How fast an engine is on this machine: small programs of one kind of work each are timed. */
import type { Batch } from "../core/batch.js";
import { positionCount } from "../core/shape.js";
import type { Engine, Numbers } from "../engines/engine.js";
import { flopsOf } from "../program/cost.js";
import { attention, blocks, convolutions, features, layers, tokens } from "../program/probes.js";
import type { Program } from "../program/program.js";
import { place } from "./place.js";
import { tilesOf } from "./plan.js";

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
  const key = `${engine.name} ${engine.precision} ${engine.threads} ${engine.vectorBits}`;
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
  const side = Math.min(144, Math.max(4, 512 / positionCount(program.input)));
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
  // Not sin(i), which is a plane: one pair in twenty would be near-copies, whose inner products take longer.
  for (let i = 0; i < data.length; i++) data[i] = Math.sin(i * i);
  const [a, b]: [Batch, Batch] = [
    { shape, data },
    { shape, data },
  ];
  const started = performance.now();
  const found: Record<string, Numbers> = {};
  // Each entry is written once, those below the diagonal as mirror images, as in a symmetric matrix.
  for await (const { tile, values } of engine.tiles(program, a, b, tilesOf(size, size, side)))
    if (tile.rowFrom <= tile.columnFrom) place(found, { tile, values }, size, size, true);
  return (performance.now() - started) / 1000;
}
