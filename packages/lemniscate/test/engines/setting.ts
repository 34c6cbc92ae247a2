/** @module Networks, batches and engines that several tests of engines share. */
import {
  attention,
  type Batch,
  dense,
  dropout,
  type Engine,
  gelu,
  globalAvgPool,
  layerNorm,
  openEngine,
  relu,
  residual,
  serial,
} from "lemniscate";
import { afterAll } from "vitest";
import { wasmEngine } from "../../dist/engines/wasm/wasm.js";
import { compile } from "../../dist/program/compile.js";
import { random, randomBatch } from "../conformance/random.js";

export const both = ["nngp", "ntk"] as const;
export const mlp = serial(dense({ biasStd: 0.3 }), relu(), dense({ biasStd: 0.1 }), gelu(), dense());
export const transformer = serial(
  dense({ biasStd: 0.2 }),
  residual(layerNorm(), attention({ keyStd: 1.3, biasStd: 0.1, position: { decay: "exponential", power: 1 } })),
  residual(layerNorm(), dense(), relu(), dense()),
  dropout({ drop: 0.1 }),
  globalAvgPool(),
  dense(),
);
export const mixing = serial(dense(), attention(), relu(), globalAvgPool(), dense());

export const reference: Engine = await openEngine({ name: "reference" });

/**
 * The fast engine with 1, 2 and 3 threads, which compute from the first operation on, and with 2 that share no memory;
 * closed after the file's tests.
 */
export function enginesOfThreads(): readonly Engine[] {
  const engines = [1, 2, 3].map((threads) => wasmEngine({ precision: "f64", threads, alone: 0 }));
  engines.push(wasmEngine({ precision: "f64", threads: 2, alone: 0, shares: false }));
  afterAll(async () => {
    for (const engine of engines) await engine[Symbol.asyncDispose]();
  });
  return engines;
}

/** Sequences of all lengths from none to S, some with holes. */
export function ragged(seed: number, n: number, S: number, d: number): Batch {
  const { integer, uniform } = random(seed);
  const mask = Array.from({ length: n }, () => integer(S + 1)).flatMap((length) =>
    Array.from({ length: S }, (_, s) => (s < length && uniform() < 0.9 ? 1 : 0)),
  );
  return randomBatch(seed, [n, S, d], mask);
}

/** A tile that takes minutes, longer than a test may. */
export const long = {
  x: randomBatch(20, [64, 256, 2]),
  program: compile(
    serial(dense(), attention(), relu(), attention(), relu(), globalAvgPool(), dense()),
    { grid: [256], channels: 2, gaussian: false },
    { get: ["ntk"], masked: false },
  ),
  tile: { rowFrom: 0, rowTo: 64, columnFrom: 0, columnTo: 64 },
};
