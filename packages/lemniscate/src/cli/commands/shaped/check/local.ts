/** @module One layer against the limit's drift and diffusion, in standard errors at the worst entry: right and wrong formulas. */
import { child, normals, randomKey } from "../../../../core/random.js";
import { numbers } from "../../../../ops/algebra.js";
import { coefficients } from "../../../../shaped/coefficients.js";
import { type Activation, driftOf } from "../../../../shaped/models/activation.js";
import { layerOf } from "../../../../shaped/models/layers.js";
import type { Mask } from "../../../../shaped/models/mask.js";
import { linearMlp, type ShapedModel, shapedAttention, shapedMlp } from "../../../../shaped/models/model.js";
import { neuronOf } from "../../../../shaped/network.js";
import { entries, type Snapshot } from "../../../../shaped/paths.js";
import { semidefiniteFactor } from "../../../../shaped/reference.js";
import { eulerStep } from "../../../../shaped/schemes/euler.js";
import { diffusion, drift } from "../../../../shaped/sde.js";
import type { Covariance } from "../../../../shaped/start.js";
import { mean } from "../../../../shaped/statistics/summary.js";
import { attentionWeights } from "../../../../shaped/steps/attention-weights.js";
import { layerStep } from "../../../../shaped/steps/layer.js";
import { Steps } from "../../../../shaped/steps/steps.js";
import type { Row } from "../row.js";
import { block, type CheckRun, oneStep, relu } from "./run.js";

const v: Covariance = [
  [1.1, 0.3, 0.5, -0.2],
  [0.3, 1.4, -0.3, 0.1],
  [0.5, -0.3, 0.8, 0.25],
  [-0.2, 0.1, 0.25, 0.9],
];
const m = v.length;
/** Entries of the lower triangle, row by row. */
const pairs = v.flatMap((_, a) => Array.from({ length: a + 1 }, (_, b) => [a, b] as const));
const temperature = 0.8;

export async function* local(check: CheckRun): AsyncGenerator<Row> {
  yield* attentionDrift(check);
  yield* activationDrift(check);
  yield* noise(check);
}

/** n (E A V Aᵀ − V), with logits and their negatives, so that what is of the order √n is gone. */
async function* attentionDrift(check: CheckRun): AsyncGenerator<Row> {
  const count = check.samples(800_000);
  const slopes = async (mask: Mask, n: number): Promise<Float64Array[]> => {
    const model = shapedAttention({ gamma: 1, temperature, mask });
    const [there, back] = await Promise.all(
      [1, -1].map((sign) => {
        const layer = layerOf(model, n, n).attention!;
        const steps = new Steps(m);
        const state = steps.state();
        const weights = attentionWeights(steps, state, { ...layer, temperature: sign * layer.temperature });
        return oneStep(steps.program(steps.congruence(weights(), state)), v, count, check);
      }),
    );
    return pairs.map(([a, b]) => {
      const other = entries(back!, a, b);
      return entries(there!, a, b).map((x, p) => n * ((x + other[p]!) / 2 - v[a]![b]!));
    });
  };
  const parts = (mask: Mask): { first: Float64Array; second: Float64Array } => {
    const both = drift(shapedAttention({ gamma: 1, temperature, mask }), v).data;
    // Of full attention the first part is V |C V C|²/(m τ₀)².
    const first = Float64Array.from(v.flat(), (x) => (x * squares(centred())) / (m * temperature) ** 2);
    return { first, second: both.map((x, i) => x - first[i]!) };
  };
  const row = (rows: readonly Float64Array[], n: number, formula: string, b: ArrayLike<number>, from = 0): Row => ({
    quantity: "drift",
    model: "attention",
    n,
    formula,
    z: Math.max(...pairs.map(([i, j], k) => (k < from ? 0 : score(rows[k]!, b[i * m + j]!)))),
  });
  const { first, second } = parts("full");
  const plus = (x: Float64Array, y: Float64Array, by: number): Float64Array => x.map((value, i) => value + by * y[i]!);
  for (const n of [256, 4096]) yield row(await slopes("full", n), n, "right", plus(first, second, 1));
  const n = 65_536;
  const full = await slopes("full", n);
  const uncentred = Float64Array.from(v.flat(), (x) => (x * squares(v)) / (m * temperature) ** 2);
  yield row(full, n, "right", plus(first, second, 1));
  yield row(full, n, "S2 omitted", first);
  yield row(full, n, "S2 doubled", plus(first, second, 2));
  yield row(full, n, "S1 omitted", second);
  yield row(full, n, "S1 not centred", plus(uncentred, second, 1));
  // Of a causal mask token 0 sees itself alone, and the logits of token 1 cancel with their negatives: no noise, no drift.
  const causal = await slopes("causal", n);
  yield row(causal, n, "causal, right", drift(shapedAttention({ gamma: 1, temperature, mask: "causal" }), v).data, 2);
  yield row(causal, n, "causal, full's", plus(first, second, 1), 2);
}

/** C V C. */
function centred(): number[][] {
  const means = v.map((row) => row.reduce((x, y) => x + y) / m);
  const all = means.reduce((x, y) => x + y) / m;
  return v.map((row, i) => row.map((x, j) => x - means[i]! - means[j]! + all));
}

function squares(x: readonly (readonly number[])[]): number {
  return x.flat().reduce((sum, value) => sum + value ** 2, 0);
}

