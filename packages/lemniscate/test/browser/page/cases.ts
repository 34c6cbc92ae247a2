/** @module Kernels that the browser's page and Node both compute. */
import {
  attention,
  batch,
  dense,
  type Engine,
  flatten,
  globalAvgPool,
  kernel,
  openEngine,
  type Precision,
  relu,
  serial,
} from "lemniscate";
import { monteCarloKernel } from "lemniscate/finite";
import { correlated, shapedAttention, solveSde } from "lemniscate/shaped";

const numbers = (count: number): number[] => Array.from({ length: count }, (_, i) => Math.sin(1 + 37 * i) * 1.5);
const lengths = [6, 1, 4, 6, 3, 5, 2, 6, 4];

const cases = {
  dense: {
    network: serial(dense({ weightStd: 1.4, biasStd: 0.1 }), relu(), dense({ weightStd: 1.4 }), relu(), dense()),
    x: batch([150, 7], numbers(150 * 7)),
  },
  attention: {
    network: serial(dense({ biasStd: 0.2 }), attention(), relu(), dense(), attention(), relu(), flatten(), dense()),
    x: batch([9, 6, 5], numbers(9 * 6 * 5)),
  },
  masked: {
    network: serial(
      dense({ biasStd: 0.2 }),
      attention({ position: { decay: "exponential", rate: 0.3, power: 1 } }),
      relu(),
      globalAvgPool(),
      dense(),
    ),
    x: batch(
      [9, 6, 5],
      numbers(9 * 6 * 5),
      lengths.flatMap((length) => Array.from({ length: 6 }, (_, s) => (s < length ? 1 : 0))),
    ),
  },
} as const;

export type Case = keyof typeof cases;
export const names = Object.keys(cases) as readonly Case[];

/** K and Θ of a case, and how many threads the default engine has. */
export async function compute(name: Case, precision: Precision): Promise<Found> {
  await using engine = await openEngine({ precision });
  return { ...(await computeOn(engine, name)), threads: engine.threads };
}

export async function computeOn(engine: Engine, name: Case): Promise<Pick<Found, "nngp" | "ntk">> {
  const { network, x } = cases[name];
  const { nngp, ntk } = await kernel(network)(x, null, { get: ["nngp", "ntk"], engine });
  return { nngp: [...nngp.data], ntk: [...ntk.data] };
}

interface Found {
  readonly nngp: readonly number[];
  readonly ntk: readonly number[];
  readonly threads: number;
}

/** Covariances that paths of an SDE have reached: enough of them that threads are started where there are any. */
export async function paths(): Promise<readonly number[]> {
  const options = { start: correlated(0.2, 2), paths: 40_000, step: 1 / 8, seed: 4 };
  for await (const { covariances } of solveSde(shapedAttention({ gamma: 0.3 }), options))
    return [...covariances.subarray(0, 40), ...covariances.subarray(-40)];
  return [];
}

/** The mean over random networks, drawn for longer than the calling thread does it by itself. */
export async function networks(): Promise<readonly number[]> {
  const { network, x } = cases.masked;
  const { nngp } = await monteCarloKernel(network, { width: 16, samples: 200, threads: 2 })(x, null, { get: ["nngp"] });
  return [...nngp.mean];
}