/** n (E K − V) of a hidden layer, with neurons and their mirror images. */
async function* activationDrift(check: CheckRun): AsyncGenerator<Row> {
  const [n, count] = [65_536, check.samples(2_000_000)];
  const l = new Float64Array(m * m);
  semidefiniteFactor(Float64Array.from(v.flat()), l, m);
  for (const [name, activation] of [
    ["shaped ReLUs", relu(0.3, -1.1)],
    ["tanh", { type: "tanh", scale: 0.8 }],
    ["silu", { type: "silu", scale: 0.8 }],
  ] as [string, Activation][]) {
    const f = neuronOf(layerOf(shapedMlp({ activation }), n, n).mlp!).value;
    const sums = pairs.map(() => ({ sum: 0, square: 0 }));
    const [x, there, back] = [0, 0, 0].map(() => new Float64Array(m)) as [Float64Array, Float64Array, Float64Array];
    const size = 1 << 16;
    for (let done = 0; done < count; done += size) {
      check.signal?.throwIfAborted();
      await new Promise((resolve) => setTimeout(resolve));
      check.onProgress?.(done, count);
      const drawn = Math.min(size, count - done);
      const z = normals(child(randomKey(check.seed), name), new Float64Array(drawn * m), done * m);
      for (let s = 0; s < drawn; s++) {
        for (let a = 0; a < m; a++) {
          let sum = 0;
          for (let k = 0; k <= a; k++) sum += l[a * m + k]! * z[s * m + k]!;
          [x[a], there[a], back[a]] = [sum, f(sum), f(-sum)];
        }
        for (const [k, [a, b]] of pairs.entries()) {
          const slope = n * ((there[a]! * there[b]! + back[a]! * back[b]!) / 2 - x[a]! * x[b]!);
          sums[k]!.sum += slope;
          sums[k]!.square += slope ** 2;
        }
      }
    }
    const z = (of: Activation): number => {
      const { additive, rate } = driftOf(of);
      return Math.max(
        ...pairs.map(([a, b], k) => {
          if (a === b && activation.type === "shaped-relu") return 0;
          const [p, c, q] = [v[a]![a]!, v[a]![b]!, v[b]![b]!];
          const expected =
            additive(numbers, c, p, q) + (rate === undefined ? 0 : c * (rate(numbers, p) + rate(numbers, q)));
          const found = sums[k]!.sum / count;
          return Math.abs(found - expected) / Math.sqrt((sums[k]!.square / count - found ** 2) / count);
        }),
      );
    };
    yield { quantity: "drift", model: name, n, formula: "right", z: z(activation) };
    if (activation.type === "shaped-relu")
      yield {
        quantity: "drift",
        model: name,
        n,
        formula: "(c₊ + c₋)²",
        z: z(relu(activation.plus, -activation.minus)),
      };
  }
}

/** n Cov(V′ − V), and the noise of Euler's steps, which is drawn without Σ. */
async function* noise(check: CheckRun): AsyncGenerator<Row> {
  const [n, count, gamma] = [20_000, check.samples(400_000), 0.6];
  const attention = { gamma, temperature: 0.3 };
  const heads = shapedAttention({ ...attention, heads: 4, outputProjection: true });
  const models: [string, ShapedModel][] = [
    ["linear", linearMlp()],
    ["residual MLP", shapedMlp({ activation: relu(1, -1), gamma })],
    ["attention", shapedAttention(attention)],
    ["4 heads, W_O", heads],
    ["transformer", block(attention, 1, -1)],
  ];
  const gaussian = diffusion(linearMlp(), v).data;
  for (const [name, model] of models) {
    const layer = await oneStep(layerStep(m, layerOf(model, n, n), n, "surrogate"), v, count, check);
    const sigma = diffusion(model, v).data;
    const row = (formula: string, of: Float64Array): Row => ({
      quantity: "diffusion",
      model: name,
      n,
      formula,
      z: worst(layer, of, n),
    });
    yield row("right", sigma);
    if (name === "attention" || name === "transformer")
      yield row("without A", diffusion(model, v, { manyHeads: true }).data);
    if (name === "attention")
      yield row(
        "k_lin = γ²",
        sigma.map((x, i) => x - gaussian[i]! * gamma ** 2 * (1 - gamma ** 2)),
      );
    if (model === heads) yield row("A not over H", diffusion({ ...heads, heads: 1 }, v).data);
    const tiny = 1e-8;
    const sampled = await oneStep(eulerStep(m, coefficients(model, m), tiny), v, check.samples(200_000), check);
    yield { quantity: "noise", model: name, n: "", formula: "right", z: worst(sampled, sigma, 1 / tiny) };
  }
}

/** How far the covariance of √size (V′ − V) is from Σ, in standard errors, at its worst entry. */
function worst(sample: Snapshot, sigma: ArrayLike<number>, size: number): number {
  const D = pairs.length;
  const moved = pairs.map(([a, b]) => {
    const x = entries(sample, a, b);
    const { value } = mean(x);
    return x.map((y) => y - value);
  });
  let most = 0;
  for (let i = 0; i < D; i++)
    for (let j = 0; j <= i; j++) {
      const found = (size * moved[i]!.reduce((sum, x, p) => sum + x * moved[j]![p]!, 0)) / sample.paths;
      const [ij, ii, jj] = [sigma[i * D + j]!, sigma[i * D + i]!, sigma[j * D + j]!];
      const error = Math.sqrt((ij ** 2 + ii * jj) / sample.paths);
      most = Math.max(most, Math.abs(found - ij) / error);
    }
  return most;
}

function score(x: Float64Array, expected: number): number {
  const { value, error } = mean(x);
  return Math.abs(value - expected) / error;
}
